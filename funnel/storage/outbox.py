"""The hot statements: claim what is due, give back, bring back what was lost.

Every statement names the rows that it may touch by id and epoch: a task that the broker delivered
twice, late or out of order finds no row and does nothing.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from funnel.domain.message import LETTER_PRIORITY, Lane
from funnel.storage import arrays
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that goes on the queue now, under a new epoch."""

    id: UUID
    epoch: int


def try_dispatch_lock(tx: Transaction) -> bool:
    """Say whether this transaction is the one that dispatches; it does not wait."""
    return bool(
        tx.connection.execute(text("select pg_try_advisory_xact_lock(4860212)")).scalar_one()
    )


def claim_queued(
    tx: Transaction, lane: Lane, *, letters: bool, cap: int, limit: int
) -> list[Claimed]:
    """Take messages of a lane whose time has come, earliest first.

    Args:
        tx: The transaction after whose commit they are published.
        lane: Only this one.
        letters: Letters only, or all but letters: letters must not fill the others' places.
        cap: Messages of the kind in the lane that may be on the queue and not yet opened.
        limit: At most this many now.
    """
    rows = tx.connection.execute(
        _CLAIM_QUEUED,
        {
            "lane": lane,
            "cap": cap,
            "limit": limit,
            "letter": LETTER_PRIORITY,
            "letters_only": letters,
        },
    )
    return [Claimed(row.id, row.epoch) for row in rows]


# MATERIALIZED: PostgreSQL may run a bare sub-select twice and update more than the limit.
_CLAIM_QUEUED = text(
    """
    with room as materialized (
        select greatest(0, least(:limit, :cap - count(*)))::int as places from messages
        where status = 'queued' and published_at is not null and lane = :lane
          and (priority = :letter) = :letters_only
    ), due as materialized (
        select id from messages
        where status = 'queued' and published_at is null and lane = :lane
          and due_at <= plan_now() and available_at <= now()
          and (priority = :letter) = :letters_only
          -- What is late is the planner's to decide: a letter takes another day.
          and (kind <> 'sequence' or valid_until is null or valid_until >= plan_now())
        order by priority, due_at, id
        limit (select places from room)
        for no key update skip locked
    )
    update messages m set published_at = now(), epoch = epoch + 1
    from due where m.id = due.id
    returning m.id, m.epoch
    """
)


def give_back(tx: Transaction, claimed: Collection[Claimed], *, after: timedelta) -> Counter[str]:
    """Return messages that were published and not opened; they are claimable again ``after``.

    Returns:
        How many of each lane it were: what they had spent of budgets was not used.
    """
    if not claimed:
        return Counter()
    given = {
        "ids": arrays.uuids(each.id for each in claimed),
        "epochs": arrays.words(each.epoch for each in claimed),
        "seconds": after.total_seconds(),
    }
    return Counter(lane for (lane,) in arrays.fetch(tx, GIVE_BACK, given))


# Locked in the order of their ids first, as everywhere: an update of many takes no order.
GIVE_BACK: Final = """
    with ours as materialized (
        select m.id
        from unnest(cast(%(ids)s as uuid[]), cast(%(epochs)s as int[])) c (id, epoch)
        join messages m on m.id = c.id
        where m.status = 'queued' and m.epoch = c.epoch and m.published_at is not null
        order by m.id
        for no key update of m
    )
    update messages m set published_at = null,
        available_at = greatest(available_at, now() + %(seconds)s * interval '1 second')
    from ours where m.id = ours.id
    returning m.lane
"""


def release_lost(tx: Transaction, *, after: timedelta) -> int:
    """Make claimable again what was published and not opened for so long: the broker lost it."""
    return tx.connection.execute(_RELEASE_LOST, {"after": after}).rowcount


_RELEASE_LOST = text(
    """
    update messages set published_at = null
    where id in (
        select id from messages
        where status = 'queued' and published_at < now() - :after
        order by published_at limit 1000 for no key update skip locked
    )
    """
)
