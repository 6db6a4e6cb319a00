"""What a check of a publish reads, batch by batch, goes by indexes: no big table is read whole."""

from sqlalchemy import text

from funnel.storage import checks, template_readers, version_runs
from tests.fixtures.world import World


def test_a_batch_of_a_check_reads_no_whole_big_table(world: World) -> None:
    """With 20,000 people in one sequence, and ten times as many rows of what they had."""
    given = {"sequence": world.sequence_id, "version": world.version_id}
    for statement in _FILL:
        world.execute(statement, **{k: v for k, v in given.items() if f":{k}" in statement})
    asked = {
        "sequence": world.sequence_id,
        "slug": world.definition.slug,
        "key": "first",
        "after": "80000000-0000-0000-0000-000000000000",
        "moment": "2999-01-01T00:00:00Z",
        "limit": 100,
        "most": 400,
    }
    statements = {
        "different": template_readers.DIFFERENT,
        "without": template_readers.NEXT_WITHOUT,
        "people": version_runs.NEXT,
        "entered": checks.ENTERED_SINCE,
    }
    for name, statement in statements.items():
        used = {key: asked[key] for key in asked if f":{key}" in statement.text}
        with world.transactions.begin() as tx:
            rows = tx.connection.execute(text(f"explain {statement.text}"), used).scalars()
            shown = "\n".join(rows)
        for table in ("enrollments", "messages", "subscribers"):
            assert f"Seq Scan on {table}" not in shown, f"{name}:\n{shown}"


_FILL = (
    """
    insert into subscribers (id, email, email_key, first_name, zone, wants_letters,
                             wants_seat_emails)
    select md5('p' || n)::uuid, n || '@example.org', n || '@example.org', 'Ana', 'UTC', true, true
    from generate_series(1, 20000) n
    """,
    """
    insert into enrollments (id, subscriber_id, sequence_id, version_id, run, lane,
                             next_due_at)
    select md5('r' || n)::uuid, md5('p' || n)::uuid, :sequence, :version, 1, 'other', now()
    from generate_series(1, 20000) n
    """,
    """
    insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, sequence_id, step_key,
                          template_key, topic, lane, priority, status, due_at, accepted_at,
                          settled_at, plan_revision)
    select gen_random_uuid(), 'sequence', n || step.key, md5('p' || n)::uuid, md5('r' || n)::uuid,
           :sequence, step.key, 'short/' || step.key, 'letters', 'other', 2, 'accepted', now(),
           now(), now(), 0
    from generate_series(1, 20000) n
    cross join (values ('your-seat'), ('one-hour')) as step (key)
    """,
    "analyze",
)
