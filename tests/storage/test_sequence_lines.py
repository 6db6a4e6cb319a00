"""The studio's list of sequences: what it says, and that it looks at no whole big table."""

from datetime import timedelta

from sqlalchemy import text

from funnel.services.list_sequences import list_sequences
from funnel.storage.sequence_lines import LINES
from tests.fixtures.world import TUESDAY_NOON

DAY = timedelta(days=1)


def test_a_line_names_the_people_and_the_next_date_that_is_held(world):
    world.add_session(TUESDAY_NOON - DAY)
    cancelled = world.add_session(TUESDAY_NOON + DAY)
    held = world.add_session(TUESDAY_NOON + 2 * DAY, seats=30)
    world.add_session(TUESDAY_NOON + 3 * DAY)
    world.execute("update sessions set cancelled_at = plan_now() where id = :id", id=cancelled)
    runs = [world.enroll(world.add_person(f"{each}@example.org"), held) for each in "abc"]
    world.execute(
        "update enrollments set state = 'completed', next_due_at = null where id = :id", id=runs[0]
    )
    (line,) = list_sequences(world.transactions).lines
    assert (line.slug, line.number, line.people, line.draft_by) == ("short", 1, 2, "")
    assert line.next_starts_at == TUESDAY_NOON + 2 * DAY
    assert (line.next_zone, line.taken, line.seats) == ("Europe/Berlin", 3, 30)


def test_without_a_date_there_is_none(world):
    (line,) = list_sequences(world.transactions).lines
    assert (line.next_starts_at, line.next_zone, line.taken, line.people) == (None, "", 0, 0)


def test_without_a_live_sequence_the_list_is_empty(bare_world):
    assert list_sequences(bare_world.transactions).lines == ()


def test_people_who_are_through_cost_nothing(world):
    """With 20,000 ended runs and seats beside 5, the plan goes by the indexes alone."""
    held = world.add_session(TUESDAY_NOON + DAY)
    world.execute(
        """
        with people as (
          insert into subscribers (id, email, email_key, first_name, zone, wants_letters,
            wants_seat_emails)
          select gen_random_uuid(), n || '@example.org', n || '@example.org', 'Ana', 'UTC', true,
            true from generate_series(1, 20000) n returning id
        ), runs as (
          insert into enrollments (id, subscriber_id, sequence_id, version_id, run, lane, state)
          select gen_random_uuid(), id, :sequence, :version, 1, 'other', 'completed' from people
          returning id, subscriber_id
        )
        insert into registrations (id, enrollment_id, subscriber_id, session_id, status)
        select gen_random_uuid(), id, subscriber_id, :session, 'cancelled' from runs
        """,
        sequence=world.sequence_id,
        version=world.version_id,
        session=held,
    )
    for each in range(5):
        world.enroll(world.add_person(f"still-{each}@example.org"), held)
    world.execute("analyze")
    with world.transactions.begin_reading() as tx:
        rows = tx.connection.execute(text(f"explain {LINES.text}")).scalars()
        plan = "\n".join(rows)
    assert "ix_enrollments_running" in plan
    assert "ix_registrations_seats" in plan
    for table in ("enrollments", "registrations"):
        assert f"Seq Scan on {table}" not in plan, plan
