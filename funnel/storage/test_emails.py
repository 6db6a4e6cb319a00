"""Tests of emails, to colleagues: finished when asked for, kept for a week, counted nowhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update

from funnel.domain.daily_note import TEMPLATE_KEY
from funnel.storage.base import REAL_NOW
from funnel.storage.studio_tables import EmailTestRow
from funnel.storage.transaction import Transaction


class SendState(StrEnum):
    """Where a test stands; as with messages, an outcome that nobody knows is one of its own."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTest:
    """A finished email that waits to be sent; ``wait`` puts one behind another (real time).

    Attributes:
        subscriber_id: As whom it was made; ``None`` for somebody made up.
        email: As ``kept_email`` gives it.
    """

    id: UUID
    to_address: str
    subscriber_id: UUID | None
    template_key: str
    email: Mapping[str, Any]
    by: str
    wait: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailTest:
    """A test as a list shows it; moments are real time, aware UTC."""

    id: UUID
    to_address: str
    template_key: str
    subject: str
    status: SendState
    reason: str
    by: str
    attempts: int
    created_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedTest:
    """A test in this worker's hands: its email and which attempt this is; ``now`` is plan time."""

    id: UUID
    email: Mapping[str, Any]
    attempts: int
    now: datetime


def add(tx: Transaction, tests: Sequence[NewTest]) -> None:
    """Write tests; each is sent once its wait is over."""
    rows = [
        {
            "id": each.id,
            "to_address": each.to_address,
            "subscriber_id": each.subscriber_id,
            "template_key": each.template_key,
            "email": dict(each.email),
            "by": each.by,
            "available_at": tx.real_now + each.wait,
        }
        for each in tests
    ]
    tx.connection.execute(insert(EmailTestRow), rows)


def lock_sender(tx: Transaction, by: str) -> None:
    """Let one person ask for tests one after the other, so that they can be counted."""
    tx.connection.execute(text("select pg_advisory_xact_lock(4860231, hashtext(:by))"), {"by": by})


def asked_for_since(tx: Transaction, by: str, age: timedelta) -> int:
    """Return how many tests somebody asked for within the last ``age`` (real time)."""
    statement = select(func.count()).where(
        EmailTestRow.created_at > func.now() - age, EmailTestRow.by == by
    )
    count: int = tx.connection.execute(statement).scalar_one()
    return count


def list_newest(tx: Transaction, limit: int) -> list[EmailTest]:
    """Return the latest tests, the newest first; of several asked for at once, in their order."""
    statement = (
        select(
            *(getattr(EmailTestRow, name) for name in _PLAIN),
            EmailTestRow.email["subject"].astext.label("subject"),
        )
        .where(EmailTestRow.template_key != TEMPLATE_KEY)  # the daily note is no test
        .order_by(EmailTestRow.created_at.desc(), EmailTestRow.available_at, EmailTestRow.id)
        .limit(limit)
    )
    rows = tx.connection.execute(statement).mappings()
    return [EmailTest(**{**row, "status": SendState(row["status"])}) for row in rows]


_PLAIN = [each for each in EmailTest.__slots__ if each != "subject"]


def claim(tx: Transaction, *, lease: timedelta) -> ClaimedTest | None:
    """Take the next test in hand, under a lease; while everything is paused, none."""
    row = tx.connection.execute(_CLAIM, {"lease": lease}).mappings().one_or_none()
    return None if row is None else ClaimedTest(**row)


_CLAIM = text(
    """
    with due as materialized (
        select id from test_emails
        where status = 'queued' and available_at <= now()
          and not exists (select from pauses where scope = 'all')
        order by available_at, id limit 1 for no key update skip locked
    )
    update test_emails t
    set status = 'sending', attempts = attempts + 1, lease_until = now() + :lease
    from due where t.id = due.id
    returning t.id, t.email, t.attempts, plan_now() as now
    """
)


def settle(
    tx: Transaction,
    claimed: ClaimedTest,
    status: SendState,
    *,
    reason: str = "",
    retry_after: timedelta | None = None,
) -> bool:
    """Write how an attempt ended; ``False`` if it was no longer in these hands.

    Args:
        tx: An open transaction.
        claimed: The attempt.
        status: ``QUEUED`` to try again.
        reason: The other side's words, where it was not accepted.
        retry_after: With ``QUEUED``: how long from now, real time.
    """
    is_queued = status is SendState.QUEUED
    changes: dict[str, Any] = {
        "status": status,
        "reason": reason,
        "lease_until": None,
        "settled_at": None if is_queued else tx.real_now,
    }
    if retry_after is not None:
        changes["available_at"] = tx.real_now + retry_after
    done = tx.connection.execute(
        update(EmailTestRow)
        .where(
            EmailTestRow.id == claimed.id,
            EmailTestRow.status == SendState.SENDING,
            EmailTestRow.attempts == claimed.attempts,
        )
        .values(**changes)
    )
    return done.rowcount == 1


def settle_expired(tx: Transaction, *, reason: str) -> int:
    """Call unknown what was in the hands of a worker that is gone; return how many there were."""
    done = tx.connection.execute(
        update(EmailTestRow)
        .where(EmailTestRow.status == SendState.SENDING, EmailTestRow.lease_until < REAL_NOW)
        .values(status=SendState.UNKNOWN, reason=reason, lease_until=None, settled_at=REAL_NOW)
    )
    return done.rowcount


def forget(tx: Transaction, *, older_than: timedelta) -> int:
    """Delete old tests: they hold a person's words and address."""
    old = EmailTestRow.created_at < func.now() - older_than
    return tx.connection.execute(delete(EmailTestRow).where(old)).rowcount
