"""Messages to which no answer came: whose turn it is to be asked for, and what became of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from funnel.domain.message import MessageKind, MessageStatus, check_move
from funnel.storage import counters
from funnel.storage.counters import Tally
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A message of which nobody knows whether it left.

    Attributes:
        asks: How often its provider was asked.
        handed_over_at: Real time of its opening.
        age: Real time since then.
        version_id: The version that its run points to; ``None``: it is no step of one.
        has_left: Its run was left meanwhile.
        kept: The email as it was handed over, where that is known.
    """

    id: UUID
    kind: MessageKind
    template_key: str
    sequence_id: UUID
    step_key: str
    is_first: bool
    enrollment_id: UUID | None
    version_id: UUID | None
    has_left: bool
    provider: str | None
    provider_id: str | None
    attempts: int
    asks: int
    ask_at: datetime | None
    reason: str
    handed_over_at: datetime
    age: timedelta
    kept: Mapping[str, Any] | None

    @property
    def run_id(self) -> UUID | None:
        """Return the run that waits for it, if any."""
        return self.enrollment_id if self.kind is MessageKind.SEQUENCE else None


_COLUMNS = """
    m.id, m.kind, m.template_key, m.sequence_id, coalesce(m.step_key, m.template_key) as step_key,
    m.kind = 'sequence' and m.copy = 0 as is_first, m.enrollment_id,
    case when m.kind = 'sequence' then e.version_id end as version_id,
    coalesce(e.state = 'left', false) as has_left, m.provider, m.provider_id, m.attempts, m.asks,
    m.ask_at, coalesce(m.reason, '') as reason,
    now() - (plan_now() - coalesce(m.opened_at, m.settled_at)) as handed_over_at,
    plan_now() - coalesce(m.opened_at, m.settled_at) as age, m.context as kept
    from messages m left join enrollments e on e.id = m.enrollment_id
"""


def _unknown(row: RowMapping) -> Unknown:
    return Unknown(**dict(row) | {"kind": MessageKind(row["kind"])})


def schedule(tx: Transaction, *, after: timedelta) -> int:
    """Give messages that have just become unknown their turn, real time from now; return how many.

    Whoever makes a message unknown need not know when it is asked for.
    """
    return tx.connection.execute(_SCHEDULE, {"after": after}).rowcount


# MATERIALIZED: PostgreSQL may run a bare sub-select again for each row, past the limit.
_SCHEDULE = text(
    """
    with new as materialized (
        select id from messages where status = 'unknown' and ask_at is null and asks = 0
        order by id limit 1000 for no key update skip locked
    )
    update messages m set ask_at = now() + :after from new where m.id = new.id
    """
)


def take_due(tx: Transaction, *, limit: int, lease: timedelta) -> list[Unknown]:
    """Return messages whose turn it is; nobody else takes them before ``lease`` is over."""
    ids = tx.connection.execute(_TAKE, {"limit": limit, "lease": lease}).scalars().all()
    rows = tx.connection.execute(_READ, {"ids": ids}).mappings()
    return [_unknown(row) for row in rows]


_TAKE = text(
    """
    with due as materialized (
        select id from messages where status = 'unknown' and ask_at <= now()
        order by ask_at limit :limit for no key update skip locked
    )
    update messages m set ask_at = now() + :lease, asks = asks + 1 from due where m.id = due.id
    returning m.id
    """
)
_READ = text(f"select {_COLUMNS} where m.id = any(:ids) order by m.id")


def find(tx: Transaction, message_id: UUID) -> Unknown | None:
    """Return a message that is unknown; ``None``: there is none of that id."""
    row = tx.connection.execute(_FIND, {"id": message_id}).mappings().one_or_none()
    return None if row is None else _unknown(row)


_FIND = text(f"select {_COLUMNS} where m.id = :id and m.status = 'unknown'")


def lock(tx: Transaction, message_id: UUID) -> bool:
    """Lock a message that is unknown; say whether it still is. Its run is locked before it."""
    return tx.connection.execute(_LOCK, {"id": message_id}).one_or_none() is not None


_LOCK = text("select 1 from messages where id = :id and status = 'unknown' for no key update")


def list_held(tx: Transaction, *, limit: int) -> list[Unknown]:
    """Return messages of which nobody knows whether they left, the newest first."""
    rows = tx.connection.execute(_HELD, {"limit": limit}).mappings()
    return [_unknown(row) for row in rows]


_HELD = text(
    f"select {_COLUMNS} where m.status = 'unknown' order by m.settled_at desc, m.id limit :limit"
)


def ask_again(tx: Transaction, message_id: UUID, *, after: timedelta | None) -> None:
    """Say when a locked message is asked for next; ``None``: never, it is held for a person."""
    tx.connection.execute(_ASK_AGAIN, {"id": message_id, "after": after})


_ASK_AGAIN = text(
    """
    update messages set ask_at = now() + cast(:after as interval), asks = greatest(asks, 1)
    where id = :id
    """
)


def settle(
    tx: Transaction,
    unknown: Unknown,
    status: MessageStatus,
    *,
    reason: str | None,
    provider_id: str | None = None,
) -> None:
    """Move a locked message on from unknown, and the sums with it.

    Args:
        tx: It holds the message's lock, and its run's before it.
        unknown: As it was read under that lock.
        status: ``ACCEPTED`` (from its opening on), ``FAILED``, or ``QUEUED``: handed over again.
        reason: As the row keeps it.
        provider_id: The provider's id, where it was learned now.
    """
    check_move(MessageStatus.UNKNOWN, status)
    given = {"id": unknown.id, "status": status, "reason": reason, "provider_id": provider_id}
    tx.connection.execute(_SETTLE, given)
    before = counters.settled(unknown, MessageStatus.UNKNOWN)
    changes = Counter[Tally]()
    changes.subtract(before)
    if status.is_settled:
        changes.update(counters.settled(unknown, status))
    counters.move(tx, changes)


# A task of before that still carries the message finds another epoch and does nothing.
_SETTLE = text(
    """
    update messages set status = :status, reason = :reason, ask_at = null, asks = 0,
        accepted_at = case when :status = 'accepted' then coalesce(opened_at, plan_now()) end,
        settled_at = case when :status <> 'queued' then coalesce(settled_at, plan_now()) end,
        available_at = case when :status = 'queued' then now() else available_at end,
        epoch = epoch + 1, published_at = null,
        context = case when :status = 'queued' then context end,
        provider_id = coalesce(:provider_id, provider_id)
    where id = :id
    """
)
