"""What providers say of messages: each event kept once, and what became of it.

Events are locked last, after people, runs and messages. A new one is written once its message is
held, so that two that come at once cannot wait for each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from funnel.domain.delivery_event import DeliveryEvent, DeliveryEventKind
from funnel.storage.rows import as_json
from funnel.storage.transaction import Transaction

APPLIED: Final = "applied"
WAITING: Final = "waiting"
IGNORED: Final = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of one event: its state, why, and the message that it is about."""

    event: DeliveryEvent
    state: str
    note: str = ""
    message_id: UUID | None = None
    address_hash: str | None = None
    keeps_words: bool = True


def add(tx: Transaction, provider: str, verdicts: Sequence[Verdict]) -> set[str]:
    """Write events that are new; return the ids of those. What is known already is left alone.

    In the order of their ids: two transactions with the same events must not wait for each other.
    """
    ordered = sorted(verdicts, key=lambda each: each.event.event_id)
    rows = as_json(_values(each) for each in ordered)
    written = tx.connection.execute(_ADD, {"rows": rows, "provider": provider})
    return set(written.scalars())


_COLUMNS: Final = {
    "event_id": "text",
    "kind": "text",
    "message_id": "uuid",
    "provider_id": "text",
    "address_hash": "text",
    "state": "text",
    "note": "text",
    "occurred_at": "timestamptz",
    "detail": "jsonb",
}
_ADD = text(
    f"""
    insert into delivery_events (provider, {", ".join(_COLUMNS)})
    select :provider, {", ".join(_COLUMNS)} from json_to_recordset(cast(:rows as json))
        as r({", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())})
    on conflict (provider, event_id) do nothing
    returning event_id
    """  # noqa: S608  (names and types from the table above)
)


def _values(verdict: Verdict) -> dict[str, Any]:
    event = verdict.event
    detail = {"code": event.code, "reason": event.reason, "is_hard": event.is_hard}
    return {
        "event_id": event.event_id,
        "kind": event.kind,
        "message_id": verdict.message_id or event.message_id,
        "provider_id": event.provider_id if verdict.keeps_words else None,
        "address_hash": verdict.address_hash,
        "state": verdict.state,
        "note": verdict.note,
        "occurred_at": event.occurred_at,
        "detail": detail if verdict.keeps_words else {},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingEvent:
    """An event whose message was not known; ``received_at`` is real time."""

    provider: str
    event: DeliveryEvent
    received_at: datetime


def list_waiting(tx: Transaction, *, tried_before: datetime, limit: int) -> list[WaitingEvent]:
    """Return what waits and was last tried before that real moment, the longest ago first."""
    rows = tx.connection.execute(_WAITING, {"before": tried_before, "limit": limit}).mappings()
    return [
        WaitingEvent(
            provider=row["provider"],
            event=_event(row),
            received_at=row["received_at"],
        )
        for row in rows
    ]


_WAITING = text(
    """
    select provider, event_id, kind, message_id, provider_id, occurred_at, received_at, detail
    from delivery_events where state = 'waiting' and tried_at < :before
    order by tried_at limit :limit
    """
)


def _event(row: RowMapping) -> DeliveryEvent:
    detail: Mapping[str, Any] = row["detail"]
    return DeliveryEvent(
        event_id=row["event_id"],
        kind=DeliveryEventKind(row["kind"]),
        message_id=row["message_id"],
        provider_id=row["provider_id"],
        occurred_at=row["occurred_at"],
        code=detail.get("code", ""),
        reason=detail.get("reason", ""),
        is_hard=detail.get("is_hard", False),
    )


def settle(tx: Transaction, provider: str, verdict: Verdict) -> bool:
    """Write what became of an event that waited; say whether it still did.

    One that goes on waiting is tried again later.
    """
    values = {
        "provider": provider,
        "event_id": verdict.event.event_id,
        "state": verdict.state,
        "note": verdict.note,
        "message_id": verdict.message_id or verdict.event.message_id,
        "keeps": verdict.keeps_words,
    }
    return tx.connection.execute(_SETTLE, values).rowcount == 1


_SETTLE = text(
    """
    update delivery_events set state = :state, note = :note, message_id = :message_id,
        tried_at = now(), detail = case when :keeps then detail else '{}' end,
        provider_id = case when :keeps then provider_id end
    where provider = :provider and event_id = :event_id and state = 'waiting'
    """
)

EVENTS_KEPT_FOR: Final = timedelta(days=400)  # real time; longer than a provider sends again


def forget_old(tx: Transaction, limit: int) -> int:
    """Delete events that came 400 days ago, at most ``limit`` of them; return how many."""
    return tx.connection.execute(_FORGET, {"age": EVENTS_KEPT_FOR, "limit": limit}).rowcount


# MATERIALIZED: PostgreSQL may run a bare sub-select again for each row, past the limit.
_FORGET = text(
    """
    with old as materialized (
        select provider, event_id from delivery_events where received_at < now() - :age
        order by received_at limit :limit for update skip locked
    )
    delete from delivery_events e using old
    where e.provider = old.provider and e.event_id = old.event_id
    """
)


def forget_hash(tx: Transaction, address_hash: bytes) -> None:
    """Forget of whom events spoke that named no message; that they came stays."""
    tx.connection.execute(_FORGET_HASH, {"hash": address_hash.hex()})


_FORGET_HASH = text(
    """
    update delivery_events set address_hash = null, provider_id = null, detail = '{}'
    where address_hash = :hash
    """
)
