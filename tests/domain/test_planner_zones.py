"""Every zone of tzdata, every change of its clocks from 2024 to 2040."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from funnel.domain.enrollment import Enrollment, Facts
from funnel.domain.plan import Decision, Plan, PlannedStep
from funnel.domain.session import Attendance, Registration, Session
from funnel.domain.timing import SendWindow, local_day, local_moment
from tests.domain import planner_checks as checks
from tests.domain.lives import ZONES
from tests.domain.simulate import Person, World, word
from tests.domain.stories import DEFAULT
from tests.domain.test_planner_properties import check_life

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = (datetime(2041, 1, 1, tzinfo=UTC) - FIRST).days
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def changes(zone: ZoneInfo, *, step: int = 1) -> tuple[tuple[int, timedelta | None], ...]:
    """The days, counted from ``FIRST``, after which the clocks of a zone stand otherwise."""
    found = []
    last = FIRST.astimezone(zone).utcoffset()
    for number in range(0, DAYS, step):
        offset = (FIRST + number * DAY).astimezone(zone).utcoffset()
        if offset != last:
            found.append((number, offset))
            last = offset
    return tuple(found)


def unlike_zones() -> list[str]:
    """One zone for each way in which clocks go: aliases would only repeat it."""
    found: dict[object, str] = {}
    for name in ZONES:
        zone = ZoneInfo(name)
        found.setdefault((FIRST.astimezone(zone).utcoffset(), changes(zone, step=9)), name)
    return sorted(found.values())


UNLIKE = unlike_zones()
PARTS = 4


def person(zone: ZoneInfo, enrolled_at: datetime, starts_at: datetime) -> Person:
    seat = Session(
        id=UUID(int=1),
        title="A session",
        starts_at=starts_at,
        ends_at=starts_at + 1.5 * HOUR,
        zone="UTC",
        replay_url="https://replay.example",
    )
    return Person(
        enrollment=Enrollment(enrolled_at=enrolled_at, zone=zone),
        version=DEFAULT,
        facts=Facts(
            registration=Registration(
                session=seat,
                registered_at=enrolled_at,
                attendance=Attendance.MISSED,
                attendance_known_at=seat.ends_at,
            )
        ),
    )


def around_changes(zone: ZoneInfo) -> Iterator[Person]:
    """Somebody whose session is near each change of the clocks: before, in and after the night."""
    for index, (number, _) in enumerate(changes(zone)):
        night = FIRST + (number - 1) * DAY
        for hours in (index % 7 * 4, 12 + index % 5 * 5):
            yield person(zone, night - 4 * DAY + index % 11 * HOUR, night + hours * HOUR)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_change_of_the_clocks_moves_an_email_from_where_it_belongs(part):
    for name in UNLIKE[part::PARTS]:
        zone = ZoneInfo(name)
        for somebody in around_changes(zone):
            now = somebody.enrollment.enrolled_at
            planned = somebody.plan(now)
            checks.check_plan(somebody, planned, now)
            assert somebody.next_due_at(now) == planned.next_due_at
            check_moments(somebody, planned)


def check_moments(somebody: Person, planned: Plan) -> None:
    zone = somebody.enrollment.zone
    assert somebody.facts.registration is not None
    session = somebody.facts.registration.session
    lines = {line.key: line for line in planned.steps if line.decision is Decision.SEND}
    for line in lines.values():
        step = somebody.version.step(line.key)
        assert line.moment is not None
        assert line.moment >= somebody.enrollment.enrolled_at
        if step.window is not None:
            _check_letter(line, step.window, session, zone)
    # What really passes passes whatever the clocks show; days are the reader's.
    for key, before in (("tomorrow", DAY), ("one-hour", HOUR), ("doors-open", HOUR / 6)):
        assert key not in lines or lines[key].moment == session.starts_at - before
    if "missed" in lines:
        end_day = local_day(session.ends_at - timedelta(microseconds=1), zone)
        assert lines["missed"].moment == local_moment(end_day + DAY, time(9), zone)
    if "today" in lines:
        start_day = local_day(session.starts_at, zone)
        assert lines["today"].moment == local_moment(start_day, time(8), zone)


def _check_letter(line: PlannedStep, window: SendWindow, session: Session, zone: ZoneInfo) -> None:
    assert line.moment is not None
    shown = line.moment.astimezone(zone)
    assert shown.time() == time(9), line
    assert shown.weekday() in window.weekdays
    last_day = local_day(session.ends_at - timedelta(microseconds=1), zone)
    assert not local_day(session.starts_at, zone) <= shown.date() <= last_day + DAY
    assert line.valid_until == local_moment(shown.date(), window.closes, zone)


@pytest.mark.parametrize("part", range(PARTS))
def test_a_life_in_every_zone(part):
    for number, name in enumerate(UNLIKE[part::PARTS]):
        zone = ZoneInfo(name)
        nights = [FIRST + day * DAY for day, _ in changes(zone)] or [FIRST + number * 47 * DAY]
        starts_at = nights[number % len(nights)] + number * 5 % 24 * HOUR
        somebody = person(zone, starts_at - 9 * DAY - number % 24 * HOUR, starts_at)
        assert somebody.facts.registration is not None
        attendance = list(Attendance)[number % 3]
        ends_at = somebody.facts.registration.session.ends_at
        check_life(somebody, World(events=(word(attendance, ends_at),)))
