"""Who came, said by hand: it outweighs reports, is taken back, and is refused upon old pages."""

from datetime import timedelta
from uuid import uuid4

import pytest

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.facts import FactKind, FactReport
from funnel.domain.session import Attendance
from funnel.domain.session_dates import DateChangedError
from funnel.services.close_session import close_session, reopen_session
from funnel.services.mark_attendance import mark_attendance
from funnel.services.record_facts import record_facts
from tests.fixtures.world import TUESDAY_NOON

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def session(world):
    return world.add_session(TUESDAY_NOON - 3 * HOUR)


@pytest.fixture
def seat(world, session):
    world.enroll(world.add_person("ana@example.org"), session)
    return world.ask("select id from registrations")


def attendance(world):
    return world.ask("select attendance from registrations")


def mark(world, session, seat, to, *, seen=None):
    return mark_attendance(
        session, seat, to, seen=seen, by="coach@example.org", transactions=world.transactions
    )


def test_it_is_written_and_taken_back(world, session, seat):
    marked = mark(world, session, seat, Attendance.ATTENDED)
    assert (marked.before, attendance(world)) == (Attendance.UNKNOWN, "attended")
    mark(world, session, seat, marked.before, seen=Attendance.ATTENDED)
    assert attendance(world) == "unknown"
    assert world.ask("select count(*) from audit where action = 'attendance.mark'") == 2


def test_a_report_about_the_session_does_not_outweigh_it(world, session, seat):
    mark(world, session, seat, Attendance.MISSED)
    report = FactReport(
        kind=FactKind.ATTENDED,
        source="zoom",
        email="ana@example.org",
        session_id=session,
        at=TUESDAY_NOON - 2 * HOUR,
    )
    record_facts([report], world.transactions)
    assert attendance(world) == "missed"


def test_upon_a_page_that_is_old_nothing_is_written(world, session, seat):
    mark(world, session, seat, Attendance.MISSED)
    with pytest.raises(DateChangedError):
        mark(world, session, seat, Attendance.ATTENDED, seen=Attendance.UNKNOWN)
    assert attendance(world) == "missed"


def test_before_it_began_nobody_came(world):
    later = world.add_session(TUESDAY_NOON + DAY)
    world.enroll(world.add_person("ben@example.org"), later)
    seat = world.ask("select id from registrations")
    with pytest.raises(InvalidInputError, match="has not begun"):
        mark(world, later, seat, Attendance.ATTENDED)


def test_a_seat_of_another_date_is_not_found(world, session, seat):
    with pytest.raises(NotFoundError):
        mark(world, world.add_session(TUESDAY_NOON - DAY), seat, Attendance.ATTENDED)
    with pytest.raises(NotFoundError):
        mark(world, session, uuid4(), Attendance.ATTENDED)


def test_a_close_is_taken_back(world, session, seat):
    assert close_session(session, world.transactions, by="coach@example.org") == 1
    assert world.ask("select closed_at from sessions") is not None
    reopen_session(session, world.transactions, by="coach@example.org")
    assert world.ask("select closed_at from sessions") is None
    actions = "select count(*) from audit where action in ('session.close', 'session.reopen')"
    assert world.ask(actions) == 2
    reopen_session(session, world.transactions, by="coach@example.org")
    assert world.ask(actions) == 2
    with pytest.raises(NotFoundError):
        reopen_session(uuid4(), world.transactions, by="")
