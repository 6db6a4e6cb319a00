"""One run of one subscriber in one sequence, and all that the planner is told about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.facts import Happening
from funnel.domain.message import MessageStatus
from funnel.domain.plan import Decision, PlannedStep, SkipReason
from funnel.domain.sequence import StepKind
from funnel.domain.session import Registration, Session


class EnrollmentState(StrEnum):
    ACTIVE = "active"
    COMPLETED = "completed"
    LEFT = "left"


class LettersEnd(StrEnum):
    """Why a run sends no more letters, though its service emails go on."""

    SUPERSEDED = "a newer run has begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedStep:
    """A message row of this run: settled, queued, or in somebody's hands.

    Attributes:
        moment: Its planned moment (plan time, aware UTC).
        settled_at: When it was settled; ``None`` while queued or sending.
        session_starts_at: Start of the session that it was planned for; ``None`` without one.
        session_id: That session.
        skip: Why it was skipped, with ``SKIPPED``; it tells whether a letter's day stays used.
        is_letter: It was planned as a letter: it keeps its day also when a later version of the
            sequence does not have its step.
        was_removed: It was cancelled because its step was taken out of the sequence.
    """

    key: str
    copy: int
    status: MessageStatus
    moment: datetime
    settled_at: datetime | None = None
    session_id: UUID | None = None
    session_starts_at: datetime | None = None
    skip: SkipReason | None = None
    is_letter: bool = False
    was_removed: bool = False

    @classmethod
    def of(cls, line: PlannedStep, session: Session | None, now: datetime) -> "PassedStep":
        """Return the row of a line of a plan: queued, or skipped with its reason.

        Args:
            line: Any that is written at ``now`` (aware, in plan time); all but ``SEND`` is a skip.
            session: The one that it was planned for.
            now: When it is written.
        """
        is_skip = line.decision is not Decision.SEND
        return cls(
            key=line.key,
            copy=line.copy,
            status=MessageStatus.SKIPPED if is_skip else MessageStatus.QUEUED,
            moment=line.moment or now,
            settled_at=now if is_skip else None,
            session_id=session.id if session else None,
            session_starts_at=session.starts_at if session else None,
            skip=line.skip if is_skip else None,
            is_letter=line.kind is StepKind.LETTER,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment:
    """The run itself, as the planner sees it; moments are aware UTC, in plan time."""

    enrolled_at: datetime
    zone: ZoneInfo
    letters_end: LettersEnd | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that happened and that a plan may depend on.

    Attributes:
        registration: The seat now held (its session neither cancelled nor given up), or ``None``.
        passed: Message rows of this run, every copy.
        wants_letters: Consent to ``letters``.
        wants_seat_emails: Consent to ``seat``.
        goal_reached_at: When the goal ("booked a call") was reached.
        had_letters: Letters that the person got in other runs within 180 days: key to local day.
        happened: Clicks in this run, and bookings, purchases, tags, replies of the person; in
            order of their moment.
        fields: What the person's fields say, such as "company".
        letters_paused_until: No letter leaves before; ``None``: not paused.
    """

    registration: Registration | None = None
    passed: tuple[PassedStep, ...] = ()
    wants_letters: bool = True
    wants_seat_emails: bool = True
    goal_reached_at: datetime | None = None
    had_letters: Mapping[str, date] = field(default_factory=dict)
    happened: tuple[Happening, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    letters_paused_until: datetime | None = None
