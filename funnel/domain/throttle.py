"""How long whoever guessed wrong has to wait: arithmetic only, all moments given.

Counted by account (an address, whether somebody has it or not) and by network. Waits grow, and end:
who keeps guessing at somebody's account must not lock them out for good.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from funnel.domain.errors import FunnelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many tries are free, and how the waits grow after them.

    Attributes:
        free: Wrong tries in a row that cost no wait.
        first: The wait after the next one; each further one doubles it.
        longest: The wait grows no further.
    """

    free: int
    first: timedelta
    longest: timedelta


BY_ACCOUNT: Final = Limit(free=5, first=timedelta(seconds=30), longest=timedelta(minutes=15))
# A household, an office, a whole mobile network: more people, more slips, and more accounts to try.
BY_NETWORK: Final = Limit(free=20, first=timedelta(seconds=30), longest=timedelta(hours=1))
# What is older is forgotten: slips of another day are no attack.
FORGOTTEN_AFTER: Final = timedelta(days=1)


class TooManyTriesError(FunnelError):
    """Too many wrong passwords: answer 429; ``wait`` is how long until the next try."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("too many wrong passwords")
        self.wait = wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """Wrong passwords in a row, and the moment (aware) of the last."""

    failures: int
    last_at: datetime


def wait_left(tries: Tries | None, limit: Limit, now: datetime) -> timedelta:
    """Return how long until the next try may be made; zero: at once."""
    failures = failures_now(tries, now)
    if tries is None or failures < limit.free:
        return timedelta(0)
    # Capped before it is doubled: a million failures must not make a number of a million bits.
    doublings = min(failures - limit.free, 20)
    wait = min(limit.first * (1 << doublings), limit.longest)
    return max(tries.last_at + wait - now, timedelta(0))


def failures_now(tries: Tries | None, now: datetime) -> int:
    """Return how many wrong tries still count."""
    if tries is None or now - tries.last_at >= FORGOTTEN_AFTER:
        return 0
    return tries.failures
