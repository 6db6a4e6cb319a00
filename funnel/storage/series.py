"""Series of sessions, and which of their days have a session already."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, insert, select, update

from funnel.domain.recurrence import parse_rule
from funnel.domain.series import Series
from funnel.storage.tables import SessionRow
from funnel.storage.transaction import Transaction
from funnel.storage.version_tables import SessionSeriesRow


def add(tx: Transaction, series: Series) -> None:
    """Write a new series."""
    tx.connection.execute(
        insert(SessionSeriesRow).values(
            id=series.id,
            sequence_id=series.sequence_id,
            rule=series.rule.text,
            zone=series.zone,
            title=series.title,
            minutes=round(series.length / timedelta(minutes=1)),
            seats=series.seats,
            join_url=series.join_url,
            clicks_count=series.clicks_count,
            ahead=series.ahead,
            begins_on=series.begins_on,
            ends_on=series.ends_on,
        )
    )


def list_all(tx: Transaction, *, only_open: bool = False) -> list[Series]:
    """Return series (of which further sessions are made), the oldest first."""
    statement = _select().order_by(SessionSeriesRow.created_at, SessionSeriesRow.id)
    if only_open:
        statement = statement.where(SessionSeriesRow.ended_at.is_(None))
    return [_series(row) for row in tx.connection.execute(statement).mappings()]


def lock(tx: Transaction, series_id: UUID) -> Series | None:
    """Lock a series, so that nobody else makes its sessions, and return it as it is now."""
    condition = SessionSeriesRow.id == series_id
    held = select(SessionSeriesRow.id).where(condition).with_for_update(key_share=True)
    tx.connection.execute(held)
    row = tx.connection.execute(_select().where(condition)).mappings().one_or_none()
    return None if row is None else _series(row)


def end(tx: Transaction, series_id: UUID) -> None:
    """Make no further session of it; once ended, its moment stays."""
    tx.connection.execute(
        update(SessionSeriesRow)
        .where(SessionSeriesRow.id == series_id, SessionSeriesRow.ended_at.is_(None))
        .values(ended_at=tx.now)
    )


def resume(tx: Transaction, series_id: UUID) -> None:
    """Let further sessions be made of it again."""
    statement = update(SessionSeriesRow).where(SessionSeriesRow.id == series_id)
    tx.connection.execute(statement.values(ended_at=None))


def find(tx: Transaction, series_id: UUID) -> Series | None:
    """Return the series of that id."""
    statement = _select().where(SessionSeriesRow.id == series_id)
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else _series(row)


def made_days(tx: Transaction, series_id: UUID) -> set[date]:
    """Return the days that have had their session, wherever it was moved, cancelled ones too."""
    statement = select(SessionRow.occurs_on).where(SessionRow.series_id == series_id)
    return {day for day in tx.connection.execute(statement).scalars() if day is not None}


def count_coming(tx: Transaction, series_id: UUID) -> int:
    """Return how many sessions of it lie ahead and will be held."""
    statement = select(func.count()).where(
        SessionRow.series_id == series_id,
        SessionRow.starts_at > tx.now,
        SessionRow.cancelled_at.is_(None),
    )
    count: int = tx.connection.execute(statement).scalar_one()
    return count


_NAMES = (
    *("id", "sequence_id", "rule", "zone", "title", "minutes", "seats", "join_url"),
    *("clicks_count", "ahead", "begins_on", "ends_on", "ended_at"),
)


def _select() -> Select[*tuple[Any, ...]]:
    return select(*(getattr(SessionSeriesRow, name) for name in _NAMES))


def _series(row: RowMapping) -> Series:
    values = {name: row[name] for name in _NAMES if name not in ("minutes", "rule")}
    return Series(**values, rule=parse_rule(row["rule"]), length=timedelta(minutes=row["minutes"]))
