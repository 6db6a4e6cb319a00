"""People: found, locked, changed, forgotten."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, delete, exists, func, select, update

from funnel.domain.consent import Topic
from funnel.domain.signup import FieldValue
from funnel.domain.subscriber import Subscriber, ZoneChoice, email_key
from funnel.storage.message_tables import MessageRow
from funnel.storage.tables import EnrollmentRow, SignupRow, SubscriberRow
from funnel.storage.transaction import Transaction


def find(tx: Transaction, subscriber_id: UUID) -> Subscriber | None:
    """Return the person of that id."""
    return _find(tx, SubscriberRow.id == subscriber_id)


def find_by_key(tx: Transaction, email_key: str) -> Subscriber | None:
    """Return the person whose address has that key."""
    return _find(tx, SubscriberRow.email_key == email_key)


def find_named(tx: Transaction, named: str) -> Subscriber | None:
    """Return the person that an id or an address names.

    Raises:
        InvalidInputError: Neither an id nor an address.
    """
    try:
        return find(tx, UUID(named))
    except ValueError:
        return find_by_key(tx, email_key(named))


def lock(tx: Transaction, subscriber_ids: Sequence[UUID]) -> None:
    """Lock people, first of all rows; what is read of them must be read afterwards."""
    statement = select(SubscriberRow.id).where(SubscriberRow.id.in_(subscriber_ids))
    tx.connection.execute(statement.order_by(SubscriberRow.id).with_for_update(key_share=True))


def confirm(
    tx: Transaction,
    subscriber_id: UUID,
    *,
    first_name: str,
    last_name: str,
    locale: str | None,
    fields: Mapping[str, FieldValue],
) -> None:
    """Apply what a signup said, now that its person stands behind it; empty says nothing."""
    changes: dict[str, Any] = {
        "confirmed_at": func.coalesce(SubscriberRow.confirmed_at, tx.now),
        "fields": SubscriberRow.fields.op("||")(dict(fields)),
    }
    if first_name or last_name:
        changes |= {"first_name": first_name, "last_name": last_name}
    if locale:
        changes["locale"] = locale
    _change(tx, subscriber_id, changes)


def set_zone(tx: Transaction, subscriber_id: UUID, choice: ZoneChoice) -> None:
    """Write a person's zone, where we learnt it, and what was given where it was not one."""
    changes = {
        "zone": choice.name,
        "zone_source": choice.source,
        "zone_given": choice.given,
        # Until now their days were another zone's; the ledger counts each by the one of its time.
        "zone_since": case(
            (SubscriberRow.zone != choice.name, tx.now), else_=SubscriberRow.zone_since
        ),
    }
    _change(tx, subscriber_id, changes)


def set_name(tx: Transaction, subscriber_id: UUID, *, first_name: str, last_name: str) -> None:
    """Write a person's name."""
    _change(tx, subscriber_id, {"first_name": first_name, "last_name": last_name})


def pause_letters(tx: Transaction, subscriber_id: UUID, until: datetime | None) -> None:
    """Write until when a person wants no letters (aware, plan time); ``None``: not paused."""
    _change(tx, subscriber_id, {"letters_paused_until": until})


def letters_paused_until(tx: Transaction, subscriber_id: UUID) -> datetime | None:
    """Return until when a person wants no letters; past moments mean nothing any more."""
    statement = select(SubscriberRow.letters_paused_until).where(SubscriberRow.id == subscriber_id)
    until: datetime | None = tx.connection.execute(statement).scalar()
    return until


def set_wanted(tx: Transaction, subscriber_id: UUID, topic: Topic, *, is_wanted: bool) -> None:
    """Write how a topic stands with a person."""
    column = {Topic.LETTERS: "wants_letters", Topic.SEAT: "wants_seat_emails"}[topic]
    _change(tx, subscriber_id, {column: is_wanted})


def forget_unconfirmed(tx: Transaction, subscriber_ids: Sequence[UUID]) -> int:
    """Forget those who never confirmed and have no signup under way; return how many.

    Who was written to stays as a row without an address, so that the books of sent emails still
    balance; who was not goes altogether.
    """
    unconfirmed = (
        SubscriberRow.id.in_(subscriber_ids),
        SubscriberRow.confirmed_at.is_(None),
        SubscriberRow.email != "",
        ~exists().where(
            SignupRow.subscriber_id == SubscriberRow.id, SignupRow.next_at.is_not(None)
        ),
        ~exists().where(EnrollmentRow.subscriber_id == SubscriberRow.id),
    )
    was_written_to = exists().where(MessageRow.subscriber_id == SubscriberRow.id)
    gone = tx.connection.execute(delete(SubscriberRow).where(*unconfirmed, ~was_written_to))
    emptied = tx.connection.execute(
        update(SubscriberRow)
        .where(*unconfirmed)
        .values(
            email="",
            email_key=func.concat("forgotten:", SubscriberRow.id),
            first_name="",
            last_name="",
            zone="UTC",
            zone_source="default",
            zone_given=None,
            fields={},
        )
    )
    return gone.rowcount + emptied.rowcount


def _change(tx: Transaction, subscriber_id: UUID, changes: Mapping[str, Any]) -> None:
    statement = update(SubscriberRow).where(SubscriberRow.id == subscriber_id)
    tx.connection.execute(statement.values(**changes))


def _find(tx: Transaction, condition: ColumnElement[bool]) -> Subscriber | None:
    row = tx.connection.execute(_select().where(condition)).mappings().one_or_none()
    return None if row is None else Subscriber(**row)


def _select() -> Select[*tuple[Any, ...]]:
    return select(
        SubscriberRow.id,
        SubscriberRow.email,
        SubscriberRow.email_key,
        SubscriberRow.first_name,
        SubscriberRow.last_name,
        SubscriberRow.zone,
        SubscriberRow.zone_source,
        SubscriberRow.zone_given,
        SubscriberRow.locale,
        SubscriberRow.wants_letters,
        SubscriberRow.wants_seat_emails,
        SubscriberRow.confirmed_at,
    )
