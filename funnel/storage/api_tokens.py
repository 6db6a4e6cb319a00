"""Tokens of programs: kept as digests, found by them."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.dialects.postgresql import insert

from funnel.domain.api_token import ApiToken
from funnel.storage.transaction import Transaction
from funnel.storage.version_tables import ApiTokenRow


def add(tx: Transaction, *, name: str, digest: bytes, scopes: Collection[str]) -> bool:
    """Write a token; ``False`` where one of that name exists, revoked or not."""
    row = insert(ApiTokenRow).values(name=name, digest=digest, scopes=sorted(scopes))
    unless_known = row.on_conflict_do_nothing(index_elements=[ApiTokenRow.name])
    added = tx.connection.execute(unless_known.returning(ApiTokenRow.id)).one_or_none()
    return added is not None


def find(tx: Transaction, digest: bytes) -> ApiToken | None:
    """Return the token of that digest, unless it was revoked."""
    row = (
        tx.connection.execute(
            text(f"{_SELECT} where digest = :digest and revoked_at is null"), {"digest": digest}
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _token(row)


def list_all(tx: Transaction) -> list[ApiToken]:
    """Return every token, the revoked ones too, by name."""
    rows = tx.connection.execute(text(f"{_SELECT} order by name")).mappings()
    return [_token(row) for row in rows]


def touch(tx: Transaction, token_id: UUID) -> None:
    """Write that a token is in use; once a minute, so that reading costs no write each time."""
    tx.connection.execute(_TOUCH, {"id": token_id})


def revoke(tx: Transaction, name: str) -> bool:
    """End a token for good; ``False`` where there is none of that name that works."""
    return tx.connection.execute(_REVOKE, {"name": name}).rowcount == 1


_SELECT = "select id, name, scopes, created_at, last_used_at, revoked_at from api_tokens"
_TOUCH = text(
    """
    update api_tokens set last_used_at = now()
    where id = :id and (last_used_at is null or last_used_at < now() - interval '1 minute')
    """
)
_REVOKE = text("update api_tokens set revoked_at = now() where name = :name and revoked_at is null")


def _token(row: RowMapping) -> ApiToken:
    return ApiToken(**{**row, "scopes": frozenset(row["scopes"])})
