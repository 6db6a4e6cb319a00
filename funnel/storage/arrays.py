"""Many rows' values as parameters of one statement: arrays that PostgreSQL unnests.

Written as literals where no character can need a quote: that costs a tenth of adapting a list.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from funnel.storage.transaction import Transaction


def uuids(values: Iterable[UUID]) -> str:
    """Return ids as a literal for ``cast(… as uuid[])``."""
    return f"{{{','.join([each.hex for each in values])}}}"


def words(values: Iterable[object]) -> str:
    """Return numbers, or words of letters only, as a literal of an array."""
    return f"{{{','.join([str(each) for each in values])}}}"


def moments(values: Sequence[datetime | None]) -> str | None:
    """Return aware moments as a literal for ``cast(… as timestamptz[])``; ``None``: all are."""
    if not any(values):
        return None
    return f"{{{','.join(['null' if each is None else each.isoformat() for each in values])}}}"


def seconds(values: Sequence[float | None]) -> str | None:
    """Return numbers, ``None`` among them, as a literal of an array; ``None``: all are."""
    if all(each is None for each in values):
        return None
    return f"{{{','.join(['null' if each is None else repr(each) for each in values])}}}"


def texts(values: Sequence[str | None]) -> list[str | None] | None:
    """Return texts of any kind, without what PostgreSQL refuses; ``None``: all are.

    An array that is not there is unnested as long as its neighbours, and is null in each row.
    """
    if not any(values):
        return None
    return [None if each is None else _storable(each) for each in values]


def _storable(value: str) -> str:
    # What a server answered may hold anything; it must not cost the other rows of the statement.
    return value.replace("\0", "").encode("utf-8", "replace").decode()


def fetch(tx: Transaction, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a statement of the driver's own form (``%(name)s``) and return its rows as they come."""
    # Past SQLAlchemy's own rows: what is read here is taken apart at once.
    return list(tx.connection.exec_driver_sql(statement, dict(values)).cursor.fetchall())


def run(tx: Transaction, statement: str, values: Mapping[str, Any]) -> int:
    """Run a statement of the driver's own form and return how many rows it wrote."""
    return tx.connection.exec_driver_sql(statement, dict(values)).rowcount
