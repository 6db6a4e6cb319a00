"""What the confirmation page shows before the button is pressed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.domain.judgement import EvidenceKind
from funnel.domain.seats import seat_problem
from funnel.domain.session import Session
from funnel.domain.signup import (
    LettersOffer,
    SeatProblem,
    SessionOffer,
    SignupStatus,
    Source,
    Visitor,
)
from funnel.domain.subscriber import Subscriber, ZoneChoice, settle_zone
from funnel.storage import (
    evidence,
    registrations,
    sequences,
    sessions,
    signups,
    sources,
    subscribers,
)
from funnel.storage.evidence import Seen
from funnel.storage.signups import SignupRecord
from funnel.storage.transaction import Transaction, Transactions

_MOST_DATES = 6


class ConfirmationState(StrEnum):
    OPEN = "open"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationPage:
    """Everything that the page shows.

    Attributes:
        email: Empty once the signup has expired: it is forgotten by then.
        session: The date wished, or held once confirmed; ``None``: the letters only.
        problem: Why that date cannot be taken any more; the page offers ``next_dates``.
        zone: IANA name in which the page shows times.
        now: Plan time, aware UTC.
        zone_given: What was given where it is not a zone: the page says that it guessed.
    """

    signup_id: UUID
    state: ConfirmationState
    subscriber_id: UUID | None
    enrollment_id: UUID | None
    sequence_id: UUID
    sequence_title: str
    email: str
    first_name: str
    session: Session | None
    problem: SeatProblem | None
    next_dates: tuple[SessionOffer, ...]
    zone: str
    zone_given: str | None
    letters: LettersOffer
    wants_letters: bool
    now: datetime


def read_confirmation(
    signup_id: UUID, transactions: Transactions, visitor: Visitor | None = None
) -> ConfirmationPage:
    """Return the page of a signup; nothing is changed, whoever fetches it.

    Args:
        signup_id: As the link names it.
        transactions: On the database.
        visitor: Kept as evidence that the link was fetched, if given.

    Raises:
        NotFoundError: No such signup.
    """
    with transactions.begin() as tx:
        signup = signups.find(tx, signup_id)
        if signup is None:
            raise NotFoundError("no such signup")
        if visitor is not None:
            evidence.add(
                tx,
                Seen(
                    kind=EvidenceKind.CONFIRMATION_FETCHED,
                    visitor=visitor,
                    subscriber_id=signup.subscriber_id,
                    signup_id=signup_id,
                ),
            )
        return _page(tx, signup)


def _page(tx: Transaction, signup: SignupRecord) -> ConfirmationPage:
    person = subscribers.find(tx, signup.subscriber_id) if signup.subscriber_id else None
    state = _state(tx, signup, person)
    session = _session(tx, signup, state)
    zone = _zone(tx, signup, person, session)
    source = sources.find_by_id(tx, signup.source_id)
    return ConfirmationPage(
        signup_id=signup.id,
        state=state,
        subscriber_id=person.id if person else None,
        enrollment_id=signup.enrollment_id,
        sequence_id=signup.sequence_id,
        sequence_title=sequences.get_sequence(tx, signup.sequence_id).title,
        email=person.email if person and state is not ConfirmationState.EXPIRED else "",
        first_name=person.first_name if person else "",
        session=session,
        problem=_problem(tx, session, person) if state is ConfirmationState.OPEN else None,
        next_dates=sessions.list_open(tx, signup.sequence_id, limit=_MOST_DATES),
        zone=zone.name or "UTC",
        zone_given=zone.given,
        letters=source.letters if isinstance(source, Source) else LettersOffer.INCLUDED,
        wants_letters=_wants_letters(signup, person, state),
        now=tx.now,
    )


def _state(tx: Transaction, signup: SignupRecord, person: Subscriber | None) -> ConfirmationState:
    if person is None or not person.email:
        return ConfirmationState.EXPIRED
    if signup.status is SignupStatus.CONFIRMED:
        return ConfirmationState.CONFIRMED
    if signup.status is SignupStatus.PENDING and signup.expires_at > tx.now:
        return ConfirmationState.OPEN
    return ConfirmationState.EXPIRED


def _session(tx: Transaction, signup: SignupRecord, state: ConfirmationState) -> Session | None:
    session_id = signup.session_id
    if state is ConfirmationState.CONFIRMED and signup.enrollment_id is not None:
        seat = registrations.held(tx, signup.enrollment_id)
        session_id = seat.session_id if seat else None
    return sessions.find(tx, session_id) if session_id else None


def _zone(
    tx: Transaction, signup: SignupRecord, person: Subscriber | None, session: Session | None
) -> ZoneChoice:
    announced = session.zone if session else sessions.zone_of_sequence(tx, signup.sequence_id)
    known = person.known_zone if person else None
    if signup.status is SignupStatus.CONFIRMED and known is not None:
        return known
    return settle_zone(signup.zone, known=known, session_zone=announced)


def _problem(
    tx: Transaction, session: Session | None, person: Subscriber | None
) -> SeatProblem | None:
    if session is None or person is None:
        return None
    own = registrations.held_in_session(tx, person.id, session.id)
    return seat_problem(session, sessions.taken(tx, session.id) - (1 if own else 0), tx.now)


def _wants_letters(
    signup: SignupRecord, person: Subscriber | None, state: ConfirmationState
) -> bool:
    if state is ConfirmationState.CONFIRMED and person is not None:
        return person.wants_letters
    return signup.wants_letters
