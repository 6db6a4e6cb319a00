"""What a run's calendar entry says."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.domain.judgement import EvidenceKind
from funnel.domain.session import Session
from funnel.domain.signup import Visitor
from funnel.storage import evidence, registrations, runs, sessions
from funnel.storage.evidence import Seen
from funnel.storage.transaction import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSeat:
    """A seat as calendars know it: the run's id is the entry's, whatever the date.

    Attributes:
        revision: Grows with each change of the date (SEQUENCE of RFC 5545).
        is_cancelled: The seat was given up, or the date was called off.
        read_at: Real time, aware UTC (DTSTAMP).
    """

    enrollment_id: UUID
    sequence_id: UUID
    session: Session
    revision: int
    is_cancelled: bool
    read_at: datetime


def read_calendar(
    enrollment_id: UUID, transactions: Transactions, visitor: Visitor | None = None
) -> CalendarSeat:
    """Return the calendar entry of a run.

    Args:
        enrollment_id: As the link names it.
        transactions: On the database.
        visitor: Kept as evidence that the file was fetched, if given.

    Raises:
        NotFoundError: No such run, or one that never held a seat.
    """
    with transactions.begin() as tx:
        run = runs.find(tx, enrollment_id)
        held = registrations.held(tx, enrollment_id)
        seat = held or registrations.latest(tx, enrollment_id)
        session = sessions.find(tx, seat.session_id) if seat else None
        if run is None or session is None:
            raise NotFoundError("no such seat")
        if visitor is not None:
            seen = Seen(
                kind=EvidenceKind.CALENDAR_FETCHED,
                visitor=visitor,
                subscriber_id=run.subscriber_id,
                enrollment_id=run.id,
            )
            evidence.add(tx, seen)
        return CalendarSeat(
            enrollment_id=run.id,
            sequence_id=run.sequence_id,
            session=session,
            revision=run.calendar_revision,
            is_cancelled=held is None or session.cancelled_at is not None,
            read_at=tx.real_now,
        )
