"""What templates may become: one draft a template, saved only over the revision that was seen."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from funnel.domain.template_draft import TemplateDraft
from funnel.storage.base import REAL_NOW
from funnel.storage.studio_tables import TemplateDraftRow
from funnel.storage.transaction import Transaction

# A discarded draft leaves no row behind, so a new one begins anywhere: a page that still knows the
# former one must not take it for that.
_SOME_REVISION = 1 + func.floor(func.random() * 1_000_000_000)


def find_draft(tx: Transaction, key: str) -> TemplateDraft | None:
    """Return the draft of a template, ``None`` where there is none."""
    row = tx.connection.execute(_select().where(TemplateDraftRow.key == key)).mappings()
    found = row.one_or_none()
    return None if found is None else TemplateDraft(**found)


def list_drafts(tx: Transaction) -> list[TemplateDraft]:
    """Return every draft, by key."""
    rows = tx.connection.execute(_select().order_by(TemplateDraftRow.key)).mappings()
    return [TemplateDraft(**row) for row in rows]


def begin_draft(
    tx: Transaction, key: str, source: str, *, base_version_id: UUID | None, by: str
) -> TemplateDraft | None:
    """Keep a first draft; ``None``: there is one already, and it stays."""
    statement = (
        insert(TemplateDraftRow)
        .values(
            key=key,
            source=source,
            revision=_SOME_REVISION,
            base_version_id=base_version_id,
            updated_by=by,
        )
        .on_conflict_do_nothing(index_elements=[TemplateDraftRow.key])
        .returning(*_COLUMNS)
    )
    return _one(tx, statement)


def change_draft(
    tx: Transaction, key: str, source: str, *, seen: int, by: str
) -> TemplateDraft | None:
    """Keep another text in the place of the revision that was seen; ``None``: it is another now."""
    statement = (
        update(TemplateDraftRow)
        .where(TemplateDraftRow.key == key, TemplateDraftRow.revision == seen)
        .values(
            source=source,
            revision=TemplateDraftRow.revision + 1,
            updated_by=by,
            updated_at=REAL_NOW,
        )
        .returning(*_COLUMNS)
    )
    return _one(tx, statement)


def delete_draft(tx: Transaction, key: str, *, seen: int) -> TemplateDraft | None:
    """Forget the revision that was seen, and return it; ``None``: it is another by now, or gone."""
    statement = (
        delete(TemplateDraftRow)
        .where(TemplateDraftRow.key == key, TemplateDraftRow.revision == seen)
        .returning(*_COLUMNS)
    )
    return _one(tx, statement)


_COLUMNS = tuple(getattr(TemplateDraftRow, name) for name in TemplateDraft.__slots__)


def _select() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS)


def _one(tx: Transaction, statement: Any) -> TemplateDraft | None:  # noqa: ANN401  (three kinds of DML)
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else TemplateDraft(**row)
