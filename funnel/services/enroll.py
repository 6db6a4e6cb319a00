"""Put a person into a sequence, or change the date of who is in it: PRODUCT, "Another date"."""

from dataclasses import dataclass
from uuid import UUID

from funnel.domain.errors import InvalidInputError
from funnel.domain.message import Notice
from funnel.domain.runs import LatestRun, starts_new_run
from funnel.domain.seats import seat_problem
from funnel.domain.sequence import RunPolicy
from funnel.domain.session import SeatStatus, Session
from funnel.domain.signup import SessionUnavailableError
from funnel.domain.speech import say
from funnel.services.plan_enrollments import plan_enrollments
from funnel.services.queue_notice import (
    NoticeRequest,
    former_date,
    queue_notice,
    told_date,
)
from funnel.storage import registrations, runs, sequences, sessions
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrollRequest:
    """Who, in which sequence, with which seat.

    Attributes:
        session_id: The date; ``None``: the letters only, and a seat that is held stays.
    """

    subscriber_id: UUID
    email: str
    sequence_id: UUID
    session_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """The run that a person is in now, and the seat that it holds."""

    enrollment_id: UUID
    session: Session | None
    is_new_run: bool


def enroll(tx: Transaction, request: EnrollRequest) -> Enrolled:
    """Begin a run or change the latest one, give the seat, and plan all runs concerned.

    The caller holds the person's lock and has written consents before: the plan reads them. Safe
    to call twice: the same seat again changes nothing.

    Raises:
        InvalidInputError: The session is not one of this sequence.
        SessionUnavailableError: Full, over or cancelled; it carries the next dates.
    """
    latest = runs.find_latest(tx, request.subscriber_id, request.sequence_id)
    policy = _policy(tx, request.sequence_id)
    is_new_run = starts_new_run(latest, request.session_id, policy, tx.now)
    has_it = not is_new_run and latest is not None and latest.session_id == request.session_id
    wished = None if request.session_id is None or has_it else _free_seat(tx, request)
    enrollment_id = _new_run(tx, request, latest) if latest is None or is_new_run else latest.id
    if wished is not None:
        runs.wake(tx, enrollment_id)
        _give(tx, enrollment_id, request, wished)
    seat = registrations.held(tx, enrollment_id)
    if seat is None:
        _welcome(tx, enrollment_id, request)
    plan_enrollments(tx, runs.active_ids(tx, request.subscriber_id))
    session = sessions.find(tx, seat.session_id) if seat else None
    return Enrolled(enrollment_id=enrollment_id, session=session, is_new_run=is_new_run)


def _free_seat(tx: Transaction, request: EnrollRequest) -> Session:
    """Lock the wished session and return it, if it has a seat for this person."""
    session_id = request.session_id
    session = sessions.lock(tx, session_id) if session_id else None
    if session is None or sessions.sequence_of(tx, session.id) != request.sequence_id:
        raise InvalidInputError(
            say("there is no such session"),
            field="session",
            remedy=say("Choose one of the dates shown."),
        )
    # A run that its person left keeps its seat; who comes back for it does not need a second.
    own = registrations.held_in_session(tx, request.subscriber_id, session.id)
    taken = sessions.taken(tx, session.id) - (1 if own else 0)
    problem = seat_problem(session, taken, tx.now)
    if problem is not None:
        dates = sessions.list_open(tx, request.sequence_id)
        raise SessionUnavailableError(problem, session, dates)
    return session


def _policy(tx: Transaction, sequence_id: UUID) -> RunPolicy:
    version_id = sequences.get_sequence(tx, sequence_id).live_version_id
    return sequences.read_definition(tx, version_id).runs


def _new_run(tx: Transaction, request: EnrollRequest, latest: LatestRun | None) -> UUID:
    number = latest.run + 1 if latest else 1
    enrollment_id = runs.add(tx, request.subscriber_id, request.email, request.sequence_id, number)
    runs.end_letters_of_others(tx, enrollment_id)
    return enrollment_id


def _give(tx: Transaction, enrollment_id: UUID, request: EnrollRequest, wished: Session) -> None:
    former = registrations.held(tx, enrollment_id)
    # Who gave up a seat and takes another in the same run has had the email of the first: the
    # notice of the new date tells them that they are in again.
    last = former or registrations.latest(tx, enrollment_id)
    own = registrations.held_in_session(tx, request.subscriber_id, wished.id)
    for seat in (former, own):
        if seat is not None:
            registrations.end(tx, seat.id, SeatStatus.MOVED)
            runs.set_session(tx, seat.enrollment_id, None)
    registrations.add(tx, enrollment_id, request.subscriber_id, wished.id)
    runs.set_session(tx, enrollment_id, wished.id)
    before = sessions.find(tx, last.session_id) if last else None
    if before is not None:
        _say_moved(tx, enrollment_id, request, before, wished)


def _say_moved(
    tx: Transaction,
    enrollment_id: UUID,
    request: EnrollRequest,
    before: Session,
    wished: Session,
) -> None:
    run = runs.find(tx, enrollment_id)
    revision = run.calendar_revision if run else 0
    queue_notice(
        tx,
        NoticeRequest(
            notice=Notice.SESSION_MOVED,
            subscriber_id=request.subscriber_id,
            sequence_id=request.sequence_id,
            enrollment_id=enrollment_id,
            session_id=wished.id,
            session_starts_at=wished.starts_at,
            # The revision: who moves there and back and there again is told each time.
            dedupe=f"{enrollment_id}:{revision}",
            data=told_date(wished) | ({} if before.id == wished.id else former_date(before)),
        ),
    )


def _welcome(tx: Transaction, enrollment_id: UUID, request: EnrollRequest) -> None:
    queue_notice(
        tx,
        NoticeRequest(
            notice=Notice.WELCOME,
            subscriber_id=request.subscriber_id,
            sequence_id=request.sequence_id,
            enrollment_id=enrollment_id,
            dedupe=str(enrollment_id),  # once a run, however often its person asks
        ),
    )
