"""How long somebody has to wait, in words and for programs."""

from datetime import timedelta
from math import ceil

from funnel.domain.speech import say_many


def wait_words(wait: timedelta) -> str:
    """Return "40 seconds", "3 minutes"; rounded up, so that who waits so long is let try."""
    seconds = ceil(wait.total_seconds())
    if seconds < 120:  # two minutes
        return say_many("{count} second", "{count} seconds", seconds)
    return say_many("{count} minute", "{count} minutes", ceil(seconds / 60))


def retry_after(wait: timedelta) -> str:
    """Return the header's value: whole seconds, rounded up."""
    return str(max(1, ceil(wait.total_seconds())))
