"""Ways in: kept as digests, found by them, ended all at once. Real time."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, Select, insert, select, update

from funnel.domain.login import IDLE, Browser, Login
from funnel.storage.base import REAL_NOW
from funnel.storage.login_tables import LoginRow, UserRow
from funnel.storage.transaction import Transaction
from funnel.storage.users import USER_COLUMNS, user_of


def add(
    tx: Transaction, *, digest: bytes, user_id: UUID, browser: Browser, lasts: timedelta
) -> None:
    """Write a way in."""
    tx.connection.execute(
        insert(LoginRow).values(
            id=uuid4(),
            digest=digest,
            user_id=user_id,
            network=browser.network,
            ip=browser.ip,
            user_agent=browser.user_agent,
            expires_at=tx.real_now + lasts,
        )
    )


def find(tx: Transaction, digest: bytes) -> Login | None:
    """Return the way in of that digest, unless it was ended; it may have run out by itself."""
    row = tx.connection.execute(_select().where(LoginRow.digest == digest)).mappings().first()
    return None if row is None else _login(row)


def list_open(tx: Transaction, user_id: UUID) -> list[Login]:
    """Return somebody's ways in that still work, the latest seen first."""
    works = _select().where(
        LoginRow.user_id == user_id,
        LoginRow.expires_at > tx.real_now,
        LoginRow.last_seen_at > tx.real_now - IDLE,
    )
    rows = tx.connection.execute(works.order_by(LoginRow.last_seen_at.desc(), LoginRow.id))
    return [_login(row) for row in rows.mappings()]


def touch(tx: Transaction, login_id: UUID) -> None:
    """Write that a way in was seen now."""
    tx.connection.execute(
        update(LoginRow).where(LoginRow.id == login_id).values(last_seen_at=REAL_NOW)
    )


def end(tx: Transaction, login_id: UUID, *, user_id: UUID) -> bool:
    """End one way in of somebody; ``False`` where there is none that stands."""
    ours = update(LoginRow).where(
        LoginRow.id == login_id, LoginRow.user_id == user_id, LoginRow.ended_at.is_(None)
    )
    return tx.connection.execute(ours.values(ended_at=REAL_NOW)).rowcount == 1


def end_all(tx: Transaction, user_id: UUID, *, besides: UUID | None = None) -> int:
    """End somebody's ways in, but for one; return how many."""
    ours = update(LoginRow).where(LoginRow.user_id == user_id, LoginRow.ended_at.is_(None))
    if besides is not None:
        ours = ours.where(LoginRow.id != besides)
    return tx.connection.execute(ours.values(ended_at=REAL_NOW)).rowcount


def has_come_from(tx: Transaction, user_id: UUID, network: str) -> bool:
    """Say whether somebody has come in from a network before."""
    known = select(LoginRow.id).where(LoginRow.user_id == user_id, LoginRow.network == network)
    return tx.connection.execute(known.limit(1)).first() is not None


def _select() -> Select[*tuple[Any, ...]]:
    return (
        select(
            LoginRow.id,
            LoginRow.ip,
            LoginRow.user_agent,
            LoginRow.created_at,
            LoginRow.last_seen_at,
            LoginRow.expires_at,
            *USER_COLUMNS,
        )
        .join(UserRow, UserRow.id == LoginRow.user_id)
        .where(LoginRow.ended_at.is_(None))
    )


def _login(row: RowMapping) -> Login:
    return Login(
        id=row["id"],
        user=user_of(row),
        ip=None if row["ip"] is None else str(row["ip"]),
        user_agent=row["user_agent"],
        created_at=row["created_at"],
        last_seen_at=row["last_seen_at"],
        expires_at=row["expires_at"],
    )
