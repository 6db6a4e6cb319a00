"""Who came to a session, from a table: tried first, then written in bounded steps."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.domain.facts import FactKind, FactReport
from funnel.domain.session import Session
from funnel.intake.attendance_csv import AttendanceRow
from funnel.services.record_facts import record_in
from funnel.storage import sessions
from funnel.storage.transaction import Transaction, Transactions

_SOURCE = "import"
# Rows in one transaction: it holds the locks of their people.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RowNotTaken:
    """A row that could be read and is about nobody who could be found, with the reason."""

    line: int
    email: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or would do.

    Attributes:
        attended: People of whom a row says that they came.
        missed: People of whom every row says that they did not.
        new: Facts that said something new.
        known: Facts that were known already.
    """

    attended: int
    missed: int
    new: int
    known: int
    not_taken: tuple[RowNotTaken, ...]


def import_facts(
    rows: Sequence[AttendanceRow],
    session_id: UUID,
    transactions: Transactions,
    *,
    is_trial: bool,
    show_progress: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    """Write what an attendance table says about a session, and plan its people anew.

    Safe to repeat, also after it was broken off: what is known stays as it is.

    Args:
        rows: What the table says.
        session_id: The sitting that it is about.
        transactions: Each step is one of its own.
        is_trial: Do everything, tell what would come of it, and undo it.
        show_progress: Told after each step how many rows are done.

    Raises:
        NotFoundError: No such session.
    """
    with transactions.begin() as tx:
        session = sessions.find(tx, session_id)
    if session is None:
        raise NotFoundError("no such session")
    came = {row.email.casefold() for row in rows if row.attended}
    stayed_away = {row.email.casefold() for row in rows if not row.attended} - came
    # Who is in two lines, "no" and "yes", came.
    told = [row for row in rows if row.attended or row.email.casefold() in stayed_away]
    new = known = 0
    not_taken: list[RowNotTaken] = []
    for start in range(0, len(told), _AT_ONCE):
        some = told[start : start + _AT_ONCE]
        step = _take(some, session, transactions, is_trial=is_trial)
        new, known = new + step.new, known + step.known
        not_taken.extend(step.not_taken)
        show_progress(min(start + _AT_ONCE, len(told)))
    return ImportReport(
        attended=len(came),
        missed=len(stayed_away),
        new=new,
        known=known,
        not_taken=tuple(not_taken),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    new: int
    known: int
    not_taken: tuple[RowNotTaken, ...]


def _take(
    rows: Sequence[AttendanceRow], session: Session, transactions: Transactions, *, is_trial: bool
) -> _Step:
    with transactions.begin() as tx:
        step = _record(tx, rows, session)
        if is_trial:
            tx.undo()
    return step


def _record(tx: Transaction, rows: Sequence[AttendanceRow], session: Session) -> _Step:
    lines: dict[FactReport, int] = {}
    for row in rows:
        for report in _reports(row, session):
            lines.setdefault(report, row.line)
    recorded = record_in(tx, list(lines))
    not_taken: dict[int, RowNotTaken] = {}
    for each in recorded.unmatched:
        line = lines[each.report]
        email = each.report.email or ""
        # One line a row: its coming and its leaving are refused for one reason.
        not_taken.setdefault(line, RowNotTaken(line=line, email=email, reason=each.reason))
    return _Step(
        new=recorded.new,
        known=recorded.known,
        not_taken=tuple(not_taken[line] for line in sorted(not_taken)),
    )


def _reports(row: AttendanceRow, session: Session) -> Iterator[FactReport]:
    if not row.attended:
        yield _said(FactKind.MISSED, row, session, session.ends_at)
        return
    if row.joined_at is None and row.left_at is None:
        yield _said(FactKind.ATTENDED, row, session, session.starts_at)
    if row.joined_at is not None:
        yield _said(FactKind.JOINED, row, session, row.joined_at)
    if row.left_at is not None:
        yield _said(FactKind.LEFT_ROOM, row, session, row.left_at)


def _said(kind: FactKind, row: AttendanceRow, session: Session, at: datetime) -> FactReport:
    return FactReport(kind=kind, source=_SOURCE, email=row.email, session_id=session.id, at=at)
