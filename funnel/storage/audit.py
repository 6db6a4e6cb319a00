"""Who changed what."""

from collections.abc import Mapping

from sqlalchemy import insert

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
    """Note one act of a person: ids and counts in ``detail``, never an address or a secret."""
    tx.connection.execute(
        insert(AuditRow).values(by=by, action=action, target=target, detail=dict(detail or {}))
    )
