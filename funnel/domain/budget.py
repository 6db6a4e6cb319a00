"""How much may leave by a provider, in a lane, or both: several limits at once, each a window.

A window rolls: "300 an hour" means that in no 60 minutes more than 300 leave, wherever they begin,
which is how providers and shared hosts count.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import number, say

ALL: Final = "*"  # of a budget's provider or lane: all of them together

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
SPANS: Final = {"per_second": SECOND, "per_minute": MINUTE, "per_hour": HOUR, "per_day": DAY}

# Of each window letters leave this share to notices and service emails: a tenth is more than either
# ever needs beside letters, and costs them little.
_RESERVE_OF: Final = 10
_MOST: Final = 1_000_000_000  # more than anybody sends, and than a column of its rows may hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most ``number`` emails in any ``span``."""

    span: timedelta
    number: int

    def for_letters(self) -> int:
        """Return what letters may use of it: the rest is kept for what must be on time."""
        reserve = self.number // _RESERVE_OF
        # A longer window than a confirmation may wait leaves one at least. A second is soon over,
        # but whoever looks once a second finds it full each time.
        if self.span > SECOND and self.number > 1:
            reserve = max(1, reserve)
        return self.number - reserve


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits that hold together; ``None``: none of that kind is known.

    Attributes:
        per_second: Emails in any second.
        per_minute: Emails in any 60 seconds.
        per_hour: Emails in any 60 minutes.
        per_day: Emails in any 24 hours.
        warm_up_from: First day of the warm-up, UTC; ``None``: there is none.
        warm_up: Emails in any 24 hours on its first day, its second and so on; after the last one
            ``per_day`` alone holds.
    """

    per_second: int | None = None
    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    warm_up_from: date | None = None
    warm_up: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse limits that would let nothing leave, ever, and numbers that no row holds."""
        numbers = [getattr(self, name) for name in SPANS]
        if any(each is not None and each < 1 for each in (*numbers, *self.warm_up)):
            raise InvalidInputError(
                say("a limit must let at least one email leave"),
                field="limit",
                remedy=say("Write a whole number, or nothing where there is no limit."),
            )
        if any(each is not None and each > _MOST for each in (*numbers, *self.warm_up)):
            raise InvalidInputError(
                say("a limit is at most {number}", number=number(_MOST)),
                field="limit",
                remedy=say("Write a smaller number, or nothing where there is no limit."),
            )

    def limits(self, now: datetime) -> tuple[Limit, ...]:
        """Return the limits that hold at ``now`` (aware), the shortest window first."""
        of_day = self.warm_up_limit(now.astimezone(UTC).date())
        held = [(span, getattr(self, name)) for name, span in SPANS.items()]
        if of_day is not None:
            held[-1] = (DAY, min(of_day, self.per_day or of_day))
        return tuple(Limit(span=span, number=number) for span, number in held if number is not None)

    def warm_up_limit(self, day: date) -> int | None:
        """Return what the warm-up allows on a day (UTC); ``None``: it is over, or there is none."""
        if self.warm_up_from is None or not self.warm_up:
            return None
        number = max(0, (day - self.warm_up_from).days)
        return self.warm_up[number] if number < len(self.warm_up) else None


