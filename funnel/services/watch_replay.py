"""The recording: what its page shows, and the press on "Watch"."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.domain.facts import FactKind
from funnel.domain.judgement import EvidenceKind
from funnel.domain.session import Session
from funnel.domain.signup import Visitor
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import evidence, facts, registrations, runs, sessions, subscribers
from funnel.storage.evidence import Seen
from funnel.storage.facts import NewFact
from funnel.storage.registrations import Seat
from funnel.storage.transaction import Transaction, Transactions


class ReplayState(StrEnum):
    NONE = "none"  # there is no recording (yet), or no seat
    OPEN = "open"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPage:
    """Everything that the page shows; it does not hold the recording's address.

    Attributes:
        zone: IANA name in which the page shows times.
        closes_at: Aware, plan time; ``None`` where there is no recording.
        now: Aware, plan time.
    """

    state: ReplayState
    enrollment_id: UUID
    subscriber_id: UUID
    sequence_id: UUID
    first_name: str
    session: Session | None
    zone: str
    closes_at: datetime | None
    is_watched: bool
    now: datetime


def read_replay(enrollment_id: UUID, visitor: Visitor, transactions: Transactions) -> ReplayPage:
    """Return what the replay link of a run shows now, and keep that it was opened as evidence.

    Raises:
        NotFoundError: No such run.
    """
    with transactions.begin() as tx:
        run = runs.find(tx, enrollment_id)
        person = subscribers.find(tx, run.subscriber_id) if run else None
        if run is None or person is None:
            raise NotFoundError("no such run")
        seen = Seen(
            kind=EvidenceKind.REPLAY_FETCHED,
            visitor=visitor,
            subscriber_id=person.id,
            enrollment_id=enrollment_id,
        )
        evidence.add(tx, seen)
        seat, session = _recorded(tx, enrollment_id)
        state = _state(session, tx.now)
        return ReplayPage(
            state=state,
            enrollment_id=enrollment_id,
            subscriber_id=person.id,
            sequence_id=run.sequence_id,
            first_name=person.first_name,
            session=session,
            zone=person.zone,
            closes_at=session.replay_closes_at if session and session.replay_url else None,
            is_watched=seat is not None and seat.watched_at is not None,
            now=tx.now,
        )


def watch_replay(enrollment_id: UUID, transactions: Transactions) -> str:
    """Write that the person watches the recording, and return its address; safe to repeat.

    Raises:
        NotFoundError: No such run, or no recording that is open now.
    """
    with transactions.begin() as tx:
        run = runs.find(tx, enrollment_id)
        if run is None:
            raise NotFoundError("no such run")
        subscribers.lock(tx, [run.subscriber_id])
        seat, session = _recorded(tx, enrollment_id)
        if seat is None or session is None or _state(session, tx.now) is not ReplayState.OPEN:
            raise NotFoundError("there is no recording that is open now")
        if seat.watched_at is None:
            _remember(tx, seat)
            plan_enrollments(tx, [enrollment_id])
        return session.replay_url


def _recorded(tx: Transaction, enrollment_id: UUID) -> tuple[Seat | None, Session | None]:
    seat = registrations.held(tx, enrollment_id)
    return seat, sessions.find(tx, seat.session_id) if seat else None


def _state(session: Session | None, now: datetime) -> ReplayState:
    if session is None or not session.replay_url or now < session.ends_at:
        return ReplayState.NONE
    return ReplayState.OPEN if now < session.replay_closes_at else ReplayState.ENDED


def _remember(tx: Transaction, seat: Seat) -> None:
    registrations.set_watched(tx, seat.id, tx.now)
    facts.add(
        tx,
        NewFact(
            kind=FactKind.WATCHED,
            subscriber_id=seat.subscriber_id,
            enrollment_id=seat.enrollment_id,
            session_id=seat.session_id,
            source="replay page",
            at=tx.now,
        ),
    )
