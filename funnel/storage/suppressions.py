"""Addresses that must not be written to."""

from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from funnel.domain.consent import SuppressionReason
from funnel.storage.tables import SubscriberRow, SuppressionRow
from funnel.storage.transaction import Transaction


def find(tx: Transaction, email_key: str) -> SuppressionReason | None:
    """Return why an address must not be written to, ``None`` where it may be."""
    statement = select(SuppressionRow.reason).where(SuppressionRow.email_key == email_key)
    reason = tx.connection.execute(statement).scalar()
    return None if reason is None else SuppressionReason(reason)


def add(tx: Transaction, email_key: str, reason: SuppressionReason, *, source: str) -> bool:
    """Suppress an address; one that is suppressed already keeps its reason. Say if it is new."""
    statement = insert(SuppressionRow).values(email_key=email_key, reason=reason, source=source)
    done = tx.connection.execute(statement.on_conflict_do_nothing())
    return done.rowcount == 1


def lift_unsubscribed(tx: Transaction, subscriber_id: UUID) -> bool:
    """Lift a person's own ``unsubscribed``; no other reason is ever lifted here."""
    key = select(SubscriberRow.email_key).where(SubscriberRow.id == subscriber_id)
    done = tx.connection.execute(
        delete(SuppressionRow).where(
            SuppressionRow.email_key == key.scalar_subquery(),
            SuppressionRow.reason == SuppressionReason.UNSUBSCRIBED,
        )
    )
    return done.rowcount == 1
