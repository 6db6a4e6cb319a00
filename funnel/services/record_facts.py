"""Words about people: who came and how long, who clicked, booked, bought, reached the goal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from funnel.domain.errors import FunnelError, InvalidInputError, NotFoundError
from funnel.domain.fact_checks import check_about_session, check_moment
from funnel.domain.facts import FactKind, FactReport
from funnel.domain.session import Attendance, Session
from funnel.domain.speech import say
from funnel.domain.subscriber import email_key
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import facts, registrations, runs, sessions, subscribers
from funnel.storage.facts import NewFact
from funnel.storage.registrations import Seat
from funnel.storage.transaction import Transaction, Transactions

# What a word of each kind says about attendance.
_ATTENDANCE = {
    FactKind.ATTENDED: Attendance.ATTENDED,
    FactKind.JOINED: Attendance.ATTENDED,
    FactKind.LEFT_ROOM: Attendance.ATTENDED,
    FactKind.MISSED: Attendance.MISSED,
}
_ABOUT_SEAT = frozenset({*_ATTENDANCE, FactKind.WATCHED, FactKind.REGISTERED_THERE})
_ABOUT_PERSON = frozenset(
    {
        FactKind.TAGGED,
        FactKind.UNTAGGED,
        FactKind.BOOKED,
        FactKind.BOOKING_CANCELLED,
        FactKind.BOUGHT,
        FactKind.REPLIED,
    }
)
_ABOUT_RUN = frozenset({FactKind.CLICKED})
_REPORTED = _ABOUT_SEAT | _ABOUT_PERSON | _ABOUT_RUN | {FactKind.GOAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """A word that could not be taken.

    Attributes:
        error: Why, and what to do.
        is_final: It can never be right; otherwise its person or session may still come.
    """

    report: FactReport
    error: FunnelError
    is_final: bool

    @property
    def reason(self) -> str:
        """Say why in words."""
        return str(self.error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of reports; ``new`` said something new, ``known`` did not."""

    new: int
    known: int
    unmatched: tuple[Unmatched, ...]


