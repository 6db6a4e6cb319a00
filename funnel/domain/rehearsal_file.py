"""Files of a rehearsal: who is in it, and what happens to them, as YAML or JSON lists.

What every word may be: docs/rehearsal.md.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

from funnel.domain.errors import InvalidInputError
from funnel.domain.marked_yaml import (
    EnoughError,
    Fields,
    Problem,
    Problems,
    problem_at,
    read_mapping,
)
from funnel.domain.rehearsal import AT_ONCE, PRESSES_AFTER, Act, ActKind, SessionActKind
from funnel.domain.sequence import AnchorKind, Timing
from funnel.domain.speech import mark, say
from funnel.domain.step_file import read_yes_or_no
from funnel.domain.subscriber import known_zone, normalise_address
from funnel.domain.timing_text import read_duration, read_timing

EVERYBODY = "everybody"
_ACT_FIELDS = ("kind", "at", "run", "name", "email", "reference", "session", "days", "left_after")
_PERSON_FIELDS = (
    *("name", "email", "first_name", "last_name", "zone", "signs_up", "confirms"),
    *("session", "letters", "fields", "does"),
)
_FACT_FIELDS = ("person", *_ACT_FIELDS, "starts")
# "2 h after signup", "1 day after start": what the anchor "enrollment" is to those who write these.
_OWN_WORDS = re.compile(r"\b(signup|(?<!session )start)\b")
_BARE_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\S+")
_NOT_A_LIST = mark("Begin each entry with a dash, or write a JSON list.")
_RENAME = mark("Give each person a name of their own.")

_FIRST_DATE: int | None = 1
_USUAL_PRESS: timedelta | None = PRESSES_AFTER

_Entry = TypeVar("_Entry", "PersonEntry", "FactEntry")


class RehearsalFileError(InvalidInputError):
    """A file of people or facts cannot be read; every mistake with its line."""

    def __init__(self, file_name: str, problems: Sequence[Problem]) -> None:
        self.file_name = file_name
        self.problems = tuple(sorted(problems, key=_place))
        message = "\n".join(f"{file_name}, {each}" for each in self.problems)
        super().__init__(message, field="file", remedy=self.problems[0].remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEntry:
    """One person of a file; without a zone they must be a real one, named by address.

    Attributes:
        line: Where the entry begins, for what is found wrong later.
        zone: IANA name; empty: as the database knows them.
        session: The date chosen, counted from 1; ``None``: the letters only.
        wants_letters: ``None``: as the database knows them, else yes.
    """

    line: int
    name: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    zone: str = ""
    signs_up: Timing = AT_ONCE
    presses_after: timedelta | None = PRESSES_AFTER
    session: int | None = 1
    wants_letters: bool | None = None
    fields: dict[str, str] = field(default_factory=dict)
    script: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FactEntry:
    """Something that happens to a person or to everybody; with ``host``, to a date instead.

    Attributes:
        starts: The new start, of a date that is moved.
    """

    line: int
    person: str = ""
    act: Act | None = None
    host: SessionActKind | None = None
    session: int = 1
    when: Timing = AT_ONCE
    starts: Timing | None = None


def parse_people(text: str, *, file_name: str) -> tuple[PersonEntry, ...]:
    """Return the people that a file lists, in its order.

    Raises:
        RehearsalFileError: With every mistake, its line and what to write instead.
    """
    people = _parsed(text, file_name, "people", _PERSON_FIELDS, _person)
    names = [each.name for each in people]
    twice = [
        Problem(
            line=each.line,
            column=1,
            reason=say("“{name}” is here twice", name=each.name),
            remedy=say(_RENAME),
        )
        for number, each in enumerate(people)
        if each.name in names[:number]
    ]
    if twice:
        raise RehearsalFileError(file_name, twice)
    return people


def parse_facts(text: str, *, file_name: str) -> tuple[FactEntry, ...]:
    """Return the facts that a file lists, in its order.

    Raises:
        RehearsalFileError: With every mistake, its line and what to write instead.
    """
    return _parsed(text, file_name, "facts", _FACT_FIELDS, _fact)


def _parsed(
    text: str,
    file_name: str,
    name: str,
    known: Sequence[str],
    read: Callable[[Fields, int, list[Problem]], _Entry],
) -> tuple[_Entry, ...]:
    problems = Problems()
    shift = 0
    if _is_list(text):
        # A list alone is read as the one field of a mapping; places are set right afterwards.
        text = f"{name}:\n" + "".join(f" {line}" for line in text.splitlines(keepends=True))
        shift = 1
    entries: list[_Entry] = []
    with suppress(EnoughError):
        root = read_mapping(text, problems)
        if root is not None:
            fields = Fields(root, (name,), problems)
            for node in fields.mappings(name):
                entry = Fields(node, known, problems)
                entries.append(read(entry, node.start_mark.line + 1 - shift, problems))
            if not entries and not problems:
                reason = say("there are no {name} in it", name=name)
                problems.append(problem_at(root, reason, say(_NOT_A_LIST)))
        elif len(problems) == 1 and not text.strip():
            problems[0] = replace(problems[0], remedy=say(_NOT_A_LIST))
    if problems:
        raise RehearsalFileError(file_name, [_shifted(each, shift) for each in problems])
    return tuple(entries)


def _is_list(text: str) -> bool:
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return first.startswith(("-", "["))


def _shifted(problem: Problem, shift: int) -> Problem:
    line, column = max(1, problem.line - shift), max(1, problem.column - shift)
    return replace(problem, line=line, column=column)


def _person(fields: Fields, line: int, problems: list[Problem]) -> PersonEntry:
    email = fields.read("email", _address, "")
    name = fields.read("name", str, "") or email
    if not name:
        fields.wrong(
            None, say("the person has neither a name nor an address"), say("Add name: or email:.")
        )
    zone = fields.read("zone", _zone, "")
    if not zone and not email and "zone" not in fields:
        fields.wrong(
            None, say("the person has no zone"), say("Add a line like zone: Europe/Berlin.")
        )
    script = (
        _act(Fields(node, _ACT_FIELDS, problems), _is_act) for node in fields.mappings("does")
    )
    return PersonEntry(
        line=line,
        name=name,
        email=email,
        first_name=fields.read("first_name", str, ""),
        last_name=fields.read("last_name", str, ""),
        zone=zone,
        signs_up=fields.read("signs_up", _when, AT_ONCE),
        presses_after=fields.read("confirms", _presses, _USUAL_PRESS),
        session=fields.read("session", _date_number, _FIRST_DATE),
        wants_letters=fields.read("letters", _yes_or_no, None),
        fields={key: str(node.value) for key, node in fields.pairs("fields")},
        script=tuple(act for act in script if act is not None),
    )


def _fact(fields: Fields, line: int, _: list[Problem]) -> FactEntry:
    host = fields.peek("kind")
    if host in set(SessionActKind):
        return _host(fields, line, SessionActKind(str(host)))
    person = fields.require("person", str) or ""
    return FactEntry(line=line, person=person, act=_act(fields, _is_act_or_host))


def _host(fields: Fields, line: int, kind: SessionActKind) -> FactEntry:
    starts = fields.read("starts", _when, None)
    if kind is SessionActKind.MOVES and starts is None and "starts" not in fields:
        fields.wrong(
            None, say("a date that moves needs its new start"), say("Add starts: with a moment.")
        )
    return FactEntry(
        line=line,
        host=kind,
        session=fields.read("session", _date_number, _FIRST_DATE) or 1,
        when=fields.require("at", _when) or AT_ONCE,
        starts=starts,
    )


def _act(fields: Fields, read_kind: Callable[[str], ActKind]) -> Act | None:
    kind = fields.require("kind", read_kind)
    when = fields.require("at", _when)
    if kind is None or when is None:
        return None
    if kind is ActKind.CHANGES_DATE and "session" not in fields:
        fields.wrong(
            None, say("which date is taken is not said"), say("Add a line like session: 2")
        )
    return Act(
        kind=kind,
        when=when,
        run=fields.read("run", _number, 1),
        name=fields.read("name", str, ""),
        step_key=fields.read("email", str, ""),
        reference=fields.read("reference", str, ""),
        session=fields.read("session", _date_number, None),
        days=fields.read("days", _number, 7),
        left_after=fields.read("left_after", read_duration, None),
    )


def _is_act(text: str) -> ActKind:
    return _one_of(text, [each.value for each in ActKind])


def _is_act_or_host(text: str) -> ActKind:
    return _one_of(text, [*(each.value for each in ActKind), *SessionActKind])


def _one_of(text: str, known: Sequence[str]) -> ActKind:
    if text in set(ActKind):
        return ActKind(text)
    raise InvalidInputError(
        say('"{text}" is nothing that happens in a rehearsal', text=text),
        remedy=say("Known are: {names}.", names=", ".join(known)),
    )


def _when(text: str) -> Timing:
    if _BARE_MOMENT.fullmatch(text):
        return read_timing(f"at {text}")
    return read_timing(_OWN_WORDS.sub(AnchorKind.ENROLLMENT.value, text))


def _presses(text: str) -> timedelta | None:
    return None if text == "never" else read_duration(text)


def _date_number(text: str) -> int | None:
    return None if text == "none" else _number(text)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 999:
        raise InvalidInputError(
            say('"{text}" is not a number', text=text), remedy=say("Write 1, 2 and so on.")
        )
    return int(text)


def _zone(text: str) -> str:
    zone = known_zone(text)
    if zone is None:
        raise InvalidInputError(
            say("the time zone “{text}” is not known", text=text),
            remedy=say("Write one such as Europe/Berlin."),
        )
    return zone


def _address(text: str) -> str:
    return normalise_address(text).email


def _yes_or_no(text: str) -> bool | None:
    return read_yes_or_no(text)


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line, problem.column
