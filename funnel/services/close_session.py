"""Close a session: from then on, who is not known to have come missed it; and open it again."""

from collections.abc import Sequence
from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.domain.session_dates import check_closable
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import registrations, runs, sessions
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transactions

# People planned in one transaction: a full session must not hold all its locks at once.
_AT_ONCE = 100


def close_session(session_id: UUID, transactions: Transactions, *, by: str = "") -> int:
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
            write_audit(tx, by=by, action="session.close", target=str(session_id))
        missed = registrations.unknown_attendance(tx, session_id)
        concerned = runs.active_ids_of_session(tx, session_id)
    _plan(concerned, transactions)
    return missed


def reopen_session(session_id: UUID, transactions: Transactions, *, by: str) -> None:
    """Take a close back: of whom nothing is known, it is unknown again; what was sent stays sent.

    Raises:
        NotFoundError: No such session.
    """
    with transactions.begin() as tx:
        session = sessions.lock(tx, session_id)
        if session is None:
            raise NotFoundError("no such session")
        if session.closed_at is not None:
            sessions.change(tx, session_id, {"closed_at": None})
            write_audit(tx, by=by, action="session.reopen", target=str(session_id))
        concerned = runs.active_ids_of_session(tx, session_id)
    _plan(concerned, transactions)


def _plan(concerned: Sequence[UUID], transactions: Transactions) -> None:
    for start in range(0, len(concerned), _AT_ONCE):
        with transactions.begin() as tx:
            plan_enrollments(tx, concerned[start : start + _AT_ONCE])


def count_unknown(session_id: UUID, transactions: Transactions) -> int:
    """Return of how many seats in a session it is not known whether their people came."""
    with transactions.begin() as tx:
        return registrations.unknown_attendance(tx, session_id)
