"""Providers' requests that were not understood, and topics that ask to send here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from funnel.storage.delivery_tables import DeliveryPayloadRow, ProviderSubscriptionRow
from funnel.storage.transaction import Transaction

PAYLOADS_KEPT_FOR: Final = timedelta(days=30)  # real time
MOST_KEPT: Final = 1000  # of each provider: a broken sender must not fill the disk
BODY_LIMIT: Final = 20_000  # characters


def keep(tx: Transaction, provider: str, *, reason: str, body: bytes) -> None:
    """Keep a verified request with the reason; the same one again is kept once, cut to a page."""
    shown = body.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")[:BODY_LIMIT]
    values = {"provider": provider, "reason": reason, "body": shown}
    if tx.connection.execute(_KEEP, values).rowcount:
        tx.connection.execute(_FORGET_MOST, {"provider": provider, "most": MOST_KEPT})


_KEEP = text(
    """
    insert into delivery_payloads (provider, reason, body)
    select :provider, :reason, :body where not exists (
        select from delivery_payloads
        where provider = :provider and reason = :reason and body = :body
          and received_at > now() - interval '1 day')
    """
)
_FORGET_MOST = text(
    """
    delete from delivery_payloads where id in (
        select id from delivery_payloads where provider = :provider
        order by received_at desc, id desc offset :most)
    """
)


def forget_old(tx: Transaction, limit: int) -> int:
    """Delete requests that came 30 days ago, at most ``limit`` of them; return how many."""
    row = DeliveryPayloadRow
    # A common table expression: PostgreSQL may run a sub-select again for each row, past the limit.
    old = (
        select(row.id)
        .where(row.received_at < tx.real_now - PAYLOADS_KEPT_FOR)
        .order_by(row.received_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    return tx.connection.execute(delete(row).where(row.id == old.c.id)).rowcount


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFigures:
    """How a provider's events of the last 24 hours stand; ``newest_note`` says why one waits."""

    provider: str
    applied: int
    waiting: int
    ignored: int
    unread: int
    newest_note: str


def read_figures(tx: Transaction) -> Sequence[ProviderFigures]:
    """Return the figures of each provider that has said anything in the last 24 hours."""
    rows = tx.connection.execute(_FIGURES).mappings()
    return [ProviderFigures(**row) for row in rows]


_FIGURES = text(
    """
    with events as (
        select provider, count(*) filter (where state = 'applied') as applied,
               count(*) filter (where state = 'waiting') as waiting,
               count(*) filter (where state = 'ignored') as ignored,
               (array_agg(note order by received_at desc) filter (where note <> ''))[1] as note
        from delivery_events where received_at > now() - interval '1 day' group by provider
    ), unread as (
        select provider, count(*) as unread, (array_agg(reason order by id desc))[1] as reason
        from delivery_payloads where received_at > now() - interval '1 day' group by provider
    )
    select provider, coalesce(applied, 0) as applied, coalesce(waiting, 0) as waiting,
           coalesce(ignored, 0) as ignored, coalesce(unread, 0) as unread,
           coalesce(reason, note, '') as newest_note
    from events full join unread using (provider) order by provider
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSubscription:
    """A provider's topic that sends here, or asks to; moments are real time, aware UTC.

    Attributes:
        state: "asked", "confirmed" or "ended".
        subscribe_url: The provider's link that says yes; "" where none is open.
    """

    provider: str
    topic: str
    state: str
    subscribe_url: str
    asked_at: datetime
    changed_at: datetime
    changed_by: str


def ask_to_subscribe(tx: Transaction, provider: str, topic: str, *, subscribe_url: str) -> None:
    """Write that a topic asks to send here, with its newest link."""
    _write(tx, provider, topic, state="asked", subscribe_url=subscribe_url, by="")


def end_subscription(tx: Transaction, provider: str, topic: str, *, subscribe_url: str) -> None:
    """Write that a topic sends here no more; its link takes that back."""
    _write(tx, provider, topic, state="ended", subscribe_url=subscribe_url, by=provider)


def confirm_subscription(tx: Transaction, provider: str, topic: str, *, by: str) -> None:
    """Write who said yes to a topic."""
    _write(tx, provider, topic, state="confirmed", subscribe_url="", by=by)


def _write(
    tx: Transaction, provider: str, topic: str, *, state: str, subscribe_url: str, by: str
) -> None:
    row = ProviderSubscriptionRow
    values = {
        "state": state,
        "subscribe_url": subscribe_url,
        "changed_at": tx.real_now,
        "changed_by": by,
    }
    if state == "asked":
        values["asked_at"] = tx.real_now
    statement = insert(row).values(provider=provider, topic=topic, **values)
    tx.connection.execute(
        statement.on_conflict_do_update(index_elements=[row.provider, row.topic], set_=values)
    )


def list_subscriptions(tx: Transaction) -> list[ProviderSubscription]:
    """Return every topic that has asked, what waits for a person first."""
    row = ProviderSubscriptionRow
    columns = [getattr(row, name) for name in ProviderSubscription.__slots__]
    statement = select(*columns).order_by(row.state != "asked", row.provider, row.topic)
    found = tx.connection.execute(statement).mappings()
    return [ProviderSubscription(**each) for each in found]
