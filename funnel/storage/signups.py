"""Signups after they were accepted: confirmed, reminded, expired.

Their acceptance is hot and has a file of its own, ``signup_accept``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, case, exists, func, null, or_, select, text, update

from funnel.domain.message import MessageStatus, Notice
from funnel.domain.signup import FieldValue, SignupStatus
from funnel.domain.subscriber import ZoneChoice, ZoneSource
from funnel.storage import result_sums
from funnel.storage.message_tables import MessageRow
from funnel.storage.tables import SessionRow, SignupRow, SubscriberRow, SuppressionRow
from funnel.storage.transaction import Transaction

_UNDER_WAY = (SignupStatus.PENDING, SignupStatus.MERGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupRecord:
    """A signup as its row says; moments are aware UTC, in plan time."""

    id: UUID
    source_id: UUID
    sequence_id: UUID
    subscriber_id: UUID | None
    status: SignupStatus
    first_name: str
    last_name: str
    zone: ZoneChoice
    locale: str | None
    session_id: UUID | None
    wants_letters: bool
    fields: dict[str, FieldValue]
    received_at: datetime
    expires_at: datetime
    enrollment_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSignup:
    """A signup whose timer has come.

    Attributes:
        may_be_reminded: Nobody was reminded yet, the date has not begun, and the address may be
            written to.
        is_confirmation_under_way: The confirmation itself has not left yet.
    """

    id: UUID
    subscriber_id: UUID | None
    sequence_id: UUID
    status: SignupStatus
    has_expired: bool
    expires_at: datetime
    may_be_reminded: bool
    is_confirmation_under_way: bool


def find(tx: Transaction, signup_id: UUID) -> SignupRecord | None:
    """Return the signup of that id."""
    row = (
        tx.connection.execute(select(SignupRow.__table__).where(SignupRow.id == signup_id))
        .mappings()
        .one_or_none()
    )
    return None if row is None else _record(row)


def lock(tx: Transaction, signup_id: UUID) -> None:
    """Lock a signup and those that were merged into it; their person is locked already."""
    statement = select(SignupRow.id).where(
        or_(SignupRow.id == signup_id, SignupRow.merged_into_id == signup_id)
    )
    tx.connection.execute(statement.order_by(SignupRow.id).with_for_update(key_share=True))


def confirm(tx: Transaction, signup_id: UUID, enrollment_id: UUID) -> None:
    """Mark a signup as confirmed, and with it those that were merged into it."""
    _watch(tx, [signup_id])
    tx.connection.execute(
        update(SignupRow)
        .where(or_(SignupRow.id == signup_id, SignupRow.merged_into_id == signup_id))
        .values(
            status=SignupStatus.CONFIRMED,
            confirmed_at=tx.now,
            enrollment_id=enrollment_id,
            next_at=None,
        )
    )


def mark_mailed(tx: Transaction, signup_id: UUID) -> None:
    """Write that this signup caused a confirmation: it counts for the limits per address."""
    _change_all(tx, [signup_id], {"mailed_at": tx.now})


def pending_of(tx: Transaction, subscriber_id: UUID) -> Sequence[UUID]:
    """Return a person's signups that can still be confirmed."""
    statement = select(SignupRow.id).where(
        SignupRow.subscriber_id == subscriber_id, SignupRow.status == SignupStatus.PENDING
    )
    return tx.connection.execute(statement.order_by(SignupRow.id)).scalars().all()


def claim_due(tx: Transaction, *, limit: int) -> list[UUID]:
    """Lock people with signups whose timer has come, and return those signups, earliest first.

    What another claim holds is left out. People first: who confirms at this moment locks their
    person before their signup too.
    """
    claimed = tx.connection.execute(_CLAIM_DUE, {"limit": limit}).scalars().all()
    return list(claimed)


# Locked below the limit: what another claim holds is passed over, and the limit still filled.
_CLAIM_DUE = text(
    """
    with of_people as materialized (
        select s.id, s.next_at from signups s join subscribers p on p.id = s.subscriber_id
        where s.next_at <= plan_now() order by s.next_at, s.id limit :limit
        for no key update of p skip locked
    ),
    of_nobody as materialized (
        select id, next_at from signups
        where next_at <= plan_now() and subscriber_id is null order by next_at, id limit :limit
    )
    select id from (select * from of_people union all select * from of_nobody) as due
    order by next_at, id limit :limit
    """
)


def read_due(tx: Transaction, signup_ids: Sequence[UUID]) -> list[DueSignup]:
    """Lock claimed signups and return those whose timer still stands, the earliest first.

    Statements of their own: what the claim saw was older than its locks.
    """
    ids = list(signup_ids)
    held = select(SignupRow.id).where(SignupRow.id.in_(ids)).order_by(SignupRow.id)
    tx.connection.execute(held.with_for_update(key_share=True))
    rows = tx.connection.execute(_read_due(tx, ids)).mappings()
    return [DueSignup(**{**row, "status": SignupStatus(row["status"])}) for row in rows]


