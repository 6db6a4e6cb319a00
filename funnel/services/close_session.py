"""Close a session: from now on, who is not known to have come missed it."""

from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.domain.session_dates import check_closable
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import registrations, runs, sessions
from funnel.storage.transaction import Transactions

# People planned in one transaction: a full session must not hold all its locks at once.
_AT_ONCE = 100


def close_session(session_id: UUID, transactions: Transactions) -> int:
    """Close it and plan its people anew; return how many missed it by that.

    Safe to call again: what was broken off half-way is finished then.

    Raises:
        NotFoundError: No such session.
        InvalidInputError: It has not ended, or it was cancelled.
    """
    with transactions.begin() as tx:
        session = sessions.lock(tx, session_id)
        if session is None:
            raise NotFoundError("no such session")
        check_closable(session, tx.now)
        if session.closed_at is None:
            sessions.change(tx, session_id, {"closed_at": tx.now})
        missed = registrations.unknown_attendance(tx, session_id)
        concerned = runs.active_ids_of_session(tx, session_id)
    for start in range(0, len(concerned), _AT_ONCE):
        with transactions.begin() as tx:
            plan_enrollments(tx, concerned[start : start + _AT_ONCE])
    return missed


def count_unknown(session_id: UUID, transactions: Transactions) -> int:
    """Return of how many seats in a session it is not known whether their people came."""
    with transactions.begin() as tx:
        return registrations.unknown_attendance(tx, session_id)
