"""Where a masterclass lay before it was last moved."""

from datetime import datetime
from uuid import UUID

from funnel.storage import replans
from funnel.storage.transaction import Transactions


def read_start_before(session_id: UUID, transactions: Transactions) -> datetime | None:
    """Return when a session began before it was last moved, aware; ``None``: it never was.

    Not what each person was told before: who was moved twice in a row hears of it once.
    """
    with transactions.begin() as tx:
        last = replans.find_last_move(tx, session_id)
        return last.changes[-1].former.starts_at if last and last.changes else None
