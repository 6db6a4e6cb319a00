"""Words about people: who came, who did not, who reached the goal, who watched."""

from collections.abc import Sequence
from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.facts import FactKind, FactReport
from funnel.domain.session import Attendance
from funnel.domain.subscriber import email_key
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import facts, registrations, runs, sessions, subscribers
from funnel.storage.facts import NewFact
from funnel.storage.registrations import Seat
from funnel.storage.transaction import Transaction, Transactions

_ATTENDANCE = {
    FactKind.ATTENDED: Attendance.ATTENDED,
    FactKind.MISSED: Attendance.MISSED,
}
_BY_REPORT = frozenset({FactKind.ATTENDED, FactKind.MISSED, FactKind.WATCHED, FactKind.GOAL})


def record_facts(reports: Sequence[FactReport], transactions: Transactions) -> int:
    """Write what reports say and plan their people anew; return how many said something new.

    One transaction: one report that cannot be right keeps them all out. A word about one person
    settles that person; a later, different word changes the fact, not what was sent.

    Raises:
        NotFoundError: No such person or run.
        InvalidInputError: The person holds no seat that the word could be about, or the session
            has not begun.
    """
    for report in reports:
        if report.kind not in _BY_REPORT:
            raise InvalidInputError(f"nobody reports “{report.kind}”", field="kind")
    with transactions.begin() as tx:
        people = [_person_of(tx, report) for report in reports]
        # All at once and in order: two calls about the same people must not wait for each other.
        subscribers.lock(tx, people)
        pairs = zip(reports, people, strict=True)
        news = sum(_record(tx, report, person) for report, person in pairs)
        concerned = {run for person in people for run in runs.active_ids(tx, person)}
        plan_enrollments(tx, sorted(concerned))
        return news


def _person_of(tx: Transaction, report: FactReport) -> UUID:
    if report.enrollment_id is not None:
        run = runs.find(tx, report.enrollment_id)
        if run is None:
            raise NotFoundError("no such run")
        return run.subscriber_id
    if report.email is None:
        raise InvalidInputError(
            "nobody is named", field="email", remedy="Name a person by address or by run."
        )
    person = subscribers.find_by_key(tx, email_key(report.email))
    if person is None:
        raise NotFoundError("nobody has this address")
    return person.id


def _record(tx: Transaction, report: FactReport, person: UUID) -> bool:
    """Write one word; say whether it was new."""
    if report.kind is FactKind.GOAL:
        return _reach_goal(tx, report, person)
    seat = _seat_of(tx, report, person)
    if report.kind is FactKind.WATCHED:
        if seat.watched_at is not None:
            return False
        registrations.set_watched(tx, seat.id, report.at or tx.now)
    else:
        attendance = _ATTENDANCE[report.kind]
        if seat.attendance is attendance:
            return False
        registrations.set_attendance(tx, seat.id, attendance)
    _add(tx, report, person, enrollment_id=seat.enrollment_id, session_id=seat.session_id)
    return True


def _seat_of(tx: Transaction, report: FactReport, person: UUID) -> Seat:
    if report.session_id is not None:
        seat = registrations.held_in_session(tx, person, report.session_id)
    elif report.enrollment_id is not None:
        seat = registrations.held(tx, report.enrollment_id)
    else:
        seat = registrations.newest_begun(tx, person)
    session = sessions.find(tx, seat.session_id) if seat else None
    if seat is None or session is None:
        raise InvalidInputError(
            "the person holds no seat that this could be about",
            field="session",
            remedy="Name the session; “funnel session list” shows them.",
        )
    if session.starts_at > tx.now:
        raise InvalidInputError("the session has not begun", field="session")
    return seat


def _reach_goal(tx: Transaction, report: FactReport, person: UUID) -> bool:
    """Write the goal into the named run, else into all that are under way, else the newest."""
    if report.enrollment_id is not None:
        concerned = [report.enrollment_id]
    else:
        newest = [run.id for run in runs.of_person(tx, person)][:1]
        concerned = runs.active_ids(tx, person) or newest
    if not concerned:
        raise InvalidInputError("the person is in no sequence", field="email")
    if not runs.reach_goal(tx, concerned, report.at or tx.now):
        return False
    _add(tx, report, person, enrollment_id=concerned[-1], session_id=None)
    return True


def _add(
    tx: Transaction,
    report: FactReport,
    person: UUID,
    *,
    enrollment_id: UUID,
    session_id: UUID | None,
) -> None:
    facts.add(
        tx,
        NewFact(
            kind=report.kind,
            subscriber_id=person,
            enrollment_id=enrollment_id,
            session_id=session_id,
            source=report.source,
            at=report.at or tx.now,
        ),
    )
