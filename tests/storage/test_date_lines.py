"""The studio's list of dates: what it says of each, and that no page looks at all of them."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from funnel.services.list_dates import PAGE, list_dates
from funnel.storage.date_lines import COMING, COMING_AFTER, PAST, PAST_AFTER
from tests.fixtures.world import TUESDAY_NOON

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def test_a_line_says_what_is_taken_and_one_that_is_on_is_not_over(world):
    world.add_session(TUESDAY_NOON - 2 * DAY)
    on = world.add_session(TUESDAY_NOON - HOUR / 2)
    coming = world.add_session(TUESDAY_NOON + DAY, seats=30)
    run = world.enroll(world.add_person("ana@example.org"), coming)
    world.enroll(world.add_person("ben@example.org"), coming)
    world.execute(
        "update registrations set attendance = 'missed' where enrollment_id = :id", id=run
    )
    found = list_dates(world.transactions).lines
    assert [each.session.id for each in found] == [on, coming]
    assert (found[1].taken, found[1].unknown, found[1].sequence_slug) == (2, 1, "short")
    assert (found[1].rule, found[1].platform_id, found[1].clicks_count) == ("", "", False)
    assert len(list_dates(world.transactions, is_past=True).lines) == 1


def test_with_ten_thousand_dates_a_page_goes_by_the_index(world):
    world.execute(
        """
        insert into sessions (id, sequence_id, title, starts_at, ends_at, zone)
        select gen_random_uuid(), :sequence, 'x', plan_now() + n * interval '3 hours',
          plan_now() + n * interval '3 hours' + interval '1 hour', 'UTC'
        from generate_series(-5000, 5000) n
        """,
        sequence=world.sequence_id,
    )
    world.execute("analyze sessions, registrations")
    first = list_dates(world.transactions)
    assert len(first.lines) == PAGE and first.following is not None
    second = list_dates(world.transactions, after=first.following)
    assert second.lines[0].session.starts_at - first.lines[-1].session.starts_at == 3 * HOUR
    values = {"limit": PAGE, "at": TUESDAY_NOON, "id": UUID(int=0)}
    with world.transactions.begin_reading() as tx:
        for statement in (COMING, COMING_AFTER, PAST, PAST_AFTER):
            asked = {name: values[name] for name in statement.compile().params}
            rows = tx.connection.execute(text(f"explain {statement.text}"), asked).scalars()
            plan = "\n".join(rows)
            assert "ix_sessions_starts_at" in plan, plan
            assert "Seq Scan on sessions" not in plan, plan
