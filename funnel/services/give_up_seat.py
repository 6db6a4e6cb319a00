"""Give a seat back, so that somebody else can have it."""

from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.domain.session import SeatStatus, Session
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import registrations, runs, sessions, subscribers
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transactions


def give_up_seat(
    enrollment_id: UUID, transactions: Transactions, *, by: str = ""
) -> Session | None:
    """Free the seat of a run and stop what counts from its session; again changes nothing.

    A seat in a session that has begun stays: it says who was there. Where somebody who works here
    did it (``by``), the audit log names them.

    Returns:
        The session whose seat is free now; ``None``: nothing was changed.

    Raises:
        NotFoundError: No such run.
    """
    with transactions.begin() as tx:
        run = runs.find(tx, enrollment_id)
        if run is None:
            raise NotFoundError("no such run")
        subscribers.lock(tx, [run.subscriber_id])
        seat = registrations.held(tx, enrollment_id)
        session = sessions.find(tx, seat.session_id) if seat else None
        if seat is None or session is None or session.starts_at <= tx.now:
            return None
        registrations.end(tx, seat.id, SeatStatus.CANCELLED)
        runs.set_session(tx, enrollment_id, None)
        plan_enrollments(tx, runs.active_ids(tx, run.subscriber_id))
        if by:
            detail = {"session": str(session.id)}
            write_audit(
                tx, by=by, action="seat given up", target=str(run.subscriber_id), detail=detail
            )
        return session
