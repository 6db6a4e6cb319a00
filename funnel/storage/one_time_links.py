"""Links that let somebody choose a password once: kept as digests. Real time."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, update

from funnel.storage.base import REAL_NOW
from funnel.storage.login_tables import OneTimeLinkRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeLink:
    """A link that can still be used; without a user it makes the first admin."""

    id: UUID
    user_id: UUID | None


def add(tx: Transaction, *, digest: bytes, user_id: UUID | None, lasts: timedelta) -> None:
    """Write a link; those of before go, as far as they are somebody's or too old."""
    is_old = OneTimeLinkRow.expires_at < tx.real_now
    if user_id is not None:
        is_old = is_old | (OneTimeLinkRow.user_id == user_id)
    tx.connection.execute(delete(OneTimeLinkRow).where(is_old))
    tx.connection.execute(
        insert(OneTimeLinkRow).values(
            id=uuid4(), digest=digest, user_id=user_id, expires_at=tx.real_now + lasts
        )
    )


def find(tx: Transaction, digest: bytes, *, is_to_be_used: bool = False) -> OneTimeLink | None:
    """Return the link, unless it was used or is too old; held if it is to be used."""
    usable = select(OneTimeLinkRow.id, OneTimeLinkRow.user_id).where(
        OneTimeLinkRow.digest == digest,
        OneTimeLinkRow.used_at.is_(None),
        OneTimeLinkRow.expires_at > REAL_NOW,
    )
    row = tx.connection.execute(usable.with_for_update() if is_to_be_used else usable).first()
    return None if row is None else OneTimeLink(id=row.id, user_id=row.user_id)


def use(tx: Transaction, link: OneTimeLink) -> None:
    """Let nobody use it again, nor another one for the same."""
    same = (
        OneTimeLinkRow.user_id == link.user_id
        if link.user_id
        else (OneTimeLinkRow.user_id.is_(None))
    )
    unused = update(OneTimeLinkRow).where(same, OneTimeLinkRow.used_at.is_(None))
    tx.connection.execute(unused.values(used_at=REAL_NOW))


def drop_of(tx: Transaction, user_id: UUID) -> None:
    """Make what was sent to somebody useless."""
    tx.connection.execute(delete(OneTimeLinkRow).where(OneTimeLinkRow.user_id == user_id))
