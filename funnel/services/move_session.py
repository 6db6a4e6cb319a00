"""Move a session to another moment; who holds a seat follows, in batches of their own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from funnel.domain.errors import NotFoundError
from funnel.domain.replan import DateChange, KnownDate, ReplanKind
from funnel.domain.session import Session
from funnel.domain.session_dates import DateChangedError, check_free, check_movable
from funnel.storage import replans, sessions
from funnel.storage.audit import write_audit
from funnel.storage.replans import Replan
from funnel.storage.transaction import Transaction, Transactions


def move_session(
    session_id: UUID,
    starts_at: datetime,
    *,
    by: str,
    transactions: Transactions,
    length: timedelta | None = None,
    seen: datetime | None = None,
) -> Replan:
    """Give a session another moment, and return the replan by which its people follow.

    One short transaction: from its commit on nothing leaves that speaks of the date before, and
    whoever is due is planned for the new one. ``continue_replans`` plans and tells everybody else.
    A replan of this session that is still open is closed in favour of the new one, so that who
    was not told yet is told once, of the newest date.

    Args:
        session_id: Of one that has not begun.
        starts_at: Aware, plan time.
        by: Who does it, for the audit.
        transactions: One is opened.
        length: Elapsed time from start to end; ``None`` keeps it.
        seen: The start that whoever decides has seen; ``None``: whatever it is now.

    Returns:
        The replan. Where the moment is the one that it has, nothing is written, and what is
        returned is the replan that is open, or an empty one that is finished.

    Raises:
        NotFoundError: No such session.
        DateChangedError: It begins at another moment than was seen.
        InvalidInputError: It was cancelled or has begun; or it cannot be held then: in the past,
            more than three years ahead, longer than a day, on top of another one.
    """
    with transactions.begin() as tx:
        sequence_id, session = _locked(tx, session_id)
        if seen is not None and seen != session.starts_at:
            raise DateChangedError
        length = session.ends_at - session.starts_at if length is None else length
        check_movable(session, starts_at, length, tx.now)
        moved = replace(session, starts_at=starts_at, ends_at=starts_at + length)
        former = replans.take_over_session(tx, session_id)
        if (moved.starts_at, moved.ends_at) == (session.starts_at, session.ends_at):
            return former or _nothing(sequence_id, session_id, tx.real_now)
        check_room(tx, sequence_id, moved)
        sessions.change(tx, session_id, {"starts_at": moved.starts_at, "ends_at": moved.ends_at})
        detail = {"from": _shown(session.starts_at), "to": _shown(moved.starts_at)}
        write_audit(tx, by=by, action="session.move", target=str(session_id), detail=detail)
        return _begin(tx, sequence_id, session, former, by)


def check_room(tx: Transaction, sequence_id: UUID, moved: Session) -> None:
    """Raise ``InvalidInputError`` if another session of the sequence is held at that time."""
    other = sessions.overlapping(
        tx, sequence_id, moved.starts_at, moved.ends_at, apart_from=moved.id
    )
    check_free(moved, () if other is None else (other,))


def _locked(tx: Transaction, session_id: UUID) -> tuple[UUID, Session]:
    sequence_id = sessions.find_sequence_of(tx, session_id)
    if sequence_id is None:
        raise NotFoundError("no such session")
    # As where one is added: two that move at once must see each other.
    sessions.lock_sequence(tx, sequence_id)
    session = sessions.lock(tx, session_id)
    if session is None:
        raise NotFoundError("no such session")
    return sequence_id, session


def _begin(
    tx: Transaction, sequence_id: UUID, session: Session, former: Replan | None, by: str
) -> Replan:
    """Write the replan; one that is open gives it its people and what they last knew."""
    change = DateChange(at=replans.moment_of_change(tx), former=KnownDate.of(session))
    changes = (*(former.changes if former else ()), change)
    if former is not None:
        replans.finish(tx, former.id)
    return replans.add(
        tx,
        Replan(
            id=uuid4(),
            kind=ReplanKind.SESSION_MOVED,
            sequence_id=sequence_id,
            session_id=session.id,
            data={"changes": [each.to_json() for each in changes]},
            by=by,
        ),
    )


def _nothing(sequence_id: UUID, session_id: UUID, real_now: datetime) -> Replan:
    return Replan(
        id=uuid4(),
        kind=ReplanKind.SESSION_MOVED,
        sequence_id=sequence_id,
        session_id=session_id,
        created_at=real_now,
        finished_at=real_now,
    )


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
