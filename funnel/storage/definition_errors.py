"""Files that could not be loaded, and the lock under which files are loaded."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from funnel.storage.base import REAL_NOW
from funnel.storage.definition_tables import DefinitionErrorRow
from funnel.storage.transaction import Transaction

# Two processes that load the same change must not both number it.
_LOCK = 4_860_219


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionErrorRecord:
    """One file, as seen at its last load; ``seen_at`` is real time."""

    file_name: str
    error: str
    seen_at: datetime


def lock_definitions(tx: Transaction) -> None:
    """Wait for whoever else publishes, and keep others out until the transaction ends."""
    tx.connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def record_definition_error(tx: Transaction, *, file_name: str, error: str, checksum: str) -> None:
    """Note that a file could not be loaded; the same file again replaces its former note."""
    values = {"error": error, "checksum": checksum, "seen_at": REAL_NOW}
    statement = insert(DefinitionErrorRow).values(file_name=file_name, **values)
    tx.connection.execute(
        statement.on_conflict_do_update(index_elements=[DefinitionErrorRow.file_name], set_=values)
    )


def forget_other_files(tx: Transaction, file_names: Collection[str]) -> None:
    """Drop the notes about files that are right again or no longer there."""
    tx.connection.execute(
        delete(DefinitionErrorRow).where(DefinitionErrorRow.file_name.not_in(file_names))
    )


def list_definition_errors(tx: Transaction) -> list[DefinitionErrorRecord]:
    """Return every file that is not loaded as it stands, by name."""
    statement = select(
        DefinitionErrorRow.file_name, DefinitionErrorRow.error, DefinitionErrorRow.seen_at
    ).order_by(DefinitionErrorRow.file_name)
    rows = tx.connection.execute(statement).mappings()
    return [DefinitionErrorRecord(**row) for row in rows]
