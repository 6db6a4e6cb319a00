"""Messages as the planner writes them: queued when due, skipped with a reason, moved by facts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from funnel.domain.message import MessageKind, MessageStatus, check_move
from funnel.storage import counters
from funnel.storage.counters import Tally
from funnel.storage.rows import as_json
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
    announcement_id: UUID | None = None
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
    written = tx.connection.execute(_ADD, {"rows": as_json(_values(each) for each in messages)})
    changes: Counter[Tally] = Counter()
    count = 0
    for row in written:
        count += 1
        if MessageStatus(row.status).is_settled:
            changes += counters.settled(row, row.status)
    counters.move(tx, changes)
    return count


# One parameter for all rows: a statement with twenty a row takes longer to write than to run.
_COLUMNS = {
    "id": "uuid",
    "kind": "text",
    "dedupe_key": "text",
    "subscriber_id": "uuid",
    "sequence_id": "uuid",
    "template_key": "text",
    "lane": "text",
    "priority": "smallint",
    "due_at": "timestamptz",
    "status": "text",
    "reason": "text",
    "topic": "text",
    "enrollment_id": "uuid",
    "signup_id": "uuid",
    "announcement_id": "uuid",
    "session_id": "uuid",
    "session_starts_at": "timestamptz",
    "step_key": "text",
    "copy": "smallint",
    "valid_until": "timestamptz",
    "plan_revision": "integer",
    "settled_at": "timestamptz",
    "data": "jsonb",
}
_ADD = text(
    f"""
    insert into messages ({", ".join(_COLUMNS)})
    select {", ".join(_COLUMNS)} from json_to_recordset(cast(:rows as json))
        as r({", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())})
    on conflict (dedupe_key) do nothing
    returning sequence_id, coalesce(step_key, template_key) as step_key, status,
              kind = 'sequence' and copy = 0 as is_first
    """  # noqa: S608  (names and types from the table above)
)


def _values(message: NewMessage) -> dict[str, Any]:
    return {name: getattr(message, name) for name in _COLUMNS}


def move_queued(tx: Transaction, moved: Sequence[MovedMessage]) -> None:
    """Give queued messages their new moment; what the broker holds of a moved one is void."""
    if not moved:
        return
    rows = as_json({name: getattr(each, name) for name in MovedMessage.__slots__} for each in moved)
    tx.connection.execute(_MOVE_QUEUED, {"rows": rows})


_MOVE_QUEUED = text(
    """
    update messages m set
        due_at = r.due_at, valid_until = r.valid_until, plan_revision = r.plan_revision,
        session_id = r.session_id, session_starts_at = r.session_starts_at,
        -- Bytes that an earlier attempt kept speak of the moment and the date that were.
        context = case when r.has_moved or m.session_id is distinct from r.session_id
                       then null else m.context end,
        published_at = case when r.has_moved then null else m.published_at end,
        epoch = m.epoch + case when r.has_moved then 1 else 0 end
    from json_to_recordset(cast(:rows as json)) as r(
        id uuid, due_at timestamptz, valid_until timestamptz, plan_revision integer,
        has_moved boolean, session_id uuid, session_starts_at timestamptz)
    where m.id = r.id and m.status = 'queued'
    """
)


def settle_queued(tx: Transaction, ids_to_reasons: dict[UUID, str], status: MessageStatus) -> int:
    """Skip or cancel queued messages, each with its reason; return how many were still queued."""
    check_move(MessageStatus.QUEUED, status)
    if not ids_to_reasons:
        return 0
    rows = as_json({"id": each, "reason": reason} for each, reason in ids_to_reasons.items())
    changes: Counter[Tally] = Counter()
    count = 0
    for row in tx.connection.execute(_SETTLE_QUEUED, {"rows": rows, "status": status}):
        count += 1
        changes += counters.settled(row, status)
    counters.move(tx, changes)
    return count


_SETTLE_QUEUED = text(
    """
    update messages m set status = :status, reason = r.reason, settled_at = plan_now(),
           published_at = null, epoch = m.epoch + 1
    from json_to_recordset(cast(:rows as json)) as r(id uuid, reason text)
    where m.id = r.id and m.status = 'queued'
    returning m.sequence_id, coalesce(m.step_key, m.template_key) as step_key,
              m.kind = 'sequence' and m.copy = 0 as is_first
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
