"""Conditions in a reader's words: what would have to be so, what is so, and what was not."""

from collections.abc import Sequence

from funnel.domain.calendar_words import amount_text, span_text
from funnel.domain.condition_text import condition_text
from funnel.domain.sequence import Condition, ConditionKind, SequenceDefinition, Step

# Known from the start, or said by the email itself: nothing that a reader has to be told.
_SILENT = frozenset({ConditionKind.REGISTERED})
# What may be said of somebody who got the email: "as you came".
_TOLD_AFTERWARDS = frozenset(
    {
        ConditionKind.ATTENDED,
        ConditionKind.MISSED,
        ConditionKind.ATTENDANCE_UNKNOWN,
        ConditionKind.LEFT_BEFORE,
        ConditionKind.STAYED_UNTIL,
        ConditionKind.REPLAY_WATCHED,
        ConditionKind.CLICKED,
        ConditionKind.BOOKED,
        ConditionKind.BOUGHT,
        ConditionKind.REPLIED,
    }
)
_SIMPLE = {
    ConditionKind.REGISTERED: ("you hold a seat", "you hold no seat"),
    ConditionKind.ATTENDED: ("you came", "you did not come"),
    ConditionKind.MISSED: ("you could not come", "you came"),
    ConditionKind.ATTENDANCE_UNKNOWN: (
        "we do not know whether you came",
        "we know whether you came",
    ),
    ConditionKind.REPLAY_WATCHED: ("you watched the replay", "you did not watch the replay"),
    ConditionKind.REPLAY_AVAILABLE: ("there is a replay", "there is no replay"),
    ConditionKind.REPLIED: ("you replied", "you did not reply"),
}


def open_text(step: Step, version: SequenceDefinition) -> str:
    """Return what still has to turn out: "if you came, unless you booked"; empty for nothing."""
    asked = [
        statement(each, version, is_so=True)
        for each in step.conditions
        if each.kind not in _SILENT and not each.is_negated
    ]
    return _join(f"if {' and '.join(asked)}" if asked else "", _unless(step, version))


def ahead_text(step: Step, version: SequenceDefinition) -> str:
    """Return what is known of an email that is to come: "as you came, unless you booked"."""
    return _join(_told(step, version), _unless(step, version))


def told_text(step: Step, version: SequenceDefinition) -> str:
    """Return why an email came, where a condition let it: "as you came"; empty for nothing."""
    return _told(step, version)


def failed_text(step: Step, version: SequenceDefinition, reasons: Sequence[str]) -> str:
    """Return which condition kept an email back: "you did not come".

    ``reasons`` are the planner's own, in which the deciding condition is named.
    """
    condition = _deciding(step, reasons)
    if condition is None:
        return "it does not apply to you"
    return statement(condition, version, is_so=condition.is_negated)


def statement(condition: Condition, version: SequenceDefinition, *, is_so: bool) -> str:
    """Return a condition as a statement about the reader, or its opposite."""
    simple = _SIMPLE.get(condition.kind)
    if simple is not None:
        words = simple[0] if is_so else simple[1]
    else:
        words = _with_details(condition, version, is_so=is_so)
    return words if condition.limit is None else f"{words} within {amount_text(condition.limit)}"


def _with_details(condition: Condition, version: SequenceDefinition, *, is_so: bool) -> str:
    kind, named = condition.kind, f" “{condition.name}”" if condition.name else ""
    place = f" in {version.name_of(condition.step_key)}" if condition.step_key else ""
    span = span_text(condition.elapsed)
    if kind is ConditionKind.GOAL_REACHED:
        return _goal(version, is_so=is_so)
    positive, negative = {
        ConditionKind.LEFT_BEFORE: (f"you left within {span}", f"you stayed for {span}"),
        ConditionKind.STAYED_UNTIL: (f"you stayed for {span}", f"you left within {span}"),
        ConditionKind.CLICKED: (
            f"you opened the link{named}{place}" if named else f"you opened a link{place}",
            f"you did not open the link{named}{place}" if named else f"you opened no link{place}",
        ),
        ConditionKind.TAG: (f"you are marked{named}", f"you are not marked{named}"),
        ConditionKind.FIELD: _field(condition),
        ConditionKind.BOOKED: (f"you booked{named or ' a call'}", f"you did not book{named}"),
        ConditionKind.BOUGHT: (f"you bought{named or ' something'}", f"you did not buy{named}"),
    }.get(kind, (f"this is so: {kind}", f"this is not so: {kind}"))
    return positive if is_so else negative


def _field(condition: Condition) -> tuple[str, str]:
    name = condition.name.replace("_", " ")
    if condition.value:
        return f"your {name} is {condition.value}", f"your {name} is not {condition.value}"
    return f"you told us your {name}", f"you did not tell us your {name}"


def _goal(version: SequenceDefinition, *, is_so: bool) -> str:
    if version.goal == (Condition(kind=ConditionKind.BOOKED),):
        return "you booked a call" if is_so else "you did not book a call"
    return "you took up the invitation" if is_so else "you did not take up the invitation"


def _told(step: Step, version: SequenceDefinition) -> str:
    known = [
        statement(each, version, is_so=True)
        for each in step.conditions
        if each.kind in _TOLD_AFTERWARDS and not each.is_negated
    ]
    return f"as {' and '.join(known)}" if known else ""


def _unless(step: Step, version: SequenceDefinition) -> str:
    turns = [
        statement(each, version, is_so=True)
        for each in step.conditions
        if each.is_negated and each.kind not in _SILENT
    ]
    return f"unless {' or '.join(turns)}" if turns else ""


def _deciding(step: Step, reasons: Sequence[str]) -> Condition | None:
    """Return the condition that the last of the planner's reasons names.

    By its words, which are part of that sentence; where several could be meant, the longest. Rows
    of former days name no more than the kind.
    """
    told = reasons[-1] if reasons else ""
    for words in (condition_text, _kind_words):
        named = [each for each in step.conditions if words(each) in told]
        if named:
            return max(named, key=lambda each: len(words(each)))
    asked = [each for each in step.conditions if each.kind not in _SILENT]
    return asked[0] if len(asked) == 1 else None


def _kind_words(condition: Condition) -> str:
    return condition.kind.value


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
