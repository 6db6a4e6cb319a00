"""Announcements, whom they are for, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, cast, func, insert, select, text, update

from funnel.domain.announcement import KEY_PREFIX, Announcement
from funnel.storage.studio_tables import AnnouncementRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatHolder:
    """Somebody who holds a seat, and what stands against writing to them about it.

    Attributes:
        enrollment_id: The run that holds it; of several, the newest seat's.
        suppression: Why nothing may be sent to the address; ``None``: it may.
    """

    subscriber_id: UUID
    enrollment_id: UUID
    sequence_id: UUID
    email: str
    wants_seat_emails: bool
    suppression: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many messages of an announcement stand alike; ``reason`` is empty where none is due."""

    status: str
    reason: str
    messages: int


def add(tx: Transaction, announcement: Announcement) -> None:
    """Write a new one; from its commit on it is queued."""
    row = {name: getattr(announcement, name) for name in Announcement.__slots__}
    tx.connection.execute(insert(AnnouncementRow).values(row))


def find(tx: Transaction, announcement_id: UUID) -> Announcement | None:
    """Return the announcement of that id."""
    return _one(tx, select(*_COLUMNS).where(AnnouncementRow.id == announcement_id))


def get(tx: Transaction, announcement_id: UUID) -> Announcement:
    """Return the announcement of that id, which the caller knows to be there."""
    wanted = select(*_COLUMNS).where(AnnouncementRow.id == announcement_id)
    return Announcement(**tx.connection.execute(wanted).mappings().one())


def lock(tx: Transaction, announcement_id: UUID) -> Announcement | None:
    """Lock one, before people and messages, and return it as it is now."""
    held = select(AnnouncementRow.id).where(AnnouncementRow.id == announcement_id)
    tx.connection.execute(held.with_for_update(key_share=True))
    return find(tx, announcement_id)


def lock_open(tx: Transaction) -> Announcement | None:
    """Lock the oldest that is not queued yet and that nobody else works on."""
    oldest = (
        select(*_COLUMNS)
        .where(AnnouncementRow.finished_at.is_(None))
        .order_by(AnnouncementRow.created_at, AnnouncementRow.id)
        .limit(1)
    )
    return _one(tx, oldest.with_for_update(key_share=True, skip_locked=True))


def of_session(tx: Transaction, session_id: UUID) -> list[Announcement]:
    """Return a session's announcements, the newest first."""
    statement = (
        select(*_COLUMNS)
        .where(AnnouncementRow.session_id == session_id)
        .order_by(AnnouncementRow.created_at.desc(), AnnouncementRow.id)
    )
    return [Announcement(**row) for row in tx.connection.execute(statement).mappings()]


def beginning_with(tx: Transaction, beginning: str) -> list[Announcement]:
    """Return those whose id begins so, two at most."""
    statement = select(*_COLUMNS).where(
        cast(AnnouncementRow.id, Text).startswith(beginning, autoescape=True)
    )
    rows = tx.connection.execute(statement.limit(2)).mappings()
    return [Announcement(**row) for row in rows]


def sent_lately(tx: Transaction, session_id: UUID, source: str) -> Announcement | None:
    """Return the announcement of the same words to the same session, of the last ten minutes.

    The caller holds the session's lock. Of one that was stopped nothing is known to have left as
    it should: its words may be sent again at once.
    """
    given = {"session_id": session_id, "source": source, "prefix": KEY_PREFIX}
    found = tx.connection.execute(_SENT_LATELY, given).scalar()
    return None if found is None else find(tx, found)


_SENT_LATELY = text(
    """
    select a.id from announcements a
    join template_versions v on v.key = :prefix || a.id and v.source = :source
    where a.session_id = :session_id and a.stopped_at is null
      and a.created_at > plan_now() - interval '10 minutes'
    order by a.created_at desc limit 1
    """
)


def next_people(tx: Transaction, announcement: Announcement, limit: int) -> Sequence[UUID]:
    """Return the next people who held a seat when it was sent, in the order of their ids.

    At the end come those whom the order has passed by, where there are any: a seat that was given
    just before the announcement may have been committed just after.
    """
    given = _given(announcement) | {"reached": announcement.reached, "limit": limit}
    found = tx.connection.execute(_NEXT, given).scalars().all()
    return found or tx.connection.execute(_PASSED_BY, given).scalars().all()


_NEXT = text(
    """
    select distinct r.subscriber_id from registrations r
    join subscribers p on p.id = r.subscriber_id and p.email <> ''
    where r.session_id = :session_id and r.status = 'registered' and r.registered_at <= :sent_at
      and (cast(:reached as uuid) is null or r.subscriber_id > :reached)
    order by r.subscriber_id limit :limit
    """
)
_PASSED_BY = text(
    """
    select distinct r.subscriber_id from registrations r
    join subscribers p on p.id = r.subscriber_id and p.email <> ''
    where r.session_id = :session_id and r.status = 'registered' and r.registered_at <= :sent_at
      and not exists (select from messages m where m.announcement_id = :id
                      and m.subscriber_id = r.subscriber_id)
    order by r.subscriber_id limit :limit
    """
)


