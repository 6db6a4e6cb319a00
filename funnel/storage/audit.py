"""Who changed what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from funnel.storage.message_tables import AuditRow
from funnel.storage.transaction import Transaction


def write_audit(
    tx: Transaction,
    *,
    by: str,
    action: str,
    target: str,
    detail: Mapping[str, str | int | bool | None] | None = None,
) -> None:
    """Note one act of a person: ids and counts in ``detail``, never an address or a secret.

    Who may log in is named by the address of their account; at a terminal it is the account there.
    """
    tx.connection.execute(
        insert(AuditRow).values(by=by, action=action, target=target, detail=dict(detail or {}))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One act: who did what to what, and when (real time)."""

    id: int
    at: datetime
    by: str
    action: str
    target: str
    detail: Mapping[str, str | int | bool | None]


def list_newest(
    tx: Transaction, *, limit: int, before: int | None = None, by: str = ""
) -> list[AuditEntry]:
    """Return the latest acts, the newest first; ``before`` one, and of one person, if given."""
    columns = [getattr(AuditRow, name) for name in AuditEntry.__slots__]
    newest = select(*columns).order_by(AuditRow.id.desc()).limit(limit)
    if before is not None:
        newest = newest.where(AuditRow.id < before)
    if by:
        newest = newest.where(AuditRow.by == by)
    return [AuditEntry(**row) for row in tx.connection.execute(newest).mappings()]
