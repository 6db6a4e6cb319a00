"""What was published: given back, or brought back where the broker lost it.

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

from funnel.storage import arrays
from funnel.storage.budgets import Claim
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that goes on the queue now, under a new epoch."""

    id: UUID
    epoch: int


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


# Locked in the order of their ids first, as everywhere: an update of many takes no order. Each by
# its id: see LOCK_CLAIMED.
GIVE_BACK: Final = """
    with ours as materialized (
        select c.id
        from (
            select * from unnest(cast(%(ids)s as uuid[]), cast(%(epochs)s as int[])) u (id, epoch)
            order by u.id
        ) c
        cross join lateral (
            select from messages m
            where m.id = c.id and m.epoch = c.epoch and m.status = 'queued'
              and num_nonnulls(m.published_at) = 1
            for no key update
        ) m
    )
    update messages m set published_at = null,
        available_at = greatest(available_at, now() + %(seconds)s * interval '1 second')
    from ours where m.id = ours.id
    returning m.lane
"""


def release_lost(tx: Transaction, *, after: timedelta) -> Counter[Claim]:
    """Make claimable again what was published and not opened for so long: the broker lost it.

    Returns:
        How many by the claim that had them: what it spent of budgets was not used.
    """
    rows = tx.connection.execute(_RELEASE_LOST, {"after": after})
    return Counter((row.lane, row.published_at) for row in rows)


# MATERIALIZED: PostgreSQL may run a bare sub-select again for each row, past the limit.
_RELEASE_LOST = text(
    """
    with lost as materialized (
        select id, published_at from messages
        where status = 'queued' and published_at < now() - :after
        order by published_at limit 1000 for no key update skip locked
    )
    update messages m set published_at = null from lost where m.id = lost.id
    returning m.lane, lost.published_at
    """
)
