"""What a person's own link to the room shows, by the time it is opened."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.domain.judgement import EvidenceKind
from funnel.domain.session import Attendance, Session
from funnel.domain.signup import Visitor
from funnel.storage import evidence, registrations, runs, sessions, subscribers
from funnel.storage.evidence import Seen
from funnel.storage.registrations import Seat
from funnel.storage.transaction import Transactions


class JoinState(StrEnum):
    BEFORE = "before"  # the page says when; the door is still closed
    OPEN = "open"  # from ten minutes before the start until the end: the room
    REPLAY = "replay"  # over, and there is a recording
    OVER = "over"  # over, without one (yet, or any more)
    CANCELLED = "cancelled"  # the host called the date off
    NO_SEAT = "no seat"  # given up, or never taken


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPage:
    """Everything that the page shows.

    Attributes:
        session: The date held, or the one that was held last; ``None`` where there never was one.
        zone: IANA name in which the page shows times.
        room_url: Where to go; filled only while the door is open.
        replay_closes_at: Aware, plan time; with ``JoinState.REPLAY``.
        now: Aware, plan time.
    """

    state: JoinState
    enrollment_id: UUID
    subscriber_id: UUID
    sequence_id: UUID
    first_name: str
    session: Session | None
    zone: str
    room_url: str
    attendance: Attendance
    replay_closes_at: datetime | None
    now: datetime


def open_join_link(enrollment_id: UUID, visitor: Visitor, transactions: Transactions) -> JoinPage:
    """Return what the join link of a run shows now, and keep that it was opened as evidence.

    The page itself settles nothing: mail scanners open it as well. What was seen in the session's
    window is judged later, and counts as having attended where the session's setting says so. A way
    into the room that the platform gave this person goes before the session's.

    Raises:
        NotFoundError: No such run.
    """
    with transactions.begin() as tx:
        run = runs.find(tx, enrollment_id)
        person = subscribers.find(tx, run.subscriber_id) if run else None
        if run is None or person is None:
            raise NotFoundError("no such run")
        held = registrations.held(tx, enrollment_id)
        seat = held or registrations.latest(tx, enrollment_id)
        session = sessions.find(tx, seat.session_id) if seat else None
        state = _state(session, held, tx.now)
        is_open = session is not None and state is JoinState.OPEN
        seen = Seen(
            kind=EvidenceKind.JOIN_LINK_OPENED,
            visitor=visitor,
            subscriber_id=person.id,
            enrollment_id=enrollment_id,
            session_id=session.id if session and is_open else None,
        )
        evidence.add(tx, seen)
        return JoinPage(
            state=state,
            enrollment_id=enrollment_id,
            subscriber_id=person.id,
            sequence_id=run.sequence_id,
            first_name=person.first_name,
            session=session,
            zone=person.zone,
            room_url=_room_url(session, held) if is_open else "",
            attendance=held.attendance if held else Attendance.UNKNOWN,
            replay_closes_at=(
                session.replay_closes_at if session and state is JoinState.REPLAY else None
            ),
            now=tx.now,
        )


def _room_url(session: Session | None, held: Seat | None) -> str:
    own = held.join_url if held else ""
    return own or (session.join_url if session else "")


def _state(session: Session | None, held: Seat | None, now: datetime) -> JoinState:
    if session is not None and session.cancelled_at is not None:
        return JoinState.CANCELLED
    if session is None or held is None:
        return JoinState.NO_SEAT
    if now < session.door_opens_at:
        return JoinState.BEFORE
    if now < session.ends_at:
        return JoinState.OPEN
    has_replay = bool(session.replay_url) and now < session.replay_closes_at
    return JoinState.REPLAY if has_replay else JoinState.OVER
