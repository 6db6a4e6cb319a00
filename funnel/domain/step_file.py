"""One step of a sequence file: its fields in an author's words, made into a step."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from enum import StrEnum
from typing import TypeVar
from unicodedata import normalize

from funnel.domain.condition_text import read_condition
from funnel.domain.errors import InvalidInputError
from funnel.domain.marked_yaml import Fields
from funnel.domain.sequence import Condition, Step, StepKind, Timing, Wait
from funnel.domain.speech import mark, say
from funnel.domain.text import clean_text
from funnel.domain.timing import EVERY_DAY, SendWindow
from funnel.domain.timing_text import (
    LONGEST_KEY,
    STEP_KEY,
    anchor_text,
    read_duration,
    read_time,
    read_timing,
)

STEP_FIELDS = (
    "key",
    "name",
    "kind",
    "timing",
    "without_session",
    "weekdays",
    "hours",
    "late",
    "only_if",
    "skip_if",
    "wait",
    "lead",
    "apart_from",
    "one_of",
    "repeats_when_moved",
)

# What other tools have in their files, and what stands for it here.
NOT_FIELDS = {
    "template": mark("An email's text is found by its key: delete this line, and others like it."),
    "subject": mark("The subject stands on top of the email's text: delete this line."),
}

LONGEST_STEP_NAME = 60
_BARE_SKIP = timedelta(minutes=10)  # PRODUCT: a bare `skip` means 10 minutes
_LONGEST_GRACE = timedelta(days=7)
_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS_REMEDY = mark('Write days like "mon-fri", "tue, thu" or "every day".')

# What one kind of step has and the other has not, and why.
NOT_FOR = {
    StepKind.LETTER: {
        "late": mark("a letter may leave until its hours end, then it takes the next day"),
        "lead": mark("a letter keeps to days, not to a distance from its anchor"),
        "apart_from": mark("letters keep apart by days, see days_between_letters"),
        "wait": mark("a letter asks its conditions on its day and does not wait"),
        "repeats_when_moved": mark("a letter is never sent again"),
    },
    StepKind.SERVICE: {
        "weekdays": mark("a service email comes when it must, on any day"),
        "hours": mark("a service email comes when it must, at any hour"),
    },
}

_Choice = TypeVar("_Choice", bound=StrEnum)


def read_step(fields: Fields) -> Step | None:
    """Return the step that these fields describe, or ``None`` with the reasons among the problems.

    What needs other steps, or several fields, to be judged is left to ``check_steps``.
    """
    key = fields.require("key", read_key)
    kind = fields.require("kind", choice(StepKind))
    timing = fields.require("timing", read_timing)
    if kind is not None:
        _refuse_fields(fields, kind)
    if key is None or kind is None or timing is None:
        return None
    return Step(
        key=key,
        name=fields.read("name", _read_name, ""),
        kind=kind,
        timing=timing,
        without_session=fields.read("without_session", read_timing, None),
        window=_window(fields) if kind is StepKind.LETTER else None,
        grace=fields.read("late", _read_grace, _BARE_SKIP),
        conditions=_conditions(fields),
        wait=_wait(fields, timing),
        lead=fields.read("lead", read_duration, None),
        apart_from=_apart_from(fields),
        one_of=fields.read("one_of", read_key, ""),
        repeats_when_moved=fields.read("repeats_when_moved", read_yes_or_no, default=False),
    )


def read_key(text: str) -> str:
    """Return a key of small letters, digits and single hyphens.

    Raises:
        InvalidInputError: Not such a key; keys are parts of file names, rows and addresses.
    """
    if STEP_KEY.fullmatch(text) is None or len(text) > LONGEST_KEY:
        raise InvalidInputError(
            say('"{text}" is no key', text=text[:LONGEST_KEY]),
            remedy=say(
                "Use small letters, digits and hyphens, at most {longest_key} characters.",
                longest_key=LONGEST_KEY,
            ),
        )
    return text


def _read_name(text: str) -> str:
    """Return a name in which every character shows, as its letters are usually composed (NFC)."""
    name = normalize("NFC", text)
    if clean_text(name, limit=len(name)) != name:
        raise InvalidInputError(
            say(
                "the name holds a control character, one that shows nothing, or two spaces in a row"
            ),
            remedy=say("Write it as people are to read it."),
        )
    if len(name) > LONGEST_STEP_NAME:
        raise InvalidInputError(
            say(
                "the name has {count} characters, more than {longest_step_name}",
                count=len(name),
                longest_step_name=LONGEST_STEP_NAME,
            ),
            remedy=say("Shorten it: it stands beside a day in a narrow calendar."),
        )
    return name


def choice(states: type[_Choice]) -> Callable[[str], _Choice]:
    """Return a reader that takes one of the words of an enumeration.

    What it returns raises ``InvalidInputError`` for any other word, with the choices in its remedy.
    """

    def read(text: str) -> _Choice:
        try:
            return states(text)
        except ValueError as error:
            words = ", ".join(each.value for each in states)
            raise InvalidInputError(
                say('"{text}" is not known here', text=text),
                remedy=say("Choose one of: {words}.", words=words),
            ) from error

    return read


def _refuse_fields(fields: Fields, kind: StepKind) -> None:
    for name, reason in NOT_FOR[kind].items():
        if name in fields:
            fields.wrong(
                name,
                say(
                    '"{name}" is not for a {kind}: {reason}',
                    name=name,
                    kind=kind,
                    reason=say(reason),
                ),
                say("Delete this line."),
            )


def _window(fields: Fields) -> SendWindow:
    default = SendWindow()
    days = fields.read_each("weekdays", _read_weekdays)
    opens, closes = fields.read("hours", _read_hours, (default.opens, default.closes))
    return SendWindow(
        weekdays=frozenset().union(*days) if days else EVERY_DAY, opens=opens, closes=closes
    )


def _read_weekdays(text: str) -> frozenset[int]:
    if text == "every day":
        return EVERY_DAY
    days: set[int] = set()
    for part in text.split(","):
        first, hyphen, last = part.strip().partition("-")
        if first not in _DAY_NAMES or (hyphen and last not in _DAY_NAMES):
            raise InvalidInputError(
                say('"{text}" names no weekdays', text=text), remedy=say(_DAYS_REMEDY)
            )
        start = _DAY_NAMES.index(first)
        length = (_DAY_NAMES.index(last) - start) % 7 if hyphen else 0
        days.update((start + step) % 7 for step in range(length + 1))
    return frozenset(days)


def _read_hours(text: str) -> tuple[time, time]:
    opens, hyphen, closes = text.partition("-")
    if not hyphen:
        raise InvalidInputError(
            say('"{text}" names no hours', text=text), remedy=say('Write them like "09:00-17:00".')
        )
    hours = read_time(opens.strip()), read_time(closes.strip())
    SendWindow(opens=hours[0], closes=hours[1])  # refuses hours without any time in between
    return hours


def _read_grace(text: str) -> timedelta:
    if text == "skip":
        return _BARE_SKIP
    if not text.startswith("within "):
        raise InvalidInputError(
            say('"{text}" is no late policy', text=text),
            remedy=say('Write "within 2 h", or "skip" for 10 minutes.'),
        )
    grace = read_duration(text.removeprefix("within "))
    if grace > _LONGEST_GRACE:
        raise InvalidInputError(
            say('"{text}" is more than a week', text=text),
            remedy=say("An email that late is not wanted any more."),
        )
    return grace


def _conditions(fields: Fields) -> tuple[Condition, ...]:
    wanted = fields.read_each("only_if", read_condition)
    refused = fields.read_each("skip_if", read_condition)
    return (*wanted, *(replace(each, is_negated=True) for each in refused))


def _wait(fields: Fields, timing: Timing) -> Wait | None:
    """Read "until 1 day after session end, 09:00": counted from the same anchor as the step."""
    until = fields.read("wait", _read_until, None)
    if until is None:
        return None
    if until.anchor != timing.anchor:
        anchor = anchor_text(timing.anchor)
        fields.wrong(
            "wait",
            say("a wait counts from the step's own anchor"),
            say("Count from {anchor}.", anchor=anchor),
        )
        return None
    return Wait(delay=until.delay, at=until.at)


def _read_until(text: str) -> Timing:
    if not text.startswith("until "):
        raise InvalidInputError(
            say('"{text}" is no wait', text=text),
            remedy=say('Write it like "until 1 day after session end, 09:00".'),
        )
    return read_timing(text.removeprefix("until "))


def _apart_from(fields: Fields) -> tuple[tuple[str, timedelta], ...]:
    found = []
    for key, node in fields.pairs("apart_from"):
        gap = fields.read_node(node, "apart_from", read_duration)
        if gap is not None:
            found.append((key, gap))
    return tuple(found)


def read_yes_or_no(text: str) -> bool:
    """Return what "yes" and "no" mean.

    Raises:
        InvalidInputError: Neither of them.
    """
    if text in {"yes", "true"}:
        return True
    if text in {"no", "false"}:
        return False
    raise InvalidInputError(
        say('"{text}" is neither yes nor no', text=text), remedy=say("Write yes or no.")
    )
