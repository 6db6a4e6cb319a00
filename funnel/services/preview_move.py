"""What moving a masterclass would do, before anybody lets go of it; nothing is written."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from funnel.domain.calendar import PersonCalendar
from funnel.domain.errors import InvalidInputError
from funnel.domain.session import Registration, Session
from funnel.domain.session_dates import check_movable
from funnel.domain.speech import say
from funnel.services.read_person_calendar import calendar_of
from funnel.storage import enrollments, sessions
from funnel.storage.enrollments import Run
from funnel.storage.transaction import Transaction, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePreview:
    """One person's calendar as it is and as it would be, and how many move with them.

    Attributes:
        after: ``None`` where the session cannot be held then.
        people: Seats that are taken in the session, the person's own among them.
        problem: Why it cannot be held then, as sentences; "" where it can.
    """

    before: PersonCalendar
    after: PersonCalendar | None
    people: int
    problem: str = ""


def preview_move(
    enrollment_id: UUID, starts_at: datetime, transactions: Transactions
) -> MovePreview:
    """Return what moving the session of one run would do, without locks and without a trace.

    Args:
        enrollment_id: A run whose person holds a seat in a session that lies ahead.
        starts_at: Where the session would begin, aware, plan time; its length stays.
        transactions: One is opened, and only reads.

    Raises:
        InvalidInputError: No such run under way, or it holds no seat: there is nothing to move.
    """
    with transactions.begin() as tx:
        run, registration = _seat(tx, enrollment_id)
        before = calendar_of(tx, run)
        moved = _moved(registration.session, starts_at)
        people = sessions.taken(tx, moved.id)
        problem = _problem(tx, run.sequence_id, registration.session, moved)
        if problem:
            return MovePreview(before=before, after=None, people=people, problem=problem)
        after = calendar_of(tx, run, registration=replace(registration, session=moved))
        return MovePreview(before=before, after=after, people=people)


def read_company(session_id: UUID, transactions: Transactions) -> int:
    """Return how many seats of a session are taken: who moves with it."""
    with transactions.begin() as tx:
        return sessions.taken(tx, session_id)


def _seat(tx: Transaction, enrollment_id: UUID) -> tuple[Run, Registration]:
    runs = enrollments.load_runs(tx, [enrollment_id])
    if not runs or runs[0].facts.registration is None:
        raise InvalidInputError(
            say("there is no seat that could move"),
            field="run",
            remedy=say("Choose a person who holds a seat in a masterclass that lies ahead."),
        )
    return runs[0], runs[0].facts.registration


def _moved(session: Session, starts_at: datetime) -> Session:
    return replace(
        session, starts_at=starts_at, ends_at=starts_at + (session.ends_at - session.starts_at)
    )


def _problem(tx: Transaction, sequence_id: UUID, session: Session, moved: Session) -> str:
    if session.starts_at > tx.now >= moved.starts_at:
        return say("That moment has passed. Choose a later day.")
    try:
        check_movable(session, moved.starts_at, moved.ends_at - moved.starts_at, tx.now)
    except InvalidInputError as error:
        return f"{_sentence(str(error))} {error.remedy}".strip()
    other = sessions.overlapping(
        tx, sequence_id, moved.starts_at, moved.ends_at, apart_from=session.id
    )
    if other is None:
        return ""
    return say(
        "Another date of this masterclass is held at that time. Move or cancel that one first."
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
