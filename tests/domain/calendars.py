"""A person's calendar at a moment of their story, and how it reads."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.calendar import CalendarSubject, EmailRow, PersonCalendar, draw_calendar
from funnel.domain.plan import Decision
from tests.domain.simulate import Event, Person, World, travel
from tests.domain.stories import local, moment

Key = tuple[str, int]


def calendar_at(somebody: Person, now: str, *events: Event) -> PersonCalendar:
    """Walk somebody through their story up to ``now``, and draw what they would see then."""
    stop = moment(now)
    reasons: dict[Key, tuple[str, ...]] = {}
    person = somebody
    _note(somebody, somebody.enrollment.enrolled_at.isoformat(), reasons)
    for at, after in travel(somebody, World(events=events)):
        if at > stop:
            break
        _note(person, at.isoformat(), reasons)
        _note(after, at.isoformat(), reasons)
        person = after
    for at, change in events:
        if at <= stop:
            person = replace(person, facts=change(person.facts))
    return draw_calendar(
        _subject(person, somebody), rows_of(person, reasons), person.plan(stop), stop
    )


def _note(person: Person, at: str, reasons: dict[Key, tuple[str, ...]]) -> None:
    for line in person.plan(moment(at)).steps:
        if line.decision is not Decision.PASSED:
            reasons[line.key, line.copy] = line.reasons


def rows_of(person: Person, reasons: dict[Key, tuple[str, ...]]) -> list[EmailRow]:
    return [
        EmailRow(
            key=row.key,
            is_notice=False,
            copy=row.copy,
            status=row.status,
            reason=row.skip.value if row.skip else "",
            reasons=reasons.get((row.key, row.copy), ()),
            due_at=row.moment,
            settled_at=row.settled_at,
            attempts=0,
            session_id=row.session_id,
            session_starts_at=row.session_starts_at,
        )
        for row in person.facts.passed
    ]


def _subject(person: Person, at_first: Person) -> CalendarSubject:
    return CalendarSubject(
        subscriber_id=UUID(int=1),
        enrollment_id=UUID(int=2),
        sequence_id=UUID(int=3),
        enrollment=person.enrollment,
        version=person.version,
        facts=person.facts,
        began_with_seat=at_first.facts.registration is not None,
    )


def read_aloud(calendar: PersonCalendar) -> list[str]:
    zone = ZoneInfo(calendar.zone)
    return [
        f"{local(each.at, zone) if each.at else '-'} | {each.state} | {each.name} | {each.why}"
        for each in calendar.lines
    ]


def said_of(calendar: PersonCalendar, key: str) -> list[str]:
    """What stands beside each copy of an email, in order of time."""
    return [f"{each.state}: {each.why}" for each in calendar.lines if each.key == key]


def all_reasons(calendars: Iterable[PersonCalendar]) -> set[str]:
    return {line.why for each in calendars for line in each.lines}
