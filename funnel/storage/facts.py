"""What happened: rows that are only ever added."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert

from funnel.domain.facts import FactKind
from funnel.storage.fact_tables import FactRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFact:
    """Something that happened ``at`` a moment (aware, plan time) to one person."""

    kind: FactKind
    subscriber_id: UUID
    source: str
    at: datetime
    enrollment_id: UUID | None = None
    session_id: UUID | None = None


def add(tx: Transaction, fact: NewFact) -> None:
    """Write a fact, known from now on."""
    tx.connection.execute(
        insert(FactRow).values(
            kind=fact.kind,
            subscriber_id=fact.subscriber_id,
            enrollment_id=fact.enrollment_id,
            session_id=fact.session_id,
            source=fact.source,
            at=fact.at,
        )
    )
