"""Timings in words, as the sequence file writes them and the calendar explains them."""

from datetime import UTC, timedelta

from funnel.domain.sequence import Anchor, AnchorKind, Timing
from funnel.domain.timing import Delay

_UNITS = (
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
    (timedelta(microseconds=1), "us"),
)


def timing_text(timing: Timing) -> str:
    """Return a timing in words: "2 days after listening, 09:00"."""
    words = f"{_relation(timing.delay)} {anchor_text(timing.anchor)}"
    return words if timing.at is None else f"{words}, {timing.at:%H:%M}"


def anchor_text(anchor: Anchor) -> str:
    """Return what a timing counts from: a step's key, a moment, or the anchor's own name."""
    if anchor.kind is AnchorKind.STEP:
        return anchor.step_key
    if anchor.kind is AnchorKind.FIXED and anchor.fixed_at is not None:
        return anchor.fixed_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return anchor.kind.value


def duration_text(duration: timedelta) -> str:
    """Return a duration without its sign: "1 h 30 min"; "0 min" for none."""
    rest = abs(duration)
    words = []
    for unit, name in _UNITS:
        number, rest = divmod(rest, unit)
        if number:
            words.append(f"{number} {name}")
    return " ".join(words) or "0 min"


def _relation(delay: Delay) -> str:
    days, elapsed = delay.days, delay.elapsed
    if not days and not elapsed:
        return "on"
    words = []
    if days:
        words.append(f"{abs(days)} {'day' if abs(days) == 1 else 'days'}")
    if elapsed:
        words.append(duration_text(elapsed))
    side = "before" if days < 0 or (not days and elapsed < timedelta(0)) else "after"
    return f"{' '.join(words)} {side}"
