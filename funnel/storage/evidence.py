"""What a machine may have caused as well: only ever added, never believed by itself."""

from uuid import UUID

from sqlalchemy import delete, insert

from funnel.domain.signup import Visitor
from funnel.storage.fact_tables import EvidenceRow
from funnel.storage.transaction import Transaction


def add(
    tx: Transaction,
    kind: str,
    *,
    visitor: Visitor,
    subscriber_id: UUID | None = None,
    enrollment_id: UUID | None = None,
    signup_id: UUID | None = None,
) -> None:
    """Write that something was fetched, now."""
    tx.connection.execute(
        insert(EvidenceRow).values(
            kind=kind,
            subscriber_id=subscriber_id,
            enrollment_id=enrollment_id,
            signup_id=signup_id,
            ip=visitor.ip,
            user_agent=visitor.user_agent,
        )
    )


def forget_signups(tx: Transaction, signup_ids: list[UUID]) -> None:
    """Forget what was seen of these signups: it holds IP addresses."""
    tx.connection.execute(delete(EvidenceRow).where(EvidenceRow.signup_id.in_(signup_ids)))
