"""Who is in one sequence, a few at a time: to look at their calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class InSequence:
    """One person in a sequence, by the run that they are in."""

    enrollment_id: UUID
    subscriber_id: UUID
    email: str
    first_name: str
    last_name: str
    zone: str


def list_some(tx: Transaction, slug: str, *, limit: int) -> list[InSequence]:
    """Return people of a sequence whose run has not ended; whoever the index names first."""
    return _people(tx, _SOME, slug=slug, limit=limit)


def list_of(tx: Transaction, slug: str, subscriber_ids: Sequence[UUID]) -> list[InSequence]:
    """Return those of these people who are in a sequence: each by their newest run."""
    return _people(tx, _OF, slug=slug, ids=list(subscriber_ids))


def find_run(tx: Transaction, slug: str, enrollment_id: UUID) -> InSequence | None:
    """Return the person of a run of this sequence, ``None`` where it is none of its runs."""
    found = _people(tx, _RUN, slug=slug, id=enrollment_id)
    return found[0] if found else None


def _people(tx: Transaction, statement: object, **values: object) -> list[InSequence]:
    rows = tx.connection.execute(statement, values).mappings()  # type: ignore[call-overload]  # a text
    return [InSequence(**row) for row in rows]


_COLUMNS = """
    e.id as enrollment_id, p.id as subscriber_id, p.email, p.first_name, p.last_name, p.zone
    from enrollments e join subscribers p on p.id = e.subscriber_id
    where e.sequence_id = (select id from sequences where slug = :slug) and p.email <> ''
"""
# In no order: of a big sequence the first few are read, and nobody is sorted.
_SOME = text(f"select {_COLUMNS} and e.state = 'active' limit :limit")
_OF = text(
    f"select distinct on (e.subscriber_id) {_COLUMNS} and e.subscriber_id = any(:ids)"
    " and e.state = 'active' order by e.subscriber_id, e.run desc"
)
_RUN = text(f"select {_COLUMNS} and e.id = :id")
