"""Addresses that must not be written to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from funnel.domain.consent import SuppressionReason
from funnel.storage.tables import SubscriberRow, SuppressionRow
from funnel.storage.transaction import Transaction

# Of somebody who was erased no address is kept: the hash that stands in its place begins so.
_ERASED_PREFIX: Final = "erased:"


def find(tx: Transaction, email_key: str) -> SuppressionReason | None:
    """Return why an address must not be written to, ``None`` where it may be."""
    statement = select(SuppressionRow.reason).where(SuppressionRow.email_key == email_key)
    reason = tx.connection.execute(statement).scalar()
    return None if reason is None else SuppressionReason(reason)


def add(tx: Transaction, email_key: str, reason: SuppressionReason, *, source: str) -> bool:
    """Suppress an address; one that is suppressed already keeps its reason. Say if it is new."""
    statement = insert(SuppressionRow).values(email_key=email_key, reason=reason, source=source)
    written = statement.on_conflict_do_nothing().returning(SuppressionRow.email_key)
    return tx.connection.execute(written).one_or_none() is not None


def strengthen(tx: Transaction, email_key: str, reason: SuppressionReason, *, source: str) -> None:
    """Suppress an address; a person's own ``unsubscribed`` gives way to a stronger reason.

    Confirming anew lifts that one alone: an address that bounced or complained must not come back.
    """
    if not add(tx, email_key, reason, source=source):
        _set_reason(tx, email_key, SuppressionReason.UNSUBSCRIBED, reason, source=source)


def lift_unsubscribed(tx: Transaction, subscriber_id: UUID) -> bool:
    """Lift a person's own ``unsubscribed``; no other reason is ever lifted here."""
    key = select(SubscriberRow.email_key).where(SubscriberRow.id == subscriber_id)
    done = tx.connection.execute(
        delete(SuppressionRow).where(
            SuppressionRow.email_key == key.scalar_subquery(),
            SuppressionRow.reason == SuppressionReason.UNSUBSCRIBED,
        )
    )
    return done.rowcount == 1


def lift_by_hand(tx: Transaction, email_key: str) -> bool:
    """Lift what was put on the list by hand, and nothing else; say whether it stood there.

    Who was erased stays so: their own signup brings them back from here on, and nobody else.
    """
    if email_key.startswith(_ERASED_PREFIX):
        return _set_reason(
            tx, email_key, SuppressionReason.BY_HAND, SuppressionReason.ERASED, source=""
        )
    done = tx.connection.execute(
        delete(SuppressionRow).where(
            SuppressionRow.email_key == email_key,
            SuppressionRow.reason == SuppressionReason.BY_HAND,
        )
    )
    return done.rowcount == 1


def erased_key(address_hash: bytes) -> str:
    """Return what stands in the list in place of the address of somebody who was erased.

    Args:
        address_hash: As ``subscriber.address_hash`` makes it, with the installation's secret.
    """
    return f"{_ERASED_PREFIX}{address_hash.hex()}"


def is_erased(tx: Transaction, address_hash: bytes) -> bool:
    """Say whether the person of an address was erased: no import may bring them back."""
    return find(tx, erased_key(address_hash)) is not None


def stop_erased(tx: Transaction, address_hash: bytes, *, source: str) -> bool:
    """Keep somebody who was erased from coming back even by themselves; say if that is new.

    The address is not written down for it: its hash says enough.
    """
    return _set_reason(
        tx,
        erased_key(address_hash),
        SuppressionReason.ERASED,
        SuppressionReason.BY_HAND,
        source=source,
    )


def _set_reason(
    tx: Transaction, key: str, was: SuppressionReason, reason: SuppressionReason, *, source: str
) -> bool:
    done = tx.connection.execute(
        update(SuppressionRow)
        .where(SuppressionRow.email_key == key, SuppressionRow.reason == was)
        .values(reason=reason, source=source)
    )
    return done.rowcount == 1


def forget_address(tx: Transaction, email_key: str, address_hash: bytes) -> None:
    """Put a hash in the place of an address; what else kept it from being written to stays so.

    A person's own end ("unsubscribed") becomes ``erased``: both give way to a new signup of theirs.
    """
    row = tx.connection.execute(
        delete(SuppressionRow)
        .where(SuppressionRow.email_key == email_key)
        .returning(SuppressionRow.reason)
    ).scalar()
    kept = row if row not in (None, SuppressionReason.UNSUBSCRIBED) else SuppressionReason.ERASED
    key, reason = erased_key(address_hash), SuppressionReason(kept)
    if not add(tx, key, reason, source=""):
        # Erased before, and come back: what speaks against writing by now is the stronger word.
        _set_reason(tx, key, SuppressionReason.ERASED, reason, source="")


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionLine:
    """One line of the do-not-email list; ``at`` is plan time, aware UTC.

    Attributes:
        address: "" where it was erased.
        subscriber_id: The person who has the address, if anybody does.
    """

    key: str
    reason: SuppressionReason
    source: str
    at: datetime
    subscriber_id: UUID | None

    @property
    def address(self) -> str:
        """The address, "" where only its hash was kept."""
        return "" if self.key.startswith(_ERASED_PREFIX) else self.key


def list_newest(
    tx: Transaction, *, limit: int, after: tuple[datetime, str] | None = None
) -> Sequence[SuppressionLine]:
    """Return who came on the list last, the newest first; ``after`` the last of the page before."""
    if after is None:
        return _lines(tx, NEWEST, limit=limit)
    return _lines(tx, NEWEST_AFTER, limit=limit, at=after[0], key=after[1])


def list_beginning(
    tx: Transaction, begins: str, *, limit: int, after: str = ""
) -> Sequence[SuppressionLine]:
    """Return the addresses that begin so, in their order; ``after`` the last of the page before."""
    return _lines(tx, BEGINNING, limit=limit, begins=begins.lower(), key=after)


def _lines(tx: Transaction, statement: TextClause, **values: object) -> list[SuppressionLine]:
    return [
        SuppressionLine(**{**row, "reason": SuppressionReason(row["reason"])})
        for row in tx.connection.execute(statement, values).mappings()
    ]


_SELECT = """
    select s.email_key as key, s.reason, s.source, s.at, p.id as subscriber_id
    from suppressions s left join subscribers p on p.email_key = s.email_key
"""
NEWEST: Final = text(f"{_SELECT} order by s.at desc, s.email_key desc limit :limit")
NEWEST_AFTER: Final = text(
    f"{_SELECT} where (s.at, s.email_key) < (:at, :key)"
    " order by s.at desc, s.email_key desc limit :limit"
)
# The hashes of those who were erased are no addresses, and nobody looks for them.
BEGINNING: Final = text(
    f"""
    {_SELECT}
    where s.email_key ~>=~ :begins and s.email_key ~<~ (:begins || U&'\\+10FFFF')
      and s.email_key ~>~ :key and s.reason <> 'erased'
    order by s.email_key using ~<~ limit :limit
    """
)
