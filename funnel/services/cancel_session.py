"""Call a session off: its seats end, their people are told, and nothing counts from it any more."""

from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.message import Notice
from funnel.domain.session import SeatStatus, Session
from funnel.services.plan_enrollments import plan_enrollments
from funnel.services.queue_notice import NoticeRequest, former_date, queue_notice
from funnel.storage import enrollments, registrations, runs, sessions
from funnel.storage.transaction import Transaction, Transactions

_AT_ONCE = 100


def cancel_session(session_id: UUID, transactions: Transactions) -> int:
    """Call it off and tell who holds a seat; return how many that were.

    Safe to call again: what was broken off half-way is finished then, and nobody is told twice.

    Raises:
        NotFoundError: No such session.
        InvalidInputError: It has begun.
    """
    with transactions.begin() as tx:
        session = sessions.lock(tx, session_id)
        if session is None:
            raise NotFoundError("no such session")
        if session.cancelled_at is None:
            if session.starts_at <= tx.now:
                raise InvalidInputError("the session has begun", field="session")
            sessions.change(tx, session_id, {"cancelled_at": tx.now})
        concerned = list(registrations.enrollments_of_session(tx, session_id))
    for start in range(0, len(concerned), _AT_ONCE):
        with transactions.begin() as tx:
            some = concerned[start : start + _AT_ONCE]
            enrollments.lock(tx, some)
            for enrollment_id in some:
                _end_seat(tx, enrollment_id, session)
            plan_enrollments(tx, some)
    return len(concerned)


def _end_seat(tx: Transaction, enrollment_id: UUID, session: Session) -> None:
    seat = registrations.held(tx, enrollment_id)
    run = runs.find(tx, enrollment_id)
    if seat is None or run is None or seat.session_id != session.id:
        return  # it moved to another date in the meantime
    registrations.end(tx, seat.id, SeatStatus.CANCELLED)
    runs.set_session(tx, enrollment_id, None)
    queue_notice(
        tx,
        NoticeRequest(
            notice=Notice.SESSION_CANCELLED,
            subscriber_id=seat.subscriber_id,
            sequence_id=run.sequence_id,
            enrollment_id=enrollment_id,
            session_id=session.id,
            dedupe=f"{enrollment_id}:{session.id}",
            data=former_date(session),
        ),
    )
