"""Say by hand whether one person came; what a person says outweighs what was reported."""

from dataclasses import dataclass
from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.facts import FactKind
from funnel.domain.session import Attendance
from funnel.domain.session_dates import DateChangedError
from funnel.domain.speech import say
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import facts, registrations, runs, seat_lines, sessions, subscribers
from funnel.storage.audit import write_audit
from funnel.storage.facts import NewFact
from funnel.storage.seat_lines import SeatLine
from funnel.storage.transaction import Transaction, Transactions

_SOURCE = "by hand"
_FACTS = {Attendance.ATTENDED: FactKind.ATTENDED, Attendance.MISSED: FactKind.MISSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What was written; ``before`` is what undoes it."""

    seat: SeatLine
    before: Attendance
    after: Attendance


def mark_attendance(
    session_id: UUID,
    seat_id: UUID,
    attendance: Attendance,
    *,
    seen: Attendance | None,
    by: str,
    transactions: Transactions,
) -> Marked:
    """Write whether somebody came, and plan them anew; what was sent stays sent.

    Args:
        session_id: The date.
        seat_id: The registration, held now.
        attendance: ``UNKNOWN`` takes back what was known.
        seen: What the page showed; ``None``: whatever it is now.
        by: Who says so, for the audit.
        transactions: One is opened.

    Raises:
        NotFoundError: No such seat in this session.
        InvalidInputError: The session has not begun.
        DateChangedError: Something else was said of them meanwhile.
    """
    with transactions.begin() as tx:
        found = seat_lines.find(tx, session_id, seat_id)
        if found is None:
            raise NotFoundError("no such seat")
        subscribers.lock(tx, [found.subscriber_id])
        seat = seat_lines.find(tx, session_id, seat_id)
        if seat is None or (seen is not None and seat.attendance is not seen):
            raise DateChangedError
        _check_begun(tx, session_id)
        if seat.attendance is not attendance:
            _write(tx, session_id, seat, attendance, by)
        return Marked(seat=seat, before=seat.attendance, after=attendance)


def _check_begun(tx: Transaction, session_id: UUID) -> None:
    session = sessions.find(tx, session_id)
    if session is not None and session.starts_at > tx.now:
        raise InvalidInputError(
            say("the session has not begun"),
            field="attendance",
            remedy=say("Say who came once it has."),
        )


def _write(
    tx: Transaction, session_id: UUID, seat: SeatLine, attendance: Attendance, by: str
) -> None:
    # Of now: a report that speaks of the session itself comes earlier, and does not outweigh it.
    registrations.set_attendance(tx, seat.id, attendance, tx.now)
    kind = _FACTS.get(attendance)
    if kind is not None:
        facts.add(
            tx,
            NewFact(
                kind=kind,
                subscriber_id=seat.subscriber_id,
                enrollment_id=seat.enrollment_id,
                session_id=session_id,
                source=_SOURCE,
                at=tx.now,
                dedupe_key=f"{_SOURCE}:{seat.id}:{kind}:{tx.now.isoformat()}",
            ),
        )
    detail = {"seat": str(seat.id), "was": str(seat.attendance), "is": str(attendance)}
    write_audit(tx, by=by, action="attendance.mark", target=str(seat.subscriber_id), detail=detail)
    plan_enrollments(tx, runs.active_ids(tx, seat.subscriber_id))