def holders(
    tx: Transaction, announcement: Announcement, subscriber_ids: Sequence[UUID]
) -> list[SeatHolder]:
    """Return those of these people who hold the seat now; the caller holds their locks."""
    rows = tx.connection.execute(_HOLDERS, _given(announcement) | {"ids": list(subscriber_ids)})
    return [SeatHolder(**row) for row in rows.mappings()]


_HOLDERS = text(
    """
    select distinct on (r.subscriber_id) r.subscriber_id, r.enrollment_id, e.sequence_id, p.email,
           p.wants_seat_emails, s.reason as suppression
    from registrations r
    join enrollments e on e.id = r.enrollment_id
    join subscribers p on p.id = r.subscriber_id and p.email <> ''
    left join suppressions s on s.email_key = p.email_key
    where r.subscriber_id = any(:ids) and r.session_id = :session_id and r.status = 'registered'
      and r.registered_at <= :sent_at
    order by r.subscriber_id, r.registered_at desc, r.id
    """
)


def _given(announcement: Announcement) -> dict[str, object]:
    return {
        "id": announcement.id,
        "session_id": announcement.session_id,
        "sent_at": announcement.created_at,
    }


def advance(tx: Transaction, announcement_id: UUID, *, reached: UUID, queued: int) -> None:
    """Note how far it is, in the transaction that queued the messages."""
    _change(tx, announcement_id, reached=reached, queued=AnnouncementRow.queued + queued)


def finish(tx: Transaction, announcement_id: UUID) -> None:
    """Note that all of it is queued: from now on it is as large as its messages are many."""
    _change(tx, announcement_id, finished_at=tx.now, total=AnnouncementRow.queued)


def stop(tx: Transaction, announcement_id: UUID) -> None:
    """Note that it was stopped: nothing more is queued, and nothing of it opens any more."""
    finished_at = func.coalesce(AnnouncementRow.finished_at, tx.now)
    _change(tx, announcement_id, stopped_at=tx.now, finished_at=finished_at)


def queued_messages(tx: Transaction, announcement_id: UUID) -> list[UUID]:
    """Return the messages of an announcement that have not left."""
    found = tx.connection.execute(_QUEUED_MESSAGES, {"id": announcement_id})
    return list(found.scalars())


_QUEUED_MESSAGES = text(
    "select id from messages where announcement_id = :id and status = 'queued' order by id"
)


def standings(
    tx: Transaction, announcement_ids: Sequence[UUID]
) -> dict[UUID, tuple[Standing, ...]]:
    """Return how the messages of announcements stand, the most frequent first."""
    found: dict[UUID, tuple[Standing, ...]] = {}
    for row in tx.connection.execute(_STANDINGS, {"ids": list(announcement_ids)}):
        standing = Standing(status=row.status, reason=row.reason, messages=row.messages)
        found[row.announcement_id] = (*found.get(row.announcement_id, ()), standing)
    return found


# What a server said is different for each address: what failed or is unknown is one sum.
_STANDINGS = text(
    """
    select announcement_id, status,
           case when status in ('skipped', 'cancelled') then coalesce(reason, '') else '' end
             as reason,
           count(*) as messages
    from messages where announcement_id = any(:ids)
    group by 1, 2, 3 order by 1, 4 desc, 2, 3
    """
)


def holder_sums(tx: Transaction, session_id: UUID) -> list[tuple[str | None, bool, int]]:
    """Return how many seat holders of a session stand alike: suppression, wish, people."""
    rows = tx.connection.execute(_HOLDER_SUMS, {"session_id": session_id})
    return [(row.suppression, row.wants_seat_emails, row.people) for row in rows]


_HOLDER_SUMS = text(
    """
    select s.reason as suppression, p.wants_seat_emails,
           count(distinct p.id) as people
    from registrations r
    join subscribers p on p.id = r.subscriber_id and p.email <> ''
    left join suppressions s on s.email_key = p.email_key
    where r.session_id = :session_id and r.status = 'registered'
    group by 1, 2 order by 3 desc, 1, 2
    """
)


def some_runs(tx: Transaction, session_id: UUID, limit: int) -> Sequence[UUID]:
    """Return runs of people who would get it, those who took their seat first before others."""
    given = {"session_id": session_id, "limit": limit}
    return tx.connection.execute(_SOME_RUNS, given).scalars().all()


_SOME_RUNS = text(
    """
    select r.enrollment_id from registrations r
    join subscribers p on p.id = r.subscriber_id and p.email <> '' and p.wants_seat_emails
    where r.session_id = :session_id and r.status = 'registered'
      and not exists (select from suppressions s where s.email_key = p.email_key)
    order by r.registered_at, r.id limit :limit
    """
)


def _change(tx: Transaction, announcement_id: UUID, **changes: object) -> None:
    statement = update(AnnouncementRow).where(AnnouncementRow.id == announcement_id)
    tx.connection.execute(statement.values(**changes))


_COLUMNS = [getattr(AnnouncementRow, name) for name in Announcement.__slots__]


def _one(tx: Transaction, statement: Select[*tuple[Any, ...]]) -> Announcement | None:
    found = tx.connection.execute(statement).mappings().one_or_none()
    return None if found is None else Announcement(**found)
