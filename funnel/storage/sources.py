"""Places that signups come from."""

import re
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, update

from funnel.domain.signup import LettersOffer, Source
from funnel.storage.tables import SourceRow
from funnel.storage.transaction import Transaction, Transactions

_KNOWN_FOR: Final = timedelta(seconds=5)
_MOST_KNOWN: Final = 1000
_SLUG: Final = re.compile(r"[a-z0-9-]{1,64}")


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


class SourceBook:
    """Sources by name, each read again after 5 s: a new secret counts within that time."""

    def __init__(
        self, transactions: Transactions, *, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        """Read nothing yet; ``ticks`` are seconds that never go back."""
        self._transactions = transactions
        self._ticks = ticks
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Source | None, float]] = {}

    def find(self, slug: str) -> Source | None:
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
