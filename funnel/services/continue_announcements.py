"""Turn an announcement into messages: in bounded batches that go on wherever they were broken off.

A batch is one short transaction: its messages, and how far it came. So whoever is killed in the
middle has done a batch or none of it.
"""

import sys
from uuid import UUID, uuid4

import structlog

from funnel.domain import announcement as announcing
from funnel.domain.announcement import Announcement
from funnel.domain.consent import Topic
from funnel.domain.message import SERVICE_PRIORITY, MessageKind, MessageStatus
from funnel.domain.session import Session
from funnel.storage import announcements, messages, sessions, subscribers
from funnel.storage.announcements import SeatHolder
from funnel.storage.lane_domains import lane_for
from funnel.storage.messages import NewMessage
from funnel.storage.transaction import Transaction, Transactions

log = structlog.get_logger()

# Their people are locked meanwhile: few enough for tens of milliseconds.
PEOPLE_AT_ONCE = 200


def continue_announcements(
    transactions: Transactions, *, most_batches: int | None = None
) -> Announcement | None:
    """Queue what is left of the announcements that are open, the oldest first.

    Safe to call at any time, from several workers, and after a crash at any point. Two workers go
    on with two announcements.

    Args:
        transactions: One is opened for each batch.
        most_batches: Stop after so many; ``None``: go on until all is queued.

    Returns:
        The one that was worked on last, as it stands now; ``None`` where none is open.
    """
    left = sys.maxsize if most_batches is None else most_batches
    worked_on: UUID | None = None
    while left > 0:
        with transactions.begin() as tx:
            announcement = announcements.lock_open(tx)
            if announcement is None:
                break
            _do_batch(tx, announcement)
            worked_on = announcement.id
        left -= 1
    if worked_on is None:
        return None
    with transactions.begin() as tx:
        return announcements.find(tx, worked_on)


def _do_batch(tx: Transaction, announcement: Announcement) -> None:
    """Queue the next people, or note that nobody is left; the announcement's row is locked."""
    people = announcements.next_people(tx, announcement, PEOPLE_AT_ONCE)
    session = sessions.find(tx, announcement.session_id)
    if not people or session is None:
        announcements.finish(tx, announcement.id)
        log.info(
            "announcement.queued",
            announcement_id=str(announcement.id),
            messages=announcement.queued,
        )
        return
    subscribers.lock(tx, people)
    # A second statement: some may have left, or given up their seat, meanwhile.
    holders = announcements.holders(tx, announcement, people)
    new = [_message(tx, announcement, session, each) for each in holders]
    queued = messages.add(tx, new)
    reached = max(people[-1], announcement.reached or people[-1])
    announcements.advance(tx, announcement.id, reached=reached, queued=queued)


def _message(
    tx: Transaction, announcement: Announcement, session: Session, holder: SeatHolder
) -> NewMessage:
    reason = announcing.skip_reason(holder.suppression, wants_seat_emails=holder.wants_seat_emails)
    return NewMessage(
        id=uuid4(),
        kind=MessageKind.ANNOUNCEMENT,
        dedupe_key=announcing.dedupe_key(announcement.id, holder.subscriber_id),
        subscriber_id=holder.subscriber_id,
        enrollment_id=holder.enrollment_id,
        announcement_id=announcement.id,
        sequence_id=holder.sequence_id,
        session_id=announcement.session_id,
        session_starts_at=announcement.session_starts_at,
        template_key=announcing.template_key(announcement.id),
        topic=Topic.SEAT,
        lane=lane_for(tx, holder.email),
        # Beside reminders: letters travel apart, and confirmations have a lane of their own.
        priority=SERVICE_PRIORITY,
        due_at=announcement.created_at,
        valid_until=announcing.valid_until(session, announcement.created_at),
        status=MessageStatus.QUEUED if reason is None else MessageStatus.SKIPPED,
        reason=reason,
        settled_at=None if reason is None else tx.now,
    )
