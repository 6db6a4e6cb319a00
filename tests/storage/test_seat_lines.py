"""The seats of one date: found, counted, paged; and that a full date costs no more than a page."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from funnel.domain.session import Attendance
from funnel.services.list_seats import each_warm, list_seats, list_warm
from funnel.services.read_date import read_date
from funnel.storage import seat_lines
from tests.fixtures.world import TUESDAY_NOON

DAY = timedelta(days=1)


@pytest.fixture
def held(world):
    """A date of yesterday that three people held."""
    session = world.add_session(TUESDAY_NOON - DAY)
    for name in ("ana", "ben", "cleo"):
        run = world.enroll(world.add_person(f"{name}@example.org"), session)
        world.execute(
            "update registrations set attendance = 'attended', registered_at = plan_now() "
            "- interval '9 days' where enrollment_id = :id",
            id=run,
        )
        clicked(world, run)
    return session


def clicked(world, run):
    world.execute(
        "insert into facts (id, subscriber_id, enrollment_id, kind, name, source, at) "
        "select gen_random_uuid(), subscriber_id, id, 'clicked', 'book', 'link', plan_now() "
        "from enrollments where id = :run",
        run=run,
    )


def emails(found):
    return sorted(each.email for each in found)


class TestWarm:
    def test_who_came_clicked_and_has_not_booked(self, world, held):
        assert emails(list_warm(held, world.transactions).people) == [
            "ana@example.org",
            "ben@example.org",
            "cleo@example.org",
        ]
        assert list_warm(held, world.transactions).people[0].clicked == "book"

    @pytest.mark.parametrize(
        "change",
        [
            "update registrations set attendance = 'missed' where subscriber_id = :id",
            "update enrollments set goal_reached_at = plan_now() where subscriber_id = :id",
            "delete from facts where subscriber_id = :id",
            "update subscribers set email = '' where id = :id",
            "update registrations set status = 'moved' where subscriber_id = :id",
            "insert into facts (id, subscriber_id, kind, source, at) "
            "select gen_random_uuid(), :id, 'booked', 'calendly', plan_now()",
            "insert into suppressions (email_key, reason) "
            "select email_key, 'complained' from subscribers where id = :id",
        ],
    )
    def test_who_is_not_among_them(self, world, held, change):
        ben = world.ask("select id from subscribers where email = 'ben@example.org'")
        world.execute(change, id=ben)
        found = emails(each_warm(held, world.transactions))
        assert found == ["ana@example.org", "cleo@example.org"]


def test_they_are_found_by_name_and_address_and_counted(world, held):
    def found(asked):
        return emails(list_seats(held, world.transactions, asked=asked).lines)

    assert found("be") == ["ben@example.org"]
    assert found("BEN@EX") == ["ben@example.org"]
    assert found("nobody") == []
    assert list_seats(held, world.transactions, asked="b").is_too_short
    page = read_date(held, world.transactions)
    assert page.attendance[Attendance.ATTENDED] == 3
    assert page.attendance[Attendance.UNKNOWN] == 0
    assert page.example is not None


def test_a_full_date_is_read_by_its_indexes(world):
    session = world.add_session(TUESDAY_NOON - DAY)
    world.execute(
        """
        with people as (
          insert into subscribers (id, email, email_key, first_name, last_name, zone)
          select gen_random_uuid(), n || '@example.org', n || '@example.org', 'Ana', 'No' || n,
            'UTC' from generate_series(1, 30000) n returning id
        ), runs as (
          insert into enrollments (id, subscriber_id, sequence_id, version_id, run, lane, state)
          select gen_random_uuid(), id, :sequence, :version, 1, 'other', 'completed' from people
          returning id, subscriber_id
        )
        insert into registrations (id, enrollment_id, subscriber_id, session_id, attendance,
          registered_at)
        select gen_random_uuid(), id, subscriber_id, :session,
          case when random() < 0.02 then 'attended' else 'unknown' end,
          plan_now() - random() * interval '20 days'
        from runs
        """,
        sequence=world.sequence_id,
        version=world.version_id,
        session=session,
    )
    # It is one of many dates: of a table that is nothing but this date all would rightly be read.
    for ago in (10, 20, 30):
        world.execute(
            """
            insert into registrations (id, enrollment_id, subscriber_id, session_id, status)
            select gen_random_uuid(), id, subscriber_id, :earlier, 'moved' from enrollments
            """,
            earlier=world.add_session(TUESDAY_NOON - ago * DAY),
        )
    world.execute("analyze")
    first = list_seats(session, world.transactions)
    assert first.following is not None
    second = list_seats(session, world.transactions, after=first.following)
    assert not {each.id for each in first.lines} & {each.id for each in second.lines}
    assert first.lines[-1].registered_at >= second.lines[0].registered_at
    values = {
        "session": session,
        "limit": 26,
        "at": TUESDAY_NOON,
        "id": UUID(int=0),
        "begins": "no777",
        "key": "",
    }
    with world.transactions.begin_reading() as tx:
        for statement in (
            seat_lines.NEWEST,
            seat_lines.NEWEST_AFTER,
            seat_lines.BEGINNING,
            seat_lines.WARM,
        ):
            asked = {name: values[name] for name in statement.compile().params}
            rows = tx.connection.execute(text(f"explain {statement.text}"), asked).scalars()
            plan = "\n".join(rows)
            for table in ("registrations", "subscribers", "enrollments"):
                assert f"Seq Scan on {table}" not in plan, plan
