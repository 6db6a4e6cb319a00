"""Conditions of an email in a marketer's words: to whom it goes, and to whom it does not."""

from typing import Final

from funnel.domain.sequence import Condition, ConditionKind, SequenceDefinition
from funnel.domain.speech import mark, say
from funnel.domain.timing import Delay
from funnel.domain.timing_text import delay_text, duration_text

_PLAIN: Final = {
    ConditionKind.REGISTERED: (
        mark("to those who hold a seat"),
        mark("not to those who hold a seat"),
    ),
    ConditionKind.ATTENDED: (mark("to those who came"), mark("not to those who came")),
    ConditionKind.MISSED: (mark("to those who did not come"), mark("not to those who missed it")),
    ConditionKind.ATTENDANCE_UNKNOWN: (
        mark("where nobody knows whether they came"),
        mark("only where it is known whether they came"),
    ),
    ConditionKind.REPLAY_WATCHED: (
        mark("to those who watched the replay"),
        mark("not to those who watched the replay"),
    ),
    ConditionKind.REPLAY_AVAILABLE: (
        mark("if there is a replay"),
        mark("only if there is no replay"),
    ),
    ConditionKind.REPLIED: (mark("to those who replied"), mark("not to those who replied")),
    ConditionKind.GOAL_REACHED: (
        mark("to those who reached the goal"),
        mark("not to those who reached the goal"),
    ),
    ConditionKind.BOOKED: (mark("to those who booked"), mark("not to those who booked")),
    ConditionKind.BOUGHT: (
        mark("to those who bought something"),
        mark("not to those who bought something"),
    ),
    ConditionKind.CLICKED: (
        mark("to those who opened a link"),
        mark("not to those who opened a link"),
    ),
}
_NAMED: Final = {
    ConditionKind.LEFT_BEFORE: (
        mark("to those who left within {span}"),
        mark("not to those who left within {span}"),
    ),
    ConditionKind.STAYED_UNTIL: (
        mark("to those who stayed for {span}"),
        mark("not to those who stayed for {span}"),
    ),
    ConditionKind.TAG: (
        mark("to those with the tag “{name}”"),
        mark("not to those with the tag “{name}”"),
    ),
    ConditionKind.BOOKED: (
        mark("to those who booked “{name}”"),
        mark("not to those who booked “{name}”"),
    ),
    ConditionKind.BOUGHT: (
        mark("to those who bought “{name}”"),
        mark("not to those who bought “{name}”"),
    ),
    ConditionKind.CLICKED: (
        mark("to those who opened the link “{name}”"),
        mark("not to those who opened the link “{name}”"),
    ),
}
_FIELD: Final = (
    mark("to those whose “{name}” is filled in"),
    mark("not to those whose “{name}” is filled in"),
)
_FIELD_IS: Final = (
    mark("to those whose “{name}” is {value}"),
    mark("not to those whose “{name}” is {value}"),
)
_IN_EMAIL: Final = (
    mark("to those who opened a link in {email}"),
    mark("not to those who opened a link in {email}"),
)
_LINK_IN_EMAIL: Final = (
    mark("to those who opened the link “{name}” in {email}"),
    mark("not to those who opened the link “{name}” in {email}"),
)


def condition_words(condition: Condition, version: SequenceDefinition) -> str:
    """Return "to those who came", "not to those who opened the link “book” within 2 days"."""
    forms = _forms(condition)
    words = say(
        forms[1] if condition.is_negated else forms[0],
        name=condition.name,
        value=condition.value,
        email=version.name_of(condition.step_key) if condition.step_key else "",
        span=duration_text(condition.elapsed),
    )
    if condition.limit is None:
        return words
    return say("{who} within {span}", who=words, span=_span(condition.limit))


def _forms(condition: Condition) -> tuple[str, str]:
    kind = condition.kind
    if kind is ConditionKind.FIELD:
        return _FIELD_IS if condition.value else _FIELD
    if kind is ConditionKind.CLICKED and condition.step_key:
        return _LINK_IN_EMAIL if condition.name else _IN_EMAIL
    if condition.name or kind not in _PLAIN:
        return _NAMED[kind]
    return _PLAIN[kind]


def _span(limit: Delay) -> str:
    return delay_text(limit)
