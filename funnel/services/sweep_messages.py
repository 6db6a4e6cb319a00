"""Bring back what a broker or a worker lost: the rows are the truth, the broker is a hint."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from funnel.domain.message import MessageStatus
from funnel.storage import counters, enrollments, outbox
from funnel.storage.counters import Tally
from funnel.storage.outbox import Settled
from funnel.storage.transaction import Transactions

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep found."""

    released: int
    unknown: int


def sweep_messages(transactions: Transactions, *, republish_after: timedelta) -> Swept:
    """Release what was published and not opened; call unknown what died in a worker's hands.

    Args:
        transactions: Two short ones are opened.
        republish_after: Real time that the broker is given before it counts as having lost it.
    """
    with transactions.begin() as tx:
        released = outbox.release_lost(tx, after=republish_after)
    return Swept(released=released, unknown=_settle_expired(transactions))


def _settle_expired(transactions: Transactions) -> int:
    """Until the journal exists nobody knows whether the dot was sent: unknown, never sent again."""
    with transactions.begin() as tx:
        expired = outbox.find_expired(tx, _AT_ONCE)
        changes: Counter[Tally] = Counter()
        runs = []
        for each in expired:
            row = outbox.record(
                tx,
                Settled(
                    id=each.id,
                    epoch=each.epoch,
                    status=MessageStatus.UNKNOWN,
                    reason="the worker was lost while it sent",
                ),
            )
            if row is not None:
                changes += counters.settled(row, MessageStatus.UNKNOWN)
                runs.append(row.enrollment_id)
        counters.move(tx, changes)
    # Apart from the transaction that holds messages: everybody else locks the run first.
    with transactions.begin() as tx:
        enrollments.wake_waiting(tx, sorted({each for each in runs if each is not None}))
    return len(expired)
