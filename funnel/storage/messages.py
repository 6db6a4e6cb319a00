"""Messages as the planner writes them: queued when due, skipped with a reason, moved by facts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from funnel.domain.message import MessageKind, MessageStatus, check_move
from funnel.storage import counters
from funnel.storage.counters import Tally
from funnel.storage.message_tables import MessageRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message to be written; moments are plan time.

    Attributes:
        reason: Why it is not sent, with ``MessageStatus.SKIPPED``.
        data: What a notice's text needs beside the person.
    """

    id: UUID
    kind: MessageKind
    dedupe_key: str
    subscriber_id: UUID
    sequence_id: UUID
    template_key: str
    lane: str
    priority: int
    due_at: datetime
    status: MessageStatus = MessageStatus.QUEUED
    reason: str | None = None
    topic: str | None = None
    enrollment_id: UUID | None = None
    signup_id: UUID | None = None
    session_id: UUID | None = None
    session_starts_at: datetime | None = None
    step_key: str | None = None
    copy: int = 0
    valid_until: datetime | None = None
    plan_revision: int | None = None
    settled_at: datetime | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedMessage:
    """A queued message that has another moment now, or the same one under a newer plan."""

    id: UUID
    due_at: datetime
    valid_until: datetime | None
    plan_revision: int
    has_moved: bool
    session_id: UUID | None
    session_starts_at: datetime | None


def add(tx: Transaction, messages: Sequence[NewMessage]) -> int:
    """Write messages; one whose dedupe key exists already is left out. Return how many were new."""
    if not messages:
        return 0
    statement = (
        insert(MessageRow)
        .on_conflict_do_nothing(index_elements=[MessageRow.dedupe_key])
        .returning(
            MessageRow.sequence_id, MessageRow.step_key, MessageRow.template_key, MessageRow.status
        )
    )
    written = tx.connection.execute(statement, [_values(each) for each in messages]).all()
    changes: Counter[Tally] = Counter()
    for row in written:
        if MessageStatus(row.status).is_settled:
            changes[Tally(row.sequence_id, row.step_key or row.template_key, row.status)] += 1
    counters.move(tx, changes)
    return len(written)


def _values(message: NewMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "kind": message.kind,
        "dedupe_key": message.dedupe_key,
        "subscriber_id": message.subscriber_id,
        "sequence_id": message.sequence_id,
        "template_key": message.template_key,
        "lane": message.lane,
        "priority": message.priority,
        "due_at": message.due_at,
        "status": message.status,
        "reason": message.reason,
        "topic": message.topic,
        "enrollment_id": message.enrollment_id,
        "signup_id": message.signup_id,
        "session_id": message.session_id,
        "session_starts_at": message.session_starts_at,
        "step_key": message.step_key,
        "copy": message.copy,
        "valid_until": message.valid_until,
        "plan_revision": message.plan_revision,
        "settled_at": message.settled_at,
        "data": message.data,
    }


def move_queued(tx: Transaction, moved: Sequence[MovedMessage]) -> None:
    """Give queued messages their new moment; what the broker holds of a moved one is void."""
    if not moved:
        return
    tx.connection.execute(
        _MOVE_QUEUED,
        [
            {
                "message_id": each.id,
                "due_at": each.due_at,
                "valid_until": each.valid_until,
                "plan_revision": each.plan_revision,
                "has_moved": each.has_moved,
                "session_id": each.session_id,
                "session_starts_at": each.session_starts_at,
            }
            for each in moved
        ],
    )


_MOVE_QUEUED = text(
    """
    update messages set
        due_at = :due_at, valid_until = :valid_until, plan_revision = :plan_revision,
        session_id = :session_id, session_starts_at = :session_starts_at,
        -- Bytes that an earlier attempt kept speak of the moment and the date that were.
        context = case when :has_moved or session_id is distinct from cast(:session_id as uuid)
                       then null else context end,
        published_at = case when :has_moved then null else published_at end,
        epoch = epoch + case when :has_moved then 1 else 0 end
    where id = :message_id and status = 'queued'
    """
)


def settle_queued(tx: Transaction, ids_to_reasons: dict[UUID, str], status: MessageStatus) -> int:
    """Skip or cancel queued messages, each with its reason; return how many were still queued."""
    check_move(MessageStatus.QUEUED, status)
    changes: Counter[Tally] = Counter()
    for message_id, reason in sorted(ids_to_reasons.items()):
        row = tx.connection.execute(
            _SETTLE_QUEUED, {"id": message_id, "reason": reason, "status": status}
        ).one_or_none()
        if row is not None:
            changes[Tally(row.sequence_id, row.step_key or row.template_key, status)] += 1
    counters.move(tx, changes)
    return changes.total()


_SETTLE_QUEUED = text(
    """
    update messages set status = :status, reason = :reason, settled_at = plan_now(),
           published_at = null, epoch = epoch + 1
    where id = :id and status = 'queued'
    returning sequence_id, step_key, template_key
    """
)


def queued_of_person(
    tx: Transaction, subscriber_id: UUID, *, enrollment_id: UUID | None = None
) -> list[UUID]:
    """Return the queued messages of a person (of one run of theirs)."""
    return list(
        tx.connection.execute(
            text(
                """
                select id from messages where subscriber_id = :person and status = 'queued'
                and (cast(:run as uuid) is null or enrollment_id = :run) order by id
                """
            ),
            {"person": subscriber_id, "run": enrollment_id},
        ).scalars()
    )
