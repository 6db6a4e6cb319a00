"""The copies of one email that a person got or will get, as acts by hand see and change them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text

from funnel.domain.message import LETTER_PRIORITY, MessageStatus
from funnel.storage import counters
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailCopy:
    """One copy of a step in a run; moments are plan time, aware UTC.

    Attributes:
        reason: Why it was not sent; "" where it was, or is to be.
        by: Who works here and made or skipped it by hand; "" for what the plan did.
    """

    id: UUID
    copy: int
    status: MessageStatus
    reason: str
    due_at: datetime
    settled_at: datetime | None
    template_key: str
    topic: str | None
    lane: str
    priority: int
    by: str


def of_step(tx: Transaction, enrollment_id: UUID, step_key: str) -> list[EmailCopy]:
    """Return every copy of a step in a run, the first one first."""
    rows = tx.connection.execute(_OF_STEP, {"run": enrollment_id, "key": step_key}).mappings()
    return [EmailCopy(**{**row, "status": MessageStatus(row["status"])}) for row in rows]


_OF_STEP = text(
    """
    select id, copy, status, coalesce(reason, '') as reason, due_at, settled_at, template_key,
           topic, lane, priority, coalesce(data ->> 'by', '') as by
    from messages where enrollment_id = :run and step_key = :key and kind = 'sequence'
    order by copy
    """
)


def note_who(tx: Transaction, message_id: UUID, *, by: str) -> None:
    """Write into a message's row who decided about it by hand."""
    tx.connection.execute(_NOTE_WHO, {"id": message_id, "by": by})


_NOTE_WHO = text(
    """
    update messages set data = data || jsonb_build_object('by', cast(:by as text)) where id = :id
    """
)


def forget_skip(tx: Transaction, message_id: UUID) -> bool:
    """Take back the row of a skip whose moment has not come; say whether it was there.

    It was a decision about the future and nothing else: the planner decides again, and the audit
    log says what was done.
    """
    row = tx.connection.execute(_FORGET_SKIP, {"id": message_id}).one_or_none()
    if row is None:
        return False
    counted = counters.settled(row, MessageStatus.SKIPPED)
    counters.move(tx, {tally: -number for tally, number in counted.items()})
    return True


_FORGET_SKIP = text(
    """
    delete from messages where id = :id and status = 'skipped' and due_at > plan_now()
    returning sequence_id, step_key, copy = 0 as is_first
    """
)


def letter_days(tx: Transaction, subscriber_id: UUID, zone: ZoneInfo) -> set[date]:
    """Return the local days from yesterday on that letters to a person take, in all their runs."""
    values = {"person": subscriber_id, "letter": LETTER_PRIORITY}
    left = tx.connection.execute(_LETTERS, values).scalars()
    days = {each.astimezone(zone).date() for each in left}
    ahead: Sequence[list[date]] = tx.connection.execute(_DAYS_AHEAD, values).scalars().all()
    return days.union(*ahead)


_LETTERS = text(
    """
    select coalesce(accepted_at, due_at) from messages
    where subscriber_id = :person and priority = :letter
      and status in ('queued', 'sending', 'accepted', 'unknown')
      and coalesce(accepted_at, due_at) > plan_now() - interval '2 days'
    """
)
_DAYS_AHEAD = text(
    "select letter_days from enrollments where subscriber_id = :person and state = 'active'"
)
