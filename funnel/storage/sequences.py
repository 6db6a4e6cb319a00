"""Sequences and their immutable versions."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, func, insert, select, update

from funnel.domain.errors import NotFoundError
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.sequence_json import definition_from_json, definition_to_json
from funnel.storage.tables import SequenceRow, SequenceVersionRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRecord:
    """A sequence and its live version; ``number`` counts its versions from 1."""

    id: UUID
    slug: str
    title: str
    brand_id: UUID
    live_version_id: UUID
    number: int
    checksum: str


def find_sequence(tx: Transaction, slug: str) -> SequenceRecord | None:
    """Return the sequence of that name, ``None`` where there is none that is live."""
    statement = _records().where(SequenceRow.slug == slug)
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else SequenceRecord(**row)


def get_sequence(tx: Transaction, sequence_id: UUID) -> SequenceRecord:
    """Return the sequence of that id.

    Raises:
        NotFoundError: There is none that is live.
    """
    statement = _records().where(SequenceRow.id == sequence_id)
    row = tx.connection.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFoundError("no such sequence")
    return SequenceRecord(**row)


def list_sequences(tx: Transaction) -> list[SequenceRecord]:
    """Return every live sequence, by name."""
    rows = tx.connection.execute(_records().order_by(SequenceRow.slug)).mappings()
    return [SequenceRecord(**row) for row in rows]


# A version never changes, and a process meets few of them.
_DEFINITIONS: dict[UUID, SequenceDefinition] = {}


def read_definition(tx: Transaction, version_id: UUID) -> SequenceDefinition:
    """Return what a version says; asked of the database once per process."""
    known = _DEFINITIONS.get(version_id)
    if known is None:
        stored = select(SequenceVersionRow.definition).where(SequenceVersionRow.id == version_id)
        known = definition_from_json(tx.connection.execute(stored).scalar_one())
        _DEFINITIONS[version_id] = known
    return known


def publish_sequence(
    tx: Transaction, definition: SequenceDefinition, *, brand_id: UUID, checksum: str
) -> int:
    """Write the next version of a sequence and make it live; return its number.

    The caller holds the lock of ``lock_definitions``, so that numbers have no gaps and no rivals.
    """
    sequence_id = _sequence_id(tx, definition, brand_id)
    newest = select(func.coalesce(func.max(SequenceVersionRow.number), 0))
    statement = newest.where(SequenceVersionRow.sequence_id == sequence_id)
    number: int = tx.connection.execute(statement).scalar_one() + 1
    version_id = uuid4()
    tx.connection.execute(
        insert(SequenceVersionRow).values(
            id=version_id,
            sequence_id=sequence_id,
            number=number,
            definition=definition_to_json(definition),
            checksum=checksum,
        )
    )
    tx.connection.execute(
        update(SequenceRow)
        .where(SequenceRow.id == sequence_id)
        .values(live_version_id=version_id, title=definition.title, brand_id=brand_id)
    )
    return number


def _sequence_id(tx: Transaction, definition: SequenceDefinition, brand_id: UUID) -> UUID:
    known = select(SequenceRow.id).where(SequenceRow.slug == definition.slug)
    sequence_id: UUID | None = tx.connection.execute(known).scalar()
    if sequence_id is None:
        sequence_id = uuid4()
        tx.connection.execute(
            insert(SequenceRow).values(
                id=sequence_id, slug=definition.slug, title=definition.title, brand_id=brand_id
            )
        )
    return sequence_id


def _records() -> Select[*tuple[Any, ...]]:
    return select(
        SequenceRow.id,
        SequenceRow.slug,
        SequenceRow.title,
        SequenceRow.brand_id,
        SequenceRow.live_version_id,
        SequenceVersionRow.number,
        SequenceVersionRow.checksum,
    ).join(SequenceVersionRow, SequenceVersionRow.id == SequenceRow.live_version_id)
