"""A rehearsal kept as a file, so that a later one can be compared with it: a line a decision."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from funnel.domain.errors import InvalidInputError
from funnel.domain.rehearsal import RehearsedEmail, RehearsedLife, RehearsedWorld
from funnel.domain.rehearsal_text import email_label, moment_text

_AGAIN = "Record it anew: funnel test --record."

# Who, then what, then when or why not.
Decisions = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was decided for whom in a rehearsal around fixed dates.

    Attributes:
        dates: The sessions, in words.
        people: For each person, each email's moment in their time, or why it was not sent.
    """

    sequence: str
    starts: str
    dates: tuple[str, ...]
    people: Decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One decision that is not what it was; empty texts: it was not, or is not, there."""

    person: str
    email: str
    before: str
    after: str

    def __str__(self) -> str:
        who = f"{self.email} for {self.person}"
        if not self.before:
            return f"{who}: was not there, is {self.after}"
        return f"{who}: was {self.before}, is {self.after or 'not there any more'}"


def make_record(world: RehearsedWorld, lives: Iterable[RehearsedLife]) -> Record:
    """Return what a rehearsal decided, in words."""
    return Record(
        sequence=world.version.slug,
        starts=f"{moment_text(world.starts_at, ZoneInfo('UTC'), has_year=True)} UTC",
        dates=tuple(
            f"{moment_text(each.starts_at, ZoneInfo(each.zone), has_year=True)} {each.zone}"
            for each in world.sessions
        ),
        people={life.person.name: _decisions(life) for life in lives},
    )


def _decisions(life: RehearsedLife) -> dict[str, str]:
    found: dict[str, str] = {}
    for email in life.emails:
        label = email_label(email)
        number = 2
        while label in found:  # two notices of one kind
            label = f"{email_label(email)}, {number}"
            number += 1
        found[label] = _decision(email, life.person.zone)
    return found


def _decision(email: RehearsedEmail, zone: ZoneInfo) -> str:
    moment = moment_text(email.moment, zone, has_year=True)
    return moment if email.has_left else f"not sent ({moment}): {email.reason}"


def record_text(record: Record) -> str:
    """Return the file: JSON with one line for each decision."""
    content = {
        "sequence": record.sequence,
        "starts": record.starts,
        "dates": list(record.dates),
        "people": {name: dict(lines) for name, lines in record.people.items()},
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def parse_record(text: str, *, file_name: str) -> Record:
    """Return the record that a file holds.

    Raises:
        InvalidInputError: It is not one; with the line where it can be named.
    """
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            f"{file_name}, line {error.lineno}: this is not JSON: {error.msg}", remedy=_AGAIN
        ) from error
    try:
        return Record(
            sequence=str(content["sequence"]),
            starts=str(content["starts"]),
            dates=tuple(str(each) for each in content["dates"]),
            people={
                str(name): {str(key): str(value) for key, value in lines.items()}
                for name, lines in content["people"].items()
            },
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"{file_name} does not hold a recorded rehearsal", remedy=_AGAIN
        ) from error


def compare_records(before: Record, after: Record) -> tuple[Change, ...]:
    """Return every decision that changed, in the order of the later rehearsal."""
    changes = []
    for name in _both(before.people, after.people):
        was, now = before.people.get(name, {}), after.people.get(name, {})
        changes += [
            Change(person=name, email=label, before=was.get(label, ""), after=now.get(label, ""))
            for label in _both(was, now)
            if was.get(label) != now.get(label)
        ]
    return tuple(changes)


def _both(before: Mapping[str, object], after: Mapping[str, object]) -> Sequence[str]:
    return list(dict.fromkeys([*after, *before]))
