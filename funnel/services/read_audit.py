"""Who changed what."""

from funnel.storage import audit
from funnel.storage.audit import AuditEntry
from funnel.storage.transaction import Transactions


def read_audit(
    transactions: Transactions, *, limit: int, before: int | None = None, by: str = ""
) -> list[AuditEntry]:
    """Return the latest acts, the newest first.

    Args:
        transactions: One is opened, for reading.
        limit: At most so many.
        before: Only what was done before the act of that number: the next page.
        by: Only what that account did.
    """
    with transactions.begin_reading() as tx:
        return audit.list_newest(tx, limit=limit, before=before, by=by)
