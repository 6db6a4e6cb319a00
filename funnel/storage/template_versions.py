"""What was published of each email: read, never changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from funnel.storage.definition_tables import TemplateRow, TemplateVersionRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateVersion:
    """One published version of an email; ``published_at`` is real time.

    Attributes:
        origin: Where it came from: "file", "draft" or "rollback".
        file_checksum: What the template's file said when it was last taken in; ``None``: never.
    """

    id: UUID
    key: str
    number: int
    source: str
    checksum: str
    origin: str
    published_at: datetime
    published_by: str
    note: str
    is_live: bool
    file_checksum: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTemplate:
    """What a list shows of a live email; ``published_at`` is real time."""

    key: str
    number: int
    origin: str
    published_at: datetime
    published_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateState:
    """What a load compares a file with; ``checksum`` is of the compiled live version."""

    checksum: str
    origin: str
    file_checksum: str | None


def states(tx: Transaction) -> dict[str, TemplateState]:
    """Return the state of every live template, by key."""
    statement = select(
        TemplateVersionRow.key,
        TemplateVersionRow.checksum,
        TemplateVersionRow.origin,
        TemplateRow.file_checksum,
    ).join(TemplateRow, TemplateRow.live_version_id == TemplateVersionRow.id)
    return {
        row.key: TemplateState(
            checksum=row.checksum, origin=row.origin, file_checksum=row.file_checksum
        )
        for row in tx.connection.execute(statement)
    }


def find_live(tx: Transaction, key: str) -> TemplateVersion | None:
    """Return the live version of a template, ``None`` where there is none."""
    return _one(tx, key, TemplateVersionRow.id == TemplateRow.live_version_id)


def find_version(tx: Transaction, key: str, number: int) -> TemplateVersion | None:
    """Return a version by its number, ``None`` where there is no such version."""
    return _one(tx, key, TemplateVersionRow.number == number)


def number_of(tx: Transaction, version_id: UUID) -> int:
    """Return the number of a version."""
    statement = select(TemplateVersionRow.number).where(TemplateVersionRow.id == version_id)
    return tx.connection.execute(statement).scalar_one()


def list_versions(tx: Transaction, key: str) -> list[TemplateVersion]:
    """Return every version of a template, the newest first."""
    statement = _select().where(TemplateVersionRow.key == key)
    newest_first = statement.order_by(TemplateVersionRow.number.desc())
    return [TemplateVersion(**row) for row in tx.connection.execute(newest_first).mappings()]


def list_live(tx: Transaction) -> list[LiveTemplate]:
    """Return every live template, by key."""
    columns = [getattr(TemplateVersionRow, name) for name in LiveTemplate.__slots__]
    statement = (
        select(*columns)
        .join(TemplateRow, TemplateRow.live_version_id == TemplateVersionRow.id)
        .order_by(TemplateVersionRow.key)
    )
    return [LiveTemplate(**row) for row in tx.connection.execute(statement).mappings()]


def _one(tx: Transaction, key: str, which: ColumnElement[bool]) -> TemplateVersion | None:
    statement = _select().where(TemplateVersionRow.key == key, which)
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else TemplateVersion(**row)


_OF_VERSION = tuple(
    getattr(TemplateVersionRow, name)
    for name in TemplateVersion.__slots__
    if name not in {"is_live", "file_checksum"}
)


def _select() -> Select[*tuple[Any, ...]]:
    is_live = (TemplateVersionRow.id == TemplateRow.live_version_id).label("is_live")
    return select(*_OF_VERSION, is_live, TemplateRow.file_checksum).join(
        TemplateRow, TemplateRow.key == TemplateVersionRow.key
    )
