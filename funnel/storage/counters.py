"""Sums for pages, moved in the transaction that moves the rows.

Only what is settled is summed: what is queued or in hand is few and has an index of its own, and a
sum that every signup moved would make signups wait for each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from funnel.storage.transaction import Transaction

# Beside the statuses: first copies that are settled, and first copies of runs that have ended.
# Who has an email behind them and is still in the sequence is the difference (decision 0020).
PASSED: Final = "passed"
ENDED: Final = "ended"


@dataclass(frozen=True, slots=True, order=True)
class Tally:
    """What is counted: messages of one step (notice, announcement) in one settled status."""

    sequence_id: UUID
    step_key: str
    status: str


def move(tx: Transaction, changes: Mapping[Tally, int]) -> None:
    """Add the changes to the sums, as the last thing that this transaction does.

    At its end, once, in sorted order: transactions that touch the same sums take these locks
    alike, after all their others, and hold them for a moment only.
    """
    tx.tallies.update(changes)
    tx.before_commit(_write)


def _write(tx: Transaction) -> None:
    changes = tx.tallies
    if not any(changes.values()):
        return
    tx.connection.execute(
        _ADD,
        [
            {
                "sequence_id": tally.sequence_id,
                "step_key": tally.step_key,
                "status": tally.status,
                "change": changes[tally],
            }
            for tally in sorted(changes)
            if changes[tally]
        ],
    )


_ADD = text(
    """
    insert into counters (sequence_id, step_key, status, total)
    values (:sequence_id, :step_key, :status, :change)
    on conflict (sequence_id, step_key, status) do update
    set total = counters.total + excluded.total
    """
)


def differences(tx: Transaction) -> list[tuple[Tally, int, int]]:
    """Return each sum that is not what the rows say: the tally, the sum, the rows."""
    rows = tx.connection.execute(_COMPARE).all()
    return [(Tally(row.sequence_id, row.step_key, row.status), row.said, row.are) for row in rows]


_COMPARE = text(
    """
    with counted as (
        select sequence_id, coalesce(step_key, template_key) as step_key, status, count(*) as are
        from messages
        where status not in ('queued', 'sending')
        group by 1, 2, 3
    )
    select coalesce(c.sequence_id, r.sequence_id) as sequence_id,
           coalesce(c.step_key, r.step_key) as step_key, coalesce(c.status, r.status) as status,
           coalesce(c.total, 0) as said, coalesce(r.are, 0) as are
    from counters c
    full join counted r using (sequence_id, step_key, status)
    where coalesce(c.total, 0) <> coalesce(r.are, 0)
    """
)
