"""Sequences and their immutable versions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, func, insert, select, text, update

from funnel.domain.errors import NotFoundError
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.sequence_json import definition_from_json, definition_to_json
from funnel.domain.sequence_text import sequence_text
from funnel.domain.version_switch import VersionOrigin
from funnel.storage.definition_tables import SequenceRow, SequenceVersionRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRecord:
    """A sequence and its live version; ``number`` counts its versions from 1.

    Attributes:
        origin: Where the live version came from.
        file_checksum: What the sequence's file said when it was last taken in; ``None``: never.
    """

    id: UUID
    slug: str
    title: str
    brand_id: UUID
    live_version_id: UUID
    number: int
    checksum: str
    origin: str
    file_checksum: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRecord:
    """One published version, as lists show it; ``published_at`` is real time.

    Attributes:
        people: Runs that point to it and have not ended.
    """

    id: UUID
    number: int
    origin: str
    published_at: datetime
    published_by: str
    note: str
    is_live: bool
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A version to be published; ``by`` and ``note`` say who did it and why.

    Attributes:
        source: The file that says it, with its author's comments; ``None``: nobody wrote one.
    """

    definition: SequenceDefinition
    brand_id: UUID
    checksum: str
    origin: VersionOrigin = VersionOrigin.FILE
    by: str = ""
    note: str = ""
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion:
    """What a publish wrote."""

    sequence_id: UUID
    version_id: UUID
    number: int


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


def read_source(tx: Transaction, version_id: UUID) -> str:
    """Return the file that says a version: as its author wrote it, else in the house form."""
    stored = select(SequenceVersionRow.source).where(SequenceVersionRow.id == version_id)
    source: str | None = tx.connection.execute(stored).scalar_one()
    return sequence_text(read_definition(tx, version_id)) if source is None else source


def list_versions(tx: Transaction, sequence_id: UUID) -> list[VersionRecord]:
    """Return every version of a sequence, the newest first, with who is in it."""
    rows = tx.connection.execute(_LIST_VERSIONS, {"id": sequence_id}).mappings()
    return [VersionRecord(**row) for row in rows]


_LIST_VERSIONS = text(
    """
    select v.id, v.number, v.origin, v.published_at, v.published_by, v.note,
           v.id = q.live_version_id as is_live, coalesce(e.people, 0) as people
    from sequence_versions v
    join sequences q on q.id = v.sequence_id
    left join (
        select version_id, count(*) as people from enrollments
        where sequence_id = :id and state = 'active' group by version_id
    ) e on e.version_id = v.id
    where v.sequence_id = :id
    order by v.number desc
    """
)


def find_version(tx: Transaction, sequence_id: UUID, number: int) -> UUID | None:
    """Return the id of a version by its number, ``None`` where there is no such version."""
    statement = select(SequenceVersionRow.id).where(
        SequenceVersionRow.sequence_id == sequence_id, SequenceVersionRow.number == number
    )
    return tx.connection.execute(statement).scalar()


def version_number(tx: Transaction, version_id: UUID) -> int:
    """Return the number of a version."""
    statement = select(SequenceVersionRow.number).where(SequenceVersionRow.id == version_id)
    return tx.connection.execute(statement).scalar_one()


def published_at(tx: Transaction, version_id: UUID) -> datetime:
    """Return when a version went live, in real time."""
    statement = select(SequenceVersionRow.published_at).where(SequenceVersionRow.id == version_id)
    return tx.connection.execute(statement).scalar_one()


def newest_number(tx: Transaction, sequence_id: UUID) -> int:
    """Return the number of the newest version of a sequence; 0 without one."""
    newest = select(func.coalesce(func.max(SequenceVersionRow.number), 0))
    statement = newest.where(SequenceVersionRow.sequence_id == sequence_id)
    number: int = tx.connection.execute(statement).scalar_one()
    return number


def publish_sequence(tx: Transaction, new: NewVersion) -> PublishedVersion:
    """Write the next version of a sequence and make it live.

    The caller holds the lock of ``lock_definitions``, so that numbers have no gaps and no rivals.
    """
    sequence_id = _sequence_id(tx, new.definition, new.brand_id)
    number = newest_number(tx, sequence_id) + 1
    version_id = uuid4()
    tx.connection.execute(
        insert(SequenceVersionRow).values(
            id=version_id,
            sequence_id=sequence_id,
            number=number,
            definition=definition_to_json(new.definition),
            checksum=new.checksum,
            origin=new.origin,
            published_by=new.by,
            note=new.note,
            source=new.source,
        )
    )
    tx.connection.execute(
        update(SequenceRow)
        .where(SequenceRow.id == sequence_id)
        .values(live_version_id=version_id, title=new.definition.title, brand_id=new.brand_id)
    )
    return PublishedVersion(sequence_id=sequence_id, version_id=version_id, number=number)


def note_file(tx: Transaction, slug: str, checksum: str) -> None:
    """Remember what a sequence's file said when it was taken in."""
    tx.connection.execute(
        update(SequenceRow).where(SequenceRow.slug == slug).values(file_checksum=checksum)
    )


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
        SequenceVersionRow.origin,
        SequenceRow.file_checksum,
    ).join(SequenceVersionRow, SequenceVersionRow.id == SequenceRow.live_version_id)