def _read_due(tx: Transaction, ids: list[UUID]) -> Any:  # noqa: ANN401  (a long row type)
    confirmation = exists().where(
        MessageRow.subscriber_id == SignupRow.subscriber_id,
        MessageRow.signup_id == SignupRow.id,
        MessageRow.template_key == f"notices/{Notice.CONFIRM}",
        MessageRow.status.in_((MessageStatus.QUEUED, MessageStatus.SENDING)),
    )
    has_begun = exists().where(
        SessionRow.id == SignupRow.session_id,
        or_(SessionRow.starts_at <= tx.now, SessionRow.cancelled_at.is_not(None)),
    )
    is_suppressed = exists().where(
        SuppressionRow.email_key == SubscriberRow.email_key,
        SuppressionRow.reason != "unsubscribed",
    )
    return (
        select(
            SignupRow.id,
            SignupRow.subscriber_id,
            SignupRow.sequence_id,
            SignupRow.status,
            (SignupRow.expires_at <= tx.now).label("has_expired"),
            SignupRow.expires_at,
            (SignupRow.reminded_at.is_(None) & ~has_begun & ~is_suppressed).label(
                "may_be_reminded"
            ),
            confirmation.label("is_confirmation_under_way"),
        )
        .outerjoin(SubscriberRow, SubscriberRow.id == SignupRow.subscriber_id)
        .where(SignupRow.id.in_(ids), SignupRow.next_at <= tx.now)
        .order_by(SignupRow.next_at, SignupRow.id)
    )


def remind(tx: Transaction, signup_ids: Sequence[UUID]) -> None:
    """Write that these were reminded now; what comes next is their expiry."""
    _change_all(tx, signup_ids, {"reminded_at": tx.now, "next_at": SignupRow.expires_at})


def await_expiry(tx: Transaction, signup_ids: Sequence[UUID]) -> None:
    """Remind these of nothing; what comes next is their expiry."""
    _change_all(tx, signup_ids, {"next_at": SignupRow.expires_at})


def ask_later(tx: Transaction, signup_ids: Sequence[UUID], at: datetime) -> None:
    """Set the timer of these anew (aware, plan time)."""
    _change_all(tx, signup_ids, {"next_at": at})


def expire(tx: Transaction, signup_ids: Sequence[UUID]) -> list[UUID]:
    """Forget what unconfirmed signups said; return their people.

    The row stays: its external id is known for ever, and its hash still counts for the limits.
    """
    ids = list(signup_ids)
    _watch(tx, ids)
    result_sums.keep_campaigns(tx, ids)
    gone = update(SignupRow).where(
        or_(SignupRow.id.in_(ids), SignupRow.merged_into_id.in_(ids)),
        SignupRow.status != SignupStatus.CONFIRMED,
    )
    forgotten = gone.values(
        # What was limited or suppressed stays so: that is what became of it.
        status=case(
            (SignupRow.status.in_(_UNDER_WAY), SignupStatus.EXPIRED), else_=SignupRow.status
        ),
        next_at=None,
        first_name="",
        last_name="",
        zone=None,
        zone_given=None,
        locale=None,
        utm={},
        fields={},
        payload=None,
        ip=None,
        user_agent=None,
    ).returning(SignupRow.subscriber_id)
    people = tx.connection.execute(forgotten).scalars()
    return sorted({each for each in people if each is not None})


def note_opened(tx: Transaction, opened: Mapping[UUID, datetime]) -> None:
    """Note when a person first opened the confirmation page of each signup (plan time).

    A copy of what the evidence says, which is forgotten long before the signup is.
    """
    for signup_id in sorted(opened):
        at = opened[signup_id]
        first = func.least(func.coalesce(SignupRow.opened_at, at), at)
        statement = update(SignupRow).where(SignupRow.id == signup_id).values(opened_at=first)
        tx.connection.execute(statement)


def queued_messages(tx: Transaction, signup_ids: Sequence[UUID]) -> list[UUID]:
    """Return the notices of signups that have not left yet."""
    statement = _messages_of(select(MessageRow.id), signup_ids)
    queued = statement.where(MessageRow.status == MessageStatus.QUEUED).order_by(MessageRow.id)
    return list(tx.connection.execute(queued).scalars())


def forget_texts(tx: Transaction, signup_ids: Sequence[UUID]) -> None:
    """Forget the finished texts that were kept for another try: they hold the address."""
    kept = _messages_of(select(MessageRow.id), signup_ids).where(MessageRow.context.is_not(None))
    tx.connection.execute(update(MessageRow).where(MessageRow.id.in_(kept)).values(context=null()))


def _messages_of(statement: Select[UUID], signup_ids: Sequence[UUID]) -> Select[UUID]:
    # By their person, which has an index; a message's signup has none.
    return statement.join(
        SignupRow,
        (SignupRow.subscriber_id == MessageRow.subscriber_id)
        & (SignupRow.id == MessageRow.signup_id),
    ).where(SignupRow.id.in_(list(signup_ids)))


def _watch(tx: Transaction, ids: Sequence[UUID]) -> None:
    people = tx.connection.execute(
        select(SignupRow.subscriber_id).where(
            SignupRow.id.in_(list(ids)), SignupRow.subscriber_id.is_not(None)
        )
    )
    result_sums.watch(tx, [each for each in people.scalars() if each is not None])


def _change_all(tx: Transaction, ids: Sequence[UUID], changes: dict[str, object]) -> None:
    if ids:
        statement = update(SignupRow).where(SignupRow.id.in_(list(ids)))
        tx.connection.execute(statement.values(**changes))


def _record(row: RowMapping) -> SignupRecord:
    zone = ZoneChoice(
        name=row["zone"], source=ZoneSource(row["zone_source"]), given=row["zone_given"]
    )
    return SignupRecord(
        id=row["id"],
        source_id=row["source_id"],
        sequence_id=row["sequence_id"],
        subscriber_id=row["subscriber_id"],
        status=SignupStatus(row["status"]),
        first_name=row["first_name"],
        last_name=row["last_name"],
        zone=zone,
        locale=row["locale"],
        session_id=row["session_id"],
        wants_letters=row["wants_letters"],
        fields=row["fields"],
        received_at=row["received_at"],
        expires_at=row["expires_at"],
        enrollment_id=row["enrollment_id"],
    )
