"""Signs of life: a process writes as it makes progress, not as somebody asks it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from funnel.storage.transaction import Transaction

FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """One process; moments are real time. ``age`` is how long ago it was last seen."""

    name: str
    role: str
    started_at: datetime
    seen_at: datetime
    age: timedelta


def beat(tx: Transaction, *, name: str, role: str) -> None:
    """Say that the process made progress now; forget those that have long been silent."""
    tx.connection.execute(_BEAT, {"name": name, "role": role})
    tx.connection.execute(_FORGET, {"after": FORGOTTEN_AFTER})


_BEAT = text(
    """
    insert into heartbeats (name, role) values (:name, :role)
    on conflict (name) do update set seen_at = now()
    """
)
# Two processes may forget at once: neither waits for the other.
_FORGET = text(
    """
    delete from heartbeats where name in (
        select name from heartbeats where seen_at < now() - :after for update skip locked
    )
    """
)


def alive(tx: Transaction) -> list[Heartbeat]:
    """Return the processes that are remembered, by role and name."""
    rows = tx.connection.execute(
        text(
            """
            select name, role, started_at, seen_at, now() - seen_at as age
            from heartbeats order by role, name
            """
        )
    )
    return [Heartbeat(**row) for row in rows.mappings()]