class _NotYetError(NotFoundError):
    """The person, the session or the seat that a word is about may still come."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


def record_facts(reports: Sequence[FactReport], transactions: Transactions) -> int:
    """Write what a few reports say and plan their people anew; return how many were new.

    One transaction: one report that cannot be taken keeps them all out. A word about one person
    settles that person; a later, different word changes the fact, not what was sent.

    Raises:
        NotFoundError: No such person, run or session.
        InvalidInputError: The person holds no seat that the word could be about, or the word
            cannot be right.
    """
    with transactions.begin() as tx:
        recorded = record_in(tx, reports)
        for each in recorded.unmatched:
            raise each.error
        return recorded.new


def record_in(tx: Transaction, reports: Sequence[FactReport]) -> Recorded:
    """Write what reports say in this transaction and plan the runs concerned.

    Give it a bounded number of them: it locks their people. What cannot be taken is returned with
    its reason and stops nothing else.
    """
    people: dict[int, UUID] = {}
    unmatched: list[Unmatched] = []
    for number, report in enumerate(reports):
        try:
            _check_kind(report)
            check_moment(report.at or tx.now, tx.now)
            people[number] = _person_of(tx, report)
        except FunnelError as error:
            unmatched.append(_unmatched(report, error))
    # All at once and in order: two calls about the same people must not wait for each other.
    subscribers.lock(tx, list(people.values()))
    news: set[UUID] = set()
    new = 0
    for number, person in people.items():
        try:
            if _record(tx, reports[number], person):
                news.add(person)
                new += 1
        except FunnelError as error:
            unmatched.append(_unmatched(reports[number], error))
    plan_enrollments(tx, sorted({run for each in news for run in runs.active_ids(tx, each)}))
    known = len(reports) - new - len(unmatched)
    return Recorded(new=new, known=known, unmatched=tuple(unmatched))


def _unmatched(report: FactReport, error: FunnelError) -> Unmatched:
    return Unmatched(report=report, error=error, is_final=not isinstance(error, _NotYetError))


def _check_kind(report: FactReport) -> None:
    if report.kind not in _REPORTED:
        words = ", ".join(sorted(_REPORTED))
        raise InvalidInputError(
            say("nobody reports “{kind}”", kind=report.kind),
            field="kind",
            remedy=say("Choose one of: {words}.", words=words),
        )
    if report.kind in _ABOUT_RUN and report.enrollment_id is None:
        raise InvalidInputError(
            say("“{kind}” belongs to a run", kind=report.kind), field="enrollment_id"
        )


def _person_of(tx: Transaction, report: FactReport) -> UUID:
    if report.enrollment_id is not None:
        run = runs.find(tx, report.enrollment_id)
        if run is None:
            raise NotFoundError("no such run")
        return run.subscriber_id
    if report.email is None:
        raise InvalidInputError(
            say("nobody is named"), field="email", remedy=say("Name a person by address or by run.")
        )
    person = subscribers.find_by_key(tx, email_key(report.email))
    if person is None:
        raise _NotYetError(say("nobody has this address"))
    return person.id


def _record(tx: Transaction, report: FactReport, person: UUID) -> bool:
    """Write one word; say whether it was new."""
    if report.kind is FactKind.GOAL:
        return _reach_goal(tx, report, person)
    if report.kind in _ABOUT_SEAT:
        return _about_seat(tx, report, person)
    return _add(tx, report, person)


def _about_seat(tx: Transaction, report: FactReport, person: UUID) -> bool:
    seat, session = _seat_of(tx, report, person)
    at = report.at or tx.now
    check_about_session(report.kind, session, at)
    if report.kind is FactKind.REGISTERED_THERE:
        is_new = _join_url(tx, report.url, seat, at)
    elif report.kind is FactKind.WATCHED:
        is_new = seat.watched_at is None or at < seat.watched_at
        registrations.set_watched(tx, seat.id, at)
    else:
        is_new = _attendance(tx, report.kind, seat, at)
    if is_new:
        _add(tx, report, person, enrollment_id=seat.enrollment_id, session_id=seat.session_id)
    return is_new


def _attendance(tx: Transaction, kind: FactKind, seat: Seat, at: datetime) -> bool:
    """Write who came, from when until when; say whether any of it is new."""
    is_new = False
    if kind is FactKind.JOINED and (seat.joined_at is None or at < seat.joined_at):
        registrations.set_presence(tx, seat.id, joined_at=at, left_at=None)
        is_new = True
    if kind is FactKind.LEFT_ROOM and (seat.left_at is None or at > seat.left_at):
        registrations.set_presence(tx, seat.id, joined_at=None, left_at=at)
        is_new = True
    attendance = _ATTENDANCE[kind]
    if not _speaks_later(attendance, at, seat):
        return is_new
    if seat.attendance is attendance:
        # Nothing new, yet a word for a moment in between that comes later must not outweigh it.
        registrations.confirm_attendance(tx, seat.id, at)
        return is_new
    registrations.set_attendance(tx, seat.id, attendance, at)
    return True


def _join_url(tx: Transaction, url: str, seat: Seat, at: datetime) -> bool:
    """Keep the way into the room that was given last, whichever is told first."""
    known = (seat.join_url_at or at, seat.join_url)
    if not url or url == seat.join_url or (seat.join_url and (at, url) < known):
        return False
    registrations.set_join_url(tx, seat.id, url, at)
    return True


def _speaks_later(attendance: Attendance, at: datetime, seat: Seat) -> bool:
    """Whether this word outweighs the one that is known: the order of arrival must not matter."""
    if seat.attendance is Attendance.UNKNOWN or seat.attendance_at is None:
        return True
    is_same_moment = at == seat.attendance_at
    return at > seat.attendance_at or (is_same_moment and attendance is Attendance.ATTENDED)


def _seat_of(tx: Transaction, report: FactReport, person: UUID) -> tuple[Seat, Session]:
    session_id = report.session_id
    if report.kind is FactKind.REGISTERED_THERE:
        # Weeks ahead, other sittings of the same number are nearer: their own seat is meant.
        ahead = registrations.next_on_platform(tx, person, report.platform_id)
        session_id = session_id or (ahead.session_id if ahead else None)
    if session_id is None and report.platform_id:
        named = sessions.find_by_platform_id(tx, report.platform_id, report.at or tx.now)
        if named is None:
            raise _NotYetError(
                say(
                    "no session has the platform's number {platform_id}",
                    platform_id=report.platform_id,
                ),
                remedy=say("Give it: funnel session change ID --platform-id NUMBER."),
            )
        session_id = named.id
    seat = _held(tx, report, person, session_id)
    session = sessions.find(tx, seat.session_id) if seat else None
    if seat is not None and session is not None:
        return seat, session
    raise _no_seat(is_named=report.platform_id != "")


def _held(
    tx: Transaction, report: FactReport, person: UUID, session_id: UUID | None
) -> Seat | None:
    if session_id is not None:
        return registrations.held_in_session(tx, person, session_id)
    if report.enrollment_id is not None:
        return registrations.held(tx, report.enrollment_id)
    return registrations.newest_begun(tx, person)


def _no_seat(*, is_named: bool) -> FunnelError:
    problem = say("the person holds no seat that this could be about")
    if is_named:
        # A platform speaks of everybody who came: who is confirmed later gets the word then.
        return _NotYetError(problem)
    remedy = say("Name the session; “funnel session list” shows them.")
    return InvalidInputError(problem, field="session", remedy=remedy)


def _reach_goal(tx: Transaction, report: FactReport, person: UUID) -> bool:
    """Write the goal into the named run, else into all that are under way, else the newest."""
    if report.enrollment_id is not None:
        concerned = [report.enrollment_id]
    else:
        newest = [run.id for run in runs.of_person(tx, person)][:1]
        concerned = runs.active_ids(tx, person) or newest
    if not concerned:
        raise InvalidInputError(
            say("the person is in no sequence"),
            field="email",
            remedy=say("The goal counts for who is in a sequence."),
        )
    if not runs.reach_goal(tx, concerned, report.at or tx.now):
        return False
    return _add(tx, report, person, enrollment_id=concerned[-1])


def _add(
    tx: Transaction,
    report: FactReport,
    person: UUID,
    *,
    enrollment_id: UUID | None = None,
    session_id: UUID | None = None,
) -> bool:
    at = report.at or tx.now
    what = f"{report.kind}:{report.name}:{report.reference}"
    same = report.dedupe or f"{person}:{what}:{at.isoformat()}"
    return facts.add(
        tx,
        NewFact(
            kind=report.kind,
            subscriber_id=person,
            enrollment_id=enrollment_id or _own_run(report),
            session_id=session_id,
            source=report.source,
            at=at,
            name=report.name,
            step_key=report.step_key or None,
            reference=report.reference,
            replaces=report.replaces,
            dedupe_key=f"{report.source}:{same}",
        ),
    )


def _own_run(report: FactReport) -> UUID | None:
    """A click belongs to its run; a booking concerns them all, whichever run it was told by."""
    return report.enrollment_id if report.kind in _ABOUT_RUN else None
