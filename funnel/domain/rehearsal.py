"""What a rehearsal is about and what comes of it: people with a script, a world, and their emails.

Values only; ``rehearsal_walk`` plays them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.errors import FunnelError
from funnel.domain.message import MessageStatus
from funnel.domain.sequence import Anchor, AnchorKind, SequenceDefinition, StepKind, Timing
from funnel.domain.session import Session

# From queueing to the provider's "accepted"; in production it is less than that.
LATENCY = timedelta(seconds=1)
# From signing up to the press on "Take my seat", where a script does not say.
PRESSES_AFTER = timedelta(minutes=5)
AT_ONCE = Timing(anchor=Anchor(kind=AnchorKind.ENROLLMENT))


class ActKind(StrEnum):
    """What a person of a rehearsal may do, or what may be reported of them."""

    ATTENDED = "attended"
    MISSED = "missed"
    WATCHED = "watched the replay"
    CLICKED = "clicked"
    BOOKED = "booked"
    BOOKING_CANCELLED = "booking cancelled"
    BOUGHT = "bought"
    REPLIED = "replied"
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    GOAL = "goal"
    PAUSES = "pauses"
    STOPS_LETTERS = "stops letters"
    STOPS_SEAT = "stops seat emails"
    LEAVES = "leaves"
    GIVES_UP_SEAT = "gives up seat"
    CHANGES_DATE = "changes date"
    SIGNS_UP_AGAIN = "signs up again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One line of a person's script.

    Attributes:
        when: Counted as a step's timing is; an anchor that is a step means that email's leaving.
        run: Which of the person's runs its anchors speak of, the first is 1.
        name: Link, tag, kind of booking or product.
        step_key: The email in which a link was clicked.
        reference: Which booking, where somebody makes several.
        session: The date chosen, counted from 1; ``None``: the letters only.
        days: How long a pause lasts.
        left_after: With ``attended``: when they left the room, counted from its start.
    """

    kind: ActKind
    when: Timing
    run: int = 1
    name: str = ""
    step_key: str = ""
    reference: str = ""
    session: int | None = None
    days: int = 7
    left_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedPerson:
    """Somebody, made up or real, and what they do.

    Attributes:
        name: As the rehearsal shows them, unique in it.
        id: Of the subscriber; made from the name where the person is made up.
        signs_up: Counted from the rehearsal's start (``enrollment``) or from the date chosen.
        presses_after: From signing up to the press in the confirmation; ``None``: never.
        session: The date chosen, counted from 1; ``None``: the letters only.
        wants_letters: Whether the signup asks for the letters.
        had_letters: Letters that they got in earlier runs: key to local day.
    """

    name: str
    id: UUID
    zone: ZoneInfo
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    signs_up: Timing = AT_ONCE
    presses_after: timedelta | None = PRESSES_AFTER
    session: int | None = 1
    wants_letters: bool = True
    fields: Mapping[str, str] = field(default_factory=dict)
    had_letters: Mapping[str, date] = field(default_factory=dict)
    taken_days: frozenset[date] = frozenset()
    script: tuple[Act, ...] = ()


class SessionActKind(StrEnum):
    """What the host may do with a date."""

    CLOSES = "closed"
    SHOWS_REPLAY = "replay link"
    MOVES = "moved"
    CANCELS = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAct:
    """Something that the host does.

    Attributes:
        starts_at: The new start of a date that moves.
        line: Where the file of facts says it; 0: no file does.
    """

    kind: SessionActKind
    session_id: UUID
    at: datetime
    starts_at: datetime | None = None
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedWorld:
    """What surrounds the people; moments are aware UTC, in plan time.

    Attributes:
        sessions: The dates that can be chosen, in order.
        ends_at: Nothing is looked at after it.
        latency: From queueing to the hand-over.
        reminder_after: When somebody who did not confirm is reminded, once.
        confirmation_lasts: How long a signup can be confirmed.
    """

    version: SequenceDefinition
    sessions: tuple[Session, ...]
    starts_at: datetime
    ends_at: datetime
    acts: tuple[SessionAct, ...] = ()
    latency: timedelta = LATENCY
    reminder_after: timedelta = timedelta(hours=4)
    confirmation_lasts: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """How the person stood when an email left: what its text would speak of."""

    run_id: UUID
    session: Session | None
    holds_seat: bool
    calendar_revision: int
    wants_letters: bool
    former: Session | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedEmail:
    """What became of one email for one person.

    Attributes:
        key: The step's key, or the notice's.
        kind: ``None`` for a notice.
        run: Which run of the person, the first is 1; 0 before there is one.
        moment: When it was planned, aware UTC.
        settled_at: When it left or was given up; ``None`` while it is still to come.
        reason: Why it was not sent, in the words of its row.
        reasons: How the moment came about, one short sentence each.
        scene: For what left: what its text would be given.
    """

    key: str
    copy: int
    kind: StepKind | None
    run: int
    status: MessageStatus
    moment: datetime
    settled_at: datetime | None
    reason: str = ""
    reasons: tuple[str, ...] = ()
    session_id: UUID | None = None
    scene: Scene | None = None

    @property
    def has_left(self) -> bool:
        """Whether the person got it."""
        return self.status is MessageStatus.ACCEPTED


class Severity(StrEnum):
    """``ERROR`` must be mended before it goes live; a ``WARNING`` is to be weighed."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalFinding:
    """Something that the rehearsal brought to light: what, about whom, and what to do."""

    severity: Severity
    message: str
    remedy: str = ""
    person: str = ""
    step_key: str = ""
    variable: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedLife:
    """All that one person gets and does not get, in the order in which it was settled.

    Attributes:
        has_ended: Nothing is to come after the last of them.
        is_cut: It was broken off because whoever asked does not wait longer.
    """

    person: RehearsedPerson
    emails: tuple[RehearsedEmail, ...]
    findings: tuple[RehearsalFinding, ...] = ()
    has_ended: bool = True
    is_cut: bool = False


class RehearsalStuckError(FunnelError):
    """The planner asks to be asked again and again, and nothing comes of it: a defect of ours."""
