"""Whether and since when something has happened to a person, as conditions ask for it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from funnel.domain.facts import FactKind, Happening
from funnel.domain.sequence import Condition, ConditionKind

# What somebody did shortly before they signed up belongs to this run: they booked, then came.
COUNTS_BEFORE = timedelta(days=7)

_POSITIVE = {
    ConditionKind.CLICKED: FactKind.CLICKED,
    ConditionKind.TAG: FactKind.TAGGED,
    ConditionKind.BOOKED: FactKind.BOOKED,
    ConditionKind.BOUGHT: FactKind.BOUGHT,
    ConditionKind.REPLIED: FactKind.REPLIED,
}
_NEGATIVE = {
    ConditionKind.TAG: FactKind.UNTAGGED,
    ConditionKind.BOOKED: FactKind.BOOKING_CANCELLED,
}
# Loaded for this run only, so whenever they are they belong to it; a tag is no event of a run.
_ALWAYS_COUNTS = frozenset({ConditionKind.CLICKED, ConditionKind.TAG})


def happened_at(
    condition: Condition,
    happened: Sequence[Happening],
    *,
    enrolled_at: datetime,
    since: datetime | None = None,
) -> datetime | None:
    """Return since when a condition holds by what happened; ``None`` where it does not.

    A tag that was taken off again, and a booking that was cancelled, do not hold; of two words of
    the same moment the positive one wins. Names are compared without regard to capitals.

    Args:
        condition: ``clicked``, ``tag``, ``booked``, ``bought`` or ``replied``.
        happened: In any order.
        enrolled_at: What happened more than a week before does not count, but for tags.
        since: Nothing before this moment counts.
    """
    words = [each for each in happened if _concerns(each, condition)]
    if condition.kind not in _ALWAYS_COUNTS:
        first = enrolled_at - COUNTS_BEFORE
        since = first if since is None else max(since, first)
    if since is not None:
        words = [each for each in words if each.at >= since]
    if condition.kind not in _NEGATIVE:
        return min((each.at for each in words), default=None)
    names = {each.name.casefold() for each in words}
    held = (_held_since([each for each in words if each.name.casefold() == name]) for name in names)
    return min((each for each in held if each is not None), default=None)


def _concerns(happening: Happening, condition: Condition) -> bool:
    kind = happening.kind
    if kind is not _POSITIVE[condition.kind] and kind is not _NEGATIVE.get(condition.kind):
        return False
    if condition.name and happening.name.casefold() != condition.name.casefold():
        return False
    return not condition.step_key or happening.step_key == condition.step_key


def _held_since(words: Iterable[Happening]) -> datetime | None:
    """Return since when the latest words say that it is so; ``None`` where they say it is not."""
    since: datetime | None = None
    # On equal moments the positive word comes last, and wins.
    for each in sorted(words, key=lambda word: (word.at, word.kind in _POSITIVE.values())):
        if each.kind not in _POSITIVE.values():
            since = None
        elif since is None:
            since = each.at
    return since
