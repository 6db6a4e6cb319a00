"""Bring back what a broker or a worker lost: the rows are the truth, the broker is a hint."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from funnel.domain.message import MessageStatus
from funnel.sending.journal_folder import JournalFolder
from funnel.services.settle_from_journal import call_unknown, settle_from_journal, wake_runs
from funnel.storage import budgets, leases, outbox
from funnel.storage.transaction import Transactions

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep found.

    Attributes:
        released: Published and not opened: claimable again.
        unknown: In the hands of a worker that is gone, perhaps handed over.
        from_journals: How many messages of such workers ended in which status by their journals.
    """

    released: int
    unknown: int
    from_journals: Counter[str]


def sweep_messages(
    transactions: Transactions,
    *,
    republish_after: timedelta,
    journals: JournalFolder | None = None,
) -> Swept:
    """Release what was published and not opened; settle what died in a worker's hands.

    By the worker's journal, within seconds of its death. Where no journal can tell, when the lease
    is over: then it is unknown. What a worker of another host has in hand is not ours to settle.

    Args:
        transactions: Several short ones are opened.
        republish_after: Real time that the broker is given before it counts as having lost it.
        journals: Of this host; ``None``: there are none here.
    """
    with transactions.begin() as tx:
        released = outbox.release_lost(tx, after=republish_after)
        budgets.give_back_claims(tx, released)
    from_journals = settle_from_journal(transactions, journals) if journals else Counter[str]()
    expired = _settle_expired(transactions, journals)
    return Swept(
        released=released.total(),
        unknown=expired + from_journals[MessageStatus.UNKNOWN.value],
        from_journals=from_journals,
    )


def _settle_expired(transactions: Transactions, journals: JournalFolder | None) -> int:
    # Read before the rows: whose journal is made after that has a lease that is not over.
    owners = [str(each) for each in journals.owners()] if journals else []
    host_id = journals.host_id() if journals else ""
    with transactions.begin() as tx:
        expired = leases.lock_expired(tx, host_id=host_id, journals=owners, limit=_AT_ONCE)
        runs = call_unknown(tx, expired)
    wake_runs(transactions, runs)
    return len(expired)
