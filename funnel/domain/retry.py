"""A hand-over that was put off: when to try again, or give up."""

from dataclasses import dataclass
from datetime import timedelta

MAX_ATTEMPTS = 5
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=30)
_SPREAD = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """``after`` is how long to wait in real time; ``None``: give up."""

    after: timedelta | None


def decide_retry(
    attempts_made: int, *, asked_to_wait: timedelta | None, chance: float
) -> RetryDecision:
    """Say when a message that was provably not sent is tried again.

    Args:
        attempts_made: Hand-overs begun so far, this one included.
        asked_to_wait: What the other side asked for; never shortened.
        chance: From 0 to 1, so that many messages put off together do not come back together.
    """
    if attempts_made >= MAX_ATTEMPTS:
        return RetryDecision(after=None)
    wait = min(_FIRST_WAIT * 4 ** (attempts_made - 1), _LONGEST_WAIT)
    wait = wait * (1 - _SPREAD + 2 * _SPREAD * chance)
    return RetryDecision(after=max(wait, asked_to_wait or timedelta(0)))
