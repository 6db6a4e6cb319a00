"""What may be claimed now: every budget that fits a message holds, and each claim spends of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from funnel.domain.budget import (
    ALL,
    UNLIMITED,
    Budget,
    Room,
    Spent,
    Windows,
    tighter,
)

Place = tuple[str, str]  # provider and lane
SECONDS_ON_QUEUE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedBudget:
    """A budget of a provider (``*``: all of them together) in a lane (likewise)."""

    provider: str
    lane: str
    budget: Budget

    def fits(self, provider: str, lane: str) -> bool:
        """Whether what leaves by this provider in this lane is counted here."""
        return self.provider in (ALL, provider) and self.lane in (ALL, lane)


def spent_of(placed: PlacedBudget, spending: Mapping[Place, Sequence[Spent]]) -> tuple[Spent, ...]:
    """Return what was spent of one budget, by whatever provider and lane, oldest first."""
    fitting = [spent for place, spent in spending.items() if placed.fits(*place)]
    if len(fitting) == 1:
        return tuple(fitting[0])
    return tuple(sorted((each for spent in fitting for each in spent), key=lambda each: each.at))


class Allowance:
    """The budgets of one claim, and what it has spent of them so far.

    Attributes:
        newly_spent: By provider and lane, for whoever writes it down.
    """

    def __init__(
        self,
        budgets: Iterable[PlacedBudget],
        spending: Mapping[Place, Sequence[Spent]],
        now: datetime,
        *,
        held_until: Mapping[Place, datetime] | None = None,
    ) -> None:
        """Start a claim.

        Args:
            budgets: All that are known; those that fit a message hold for it.
            spending: What left within the last day, by provider and lane, oldest first.
            now: Aware, real time.
            held_until: Lanes of a provider that asked to wait: nothing leaves there before.
        """
        self._now = now
        self._held_until = dict(held_until or {})
        self._windows = [(each, Windows(each.budget, spent_of(each, spending))) for each in budgets]
        self._fitting: dict[Place, list[tuple[PlacedBudget, Windows]]] = {}
        self.newly_spent: Counter[Place] = Counter()

    def room(self, provider: str, lane: str, *, for_letters: bool, lanes: int = 1) -> Room:
        """Return how many may leave now by this provider in this lane, and when the next may.

        Args:
            provider: By whom.
            lane: In which lane.
            for_letters: Keep the reserve.
            lanes: So many lanes that still claim, this one included, share what is left of the
                budgets that are not of one lane: a long one does not take it all.
        """
        held_until = self._held_until.get((provider, lane))
        if held_until is not None and held_until > self._now:
            return Room(number=0, next_at=held_until)
        found = UNLIMITED
        for placed, windows in self._of(provider, lane):
            left = windows.room(self._now, for_letters=for_letters)
            if placed.lane == ALL and left.number is not None:
                left = replace(left, number=-(-left.number // lanes))
            found = tighter(found, left)
        return found

    def places(
        self, provider: str, lane: str, on_queue: Mapping[str, int], *, is_alone: bool
    ) -> int | None:
        """Return how many more letters may wait on the queue; ``None``: no limit says it.

        What was claimed second by second while workers were away leaves at once when they are
        back. So where a limit is one of a second, only what fills two of them lies there.

        Args:
            provider: By whom.
            lane: In which lane.
            on_queue: Letters that lie there, by lane.
            is_alone: There is no other provider: all of them are this one's.
        """
        found: int | None = None
        for placed, _ in self._of(provider, lane):
            of_second = placed.budget.per_second
            if of_second is None or not (is_alone or placed.provider == ALL):
                continue
            there = sum(on_queue.values()) if placed.lane == ALL else on_queue.get(lane, 0)
            left = max(0, SECONDS_ON_QUEUE * of_second - there)
            found = left if found is None else min(found, left)
        return found

    def spend(self, provider: str, lane: str, number: int) -> None:
        """Count what was claimed."""
        if number > 0:
            self.newly_spent[provider, lane] += number
            for _, windows in self._of(provider, lane):
                windows.spend(self._now, number)

    def _of(self, provider: str, lane: str) -> list[tuple[PlacedBudget, Windows]]:
        place = (provider, lane)
        if place not in self._fitting:
            self._fitting[place] = [each for each in self._windows if each[0].fits(*place)]
        return self._fitting[place]