@dataclass(frozen=True, slots=True)
class Spent:
    """``number`` emails that left at ``at`` (aware), or earlier."""

    at: datetime
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many may leave now, and when the next ones may if none may; ``None``: no limit.

    Attributes:
        number: ``None``: as many as there are.
        next_at: Aware; ``None`` where some may leave now.
        limit: The one that is full until then.
    """

    number: int | None
    next_at: datetime | None = None
    limit: Limit | None = None


UNLIMITED: Final = Room(number=None)


def room(
    budget: Budget, spent: Sequence[Spent], now: datetime, *, for_letters: bool = False
) -> Room:
    """Say how many emails may leave at ``now``, and when the next ones may.

    Args:
        budget: All of its limits hold.
        spent: What left before, oldest first; what is older than a day is not needed.
        now: Aware.
        for_letters: Keep the reserve for notices and service emails.
    """
    return Windows(budget, spent).room(now, for_letters=for_letters)


def tighter(one: Room, other: Room) -> Room:
    """Return what two budgets leave together: the fewer, and the later of their moments."""
    if one.next_at is not None and other.next_at is not None:
        return one if one.next_at >= other.next_at else other
    if one.next_at is not None or other.number is None:
        return one
    if other.next_at is not None or one.number is None:
        return other
    return one if one.number <= other.number else other


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """How long a number of emails takes: when the last leaves, and the limit that costs most time.

    Attributes:
        last_at: Aware; ``None``: later than anybody plans for.
        limit: ``None``: no limit holds them up.
    """

    last_at: datetime | None
    limit: Limit | None = None


# Beyond that nobody waits: a page says "more than a month" and is done.
_FORESEEN: Final = timedelta(days=31)


def drain(
    budgets: Iterable[tuple[Budget, Sequence[Spent]]],
    number: int,
    now: datetime,
    *,
    for_letters: bool = True,
) -> Drain:
    """Foresee how ``number`` emails leave under several budgets, each as soon as it may.

    Exact for windows that roll and for limits that hold together; a warm-up grows on the way.

    Args:
        budgets: Each with what was spent of it, oldest first.
        number: Emails that wait, nobody before them.
        now: Aware.
        for_letters: They keep the reserve.
    """
    windows = [Windows(budget, spent) for budget, spent in budgets]
    at = now
    waited: Counter[Limit] = Counter()  # microseconds, for whole numbers add up exactly
    while number > 0:
        found = UNLIMITED
        for each in windows:
            found = tighter(found, each.room(at, for_letters=for_letters))
        if found.next_at is None:
            leaving = number if found.number is None else min(found.number, number)
            number -= leaving
            for each in windows:
                each.spend(at, leaving)
            continue
        if found.limit is not None:
            waited[found.limit] += (found.next_at - at) // timedelta(microseconds=1)
        at = found.next_at
        if at - now > _FORESEEN:
            return Drain(last_at=None, limit=_longest(waited))
    return Drain(last_at=at, limit=_longest(waited))


def _longest(waited: Mapping[Limit, int]) -> Limit | None:
    return max(waited, key=lambda each: waited[each], default=None)


class Windows:
    """A budget and what was spent of it, as time goes on: each window remembers where it begins.

    Ask it with moments that do not go back.
    """

    def __init__(self, budget: Budget, spent: Iterable[Spent]) -> None:
        self._budget = budget
        self._spent = list(spent)
        self._begins = dict.fromkeys(SPANS.values(), 0)
        self._used = dict.fromkeys(SPANS.values(), sum(each.number for each in self._spent))

    def room(self, at: datetime, *, for_letters: bool = False) -> Room:
        """Return how many may leave at ``at`` (aware), and when the next may."""
        found = UNLIMITED
        for limit in self._budget.limits(at):
            found = tighter(found, self._room_in(limit, at, for_letters=for_letters))
        if found.next_at is None or self._budget.warm_up_limit(at.astimezone(UTC).date()) is None:
            return found
        # The next day of a warm-up allows more, before anything leaves the window.
        tomorrow = datetime.combine(at.astimezone(UTC).date() + DAY, time(), UTC)
        return replace(found, next_at=min(found.next_at, tomorrow))

    def spend(self, at: datetime, number: int) -> None:
        """Let emails leave."""
        self._spent.append(Spent(at, number))
        for span in self._used:
            self._used[span] += number

    def _room_in(self, limit: Limit, at: datetime, *, for_letters: bool) -> Room:
        span, begin = limit.span, self._begins[limit.span]
        while begin < len(self._spent) and self._spent[begin].at <= at - span:
            self._used[span] -= self._spent[begin].number
            begin += 1
        self._begins[span] = begin
        left = (limit.for_letters() if for_letters else limit.number) - self._used[span]
        if left > 0:
            return Room(number=left)
        next_at = at + span
        for each in self._spent[begin:]:
            left += each.number
            if left > 0:
                next_at = each.at + span
                break
        return Room(number=0, next_at=next_at, limit=limit)
