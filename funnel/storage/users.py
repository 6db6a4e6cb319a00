"""People who may log in."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, Select, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from funnel.domain.access import Role, User
from funnel.domain.subscriber import Address
from funnel.storage.base import REAL_NOW
from funnel.storage.login_tables import UserRow
from funnel.storage.transaction import Transaction

# One for all that could leave nobody in charge, or make two first admins.
_LOCK = 4_860_217


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user with what their password is kept as; ``None``: they chose none yet."""

    user: User
    password_hash: str | None


def lock_all(tx: Transaction) -> None:
    """Wait until nobody else changes who is in charge; held to the transaction's end."""
    tx.connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def add(
    tx: Transaction, *, address: Address, name: str, role: Role, is_demo: bool = False
) -> User | None:
    """Write a user; ``None`` where that address has an account."""
    user = User(
        id=uuid4(),
        email=address.email,
        name=name,
        role=role,
        has_password=False,
        is_demo=is_demo,
        is_disabled=False,
    )
    row = insert(UserRow).values(
        id=user.id,
        email=user.email,
        email_key=address.key,
        name=name,
        role=role,
        is_demo=is_demo,
    )
    unless_known = row.on_conflict_do_nothing(index_elements=[UserRow.email_key])
    added = tx.connection.execute(unless_known.returning(UserRow.id)).one_or_none()
    return None if added is None else user


def find(tx: Transaction, email_key: str) -> Account | None:
    """Return the account of an address."""
    row = _first(tx, _SELECT.where(UserRow.email_key == email_key))
    return None if row is None else _account(row)


def find_by_id(tx: Transaction, user_id: UUID) -> User | None:
    """Return the user of an id."""
    row = _first(tx, _SELECT.where(UserRow.id == user_id))
    return None if row is None else user_of(row)


def lock(tx: Transaction, user_id: UUID) -> Account | None:
    """Return the account as it is once nobody else is changing it."""
    row = _first(tx, _SELECT.where(UserRow.id == user_id).with_for_update())
    return None if row is None else _account(row)


def list_all(tx: Transaction) -> list[User]:
    """Return every user, those who may not log in any more last, by address."""
    ordered = _SELECT.order_by(UserRow.disabled_at.is_not(None), UserRow.email_key)
    return [user_of(row) for row in tx.connection.execute(ordered).mappings()]


def is_there_any(tx: Transaction) -> bool:
    """Say whether anybody but the demo's own user has an account."""
    known = select(UserRow.id).where(UserRow.is_demo.is_(False)).limit(1)
    return tx.connection.execute(known).first() is not None


def count_in_charge(tx: Transaction, *, besides: UUID | None = None) -> int:
    """Count who can log in and say who may, but for one."""
    in_charge = select(func.count()).where(
        UserRow.role == Role.ADMIN,
        UserRow.disabled_at.is_(None),
        UserRow.password_hash.is_not(None),
        UserRow.is_demo.is_(False),
    )
    if besides is not None:
        in_charge = in_charge.where(UserRow.id != besides)
    return int(tx.connection.execute(in_charge).scalar_one())


def set_password(tx: Transaction, user_id: UUID, password_hash: str) -> None:
    """Keep another password."""
    _change(tx, user_id, password_hash=password_hash)


def set_role(tx: Transaction, user_id: UUID, role: Role) -> None:
    """Give somebody another role, from their next request on."""
    _change(tx, user_id, role=role)


def set_name(tx: Transaction, user_id: UUID, name: str) -> None:
    """Give somebody another name."""
    _change(tx, user_id, name=name)


def set_language(tx: Transaction, user_id: UUID, language: str) -> None:
    """Keep the language that somebody's pages speak."""
    _change(tx, user_id, language=language)


def disable(tx: Transaction, user_id: UUID) -> None:
    """Let somebody in no more."""
    _change(tx, user_id, disabled_at=REAL_NOW)


def enable(tx: Transaction, user_id: UUID) -> None:
    """Let somebody in again."""
    _change(tx, user_id, disabled_at=None)


def _change(tx: Transaction, user_id: UUID, **values: object) -> None:
    tx.connection.execute(update(UserRow).where(UserRow.id == user_id).values(**values))


USER_COLUMNS = (
    UserRow.id.label("user_id"),
    UserRow.email,
    UserRow.name,
    UserRow.role,
    UserRow.is_demo,
    UserRow.password_hash,
    UserRow.disabled_at,
    UserRow.language,
)
_SELECT = select(*USER_COLUMNS)


def _first(tx: Transaction, statement: Select[*tuple[Any, ...]]) -> RowMapping | None:
    return tx.connection.execute(statement).mappings().first()


def user_of(row: RowMapping) -> User:
    """Return the user in a row of ``USER_COLUMNS``."""
    return User(
        id=row["user_id"],
        email=row["email"],
        name=row["name"],
        role=Role(row["role"]),
        has_password=row["password_hash"] is not None,
        is_demo=row["is_demo"],
        is_disabled=row["disabled_at"] is not None,
        language=row["language"],
    )


def _account(row: RowMapping) -> Account:
    return Account(user=user_of(row), password_hash=row["password_hash"])
