"""A hand-over that was put off: when to try again, or give up."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from funnel.domain.failure import FailureKind

MAX_ATTEMPTS: Final = 5
_SPREAD: Final = 0.2
# Whatever a header says: what waits longer is somebody's mistake, and is asked again.
_LONGEST_ASKED: Final = timedelta(days=1)
# What would be tried after it is too late is tried once more right before.
_BEFORE_THE_END: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class _BackOff:
    first: timedelta
    times: int
    longest: timedelta

    def wait(self, attempts_made: int) -> timedelta:
        """Return how long to wait after so many attempts, before it is spread."""
        # Bounded before it grows: a number of attempts that nobody expected must not overflow.
        exponent = min(max(attempts_made, 1), MAX_ATTEMPTS) - 1
        grown: int = self.times**exponent
        return min(self.first * grown, self.longest)


_USUAL: Final = _BackOff(first=timedelta(seconds=30), times=4, longest=timedelta(minutes=30))
_BY_FAILURE: Final = {
    # Servers that test strangers so let them in from a minute after, some from five (RFC 6647 5
    # recommends a range that begins at a minute).
    FailureKind.GREYLISTED: _BackOff(
        first=timedelta(minutes=6), times=2, longest=timedelta(minutes=30)
    ),
    # Somebody has to read and delete first.
    FailureKind.MAILBOX_FULL: _BackOff(
        first=timedelta(minutes=20), times=3, longest=timedelta(hours=6)
    ),
    # The lane goes slower meanwhile; this one email need not press.
    FailureKind.RATE: _BackOff(first=timedelta(minutes=1), times=3, longest=timedelta(minutes=30)),
}
# They say nothing of this message: an outage of an hour must not use its attempts up. A circuit
# and ``valid_until`` bound them instead.
_NOT_OF_THE_MESSAGE: Final = frozenset({FailureKind.PROVIDER_DOWN, FailureKind.OURS})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryDecision:
    """``after`` is how long to wait in real time; ``None``: give up."""

    after: timedelta | None


def is_attempt(failure: FailureKind | None) -> bool:
    """Say whether a hand-over that was put off uses up one of the message's attempts."""
    return failure not in _NOT_OF_THE_MESSAGE


def decide_retry(
    attempts_made: int,
    *,
    asked_to_wait: timedelta | None,
    chance: float,
    failure: FailureKind | None = None,
    remaining: timedelta | None = None,
) -> RetryDecision:
    """Say when a message that was provably not sent is tried again.

    Args:
        attempts_made: Hand-overs begun so far, this one included.
        asked_to_wait: What the other side asked for (Retry-After); never shortened, up to a day.
        chance: From 0 to 1, so that many messages put off together do not come back together.
        failure: What the other side complained about: each kind has its own pace.
        remaining: How long it may still leave; ``None``: for ever. A wait that would end later is
            shortened so that it is tried once more right before, unless the other side asked for
            all of it. What is late nevertheless is the planner's to decide.
    """
    if attempts_made >= MAX_ATTEMPTS and is_attempt(failure):
        return RetryDecision(after=None)
    back_off = _BY_FAILURE.get(failure or FailureKind.OTHER, _USUAL)
    spread = back_off.wait(attempts_made) * (1 - _SPREAD + 2 * _SPREAD * chance)
    asked = min(asked_to_wait or timedelta(0), _LONGEST_ASKED)
    return RetryDecision(after=max(_within(spread, remaining), asked))


def _within(wait: timedelta, remaining: timedelta | None) -> timedelta:
    if remaining is None or wait < remaining:
        return wait
    last = remaining - _BEFORE_THE_END
    return last if last >= _BEFORE_THE_END else wait
