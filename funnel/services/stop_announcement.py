"""Stop an announcement: what has not left does not leave any more."""

from uuid import UUID

from funnel.domain.announcement import Announcement
from funnel.domain.errors import NotFoundError
from funnel.domain.message import EndReason, MessageStatus
from funnel.storage import announcements, messages
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transaction, Transactions


def stop_announcement(
    announcement_id: UUID, *, by: str, transactions: Transactions
) -> Announcement:
    """Cancel what has not left, and queue nothing more of it; again changes nothing.

    What a worker holds at that moment may still leave; what comes back to it, to be tried again,
    does not.

    Args:
        announcement_id: Of one that is being queued, or is queued.
        by: Who does it, for the audit.
        transactions: One is opened.

    Raises:
        NotFoundError: No such announcement.
    """
    with transactions.begin() as tx:
        announcement = announcements.lock(tx, announcement_id)
        if announcement is None:
            raise NotFoundError("no such announcement")
        if announcement.stopped_at is not None:
            return announcement
        announcements.stop(tx, announcement_id)
        cancelled = _cancel(tx, announcement_id)
        write_audit(
            tx,
            by=by,
            action="announcement.stop",
            target=str(announcement_id),
            detail={"cancelled": cancelled},
        )
        return announcements.get(tx, announcement_id)


def _cancel(tx: Transaction, announcement_id: UUID) -> int:
    waiting = announcements.queued_messages(tx, announcement_id)
    reasons = dict.fromkeys(waiting, EndReason.STOPPED.value)
    return messages.settle_queued(tx, reasons, MessageStatus.CANCELLED)
