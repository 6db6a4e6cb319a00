"""One email in a person's calendar, and the row that it may stand for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from funnel.domain.message import MessageStatus
from funnel.domain.sequence import StepKind


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerDate:
    """A session and the start that it had, aware UTC, when an email was decided for it."""

    session_id: UUID
    starts_at: datetime


class LineState(StrEnum):
    """How an email stands, as its reader sees it."""

    SENT = "sent"
    QUEUED = "queued"  # on its way, or tried again
    COMING = "coming"
    OPEN = "open"  # comes if something turns out so
    SKIPPED = "skipped"
    FAILED = "failed"
    UNKNOWN = "unknown"  # handed over, and no answer came back
    CANCELLED = "cancelled"
    NOT_COUNTED = "not counted"  # counts from something that this person does not have


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarLine:
    """One email.

    Attributes:
        key: The step's or the notice's.
        name: What people see of it: "The tables have turned".
        kind: ``None`` for a notice.
        at: When it left, leaves or would have left, aware UTC; ``None`` only where not counted.
        why: One sentence without its full stop: why then, or why not.
        former: The date for which it was skipped, where they hold another one now.
        is_replaced: Another copy of the email stands for the date that they hold now.
        about: The start of the masterclass that a notice speaks of, aware UTC.
    """

    key: str
    name: str
    copy: int
    kind: StepKind | None
    state: LineState
    at: datetime | None
    why: str
    former: FormerDate | None = None
    is_replaced: bool = False
    about: datetime | None = None

    @property
    def is_ahead(self) -> bool:
        """Whether it is still to come, for certain or perhaps."""
        return self.state in (LineState.QUEUED, LineState.COMING, LineState.OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailRow:
    """A message of a run, or a notice about it, as its row says.

    Attributes:
        key: The step's; for a notice, that of its text.
        is_notice: Whether it is no step's: a notice, or an announcement.
        title: Of an announcement: its subject. Else empty.
        reason: Why it was not sent, with what was noted beside it.
        reasons: The planner's sentences when it was written.
        due_at: The moment that it was planned for.
        settled_at: When it was accepted, skipped, failed, cancelled or handed over.
        session_starts_at: The start of the session for which it was written, as it was then.
    """

    key: str
    is_notice: bool
    copy: int
    status: MessageStatus
    reason: str
    reasons: tuple[str, ...]
    due_at: datetime
    settled_at: datetime | None
    attempts: int
    session_id: UUID | None = None
    session_starts_at: datetime | None = None
    title: str = ""
