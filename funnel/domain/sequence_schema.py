"""The sequence file as a JSON Schema (draft 2020-12), for editors that help while one writes.

It says what one field can say. What several fields mean together (a step that counts from one below
it, an hour outside the window) only ``parse_sequence`` knows: all that it reads is valid here.
"""

from typing import Any, Final

from funnel.domain.sequence import (
    AnchorKind,
    ConditionKind,
    RunPolicy,
    StepKind,
    UnknownPolicy,
)
from funnel.domain.sequence_file import LONGEST_TITLE, MOST_STEPS
from funnel.domain.step_file import LONGEST_STEP_NAME, NOT_FOR, STEP_FIELDS
from funnel.domain.timing_text import LONGEST_KEY

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_KEY: Final = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_HOUR: Final = r"(?:[01]\d|2[0-3]):[0-5]\d"
_UNIT: Final = "(?:days?|h|hours?|min|minutes?|s|seconds?)"
_DELAY: Final = rf"(?:\d{{1,4}} ?{_UNIT} ?)+"
_DURATION: Final = r"(?:\d{1,4} ?(?:h|hours?|min|minutes?|s|seconds?) ?)+"
_DAY: Final = "(?:mon|tue|wed|thu|fri|sat|sun)"
_NAMED: Final = "|".join(
    each.value for each in AnchorKind if each not in {AnchorKind.STEP, AnchorKind.FIXED}
)
_MOMENT: Final = r"\d{4}\S*T\S+"
_ANCHOR: Final = rf"(?:{_NAMED}|{_MOMENT}|{_KEY})"
_TIMING: Final = rf"(?:(?:on|at)|{_DELAY} ?(?:before|after)) {_ANCHOR}(?:, ?\d\d?:\d\d)?"
_CONDITION: Final = rf"(?:{'|'.join(each.value for each in ConditionKind)})(?:\s.*)?"

# What YAML takes for something else is a text to us: ``title: 2026``, ``name: Null``.
_TEXT_TYPES: Final = ["string", "number", "boolean", "null"]

_Schema = dict[str, Any]


def sequence_schema(address: str = "") -> _Schema:
    """Return the schema.

    Args:
        address: Where it is published, as its ``$id``; "": nowhere.
    """
    identity = {"$id": address} if address else {}
    return {
        "$schema": DIALECT,
        **identity,
        "title": "A sequence of emails",
        "type": "object",
        "additionalProperties": False,
        "required": ["title", "steps"],
        "properties": _head(),
        "$defs": {"step": _step(), "conditions": _one_or_more(_pattern(_CONDITION))},
    }


def _head() -> _Schema:
    date = _pattern(r"\d{4}-?\d\d-?\d\d|\d{4}-?W\d\d(?:-?\d)?")
    return {
        "title": _said(_text(LONGEST_TITLE), "What people see."),
        "brand": _said(_key(), "Who sends: a brand of this installation."),
        "runs": _said(_choice(RunPolicy), "When the same person may go through it again."),
        "on_unknown": _said(
            _choice(UnknownPolicy), "What becomes of an email to which no answer came back."
        ),
        "days_between_letters": _said(
            {
                "anyOf": [
                    {"type": "integer", "minimum": 1, "maximum": 30},
                    _pattern("[1-9]|[12]\\d|30"),
                ]
            },
            "How many days letters of one run stay apart.",
        ),
        "no_letters_on": _said(
            _one_or_more(date), "Dates, in each reader's zone, on which no letter leaves."
        ),
        "goal": _said(_conditions(), "What reaches the goal: any of these. Else: booked."),
        "exit_if": _said(_conditions(), "What ends the letters of a run: any of these."),
        "opens": _said(
            _yes_or_no(), "Whether letters tell when they are opened. It decides nothing."
        ),
        "steps": _said(
            {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_STEPS,
                "items": {"$ref": "#/$defs/step"},
            },
            "One entry for every email, in the order in which letters ask for their days.",
        ),
    }


def _step() -> _Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["key", "kind", "timing"],
        "properties": {name: _STEP_SCHEMAS[name] for name in STEP_FIELDS},
        "allOf": [_not_for(kind) for kind in StepKind],
    }


def _not_for(kind: StepKind) -> _Schema:
    """Fields of the other kind are refused."""
    return {
        "if": {"properties": {"kind": {"const": kind.value}}},
        "then": {"properties": dict.fromkeys(NOT_FOR[kind], False)},
    }


def _said(schema: _Schema, description: str) -> _Schema:
    return {"description": description, **schema}


def _text(longest: int) -> _Schema:
    return {"type": _TEXT_TYPES, "minLength": 1, "maxLength": longest}


def _pattern(pattern: str) -> _Schema:
    return {"type": "string", "pattern": rf"^\s*(?:{pattern})\s*$"}


def _key() -> _Schema:
    return {"type": _TEXT_TYPES, "pattern": rf"^\s*{_KEY}\s*$", "maxLength": LONGEST_KEY}


def _choice(words: type[RunPolicy | UnknownPolicy | StepKind]) -> _Schema:
    return {"enum": [each.value for each in words]}


def _yes_or_no() -> _Schema:
    return {"enum": ["yes", "no", "true", "false", True, False]}


def _one_or_more(one: _Schema) -> _Schema:
    return {"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]}


def _conditions() -> _Schema:
    return {"$ref": "#/$defs/conditions"}


_STEP_SCHEMAS: Final[_Schema] = {
    "key": _said(_key(), "Its name for ever: rows, texts and other emails name it."),
    "name": _said(_text(LONGEST_STEP_NAME), "What people read instead of the key."),
    "kind": _said(
        _choice(StepKind), "A letter keeps to days and gives way. A service email comes in time."
    ),
    "timing": _said(
        {
            **_pattern(_TIMING),
            "examples": ["2 days after listening, 09:00", "1 h before session start"],
        },
        "When it leaves: how far, on which side, of what, at which hour of the reader's day.",
    ),
    "without_session": _said(_pattern(_TIMING), "When it leaves for somebody without a seat."),
    "weekdays": _said(
        _one_or_more(_pattern(rf"every day|{_DAY}(?:-{_DAY})?(?:\s*,\s*{_DAY}(?:-{_DAY})?)*")),
        "Days on which a letter may leave.",
    ),
    "hours": _said(_pattern(rf"{_HOUR}\s*-\s*{_HOUR}"), "Local hours in which a letter may leave."),
    "late": _said(
        _pattern(rf"skip|within {_DURATION}"), "How long after its moment it may still leave."
    ),
    "only_if": _said(_conditions(), "All of these must hold."),
    "skip_if": _said(_conditions(), "None of these may hold."),
    "wait": _said(
        _pattern(rf"until {_TIMING}"), "How long the answer to a condition may take to come."
    ),
    "lead": _said(
        _pattern(_DURATION), "Skipped, unless it stands this long before what it counts from."
    ),
    "apart_from": _said(
        {"type": "object", "additionalProperties": _pattern(_DURATION)},
        "Skipped, if it would follow one of these emails so soon.",
    ),
    "one_of": _said(_key(), "Of all emails of this group a person gets one per session."),
    "repeats_when_moved": _said(
        _yes_or_no(), "Whether it is planned again for the new date, if the date changes."
    ),
}
