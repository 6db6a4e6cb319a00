"""Short ways to tell what happens to a person of the default sequence, and to read what came of it.

Moments are written as ISO texts in UTC; what came of a step reads as it would on the person's own
calendar: "Tue 3 Nov 09:00", or the reason why it was skipped.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import funnel
from funnel.domain.enrollment import Enrollment, Facts, LettersEnd, PassedStep
from funnel.domain.message import MessageStatus
from funnel.domain.planner import PlannedStep
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.sequence_file import parse_sequence
from funnel.domain.session import Registration, Session
from tests.domain.simulate import Event, Person, World, walk

SHIPPED = Path(funnel.__file__).parent / "templates" / "sequences" / "disruption-masterclass.yaml"
DEFAULT = parse_sequence(SHIPPED.read_text(encoding="utf-8"), file_name=SHIPPED.name)

# Monday noon in Berlin; the session is on Thursday of the week after, at 18:00 there.
ENROLLED = "2026-11-02T11:00Z"
STARTS = "2026-11-12T17:00Z"
ENDS = "2026-11-12T18:30Z"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def session(starts: str = STARTS, *, number: int = 1, **details: Any) -> Session:
    starts_at = moment(starts)
    return Session(
        id=UUID(int=number),
        title="Leading through disruption",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=90),
        zone="Europe/Berlin",
        **details,
    )


def person(
    *,
    zone: str = "Europe/Berlin",
    enrolled: str = ENROLLED,
    seat: Session | None = None,
    version: SequenceDefinition = DEFAULT,
    letters_end: LettersEnd | None = None,
    taken_days: Iterable[date] = (),
    **facts: Any,
) -> Person:
    """Somebody who enrolled, with a seat from the same moment if a session is given."""
    enrolled_at = moment(enrolled)
    registration = Registration(session=seat, registered_at=enrolled_at) if seat else None
    return Person(
        enrollment=Enrollment(
            enrolled_at=enrolled_at, zone=ZoneInfo(zone), letters_end=letters_end
        ),
        version=version,
        facts=Facts(registration=registration, **facts),
        taken_days=frozenset(taken_days),
    )


def story(
    somebody: Person,
    *events: Event,
    outage: tuple[str, str] | None = None,
    latency: timedelta = timedelta(seconds=1),
) -> dict[str, str]:
    """Walk somebody through the sequence and tell for each step what came of it.

    A step's copy is told as "tomorrow+1".
    """
    outages = ((moment(outage[0]), moment(outage[1])),) if outage else ()
    rows = walk(somebody, World(events=events, outages=outages, latency=latency))
    return told(rows, somebody.enrollment.zone)


def told(rows: Iterable[PassedStep], zone: ZoneInfo) -> dict[str, str]:
    return {f"{row.key}+{row.copy}" if row.copy else row.key: _fate(row, zone) for row in rows}


def _fate(row: PassedStep, zone: ZoneInfo) -> str:
    if row.status is MessageStatus.SKIPPED:
        assert row.skip is not None
        return row.skip.name
    assert row.status is MessageStatus.ACCEPTED
    assert row.settled_at is not None
    return local(row.settled_at, zone)


def local(at: datetime, zone: ZoneInfo) -> str:
    """A moment as the person's calendar shows it, to the minute."""
    shown = at.astimezone(zone)
    return f"{shown:%a} {shown.day} {shown:%b %H:%M}"


def line(somebody: Person, now: str, key: str) -> PlannedStep:
    """The current line of a step: the last copy."""
    return [each for each in somebody.plan(moment(now)).steps if each.key == key][-1]


def row(
    key: str, status: MessageStatus, at: str, *, settled: str | None = None, **details: object
) -> PassedStep:
    return PassedStep(
        key=key,
        copy=details.pop("copy", 0),
        status=status,
        moment=moment(at),
        settled_at=moment(settled) if settled else None,
        **details,
    )


def with_rows(somebody: Person, *rows: PassedStep) -> Person:
    return replace(somebody, facts=replace(somebody.facts, passed=rows))
