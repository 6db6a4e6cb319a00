"""How long somebody has to wait, in words and for programs."""

from datetime import timedelta
from math import ceil


def wait_words(wait: timedelta) -> str:
    """Return "40 seconds", "3 minutes"; rounded up, so that who waits so long is let try."""
    seconds = ceil(wait.total_seconds())
    if seconds < 120:  # two minutes
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    return f"{ceil(seconds / 60)} minutes"


def retry_after(wait: timedelta) -> str:
    """Return the header's value: whole seconds, rounded up."""
    return str(max(1, ceil(wait.total_seconds())))
