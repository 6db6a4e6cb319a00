"""Systems that report facts."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from funnel.domain.fact_source import FactSource, PresetName
from funnel.storage.fact_tables import FactSourceRow
from funnel.storage.transaction import Transaction


def find(tx: Transaction, slug: str) -> FactSource | None:
    """Return the source of that name, active or not."""
    statement = select(FactSourceRow.__table__).where(FactSourceRow.slug == slug)
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else _source(row)


def lock(tx: Transaction, slug: str) -> FactSource | None:
    """Lock the source of that name and return it as it is now."""
    held = select(FactSourceRow.id).where(FactSourceRow.slug == slug).with_for_update()
    tx.connection.execute(held)
    return find(tx, slug)


def list_all(tx: Transaction) -> list[FactSource]:
    """Return every source, by name."""
    statement = select(FactSourceRow.__table__).order_by(FactSourceRow.slug)
    return [_source(row) for row in tx.connection.execute(statement).mappings()]


def add(tx: Transaction, source: FactSource) -> None:
    """Write a new source."""
    tx.connection.execute(
        insert(FactSourceRow).values(
            id=source.id,
            slug=source.slug,
            preset=source.preset,
            secrets=list(source.secrets),
            field_mapping={name: list(places) for name, places in source.field_mapping.items()},
            per_minute=source.per_minute,
            is_active=source.is_active,
        )
    )


def change(tx: Transaction, slug: str, changes: Mapping[str, Any]) -> None:
    """Write the given columns of a source."""
    statement = update(FactSourceRow).where(FactSourceRow.slug == slug)
    tx.connection.execute(statement.values(**changes))


def _source(row: RowMapping) -> FactSource:
    return FactSource(
        id=row["id"],
        slug=row["slug"],
        preset=PresetName(row["preset"]),
        secrets=tuple(row["secrets"]),
        field_mapping={name: tuple(places) for name, places in row["field_mapping"].items()},
        per_minute=row["per_minute"],
        is_active=row["is_active"],
    )
