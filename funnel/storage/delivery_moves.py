"""The messages that providers speak of: found, held, moved, and their sums with them.

Locks are taken in the house's order: people, runs, then messages in the order of their ids.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping, text

from funnel.domain.delivery_event import SOFT_BOUNCES, Delivery, DeliveryEvent, DeliveryState
from funnel.domain.message import MessageStatus, check_move
from funnel.storage import counters
from funnel.storage.counters import Tally
from funnel.storage.rows import as_json
from funnel.storage.transaction import Transaction

# In sums: by what the other side says now, beside our own statuses.
COUNTED: Final = frozenset({Delivery.DELIVERED, Delivery.BOUNCED, Delivery.COMPLAINED})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTarget:
    """The message that an event is about, as its row stands.

    Attributes:
        has_person: ``False``: they were forgotten, and nothing of them may be written down.
        is_first: It is the first copy of a step's email.
    """

    id: UUID
    subscriber_id: UUID
    enrollment_id: UUID | None
    sequence_id: UUID
    step_key: str
    is_first: bool
    status: MessageStatus
    attempts: int
    state: DeliveryState
    has_person: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMessage:
    """Whose message an event names, before anything is locked.

    Attributes:
        is_open: Our side was not settled as accepted: the event may settle it.
    """

    id: UUID
    subscriber_id: UUID
    enrollment_id: UUID | None
    is_open: bool


def find_messages(
    tx: Transaction, provider: str, events: Iterable[DeliveryEvent]
) -> dict[str, FoundMessage]:
    """Return the message of each event that names one we have, by event id.

    By our own id first; the provider's is looked up among what left by that provider.
    """
    rows = as_json(
        {"event": each.event_id, "message": each.message_id, "theirs": each.provider_id}
        for each in events
        if each.message_id or each.provider_id
    )
    found = tx.connection.execute(_FIND, {"rows": rows, "provider": provider})
    return {
        row.event: FoundMessage(
            id=row.id,
            subscriber_id=row.subscriber_id,
            enrollment_id=row.enrollment_id,
            is_open=row.status in ("unknown", "queued", "sending"),
        )
        for row in found
    }


_FIND = text(
    """
    with asked as (
        select * from json_to_recordset(cast(:rows as json))
            as r(event text, message uuid, theirs text)
    ), ours as (
        select r.event, m.id, m.subscriber_id, m.enrollment_id, m.status
        from asked r join messages m on m.id = r.message
    )
    select * from ours
    union all
    select r.event, m.id, m.subscriber_id, m.enrollment_id, m.status from asked r
    join lateral (
        select id, subscriber_id, enrollment_id, status from messages
        where provider_id = r.theirs and provider_id is not null and provider <> 'smtp'
          and provider = :provider order by id limit 1
    ) m on true
    where r.event not in (select event from ours)
    """
)


def lock_messages(
    tx: Transaction, message_ids: Collection[UUID], *, queued_of: Collection[UUID]
) -> None:
    """Lock messages, and all that is queued for some people, in the order of their ids.

    All at once: whoever plans or leaves moves what is queued, after it holds one of these.
    """
    tx.connection.execute(_LOCK, {"ids": list(message_ids), "people": list(queued_of)})


_LOCK = text(
    """
    select id from messages
    where id = any(:ids) or subscriber_id = any(:people) and status = 'queued'
    order by id for no key update
    """
)


def read_targets(tx: Transaction, message_ids: Collection[UUID]) -> dict[UUID, EventTarget]:
    """Return messages as they stand now; call it after ``lock_messages``."""
    rows = tx.connection.execute(_TARGETS, {"ids": list(message_ids)}).mappings()
    return {row["id"]: _target(row) for row in rows}


_TARGETS = text(
    """
    select m.id, m.subscriber_id, m.enrollment_id, m.sequence_id,
           coalesce(m.step_key, m.template_key) as step_key,
           m.kind = 'sequence' and m.copy = 0 as is_first, m.status, m.attempts, m.delivery,
           m.delivery_at, coalesce(m.delivery_reason, '') as delivery_reason,
           p.email <> '' as has_person
    from messages m join subscribers p on p.id = m.subscriber_id where m.id = any(:ids)
    """
)


def _target(row: RowMapping) -> EventTarget:
    return EventTarget(
        id=row["id"],
        subscriber_id=row["subscriber_id"],
        enrollment_id=row["enrollment_id"],
        sequence_id=row["sequence_id"],
        step_key=row["step_key"],
        is_first=row["is_first"],
        status=MessageStatus(row["status"]),
        attempts=row["attempts"],
        state=DeliveryState(
            delivery=Delivery(row["delivery"]),
            at=row["delivery_at"],
            reason=row["delivery_reason"],
        ),
        has_person=row["has_person"],
    )


def move(tx: Transaction, target: EventTarget, state: DeliveryState) -> None:
    """Write what the other side says of a locked message, and move the sums with it."""
    values = {
        "id": target.id,
        "delivery": state.delivery,
        "at": state.at,
        "reason": state.reason or None if target.has_person else None,
    }
    tx.connection.execute(_MOVE, values)
    changes = Counter[Tally]()
    if state.delivery is not target.state.delivery:
        for delivery, by in ((target.state.delivery, -1), (state.delivery, 1)):
            if delivery in COUNTED:
                changes[Tally(target.sequence_id, target.step_key, delivery)] += by
    counters.move(tx, changes)


_MOVE = text(
    """
    update messages set delivery = :delivery, delivery_at = :at, delivery_reason = :reason
    where id = :id
    """
)


def accept(tx: Transaction, target: EventTarget, event: DeliveryEvent, *, provider: str) -> None:
    """Settle our side of a locked message as accepted: its provider does have it.

    It counts from its hand-over, as it did before; nothing that is on the broker sends it again.
    """
    check_move(target.status, MessageStatus.ACCEPTED)
    tx.connection.execute(
        _ACCEPT, {"id": target.id, "provider": provider, "provider_id": event.provider_id}
    )
    accepted = Tally(target.sequence_id, target.step_key, MessageStatus.ACCEPTED)
    if target.status.is_settled:
        was = Tally(target.sequence_id, target.step_key, target.status)
        counters.move(tx, Counter({accepted: 1, was: -1}))
    else:
        counters.move(tx, counters.settled(target, MessageStatus.ACCEPTED))


_ACCEPT = text(
    """
    update messages set status = 'accepted', reason = null,
        accepted_at = coalesce(opened_at, plan_now()),
        settled_at = coalesce(settled_at, opened_at, plan_now()),
        -- A retry that is on its way to a worker finds another epoch and does nothing.
        epoch = epoch + 1, published_at = null, ask_at = null, asks = 0, context = null,
        provider = coalesce(provider, :provider),
        provider_id = coalesce(provider_id, :provider_id)
    where id = :id
    """
)


def newest_bounces(tx: Transaction, subscriber_id: UUID) -> list[datetime]:
    """Return when a person's newest emails came back, up to the last one that was delivered."""
    rows = tx.connection.execute(_NEWEST, {"person": subscriber_id, "most": SOFT_BOUNCES})
    found: list[datetime] = []
    for row in rows:
        if row.delivery != Delivery.BOUNCED:
            break
        found.append(row.delivery_at)
    return found


_NEWEST = text(
    """
    select delivery, delivery_at from messages
    where subscriber_id = :person and delivery in ('delivered', 'bounced', 'complained')
    order by delivery_at desc, id limit :most
    """
)
