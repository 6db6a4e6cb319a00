"""Take a seat: the press on the button of the confirmation page."""

from dataclasses import dataclass
from uuid import UUID

from funnel.domain.consent import Topic
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.facts import FactKind
from funnel.domain.session import Session
from funnel.domain.signup import (
    SeatChoice,
    SignupExpiredError,
    SignupStatus,
    Source,
    Visitor,
)
from funnel.domain.subscriber import (
    Subscriber,
    ZoneChoice,
    ZoneSource,
    known_zone,
    settle_zone,
)
from funnel.domain.zones import listed_zone
from funnel.services.enroll import Enrolled, EnrollRequest, enroll
from funnel.services.match_facts import match_facts
from funnel.storage import (
    consents,
    facts,
    registrations,
    sessions,
    signups,
    sources,
    subscribers,
    suppressions,
)
from funnel.storage.consents import ConsentWord
from funnel.storage.facts import NewFact
from funnel.storage.signups import SignupRecord
from funnel.storage.transaction import Transaction, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What a person has now.

    Attributes:
        session: The seat held, ``None``: the letters only.
        zone: IANA name in which times are shown to them.
        is_repeat: It had been confirmed before; nothing was changed.
    """

    subscriber_id: UUID
    enrollment_id: UUID
    session: Session | None
    zone: str
    wants_letters: bool
    is_repeat: bool


def confirm_signup(
    signup_id: UUID, choice: SeatChoice | None, visitor: Visitor, transactions: Transactions
) -> Confirmed:
    """Give the seat, write the consents, and put the person into the sequence.

    Pressing twice, in two tabs too, changes nothing more: what the first press gave is returned.

    Args:
        signup_id: As the link in the confirmation mail names it.
        choice: What the person corrected; ``None``: as it was asked for.
        visitor: Where the press came from, kept with the consents.
        transactions: On the database.

    Raises:
        NotFoundError: No such signup.
        SignupExpiredError: It was not confirmed in time.
        InvalidInputError: Neither a date nor the letters, or a zone that does not exist.
        SessionUnavailableError: The date is full, over or cancelled; nothing was changed.
    """
    with transactions.begin() as tx:
        return confirm_within(tx, signup_id, choice, visitor)


def confirm_within(
    tx: Transaction, signup_id: UUID, choice: SeatChoice | None, visitor: Visitor
) -> Confirmed:
    """Do the same inside the caller's transaction.

    Raises:
        FunnelError: As ``confirm_signup``; the caller undoes what was written before.
    """
    signup, person = _locked(tx, signup_id)
    if signup.status is SignupStatus.CONFIRMED:
        return _repeated(tx, signup, person)
    if signup.status is not SignupStatus.PENDING or signup.expires_at <= tx.now:
        raise SignupExpiredError("the signup was not confirmed in time")
    wanted = choice or SeatChoice(
        session_id=signup.session_id, zone=None, wants_letters=signup.wants_letters
    )
    _check(wanted)
    zone = _apply(tx, signup, person, wanted)
    _agree(tx, signup, wanted, visitor)
    enrolled = enroll(
        tx,
        EnrollRequest(
            subscriber_id=person.id,
            email=person.email,
            sequence_id=signup.sequence_id,
            session_id=wanted.session_id,
        ),
    )
    signups.confirm(tx, signup_id, enrolled.enrollment_id)
    _remember(tx, signup, enrolled, person)
    match_facts(tx, person.email_key)
    return Confirmed(
        subscriber_id=person.id,
        enrollment_id=enrolled.enrollment_id,
        session=enrolled.session,
        zone=zone,
        wants_letters=wanted.wants_letters or person.wants_letters,
        is_repeat=False,
    )


def _locked(tx: Transaction, signup_id: UUID) -> tuple[SignupRecord, Subscriber]:
    """Lock person and signup in that order, and return both as they are under the locks."""
    signup = signups.find(tx, signup_id)
    if signup is not None and signup.subscriber_id is not None:
        subscribers.lock(tx, [signup.subscriber_id])
        signups.lock(tx, signup_id)
        signup = signups.find(tx, signup_id)
    if signup is None:
        raise NotFoundError("no such signup")
    person = subscribers.find(tx, signup.subscriber_id) if signup.subscriber_id else None
    if person is None or not person.email:
        raise SignupExpiredError("the signup was not confirmed in time")
    return signup, person


def _check(wanted: SeatChoice) -> None:
    if wanted.session_id is None and not wanted.wants_letters:
        raise InvalidInputError(
            "neither a date nor the letters were chosen",
            field="session",
            remedy="Choose a date, the letters, or both.",
        )
    if wanted.zone is not None and known_zone(wanted.zone) is None:
        raise InvalidInputError(
            "the time zone is not known",
            field="time_zone",
            remedy="Choose a zone such as Europe/Berlin.",
        )


def _apply(tx: Transaction, signup: SignupRecord, person: Subscriber, wanted: SeatChoice) -> str:
    """Write what the signup said of its person; return the zone their times are shown in."""
    subscribers.confirm(
        tx,
        person.id,
        first_name=signup.first_name,
        last_name=signup.last_name,
        locale=signup.locale,
        fields=signup.fields,
    )
    shown = settle_zone(
        signup.zone, known=person.known_zone, session_zone=_session_zone(tx, signup)
    )
    if wanted.zone is not None and known_zone(wanted.zone) != listed_zone(shown.name or ""):
        shown = ZoneChoice(name=known_zone(wanted.zone), source=ZoneSource.PERSON)
    subscribers.set_zone(tx, person.id, shown)
    return shown.name or "UTC"


def _session_zone(tx: Transaction, signup: SignupRecord) -> str | None:
    session = sessions.find(tx, signup.session_id) if signup.session_id else None
    return session.zone if session else sessions.zone_of_sequence(tx, signup.sequence_id)


def _agree(tx: Transaction, signup: SignupRecord, wanted: SeatChoice, visitor: Visitor) -> None:
    """Write the consents, and how they stand; a box left empty takes nothing back."""
    person_id = signup.subscriber_id
    source = sources.find_by_id(tx, signup.source_id)
    if person_id is None or source is None:
        raise NotFoundError("no such signup")
    if wanted.wants_letters:
        _give_consent(tx, person_id, Topic.LETTERS, source, visitor)
    if wanted.session_id is not None:
        _give_consent(tx, person_id, Topic.SEAT, source, visitor)
    suppressions.lift_unsubscribed(tx, person_id)


def _give_consent(
    tx: Transaction, subscriber_id: UUID, topic: Topic, source: Source, visitor: Visitor
) -> None:
    word = ConsentWord(topic=topic, is_given=True, source=source.slug, wording=source.wording)
    consents.add(tx, subscriber_id, word, visitor)
    subscribers.set_wanted(tx, subscriber_id, topic, is_wanted=True)


def _remember(
    tx: Transaction, signup: SignupRecord, enrolled: Enrolled, person: Subscriber
) -> None:
    moments = {FactKind.SIGNED_UP: signup.received_at, FactKind.CONFIRMED: tx.now}
    for kind, at in moments.items():
        facts.add(
            tx,
            NewFact(
                kind=kind,
                subscriber_id=person.id,
                enrollment_id=enrolled.enrollment_id,
                session_id=enrolled.session.id if enrolled.session else None,
                source="signup",
                at=at,
            ),
        )


def _repeated(tx: Transaction, signup: SignupRecord, person: Subscriber) -> Confirmed:
    if signup.enrollment_id is None:
        raise NotFoundError("no such signup")
    seat = registrations.held(tx, signup.enrollment_id)
    return Confirmed(
        subscriber_id=person.id,
        enrollment_id=signup.enrollment_id,
        session=sessions.find(tx, seat.session_id) if seat else None,
        zone=person.zone,
        wants_letters=person.wants_letters,
        is_repeat=True,
    )
