"""What those who work here wrote down about people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, delete, insert, select

from funnel.storage.studio_tables import NoteRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One note; ``at`` is plan time, aware UTC."""

    id: UUID
    subscriber_id: UUID
    text: str
    by: str
    at: datetime


def add(tx: Transaction, subscriber_id: UUID, text: str, *, by: str) -> Note:
    """Write a note, now."""
    note = Note(id=uuid4(), subscriber_id=subscriber_id, text=text, by=by, at=tx.now)
    values = {name: getattr(note, name) for name in Note.__slots__}
    tx.connection.execute(insert(NoteRow).values(**values))
    return note


def find(tx: Transaction, note_id: UUID) -> Note | None:
    """Return the note of that id."""
    statement = _select().where(NoteRow.id == note_id)
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else Note(**row)


def remove(tx: Transaction, note_id: UUID) -> None:
    """Take a note away; what is gone already is no matter."""
    tx.connection.execute(delete(NoteRow).where(NoteRow.id == note_id))


def of_person(tx: Transaction, subscriber_id: UUID) -> list[Note]:
    """Return the notes about a person, the newest first."""
    statement = _select().where(NoteRow.subscriber_id == subscriber_id)
    rows = tx.connection.execute(statement.order_by(NoteRow.at.desc(), NoteRow.id)).mappings()
    return [Note(**row) for row in rows]


def _select() -> Select[*tuple[Any, ...]]:
    return select(*(getattr(NoteRow, name) for name in Note.__slots__))
