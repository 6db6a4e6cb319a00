"""What must hold of conditions, before a sequence can run: that each may be known when asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from funnel.domain.condition_text import HAPPENING, condition_text
from funnel.domain.sequence import AnchorKind, Condition, ConditionKind, Step, StepKind
from funnel.domain.speech import say
from funnel.domain.timing import Delay

_NO_TIME = timedelta(0)
_A_DAY = timedelta(days=1)
_LONGEST_LIMIT_DAYS = 365
_ATTENDANCE = frozenset(
    {ConditionKind.ATTENDED, ConditionKind.MISSED, ConditionKind.ATTENDANCE_UNKNOWN}
)
_ROOM = frozenset({ConditionKind.LEFT_BEFORE, ConditionKind.STAYED_UNTIL})
_REPLAY = frozenset({ConditionKind.REPLAY_WATCHED, ConditionKind.REPLAY_AVAILABLE})
# Only asked at one step's moment; a goal or an end is asked at any time.
_ONLY_AT_A_STEP = frozenset({ConditionKind.ATTENDANCE_UNKNOWN, ConditionKind.REPLAY_AVAILABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A field that is wrong: its name, what is wrong with it, and what to do.

    Attributes:
        entry: Which of its entries, where it is a list.
    """

    name: str
    reason: str
    remedy: str
    entry: int | None = None


def check_conditions(step: Step, positions: Mapping[str, int]) -> Iterator[Finding]:
    """Yield what is wrong with the conditions of one step.

    Args:
        step: As it was read; its conditions in the order of the file.
        positions: Where each key of the file stands.
    """
    yield from _contradictions(step)
    for name, is_negated in (("only_if", False), ("skip_if", True)):
        conditions = [each for each in step.conditions if each.is_negated is is_negated]
        for entry, condition in enumerate(conditions):
            yield from _elapsed(condition, name, entry)
            yield from _too_early(step, condition, name, entry)
            yield from _limit(step, condition, name, entry)
            yield from _email(condition, positions, positions[step.key], name, entry)


def check_endings(
    name: str, conditions: Sequence[Condition], positions: Mapping[str, int]
) -> Iterator[Finding]:
    """Yield what is wrong with the ``goal`` or ``exit_if`` of a sequence."""
    for entry, condition in enumerate(conditions):
        if condition.kind in _ONLY_AT_A_STEP:
            reason = say('"{kind}" is asked at the moment of an email', kind=condition.kind)
            yield Finding(name=name, reason=reason, remedy=say("Ask it in only_if."), entry=entry)
        if name == "goal" and condition.kind is ConditionKind.GOAL_REACHED:
            reason = say("the goal cannot be that the goal is reached")
            remedy = say("Say what must happen: booked, bought, tag customer.")
            yield Finding(name=name, reason=reason, remedy=remedy, entry=entry)
        if condition in conditions[:entry]:
            reason = say("a condition is here twice")
            yield Finding(name=name, reason=reason, remedy=say("Keep one."), entry=entry)
        yield from _email(condition, positions, len(positions), name, entry)
        yield from _elapsed(condition, name, entry)


def _contradictions(step: Step) -> Iterator[Finding]:
    wanted = [_positive(each) for each in step.conditions if not each.is_negated]
    refused = [_positive(each) for each in step.conditions if each.is_negated]
    for entry, each in enumerate(refused):
        if each in wanted:
            reason = say('"{each}" is asked both ways', each=condition_text(each))
            yield Finding(
                name="skip_if", reason=reason, remedy=say("Keep one of them."), entry=entry
            )
    words: list[str] = sorted({each.kind for each in wanted} & _ATTENDANCE)
    in_room = any(each.kind in _ROOM for each in wanted)
    if len(words) > 1 or (in_room and words and words != [ConditionKind.ATTENDED]):
        words += [say("in the room")] if in_room else []
        reason = say(
            "nobody is {names} at once: all conditions must hold", names=say(" and ").join(words)
        )
        yield Finding(
            name="only_if",
            reason=reason,
            remedy=say("Write one step for each, in one group: one_of."),
        )
    yield from _empty_stay(wanted)
    if len(set(step.conditions)) < len(step.conditions):
        yield Finding(
            name="only_if", reason=say("a condition is here twice"), remedy=say("Keep one.")
        )


def _positive(condition: Condition) -> Condition:
    return Condition(
        kind=condition.kind,
        name=condition.name,
        value=condition.value,
        step_key=condition.step_key,
        elapsed=condition.elapsed,
        limit=condition.limit,
    )


def _empty_stay(wanted: Sequence[Condition]) -> Iterator[Finding]:
    left = [each.elapsed for each in wanted if each.kind is ConditionKind.LEFT_BEFORE]
    stayed = [each.elapsed for each in wanted if each.kind is ConditionKind.STAYED_UNTIL]
    if left and stayed and max(stayed) >= min(left):
        reason = say("nobody leaves before a time until which they stayed")
        yield Finding(
            name="only_if", reason=reason, remedy=say("Let them stay until an earlier time.")
        )


