"""Systems that report facts."""

import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import RowMapping, insert, select, update

from funnel.domain.fact_source import FactSource, PresetName
from funnel.storage.fact_tables import FactSourceRow
from funnel.storage.transaction import Transaction, Transactions

_KNOWN_FOR: Final = timedelta(seconds=5)
_MOST_KNOWN: Final = 1000
_SLUG: Final = re.compile(r"[a-z0-9-]{1,64}")


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


class FactSourceBook:
    """Sources by name, each read again after 5 s: a new secret counts within that time."""

    def __init__(
        self, transactions: Transactions, *, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        """Read nothing yet; ``ticks`` are seconds that never go back."""
        self._transactions = transactions
        self._ticks = ticks
        self._lock = threading.Lock()
        self._known: dict[str, tuple[FactSource | None, float]] = {}

    def find(self, slug: str) -> FactSource | None:
        """Return the active source of that name; strangers ask for anything."""
        if not _SLUG.fullmatch(slug):
            return None
        found = self._known.get(slug)
        if found is not None and self._ticks() < found[1]:
            return found[0]
        with self._transactions.begin() as tx:
            source = find(tx, slug)
        if source is not None and not source.is_active:
            source = None
        with self._lock:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[slug] = (source, self._ticks() + _KNOWN_FOR.total_seconds())
        return source


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
