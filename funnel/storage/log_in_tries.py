"""Wrong passwords in a row, by account and by network; what is a day old is forgotten."""

from collections.abc import Iterable
from hashlib import sha256

from sqlalchemy import text

from funnel.domain.throttle import FORGOTTEN_AFTER, Tries
from funnel.storage.transaction import Transaction


def account_key(email_key: str) -> str:
    """Return what an account's tries are counted under.

    A digest: it may be the address of somebody who has nothing to do with us.
    """
    return f"account {sha256(email_key.encode()).hexdigest()[:32]}"


def network_key(network: str) -> str:
    """Return what a network's tries are counted under."""
    return f"network {network}"


def lock(tx: Transaction, keys: Iterable[str]) -> None:
    """Hold what is counted under these keys, so that tries at once are counted one by one."""
    for key in sorted(keys):
        tx.connection.execute(
            text("select pg_advisory_xact_lock(hashtextextended(:key, 4860214))"), {"key": key}
        )


def read(tx: Transaction, key: str) -> Tries | None:
    """Return what was counted under a key."""
    row = tx.connection.execute(
        text("select failures, last_at from log_in_tries where key = :key"), {"key": key}
    ).one_or_none()
    return None if row is None else Tries(failures=row.failures, last_at=row.last_at)


def write(tx: Transaction, key: str, failures: int) -> None:
    """Count so many under a key, the last of them now."""
    tx.connection.execute(_WRITE, {"key": key, "failures": failures})


def give_back(tx: Transaction, key: str) -> None:
    """Take one try back: it was right after all."""
    tx.connection.execute(_GIVE_BACK, {"key": key})


def forget(tx: Transaction, key: str) -> None:
    """Count anew under a key."""
    tx.connection.execute(text("delete from log_in_tries where key = :key"), {"key": key})


def forget_old(tx: Transaction) -> None:
    """Drop what counts no more."""
    tx.connection.execute(_FORGET_OLD, {"after": FORGOTTEN_AFTER})


_WRITE = text(
    """
    insert into log_in_tries (key, failures, last_at) values (:key, :failures, now())
    on conflict (key) do update set failures = excluded.failures, last_at = now()
    """
)
_GIVE_BACK = text(
    "update log_in_tries set failures = failures - 1 where key = :key and failures > 0"
)
_FORGET_OLD = text("delete from log_in_tries where last_at < now() - cast(:after as interval)")