def _too_early(step: Step, condition: Condition, name: str, entry: int) -> Iterator[Finding]:
    """What is never so at the step's moment, or always, is a slip: whichever way it is asked."""
    kind, reason = condition.kind, ""
    if kind in _REPLAY and condition.limit is None and _is_before_replay(step):
        reason = say("there is no replay before the session has ended")
    elif kind in _ATTENDANCE | _ROOM and _is_ahead_of_session(step):
        reason = (
            say('everybody has "{kind}" before the session', kind=kind.value)
            if kind is ConditionKind.ATTENDANCE_UNKNOWN
            else say('nobody has "{kind}" before the session', kind=kind.value)
        )
    elif kind is ConditionKind.MISSED and _is_as_it_begins(step):
        reason = say('nobody has "{value}" before the session is under way', value=kind.value)
    if reason:
        remedy = say("Let the step count from session end, or delete the condition.")
        yield Finding(name=name, reason=reason, remedy=remedy, entry=entry)


def _is_before_replay(step: Step) -> bool:
    """Whether the session cannot have ended at the step's moment, nor by the end of its wait."""
    # A letter keeps off the session's day, and so comes after it.
    is_before_end = (
        step.kind is StepKind.SERVICE
        and step.timing.anchor.kind is AnchorKind.SESSION_END
        and _is_negative(step.timing.delay)
        and not _waits_beyond(step)
    )
    return is_before_end or _is_ahead_of_session(step) or _is_as_it_begins(step)


def _is_ahead_of_session(step: Step) -> bool:
    """Whether the session cannot have begun at the step's moment, nor by the end of its wait.

    A reminder never leaves after the start, however long it waits. Nobody takes a seat in what has
    begun, so that at the press on "Take my seat" the session is still to come.
    """
    anchor, delay = step.timing.anchor.kind, step.timing.delay
    if _is_before_session(step):
        return True
    if anchor is AnchorKind.SESSION_END:
        is_a_day_before = delay.elapsed <= -_A_DAY or delay.days < -1
        return is_a_day_before and not _waits_beyond(step)
    is_at_entry = anchor in {AnchorKind.REGISTRATION, AnchorKind.ENROLLMENT}
    return is_at_entry and _is_at_once(step)


def _is_as_it_begins(step: Step) -> bool:
    is_start = step.timing.anchor.kind is AnchorKind.SESSION_START
    return is_start and step.kind is StepKind.SERVICE and _is_at_once(step)


def _is_at_once(step: Step) -> bool:
    """Whether it leaves at its anchor's moment, or not at all."""
    return step.timing.delay == Delay() and step.timing.at is None and step.wait is None


def _waits_beyond(step: Step) -> bool:
    """Whether a word may still come after what the step counts from."""
    return step.wait is not None and not _is_negative(step.wait.delay)


def _is_negative(delay: Delay) -> bool:
    return delay.days < 0 or delay.elapsed < _NO_TIME


def _elapsed(condition: Condition, name: str, entry: int) -> Iterator[Finding]:
    if condition.elapsed > _A_DAY:
        reason = say("no session is longer than a day")
        remedy = say("Count from the session's start: 45 min.")
        yield Finding(name=name, reason=reason, remedy=remedy, entry=entry)


def _is_before_session(step: Step) -> bool:
    return step.timing.anchor.kind is AnchorKind.SESSION_START and _is_negative(step.timing.delay)


def _limit(step: Step, condition: Condition, name: str, entry: int) -> Iterator[Finding]:
    limit = condition.limit
    if limit is None:
        return
    if limit.days + limit.elapsed / _A_DAY > _LONGEST_LIMIT_DAYS:
        reason = say("nobody waits longer than a year")
        yield Finding(name=name, reason=reason, remedy=say("Write a shorter time."), entry=entry)
    if not condition.step_key and _is_before_session(step):
        reason = say("that time ends after the session's start, and a reminder leaves before it")
        remedy = say(
            'Count from an email: "{condition}", or delete the time.',
            condition=_in_an_email(condition),
        )
        yield Finding(name=name, reason=reason, remedy=remedy, entry=entry)


def _in_an_email(condition: Condition) -> str:
    named = Condition(kind=ConditionKind.CLICKED, step_key="your-seat", limit=condition.limit)
    return condition_text(named)


def _email(
    condition: Condition, positions: Mapping[str, int], below: int, name: str, entry: int
) -> Iterator[Finding]:
    """The email in which something is clicked must stand above: else nobody could have yet."""
    key = condition.step_key
    if not key:
        return
    remedy = say('Name the key of a step above after "in".')
    if key not in positions:
        reason = say('"{key}" is no step of this sequence', key=key)
        yield Finding(name=name, reason=reason, remedy=remedy, entry=entry)
    elif positions[key] >= below:
        reason = say(
            '"{key}" does not stand above this step, so nobody has clicked in it yet', key=key
        )
        yield Finding(name=name, reason=reason, remedy=remedy, entry=entry)


def may_still_come(condition: Condition) -> bool:
    """Whether a word may come after the step's moment; "attendance unknown" is settled there.

    What happens within a limit waits by itself, and does not need the step's own wait.
    """
    if condition.kind is ConditionKind.ATTENDANCE_UNKNOWN:
        return condition.is_negated
    return (
        condition.kind in _ATTENDANCE | _ROOM
        or condition.kind is ConditionKind.REPLAY_AVAILABLE
        or (condition.kind in HAPPENING and condition.limit is None and not condition.is_negated)
    )
