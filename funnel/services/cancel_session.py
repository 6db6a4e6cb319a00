"""Call a session off: its seats end, their people are told, and nothing counts from it any more."""

from datetime import datetime
from uuid import UUID, uuid4

from funnel.domain.errors import NotFoundError
from funnel.domain.replan import DateChange, KnownDate, ReplanKind
from funnel.domain.session import Session
from funnel.domain.session_dates import DateChangedError, check_cancellable
from funnel.storage import replans, sessions
from funnel.storage.audit import write_audit
from funnel.storage.replans import Replan
from funnel.storage.transaction import Transaction, Transactions


def cancel_session(
    session_id: UUID,
    transactions: Transactions,
    *,
    by: str = "",
    seen: datetime | None = None,
) -> Replan:
    """Call it off, and return the replan by which who holds a seat is told and planned anew.

    One short transaction: from its commit on nobody can take a seat, and nothing leaves that
    counts from it. ``continue_replans`` ends the seats. A move that is not finished yet is closed
    in favour of this. Safe to call again: nobody is told twice.

    Args:
        session_id: Of one that has not begun.
        transactions: One is opened.
        by: Who does it, for the audit.
        seen: The start that whoever decides has seen; ``None``: whatever it is now.

    Returns:
        The replan; an empty one that is finished where everything was done before.

    Raises:
        NotFoundError: No such session.
        DateChangedError: It begins at another moment than was seen.
        InvalidInputError: It has begun.
    """
    with transactions.begin() as tx:
        session = sessions.lock(tx, session_id)
        if session is None:
            raise NotFoundError("no such session")
        former = replans.take_over_session(tx, session_id)
        if session.cancelled_at is not None:
            return former or _begin(tx, session, None, by)
        if seen is not None and seen != session.starts_at:
            raise DateChangedError
        check_cancellable(session, tx.now)
        sessions.change(tx, session_id, {"cancelled_at": tx.now})
        write_audit(tx, by=by, action="session.cancel", target=str(session_id))
        return _begin(tx, session, former, by)


def _begin(tx: Transaction, session: Session, former: Replan | None, by: str) -> Replan:
    """Write the replan; one that is open gives it its people and what they last knew."""
    change = DateChange(at=replans.moment_of_change(tx), former=KnownDate.of(session))
    if former is not None:
        replans.finish(tx, former.id)
    replan = replans.add(
        tx,
        Replan(
            id=uuid4(),
            kind=ReplanKind.SESSION_CANCELLED,
            sequence_id=sessions.sequence_of(tx, session.id),
            session_id=session.id,
            data={
                "changes": [
                    each.to_json() for each in (*(former.changes if former else ()), change)
                ]
            },
            by=by,
        ),
    )
    return replan if replan.total else replans.finish(tx, replan.id)
