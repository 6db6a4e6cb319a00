"""The texts of landing pages that were edited on a page."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from funnel.storage.base import REAL_NOW
from funnel.storage.studio_tables import LandingTextRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLanding:
    """The texts as they stand; ``updated_at`` is real time, ``former_source`` what was before."""

    source: str
    former_source: str | None
    revision: int
    updated_by: str
    updated_at: datetime


def find_source(tx: Transaction, sequence_id: UUID) -> str | None:
    """Return the texts of a sequence's own page; ``None``: the file's are shown."""
    statement = select(LandingTextRow.source).where(LandingTextRow.sequence_id == sequence_id)
    return tx.connection.execute(statement).scalar_one_or_none()


def lock(tx: Transaction, sequence_id: UUID) -> KeptLanding | None:
    """Return the texts once nobody else is changing them."""
    return _find(tx, sequence_id, is_locked=True)


def find(tx: Transaction, sequence_id: UUID) -> KeptLanding | None:
    """Return the texts with who wrote them."""
    return _find(tx, sequence_id, is_locked=False)


def save(
    tx: Transaction, sequence_id: UUID, source: str, *, former: KeptLanding | None, by: str
) -> bool:
    """Write the texts in the place of ``former``; ``False`` where others were written meanwhile."""
    values = {
        "source": source,
        "former_source": former.source if former else None,
        "revision": former.revision + 1 if former else 1,
        "updated_by": by,
        "updated_at": REAL_NOW,
    }
    seen = former.revision if former else 0
    statement = (
        insert(LandingTextRow)
        .values(sequence_id=sequence_id, **values)
        .on_conflict_do_update(
            index_elements=[LandingTextRow.sequence_id],
            set_=values,
            where=LandingTextRow.revision == seen,
        )
        .returning(LandingTextRow.sequence_id)
    )
    return tx.connection.execute(statement).one_or_none() is not None


def remove(tx: Transaction, sequence_id: UUID) -> None:
    """Let the file's texts be shown again."""
    statement = delete(LandingTextRow).where(LandingTextRow.sequence_id == sequence_id)
    tx.connection.execute(statement)


def _find(tx: Transaction, sequence_id: UUID, *, is_locked: bool) -> KeptLanding | None:
    columns = [getattr(LandingTextRow, name) for name in KeptLanding.__slots__]
    statement = select(*columns).where(LandingTextRow.sequence_id == sequence_id)
    if is_locked:
        statement = statement.with_for_update()
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else KeptLanding(**row)
