"""The results are read from sums: no plan looks at all people, signups or messages."""

from uuid import UUID

from sqlalchemy import text

from funnel.domain.facts import FactKind, FactReport
from funnel.services.record_facts import record_facts
from funnel.storage import step_figures
from funnel.storage.result_rows import OF_PEOPLE
from funnel.storage.results import SESSION_SUMS, SESSIONS, SESSIONS_AFTER, SUMS, WAITING
from tests.fixtures.signups import Door
from tests.fixtures.world import TUESDAY_NOON

BIG = ("subscribers", "signups", "messages", "registrations", "facts", "consents", "enrollments")


def test_nothing_reads_a_whole_big_table(door: Door) -> None:
    """With 20,000 people who signed up and clicked, the plans go by indexes and by sums alone."""
    world = door.world
    world.execute(
        """
        with people as (
          insert into subscribers (id, email, email_key)
          select gen_random_uuid(), n || '@example.org', n || '@example.org'
          from generate_series(1, 20000) n returning id
        ),
        runs as (
          insert into enrollments (id, subscriber_id, sequence_id, version_id, run, lane, state)
          select gen_random_uuid(), id, :sequence, :version, 1, 'other', 'completed' from people
          returning id, subscriber_id
        ),
        came as (
          insert into signups (id, source_id, external_id, sequence_id, subscriber_id, status,
            address_hash, wants_letters, expires_at, enrollment_id, confirmed_at)
          select gen_random_uuid(), :source, id, :sequence, subscriber_id, 'confirmed', '',
            true, plan_now(), id, plan_now() from runs
        ),
        agreed as (
          insert into consents (id, subscriber_id, topic, is_given, source)
          select gen_random_uuid(), subscriber_id, 'letters', true, 'x' from runs
        )
        insert into facts (id, subscriber_id, enrollment_id, kind, step_key, source, at)
        select gen_random_uuid(), subscriber_id, id, 'clicked', 'first', 'x', plan_now() from runs
        """,
        sequence=world.sequence_id,
        version=world.version_id,
        source=door.source.id,
    )
    date = world.add_session(TUESDAY_NOON)
    run = world.ask("select id from enrollments limit 1")
    person = world.ask("select subscriber_id from enrollments limit 1")
    assert isinstance(run, UUID)
    door.sign_up("waits@example.org")
    click = FactReport(kind=FactKind.CLICKED, source="y", enrollment_id=run, step_key="second")
    record_facts([click], world.transactions)
    world.execute("analyze")
    given = {
        "sequence": world.sequence_id,
        "scope": "email",
        "keys": [str(date)],
        "limit": 12,
        "at": TUESDAY_NOON,
        "id": date,
        "people": [person],
    }
    asked = (
        *(SUMS, SESSION_SUMS, SESSIONS, SESSIONS_AFTER, WAITING, OF_PEOPLE),
        step_figures.SUMS,
    )
    with world.transactions.begin_reading() as tx:
        for statement in asked:
            values = {name: given[name] for name in statement.compile().params}
            rows = tx.connection.execute(text(f"explain {statement.text}"), values).scalars()
            plan = "\n".join(rows)
            for table in BIG:
                # A table of a few pages is read whole, rightly.
                is_small = table in ("registrations", "messages")
                assert is_small or f"Seq Scan on {table}" not in plan, plan
