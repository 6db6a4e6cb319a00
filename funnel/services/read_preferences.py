"""What a person sees of themselves: their seats, and what they get."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from funnel.domain.consent import SuppressionReason
from funnel.domain.enrollment import EnrollmentState
from funnel.domain.errors import NotFoundError
from funnel.domain.judgement import EvidenceKind
from funnel.domain.sequence import StepKind
from funnel.domain.session import Session
from funnel.domain.signup import Visitor
from funnel.services.read_person_calendar import calendar_in
from funnel.storage import evidence, registrations, runs, sessions, subscribers, suppressions
from funnel.storage.evidence import Seen
from funnel.storage.runs import RunRecord
from funnel.storage.transaction import Transaction, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRun:
    """One run as its person sees it.

    Attributes:
        session: The seat held; ``None`` without one.
        can_change: The seat may still be given up or changed, or a first one taken.
    """

    enrollment_id: UUID
    sequence_id: UUID
    sequence_title: str
    state: EnrollmentState
    session: Session | None
    can_change: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """How things stand with a person.

    Attributes:
        zone_given: What was given where it is not a zone: their times are in ``zone`` instead.
        has_left: They left everything.
        now: Plan time, aware UTC.
        letters_paused_until: No letter comes before; ``None``: not paused (any more).
        next_letter_at: When the next one leaves that is certain to come, or may.
        runs: The newest first.
    """

    subscriber_id: UUID
    email: str
    first_name: str
    zone: str
    zone_given: str | None
    wants_letters: bool
    wants_seat_emails: bool
    has_left: bool
    now: datetime
    letters_paused_until: datetime | None
    next_letter_at: datetime | None
    runs: tuple[HeldRun, ...]


def read_preferences(
    subscriber_id: UUID,
    transactions: Transactions,
    visitor: Visitor | None = None,
    *,
    page: EvidenceKind = EvidenceKind.PREFERENCES_FETCHED,
) -> Preferences:
    """Return a person's preferences.

    Args:
        subscriber_id: As the link names them.
        transactions: On the database.
        visitor: Kept as evidence that the page was fetched, if given.
        page: Which of the pages that show them it was.

    Raises:
        NotFoundError: No such person, or one that is forgotten.
    """
    with transactions.begin() as tx:
        person = subscribers.find(tx, subscriber_id)
        if person is None or not person.email:
            raise NotFoundError("no such person")
        if visitor is not None:
            evidence.add(tx, Seen(kind=page, visitor=visitor, subscriber_id=person.id))
        reason = suppressions.find(tx, person.email_key)
        theirs = runs.of_person(tx, subscriber_id)
        return Preferences(
            subscriber_id=person.id,
            email=person.email,
            first_name=person.first_name,
            zone=person.zone,
            zone_given=person.zone_given,
            wants_letters=person.wants_letters,
            wants_seat_emails=person.wants_seat_emails,
            has_left=reason is SuppressionReason.UNSUBSCRIBED,
            now=tx.now,
            letters_paused_until=_paused_until(tx, subscriber_id),
            next_letter_at=_next_letter_at(tx, theirs),
            runs=tuple(_held(tx, run) for run in theirs),
        )


def _paused_until(tx: Transaction, subscriber_id: UUID) -> datetime | None:
    until = subscribers.letters_paused_until(tx, subscriber_id)
    return until if until is not None and until > tx.now else None


def _next_letter_at(tx: Transaction, theirs: Sequence[RunRecord]) -> datetime | None:
    moments = [
        line.at
        for run in theirs
        if run.state is EnrollmentState.ACTIVE
        for line in calendar_in(tx, run.id).lines
        if line.is_ahead and line.kind is StepKind.LETTER and line.at is not None
    ]
    return min(moments, default=None)


def _held(tx: Transaction, run: RunRecord) -> HeldRun:
    seat = registrations.held(tx, run.id)
    session = sessions.find(tx, seat.session_id) if seat else None
    is_ahead = session is None or session.starts_at > tx.now
    return HeldRun(
        enrollment_id=run.id,
        sequence_id=run.sequence_id,
        sequence_title=run.sequence_title,
        state=run.state,
        session=session,
        can_change=is_ahead and run.state is not EnrollmentState.LEFT,
    )
