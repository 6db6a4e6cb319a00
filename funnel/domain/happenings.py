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
_BEGINS = frozenset(_POSITIVE.values())
HAPPENS = frozenset(_POSITIVE)  # the conditions that can be asked here
# Loaded for this run only, so whenever they are they belong to it; a tag is no event of a run.
_ALWAYS_COUNTS = frozenset({ConditionKind.CLICKED, ConditionKind.TAG})


# A tag, or a booking by its kind and its own id: ("intro call", "uid-1").
_Held = tuple[str, str]


def happened_at(
    condition: Condition,
    happened: Sequence[Happening],
    *,
    enrolled_at: datetime,
    since: datetime | None = None,
) -> datetime | None:
    """Return since when a condition holds by what happened; ``None`` where it does not.

    A tag that was taken off again, and a booking that was cancelled, do not hold; of two words of
    the same moment the positive one wins. A booking that was moved holds since it was first made.
    Names are compared without regard to capitals.

    Args:
        condition: ``clicked``, ``tag``, ``booked``, ``bought`` or ``replied``.
        happened: In any order.
        enrolled_at: What happened more than a week before does not count, but for tags.
        since: Nothing before this moment counts.
    """
    kind, name = condition.kind, condition.name.casefold()
    if kind not in _ALWAYS_COUNTS:
        first = enrolled_at - COUNTS_BEFORE
        since = first if since is None else max(since, first)
    kinds = (_POSITIVE[kind], _NEGATIVE.get(kind))
    words = [
        each for each in happened if each.kind in kinds and (since is None or each.at >= since)
    ]
    if kind in _NEGATIVE:
        held = [at for (held, _), at in _held_since(words).items() if name in ("", held)]
    else:
        held = [each.at for each in words if _concerns(each, condition)]
    return min(held, default=None)


def tags_held(happened: Iterable[Happening]) -> tuple[str, ...]:
    """Return the tags that somebody has by what happened, by name, each as it was given last."""
    words = [each for each in happened if each.kind in (FactKind.TAGGED, FactKind.UNTAGGED)]
    held = {name for name, _ in _held_since(words)}
    given = {each.name.casefold(): each.name for each in sorted(words, key=_in_order)}
    return tuple(given[name] for name in sorted(held))


def telling(
    condition: Condition, happened: Sequence[Happening], at: datetime | None
) -> tuple[Happening, ...]:
    """Return what shows why a condition holds, or holds no more; empty where nothing does.

    Args:
        condition: As of ``happened_at``.
        happened: What ``happened_at`` was asked with.
        at: What it said. ``None``: what was begun last is returned with what ended it, if anything
            has; what does not count is not told.
    """
    kinds = (_POSITIVE[condition.kind], _NEGATIVE.get(condition.kind))
    words = sorted((each for each in happened if each.kind in kinds), key=_in_order)
    begun = [each for each in words if each.kind in _BEGINS and _concerns(each, condition)]
    ended = [
        (each, word)
        for word in words
        for each in begun
        if word.kind not in _BEGINS and each.at < word.at and _is_ended_by(word, _held(each))
    ]
    if at is None:
        return ended[-1] if ended else ()
    over = {each for each, _ in ended}
    stands = [each for each in begun if each not in over]
    # What was moved holds since it was first made, under whatever id and name it had then.
    since = [each for each in (*stands, *begun) if each.at == at]
    return tuple((since or stands[-1:])[:1])


def _held(word: Happening) -> _Held:
    return word.name.casefold(), word.reference


def _concerns(happening: Happening, condition: Condition) -> bool:
    if condition.name and happening.name.casefold() != condition.name.casefold():
        return False
    return not condition.step_key or happening.step_key == condition.step_key


def _held_since(words: Iterable[Happening]) -> dict[_Held, datetime]:
    """Return what was begun and has not ended, with the moment since when it is so."""
    held: dict[_Held, datetime] = {}
    for word in sorted(words, key=_in_order):
        if word.kind not in _BEGINS:
            for each in [each for each in held if _is_ended_by(word, each)]:
                del held[each]
            continue
        # The id that it had before: what is moved goes on, it does not begin.
        former = [each for each in held if word.replaces and each[1] == word.replaces]
        began = min([word.at, *(held.pop(each) for each in former)])
        this = _held(word)
        held[this] = min(began, held.get(this, began))
    return held


def _in_order(word: Happening) -> tuple[datetime, bool, bool, str, str, str]:
    """Order by the moment; on equal ones the positive word comes last, and wins.

    What else tells words apart comes after, so that the order of arrival never decides.
    """
    begins = word.kind in _BEGINS
    return word.at, begins, word.replaces != "", word.reference, word.replaces, word.name.casefold()


def _is_ended_by(word: Happening, held: _Held) -> bool:
    name, reference = held
    if word.reference:
        return reference == word.reference
    return not word.name or name == word.name.casefold()
