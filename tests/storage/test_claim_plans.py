"""A claim reads the few rows that it takes, however many wait and whatever the statistics say."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import TextClause, text

from funnel.domain.message import Lane
from funnel.storage import claims, enrollments
from funnel.storage.transaction import Transaction
from tests.fixtures.world import World

TAKEN = 50
ASKED: dict[str, tuple[TextClause, dict[str, Any], int]] = {
    # A row for each of the two kinds that wait, at most.
    "what waits": (claims._WAITING, {"lanes": list(Lane)}, 2 * len(Lane)),
    # Each is found once by the index, and once by its place.
    "letters": (claims._CLAIM[True, False], {"lane": "other", "limit": TAKEN}, 2 * TAKEN),
    "due runs": (enrollments._CLAIM_DUE, {"lane": "other", "limit": TAKEN}, TAKEN),
}


@pytest.fixture
def many(world: World) -> World:
    """Many runs and letters that wait, which the statistics do not know of yet."""
    world.execute("analyze messages, enrollments")
    given = {"sequence": world.sequence_id, "version": world.version_id}
    for statement in _FILL:
        world.execute(statement, **{k: v for k, v in given.items() if f":{k}" in statement})
    return world


@pytest.mark.parametrize("statistics", ["from before", "of now"])
def test_a_claim_reads_no_more_rows_than_it_takes(many: World, statistics: str) -> None:
    if statistics == "of now":
        many.execute("analyze messages, enrollments")
    for name, (statement, values, most) in ASKED.items():
        with many.transactions.begin() as tx:
            assert claims.may_dispatch(tx)
            read = _rows_read(tx, statement, values)
            tx.undo()
        assert 0 < read <= most, f"{name}: {read} rows"


def _rows_read(tx: Transaction, statement: TextClause, values: Mapping[str, Any]) -> int:
    """Return how many rows of big tables a statement looked at, as PostgreSQL counted them."""
    shown = tx.connection.execute(text(f"explain (analyze, format json) {statement.text}"), values)
    return sum(
        round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in _nodes(shown.scalar_one()[0]["Plan"])
        if node.get("Relation Name") in ("messages", "enrollments") and "Scan" in node["Node Type"]
    )


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for each in node.get("Plans", ()):
        yield from _nodes(each)


_FILL = (
    """
    insert into subscribers (id, email, email_key, first_name, zone, wants_letters,
                             wants_seat_emails)
    select md5('p' || n)::uuid, n || '@example.org', n || '@example.org', 'Ana', 'UTC', true, true
    from generate_series(1, 6000) n
    """,
    """
    insert into enrollments (id, subscriber_id, sequence_id, version_id, run, lane, next_due_at)
    select md5('r' || n)::uuid, md5('p' || n)::uuid, :sequence, :version, 1, 'other',
           plan_now() - n * interval '1 second'
    from generate_series(1, 6000) n
    """,
    """
    insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, sequence_id, step_key,
                          template_key, topic, lane, priority, due_at, plan_revision)
    select md5('m' || n)::uuid, 'sequence', 'm' || n, md5('p' || n)::uuid, md5('r' || n)::uuid,
           :sequence, 'first', 'short/first', 'letters', 'other', 2, plan_now(), 0
    from generate_series(1, 6000) n
    """,
)
