"""What became of a condition that asks for something that happens: the planner's answer, told.

It asks ``Known``, as the planner does, and adds which happenings say so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from funnel.domain.facts import Happening
from funnel.domain.happenings import HAPPENS, telling
from funnel.domain.known import Known
from funnel.domain.sequence import Condition, ConditionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionAccount:
    """One condition, as it stands.

    Attributes:
        at: Since when it is so; ``None``: it is not so.
        told_by: What says so; where it is so no more, what was begun, and what ended it. Empty
            where it never was, or where no happening says it (a goal that was reported).
        counts_until: When its limit has passed; ``None``: it has none.
        can_happen: ``False``: it asks about an email that they do not get.
    """

    at: datetime | None
    told_by: tuple[Happening, ...]
    counts_until: datetime | None
    can_happen: bool


def account_of(
    condition: Condition,
    known: Known,
    happened: Sequence[Happening],
    *,
    counted_at: datetime,
    goal: Iterable[Condition] = (),
) -> ConditionAccount:
    """Return what became of one condition.

    Args:
        condition: Of a kind that happens.
        known: All that was known when it was decided, or is now.
        happened: What ``known`` was made of.
        counted_at: What the step's own timing counts from.
        goal: Of the sequence, for ``goal reached``.
    """
    limit = condition.limit
    ends_at = None if limit is None else known.limit_at(condition, limit, counted_at)
    if not known.may_happen(condition):
        return ConditionAccount(at=None, told_by=(), counts_until=ends_at, can_happen=False)
    at = known.happened_at(condition, counted_at=None if limit is None else counted_at)
    if at is not None and ends_at is not None and at > ends_at:
        at = None
    asked = tuple(goal) if condition.kind is ConditionKind.GOAL_REACHED else (condition,)
    told = [telling(each, happened, at) for each in asked if each.kind in HAPPENS]
    return ConditionAccount(
        at=at,
        told_by=next((each for each in told if each), ()),
        counts_until=ends_at,
        can_happen=True,
    )
