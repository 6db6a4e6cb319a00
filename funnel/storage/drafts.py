"""What sequences may become: one draft a sequence, checked when it is saved, not live."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, delete, select
from sqlalchemy.dialects.postgresql import insert

from funnel.domain.sequence import SequenceDefinition
from funnel.domain.sequence_json import definition_from_json, definition_to_json
from funnel.storage.base import REAL_NOW
from funnel.storage.transaction import Transaction
from funnel.storage.version_tables import SequenceDraftRow


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDraft:
    """A draft to be kept; see ``Draft``."""

    source: str
    definition: SequenceDefinition
    checksum: str
    base_version_id: UUID | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A draft as it stands.

    Attributes:
        source: The file as it was written, comments included.
        base_version_id: What was live when it was begun; ``None``: the sequence is new.
        updated_by: Who saved it; ``BY_FILE``: the sequence's own file.
        updated_at: Real time.
    """

    slug: str
    source: str
    definition: SequenceDefinition
    checksum: str
    base_version_id: UUID | None
    updated_by: str
    updated_at: datetime

    @property
    def is_from_file(self) -> bool:
        """Whether nobody wrote it here: the sequence's file changed."""
        return self.updated_by == BY_FILE


BY_FILE = "its file"


def find_draft(tx: Transaction, slug: str) -> Draft | None:
    """Return the draft of a sequence, ``None`` where there is none."""
    row = tx.connection.execute(_select().where(SequenceDraftRow.slug == slug)).mappings()
    found = row.one_or_none()
    return None if found is None else _draft(found)


def list_drafts(tx: Transaction) -> list[Draft]:
    """Return every draft, by the name of its sequence."""
    rows = tx.connection.execute(_select().order_by(SequenceDraftRow.slug)).mappings()
    return [_draft(row) for row in rows]


def save_draft(tx: Transaction, draft: NewDraft) -> None:
    """Keep a draft in the place of a former one. The caller holds ``lock_definitions``."""
    values: dict[str, Any] = {
        "source": draft.source,
        "definition": definition_to_json(draft.definition),
        "checksum": draft.checksum,
        "base_version_id": draft.base_version_id,
        "updated_by": draft.by,
        "updated_at": REAL_NOW,
    }
    tx.connection.execute(
        insert(SequenceDraftRow)
        .values(slug=draft.definition.slug, **values)
        .on_conflict_do_update(index_elements=[SequenceDraftRow.slug], set_=values)
    )


def delete_draft(tx: Transaction, slug: str) -> bool:
    """Forget a draft; ``False``: there was none."""
    statement = delete(SequenceDraftRow).where(SequenceDraftRow.slug == slug)
    return tx.connection.execute(statement).rowcount > 0


def _select() -> Select[*tuple[Any, ...]]:
    return select(*(getattr(SequenceDraftRow, name) for name in Draft.__slots__))


def _draft(row: RowMapping) -> Draft:
    return Draft(**{**row, "definition": definition_from_json(row["definition"])})
