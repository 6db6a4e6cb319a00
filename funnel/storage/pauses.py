"""The emergency brake: rows that stop what they name while they stand."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from funnel.storage.transaction import Transaction

EVERYTHING = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Who stopped what, when (real time) and why."""

    scope: str
    reason: str
    by: str
    at: datetime


def add(tx: Transaction, *, scope: str, reason: str, by: str) -> None:
    """Stop a scope; the newest reason counts."""
    tx.connection.execute(
        text(
            """
            insert into pauses (scope, reason, by) values (:scope, :reason, :by)
            on conflict (scope) do update set reason = excluded.reason, by = excluded.by
            """
        ),
        {"scope": scope, "reason": reason, "by": by},
    )


def remove(tx: Transaction, *, scope: str) -> bool:
    """Let a scope go on; say whether it was stopped."""
    return (
        tx.connection.execute(
            text("delete from pauses where scope = :scope"), {"scope": scope}
        ).rowcount
        > 0
    )


def standing(tx: Transaction) -> list[Pause]:
    """Return the pauses that stand, oldest first."""
    rows = tx.connection.execute(text("select scope, reason, by, at from pauses order by at"))
    return [Pause(**row) for row in rows.mappings()]


def is_everything_paused(tx: Transaction) -> bool:
    """Say whether the brake is on."""
    return bool(
        tx.connection.execute(
            text("select exists (select from pauses where scope = :scope)"), {"scope": EVERYTHING}
        ).scalar_one()
    )
