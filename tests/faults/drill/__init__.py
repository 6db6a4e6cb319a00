"""The drill: every fault of the reliability page, with real processes (docs/drill.md)."""
