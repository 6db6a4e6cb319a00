"""Tables of who came, written in steps: tried first, repeated, broken off."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from funnel.domain.errors import NotFoundError
from funnel.intake.attendance_csv import AttendanceRow
from funnel.services.import_facts import import_facts
from tests.fixtures.signups import Door
from tests.fixtures.world import TUESDAY_NOON

STARTS_AT = TUESDAY_NOON + timedelta(days=3)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def session(door: Door) -> UUID:
    """A session that is over, with ana and bea in it."""
    session = door.world.add_session(STARTS_AT)
    door.seat("ana@example.org", session)
    door.seat("bea@example.org", session)
    door.world.travel_to(STARTS_AT + 3 * 60 * MINUTE)
    return session


CAME = AttendanceRow(
    line=2,
    email="Ana@Example.org",
    attended=True,
    joined_at=STARTS_AT + MINUTE,
    left_at=STARTS_AT + 60 * MINUTE,
)
STAYED_AWAY = AttendanceRow(line=3, email="bea@example.org", attended=False)
STRANGER = AttendanceRow(line=4, email="cleo@example.org", attended=True)
ROWS = (CAME, STAYED_AWAY, STRANGER)


def attendance(door: Door) -> dict[str, str]:
    told = door.world.ask(
        "select json_object_agg(p.email, r.attendance) from registrations r "
        "join subscribers p on p.id = r.subscriber_id"
    )
    assert isinstance(told, dict)
    return told


def test_a_trial_says_what_would_come_of_it_and_writes_nothing(door: Door, session: UUID) -> None:
    transactions = door.world.transactions
    tried = import_facts(ROWS, session, transactions, is_trial=True)
    assert set(attendance(door).values()) == {"unknown"}
    assert door.world.ask("select count(*) from facts where source = 'import'") == 0
    assert import_facts(ROWS, session, transactions, is_trial=False) == tried


def test_what_it_says_is_written_and_who_is_unknown_is_named_by_line(
    door: Door, session: UUID
) -> None:
    report = import_facts(ROWS, session, door.world.transactions, is_trial=False)
    assert attendance(door) == {"ana@example.org": "attended", "bea@example.org": "missed"}
    assert (report.attended, report.missed, report.new, report.known) == (2, 1, 3, 0)
    assert [(each.line, each.email) for each in report.not_taken] == [(4, "cleo@example.org")]


def test_it_can_be_repeated(door: Door, session: UUID) -> None:
    import_facts(ROWS, session, door.world.transactions, is_trial=False)
    again = import_facts(ROWS, session, door.world.transactions, is_trial=False)
    assert (again.new, again.known) == (0, 3)


def test_many_rows_are_taken_in_steps(door: Door, session: UUID) -> None:
    told: list[int] = []
    strangers = [
        AttendanceRow(line=n + 2, email=f"p{n}@example.org", attended=True) for n in range(250)
    ]
    report = import_facts(
        [*strangers, CAME],
        session,
        door.world.transactions,
        is_trial=False,
        show_progress=told.append,
    )
    assert told == [100, 200, 251]
    assert len(report.not_taken) == 250
    assert attendance(door)["ana@example.org"] == "attended"


@pytest.mark.parametrize("is_first", [True, False])
def test_who_is_in_two_lines_came_if_one_says_so(
    door: Door, session: UUID, *, is_first: bool
) -> None:
    no = AttendanceRow(line=9, email="ana@example.org", attended=False)
    rows = (no, CAME) if is_first else (CAME, no)
    report = import_facts(rows, session, door.world.transactions, is_trial=False)
    assert attendance(door)["ana@example.org"] == "attended"
    assert (report.attended, report.missed) == (1, 0)


def test_a_session_that_is_not_there(door: Door) -> None:
    with pytest.raises(NotFoundError):
        import_facts(ROWS, uuid4(), door.world.transactions, is_trial=False)
