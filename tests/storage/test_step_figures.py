"""The numbers of the sequence page: what they say, and that no big table is read whole."""

from datetime import timedelta

from sqlalchemy import text

from funnel.services.read_sequence_page import read_sequence_page
from funnel.storage import step_figures
from tests.fixtures.posting import Post, assert_balanced
from tests.fixtures.versions import SLUG, Desk
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)


def waiting(world: World) -> dict[str, int]:
    page = read_sequence_page(SLUG, world.transactions)
    return {each.key: each.waiting for each in page.steps}


def test_who_waits_is_who_is_in_it_and_has_not_passed_it(post: Post) -> None:
    world, desk = post.world, Desk(post=post)
    for step in world.definition.steps:
        world.publish_email(step.key, f"This is {step.key}.")
    held = world.add_session(TUESDAY_NOON + 14 * DAY)
    for each in "abc":
        world.enroll(world.add_person(f"{each}@example.org"), held)
    assert waiting(world) == {"your-seat": 3, "first": 3, "one-hour": 3, "second": 3}
    desk.play_until(TUESDAY_NOON + 2 * DAY)
    assert waiting(world) == {"your-seat": 0, "first": 0, "one-hour": 3, "second": 3}
    assert_balanced(world)
    # Who is through waits for nothing, and takes nothing from those who are not.
    late = world.add_session(TUESDAY_NOON + 40 * DAY)
    desk.play_until(TUESDAY_NOON + 20 * DAY)
    assert waiting(world) == {"your-seat": 0, "first": 0, "one-hour": 0, "second": 0}
    world.enroll(world.add_person("d@example.org"), late)
    assert waiting(world) == {"your-seat": 1, "first": 1, "one-hour": 1, "second": 1}
    assert_balanced(world)


def test_nothing_reads_a_whole_big_table(world: World) -> None:
    """With 20,000 ended runs beside 5, the plans go by indexes and by sums alone."""
    world.execute(
        """
        with people as (
          insert into subscribers (id, email, email_key, first_name, zone, wants_letters,
            wants_seat_emails)
          select gen_random_uuid(), n || '@example.org', n || '@example.org', 'Ana', 'UTC', true,
            true from generate_series(1, 20000) n returning id
        )
        insert into enrollments (id, subscriber_id, sequence_id, version_id, run, lane, state)
        select gen_random_uuid(), id, :sequence, :version, 1, 'other', 'completed' from people
        """,
        sequence=world.sequence_id,
        version=world.version_id,
    )
    for each in range(5):
        world.enroll(world.add_person(f"still-{each}@example.org"))
    world.execute("analyze")
    given = {"sequence": world.sequence_id, "keys": ["short/first"]}
    statements = (step_figures.PEOPLE, step_figures.SUMS, step_figures.TEXTS)
    with world.transactions.begin_reading() as tx:
        plans = "\n".join(
            row
            for each in statements
            for row in tx.connection.execute(text(f"explain {each.text}"), given).scalars()
        )
    assert "ix_enrollments_running" in plans
    assert "Seq Scan on enrollments" not in plans, plans
    assert "messages" not in plans
