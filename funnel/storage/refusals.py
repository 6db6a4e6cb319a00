"""Refused signups: kept as they came, the newest of each source."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from funnel.domain.signup import Visitor
from funnel.storage.refusal_tables import RefusedSignupRow
from funnel.storage.transaction import Transaction

MOST_KEPT: Final = 1000  # of each source
_COUNTED: Final = timedelta(days=1)
_KEPT_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalCount:
    """How many posts of a source were refused in the last day, and why the newest was."""

    number: int
    newest_field: str | None
    newest_reason: str


def add(
    tx: Transaction,
    source_id: UUID,
    *,
    reason: str,
    field: str | None,
    payload: bytes,
    visitor: Visitor,
) -> None:
    """Write one refused post; beyond 1,000 of its source, the oldest fall away."""
    row = RefusedSignupRow
    tx.connection.execute(
        insert(row).values(
            id=uuid4(),
            source_id=source_id,
            reason=reason,
            field=field,
            payload=payload,
            ip=visitor.ip,
            user_agent=visitor.user_agent,
        )
    )
    oldest = (
        select(row.id)
        .where(row.source_id == source_id)
        .order_by(row.received_at.desc(), row.id)
        .offset(MOST_KEPT)
    )
    tx.connection.execute(delete(row).where(row.id.in_(oldest)))


def forget_old(tx: Transaction) -> int:
    """Delete what was kept for 30 days of plan time: it holds what people typed."""
    row = RefusedSignupRow
    return tx.connection.execute(delete(row).where(row.received_at < tx.now - _KEPT_FOR)).rowcount


def count_last_day(tx: Transaction) -> dict[UUID, RefusalCount]:
    """Return what was refused in the last day of plan time, by source; quiet ones are missing."""
    row = RefusedSignupRow
    number = func.count().over(partition_by=row.source_id)
    statement = (
        select(row.source_id, row.field, row.reason, number)
        .ext(distinct_on(row.source_id))
        .where(row.received_at > tx.now - _COUNTED)
        .order_by(row.source_id, row.received_at.desc(), row.id)
    )
    return {
        source_id: RefusalCount(number=found, newest_field=field, newest_reason=reason)
        for source_id, field, reason, found in tx.connection.execute(statement)
    }
