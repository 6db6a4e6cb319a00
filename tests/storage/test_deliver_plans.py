"""What sending asks goes by indexes, however many messages there are: nothing big is read whole."""

import re
from typing import Any

import pytest

from funnel.storage import merge_data, outbox, outbox_open, outbox_record
from tests.fixtures.world import World

SLICE = 200
BIG = ("messages", "subscribers", "enrollments", "registrations", "suppressions")
IDS = "{" + ",".join(f"{number:032x}" for number in range(SLICE)) + "}"
EPOCHS = "{" + ",".join(["1"] * SLICE) + "}"
HANDED_OVER: dict[str, Any] = {
    "ids": IDS,
    "epochs": EPOCHS,
    "statuses": "{" + ",".join(["accepted"] * SLICE) + "}",
    "attempts": EPOCHS,
    "reasons": None,
    "accepted": None,
    "waits": None,
    "providers": None,
    "provider_ids": None,
    "kept": None,
}
JUDGED = {"stopped": "a", "called_off": "b", "moved": "c", "given_up": "d", "ids": IDS}
OPENED = {"ids": IDS, "versions": IDS, "owner": "me", "seconds": 120}
ENDED = {"ids": IDS, "statuses": HANDED_OVER["statuses"], "reasons": None}
STATEMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "load": (merge_data.LOAD_SLICE, {"ids": IDS, "epochs": EPOCHS}),
    "lock": (outbox_open.LOCK_CLAIMED, {"ids": IDS, "epochs": EPOCHS}),
    "judge": (outbox_open.JUDGE, JUDGED),
    "open": (outbox_open.OPEN, OPENED),
    "end": (outbox_open.END_LOCKED, ENDED),
    "record": (outbox_record.RECORD, HANDED_OVER),
    "give back": (outbox.GIVE_BACK, {"ids": IDS, "epochs": EPOCHS, "seconds": 1}),
}


@pytest.fixture
def many(world: World) -> World:
    """Tables of a size at which reading some rows and reading all of them differ clearly."""
    given = {"sequence": world.sequence_id, "version": world.version_id}
    for statement in _FILL:
        world.execute(statement, **{k: v for k, v in given.items() if f":{k}" in statement})
    return world


def test_no_statement_of_sending_reads_a_big_table_whole(many: World) -> None:
    for name in STATEMENTS:
        shown = explained(many, name)
        for table in BIG:
            assert f"Seq Scan on {table}" not in shown, f"{name}:\n{shown}"


def test_messages_are_found_by_their_ids_though_none_was_on_its_way_at_the_last_count(
    many: World,
) -> None:
    # As it is in the morning: the tables were looked at in the night, when nothing was being sent.
    many.execute("update messages set status = 'accepted', published_at = null")
    many.execute("analyze messages")
    for name in STATEMENTS:
        shown = explained(many, name)
        used = set(re.findall(r"using (\w*messages\w*)|on (ix_messages\w*|pk_messages)", shown))
        assert {index for pair in used for index in pair if index} == {"pk_messages"}, (
            f"{name}:\n{shown}"
        )
        assert "Seq Scan on messages" not in shown, f"{name}:\n{shown}"


def explained(world: World, name: str) -> str:
    statement, values = STATEMENTS[name]
    with world.transactions.begin() as tx:
        return "\n".join(tx.connection.exec_driver_sql(f"explain {statement}", values).scalars())


_FILL = (
    """
    insert into subscribers (id, email, email_key, first_name, zone, wants_letters,
                             wants_seat_emails)
    select md5('p' || n)::uuid, n || '@example.org', n || '@example.org', 'Ana', 'UTC', true, true
    from generate_series(1, 50000) n
    """,
    """
    insert into enrollments (id, subscriber_id, sequence_id, version_id, run, lane, next_due_at)
    select md5('r' || n)::uuid, md5('p' || n)::uuid, :sequence, :version, 1, 'other', now()
    from generate_series(1, 50000) n
    """,
    """
    insert into sessions (id, sequence_id, title, starts_at, ends_at, zone)
    select md5('s')::uuid, :sequence, 'A session', now(), now() + interval '1 hour', 'UTC'
    """,
    """
    insert into registrations (id, enrollment_id, subscriber_id, session_id, registered_at)
    select gen_random_uuid(), md5('r' || n)::uuid, md5('p' || n)::uuid, md5('s')::uuid, now()
    from generate_series(1, 50000) n
    """,
    """
    insert into suppressions (email_key, reason)
    select 'x' || n || '@example.org', 'bounced' from generate_series(1, 50000) n
    """,
    """
    insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, sequence_id, step_key,
                          template_key, topic, lane, priority, status, due_at, plan_revision)
    select md5('m' || n)::uuid, 'sequence', 'm' || n, md5('p' || n)::uuid, md5('r' || n)::uuid,
           :sequence, 'first', 'short/first', 'letters', 'other', 2,
           case n % 3 when 0 then 'queued' when 1 then 'sending' else 'accepted' end, now(), 0
    from generate_series(1, 50000) n
    """,
    "analyze",
)
