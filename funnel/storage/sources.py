"""Places that signups come from."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, update

from funnel.domain.signup import LettersOffer, Source
from funnel.storage.tables import SourceRow
from funnel.storage.transaction import Transaction


def find(tx: Transaction, slug: str) -> Source | None:
    """Return the source of that name, active or not."""
    statement = select(SourceRow.__table__).where(SourceRow.slug == slug)
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else _source(row)


def find_by_id(tx: Transaction, source_id: UUID) -> Source | None:
    """Return the source of that id."""
    statement = select(SourceRow.__table__).where(SourceRow.id == source_id)
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else _source(row)


def list_all(tx: Transaction) -> list[Source]:
    """Return every source, by name."""
    rows = tx.connection.execute(select(SourceRow.__table__).order_by(SourceRow.slug)).mappings()
    return [_source(row) for row in rows]


def add(tx: Transaction, source: Source) -> None:
    """Write a new source."""
    tx.connection.execute(
        insert(SourceRow).values(
            id=source.id,
            slug=source.slug,
            sequence_id=source.sequence_id,
            secrets=list(source.secrets),
            form_secret=source.form_secret,
            field_mapping={name: list(names) for name, names in source.field_mapping.items()},
            is_double_opt_in=source.is_double_opt_in,
            letters=source.letters,
            wording=source.wording,
            per_minute=source.per_minute,
            is_active=source.is_active,
        )
    )


def change(tx: Transaction, source_id: UUID, changes: Mapping[str, Any]) -> None:
    """Write the given columns of a source."""
    statement = update(SourceRow).where(SourceRow.id == source_id)
    tx.connection.execute(statement.values(**changes))


def _source(row: RowMapping) -> Source:
    return Source(
        id=row["id"],
        slug=row["slug"],
        sequence_id=row["sequence_id"],
        secrets=tuple(row["secrets"]),
        form_secret=row["form_secret"],
        field_mapping={name: tuple(names) for name, names in row["field_mapping"].items()},
        is_double_opt_in=row["is_double_opt_in"],
        letters=LettersOffer(row["letters"]),
        wording=row["wording"],
        per_minute=row["per_minute"],
        is_active=row["is_active"],
    )
