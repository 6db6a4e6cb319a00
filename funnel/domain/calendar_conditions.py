"""Conditions in a reader's words: what would have to be so, what is so, and what was not."""

from collections.abc import Sequence
from typing import Final

from funnel.domain.calendar_words import amount_text, span_text
from funnel.domain.condition_text import condition_text
from funnel.domain.sequence import Condition, ConditionKind, SequenceDefinition, Step
from funnel.domain.speech import mark, say

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
# Of the reader: so, not so, and what asks for it: other languages order its words anew.
_SIMPLE: Final = {
    ConditionKind.REGISTERED: (
        mark("you hold a seat"),
        mark("you hold no seat"),
        mark("if you hold a seat"),
    ),
    ConditionKind.ATTENDED: (mark("you came"), mark("you did not come"), mark("if you came")),
    ConditionKind.MISSED: (
        mark("you could not come"),
        mark("you came"),
        mark("if you could not come"),
    ),
    ConditionKind.ATTENDANCE_UNKNOWN: (
        mark("we do not know whether you came"),
        mark("we know whether you came"),
        mark("if we do not know whether you came"),
    ),
    ConditionKind.REPLAY_WATCHED: (
        mark("you watched the replay"),
        mark("you did not watch the replay"),
        mark("if you watched the replay"),
    ),
    ConditionKind.REPLAY_AVAILABLE: (
        mark("there is a replay"),
        mark("there is no replay"),
        mark("if there is a replay"),
    ),
    ConditionKind.REPLIED: (mark("you replied"), mark("you did not reply"), mark("if you replied")),
    ConditionKind.LEFT_BEFORE: (
        mark("you left within {span}"),
        mark("you stayed for {span}"),
        mark("if you left within {span}"),
    ),
    ConditionKind.STAYED_UNTIL: (
        mark("you stayed for {span}"),
        mark("you left within {span}"),
        mark("if you stayed for {span}"),
    ),
    ConditionKind.TAG: (
        mark("you are marked “{name}”"),
        mark("you are not marked “{name}”"),
        mark("if you are marked “{name}”"),
    ),
}
_BOOKED: Final = (
    mark("you booked “{name}”"),
    mark("you did not book “{name}”"),
    mark("if you booked “{name}”"),
)
_BOOKED_ANY: Final = (
    mark("you booked a call"),
    mark("you did not book"),
    mark("if you booked a call"),
)
_BOUGHT: Final = (
    mark("you bought “{name}”"),
    mark("you did not buy “{name}”"),
    mark("if you bought “{name}”"),
)
_BOUGHT_ANY: Final = (
    mark("you bought something"),
    mark("you did not buy"),
    mark("if you bought something"),
)
_CLICKED: Final = {
    (True, True): (
        mark("you opened the link “{name}” in {email}"),
        mark("you did not open the link “{name}” in {email}"),
        mark("if you opened the link “{name}” in {email}"),
    ),
    (True, False): (
        mark("you opened the link “{name}”"),
        mark("you did not open the link “{name}”"),
        mark("if you opened the link “{name}”"),
    ),
    (False, True): (
        mark("you opened a link in {email}"),
        mark("you opened no link in {email}"),
        mark("if you opened a link in {email}"),
    ),
    (False, False): (
        mark("you opened a link"),
        mark("you opened no link"),
        mark("if you opened a link"),
    ),
}
_FIELD_IS: Final = (
    mark("your {field} is {value}"),
    mark("your {field} is not {value}"),
    mark("if your {field} is {value}"),
)
_FIELD: Final = (
    mark("you told us your {field}"),
    mark("you did not tell us your {field}"),
    mark("if you told us your {field}"),
)
_BOOKED_GOAL: Final = (
    mark("you booked a call"),
    mark("you did not book a call"),
    mark("if you booked a call"),
)
_GOAL: Final = (
    mark("you took up the invitation"),
    mark("you did not take up the invitation"),
    mark("if you took up the invitation"),
)
_ANY: Final = (
    mark("this is so: {kind}"),
    mark("this is not so: {kind}"),
    mark("if this is so: {kind}"),
)


def open_text(step: Step, version: SequenceDefinition) -> str:
    """Return what still has to turn out: "if you came, unless you booked"; empty for nothing."""
    asked = [
        _said(each, version, _words(each, version)[2])
        for each in step.conditions
        if each.kind not in _SILENT and not each.is_negated
    ]
    return _join(say(" and ").join(asked), _unless(step, version))


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
        return say("it does not apply to you")
    return statement(condition, version, is_so=condition.is_negated)


def statement(condition: Condition, version: SequenceDefinition, *, is_so: bool) -> str:
    """Return a condition as a statement about the reader, or its opposite."""
    return _said(condition, version, _words(condition, version)[0 if is_so else 1])


def _said(condition: Condition, version: SequenceDefinition, words: str) -> str:
    said = say(
        words,
        name=condition.name,
        email=version.name_of(condition.step_key) if condition.step_key else "",
        span=span_text(condition.elapsed),
        field=condition.name.replace("_", " "),
        value=condition.value,
        kind=condition.kind,
    )
    if condition.limit is None:
        return said
    return say("{condition} within {amount}", condition=said, amount=amount_text(condition.limit))


def _words(condition: Condition, version: SequenceDefinition) -> tuple[str, str, str]:
    """Return what is said of a reader for whom it is so, for whom it is not, and what asks."""
    kind, is_named = condition.kind, bool(condition.name)
    booked = (Condition(kind=ConditionKind.BOOKED),)
    found = {
        ConditionKind.CLICKED: _CLICKED[is_named, bool(condition.step_key)],
        ConditionKind.FIELD: _FIELD_IS if condition.value else _FIELD,
        ConditionKind.BOOKED: _BOOKED if is_named else _BOOKED_ANY,
        ConditionKind.BOUGHT: _BOUGHT if is_named else _BOUGHT_ANY,
        ConditionKind.GOAL_REACHED: _BOOKED_GOAL if version.goal == booked else _GOAL,
    }
    return _SIMPLE.get(kind) or found.get(kind, _ANY)


def _told(step: Step, version: SequenceDefinition) -> str:
    known = [
        statement(each, version, is_so=True)
        for each in step.conditions
        if each.kind in _TOLD_AFTERWARDS and not each.is_negated
    ]
    return say("as {conditions}", conditions=say(" and ").join(known)) if known else ""


def _unless(step: Step, version: SequenceDefinition) -> str:
    turns = [
        statement(each, version, is_so=True)
        for each in step.conditions
        if each.is_negated and each.kind not in _SILENT
    ]
    if not turns:
        return ""
    return say("unless {conditions}", conditions=say(" or ").join(turns))


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
