"""The rows that an explanation shows: who said what and when, and what became of an email."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from funnel.domain.consent import Topic
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidWord:
    """The newest yes or no to a topic; ``at`` is plan time, as all moments here but ``real_…``."""

    id: UUID
    is_given: bool
    source: str
    wording: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressedSince:
    """Why an address must not be written to, who said so, and when."""

    reason: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord:
    """A message as it stands.

    Attributes:
        available_at: Real time from which a worker may take it (again).
        delivery: What the other side said afterwards, in which words, and when (real time).
    """

    id: UUID
    copy: int
    status: str
    reason: str | None
    delivery: str
    delivery_reason: str | None
    delivery_at: datetime | None
    lane: str
    due_at: datetime
    valid_until: datetime | None
    accepted_at: datetime | None
    settled_at: datetime | None
    available_at: datetime
    attempts: int
    provider: str | None
    provider_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRecord:
    """The seat that a run holds now, and what is known of its person's coming."""

    id: UUID
    session_id: UUID
    attendance: str
    attendance_known_at: datetime | None
    left_at: datetime | None
    watched_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRecord:
    """A fact as it stands.

    Attributes:
        at: When it happened.
        known_at: When it was written here.
        reference: Which booking, by its own id.
        replaces: The id of the booking that became it.
    """

    id: UUID
    kind: str
    name: str
    step_key: str
    session_id: UUID | None
    source: str
    at: datetime
    known_at: datetime
    reference: str
    replaces: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupState:
    """A signup that led to no run (yet).

    Attributes:
        opened_at: When a person first opened that page, as far as that can be judged.
        fetched: How often the page behind its link was fetched, by whomever.
        fetched_at: When last.
    """

    id: UUID
    sequence_id: UUID
    status: str
    received_at: datetime
    mailed_at: datetime | None
    reminded_at: datetime | None
    expires_at: datetime
    opened_at: datetime | None
    fetched: int
    fetched_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """What holds back a lane now.

    Attributes:
        published: Messages of the lane on the queue, not yet opened.
        real_now: The database's clock, which retries count by.
    """

    published: int
    real_now: datetime


def last_word(tx: Transaction, subscriber_id: UUID, topic: Topic) -> SaidWord | None:
    """Return the newest consent row of a person and topic."""
    row = _one(
        tx,
        """
        select id, is_given, source, wording, at from consents
        where subscriber_id = :person and topic = :topic order by at desc, id limit 1
        """,
        person=subscriber_id,
        topic=topic,
    )
    return None if row is None else SaidWord(**row)


def suppressed_since(tx: Transaction, email_key: str) -> SuppressedSince | None:
    """Return the row that keeps an address from being written to."""
    row = _one(
        tx, "select reason, source, at from suppressions where email_key = :key", key=email_key
    )
    return None if row is None else SuppressedSince(**row)


def messages_of_step(tx: Transaction, enrollment_id: UUID, step_key: str) -> list[MessageRecord]:
    """Return every copy of a step's message, the first one first."""
    rows = _all(
        tx,
        """
        select id, copy, status, reason, delivery, delivery_reason, delivery_at, lane, due_at,
               valid_until, accepted_at, settled_at, available_at, attempts, provider, provider_id
        from messages where enrollment_id = :run and step_key = :key order by copy
        """,
        run=enrollment_id,
        key=step_key,
    )
    return [MessageRecord(**row) for row in rows]


def held_seat(tx: Transaction, enrollment_id: UUID) -> SeatRecord | None:
    """Return the seat that a run holds now."""
    row = _one(
        tx,
        """
        select id, session_id, attendance, attendance_known_at, left_at, watched_at
        from registrations where enrollment_id = :run and status = 'registered'
        """,
        run=enrollment_id,
    )
    return None if row is None else SeatRecord(**row)


def facts_of(tx: Transaction, enrollment_id: UUID, kinds: Sequence[str]) -> list[FactRecord]:
    """Return what is known of a run's person, of these kinds, the newest first."""
    rows = _all(
        tx,
        """
        select f.id, f.kind, f.name, coalesce(f.step_key, '') as step_key, f.session_id, f.source,
               f.at, f.known_at, coalesce(f.data ->> 'reference', '') as reference,
               coalesce(f.data ->> 'replaces', '') as replaces
        from facts f
        join enrollments e on e.subscriber_id = f.subscriber_id
         and (f.enrollment_id is null or f.enrollment_id = e.id)
        where e.id = :run and f.kind = any(:kinds) order by f.at desc, f.id
        """,
        run=enrollment_id,
        kinds=list(kinds),
    )
    return [FactRecord(**row) for row in rows]


def goal_reached_at(tx: Transaction, enrollment_id: UUID) -> datetime | None:
    """Return when a run's goal was reported."""
    row = _one(tx, "select goal_reached_at from enrollments where id = :run", run=enrollment_id)
    return None if row is None else row["goal_reached_at"]


def fields_of(tx: Transaction, subscriber_id: UUID) -> Mapping[str, Any]:
    """Return what a person's fields say."""
    row = _one(tx, "select fields from subscribers where id = :person", person=subscriber_id)
    return {} if row is None else row["fields"]


def open_signups(tx: Transaction, subscriber_id: UUID) -> list[SignupState]:
    """Return a person's signups that were not confirmed, the newest first."""
    rows = _all(
        tx,
        """
        select s.id, s.sequence_id, s.status, s.received_at, s.mailed_at, s.reminded_at,
               s.expires_at, s.opened_at, count(v.id) as fetched, max(v.at) as fetched_at
        from signups s
        left join evidence v on v.signup_id = s.id and v.kind like 'confirmation%'
        where s.subscriber_id = :person and s.status not in ('confirmed', 'merged')
        group by s.id order by s.received_at desc, s.id
        """,
        person=subscriber_id,
    )
    return [SignupState(**row) for row in rows]


def throttle_of(tx: Transaction, lane: str) -> Throttle:
    """Return what is on the queue in a lane."""
    row = _one(
        tx,
        """
        select count(*) as published, now() as real_now from messages
        where status = 'queued' and published_at is not null and lane = :lane
        """,
        lane=lane,
    )
    assert row is not None  # noqa: S101  (a count always has a row)
    return Throttle(**row)


def _one(tx: Transaction, statement: str, **values: object) -> RowMapping | None:
    return tx.connection.execute(text(statement), values).mappings().one_or_none()


def _all(tx: Transaction, statement: str, **values: object) -> Sequence[RowMapping]:
    return tx.connection.execute(text(statement), values).mappings().all()
