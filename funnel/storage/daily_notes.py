"""What the daily note is made of, read from sums and small indexes, and up to where it has told."""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from funnel.domain.daily_note import Needs, NextDate, NoteSums
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteState:
    """A brand that wants notes, and its latest one.

    Attributes:
        day: Of the latest note, in the brand's zone.
        since: Up to where it told, plan time; ``None``: nothing has been told yet.
        sums: What had happened by then.
        zone: Of its next session, else of its last one, else UTC.
    """

    id: UUID
    slug: str
    to: str
    day: date | None
    since: datetime | None
    sums: NoteSums
    zone: str


def list_wanted(tx: Transaction) -> list[str]:
    """Return the brands that want notes; where nobody wants one any more, the latest is forgotten.

    Otherwise a note that is wanted again would tell of all the time between.
    """
    tx.connection.execute(_FORGET)
    return list(tx.connection.execute(_WANTED).scalars())


_FORGET = text(
    """
    update brands set daily_note_on = null, daily_note_since = null, daily_note_sums = null
    where daily_note_to = '' and daily_note_since is not null
    """
)
_WANTED = text("select slug from brands where daily_note_to <> '' order by slug")


def claim(tx: Transaction, slug: str) -> NoteState | None:
    """Lock a brand that wants notes; ``None`` while somebody else writes its note."""
    row = tx.connection.execute(_CLAIM, {"slug": slug}).mappings().one_or_none()
    if row is None:
        return None
    zone = tx.connection.execute(_ZONE, {"brand": row["id"], "now": tx.now}).scalar()
    return NoteState(
        id=row["id"],
        slug=slug,
        to=row["daily_note_to"],
        day=row["daily_note_on"],
        since=row["daily_note_since"],
        sums=NoteSums(**(row["daily_note_sums"] or {})),
        zone=zone or "UTC",
    )


_CLAIM = text(
    """
    select id, daily_note_to, daily_note_on, daily_note_since, daily_note_sums from brands
    where slug = :slug and daily_note_to <> '' for no key update skip locked
    """
)
_ZONE = text(
    """
    select s.zone from sessions s join sequences q on q.id = s.sequence_id
    where q.brand_id = :brand and s.cancelled_at is null
    order by s.starts_at > :now desc, abs(extract(epoch from s.starts_at - :now)) limit 1
    """
)


def save(tx: Transaction, state: NoteState, *, day: date, sums: NoteSums) -> None:
    """Write that everything up to now is told, by the note of that day."""
    told = json.dumps(asdict(sums))
    values = {"id": state.id, "day": day, "now": tx.now, "sums": told}
    tx.connection.execute(_SAVE, values)


_SAVE = text(
    """
    update brands set daily_note_on = :day, daily_note_since = :now,
        daily_note_sums = cast(:sums as jsonb)
    where id = :id
    """
)


def read_sums(tx: Transaction, brand_id: UUID) -> NoteSums:
    """Return what has happened for a brand since the first day."""
    return NoteSums(**tx.connection.execute(SUMS, {"brand": brand_id}).mappings().one())


# Signups that wait for a confirmation are not summed yet; they are those of a week.
SUMS: Final = text(
    """
    with own as (select id from sequences where brand_id = :brand),
    came as (
        select r.scope, r.measure, sum(r.total) as total from result_sums r
        join own on own.id = r.sequence_id where r.scope in ('source', 'session') group by 1, 2
    ),
    went as (
        select c.status, sum(c.total) as total from counters c
        join own on own.id = c.sequence_id group by 1
    )
    select cast(coalesce((select total from came where scope = 'source' and measure = 'signups'), 0)
             + (select count(*) from signups g join own on own.id = g.sequence_id
                where g.status = 'pending') as bigint) as signups,
           cast(coalesce((select total from came where scope = 'source' and measure = 'confirmed'),
             0) as bigint) as confirmed,
           cast(coalesce((select total from came where scope = 'session' and measure = 'booked'), 0)
             as bigint) as booked,
           cast(coalesce((select total from went where status = 'accepted'), 0) as bigint) as sent,
           cast(coalesce((select total from went where status = 'failed'), 0) as bigint) as failed,
           cast(coalesce((select total from went where status = 'unknown'), 0) as bigint) as unknown
    """
)


def read_needs(tx: Transaction, brand_id: UUID) -> Needs:
    """Return what waits for a hand now."""
    values = {"brand": brand_id, "now": tx.now}
    return Needs(**tx.connection.execute(NEEDS, values).mappings().one())


NEEDS: Final = text(
    """
    with own as (select id from sequences where brand_id = :brand),
    near as (
        select s.* from sessions s join own on own.id = s.sequence_id
        where s.cancelled_at is null and s.starts_at > :now - interval '7 days'
          and s.starts_at < :now + interval '7 days'
    )
    select (select count(*) from messages m join own on own.id = m.sequence_id
            where m.status = 'unknown') as held,
           (select count(*) from near where starts_at > :now and join_url = '') as without_link,
           (select count(*) from near where ends_at < :now and closed_at is null
              and exists (select from registrations r where r.session_id = near.id
                          and r.status = 'registered' and r.attendance = 'unknown')) as unsaid
    """
)


def next_date(tx: Transaction, brand_id: UUID) -> NextDate | None:
    """Return the brand's next session, and how many seats are taken."""
    values = {"brand": brand_id, "now": tx.now}
    row = tx.connection.execute(NEXT, values).mappings().one_or_none()
    return None if row is None else NextDate(**row)


NEXT: Final = text(
    """
    select s.starts_at, s.seats, (
        select count(*) from registrations r
        where r.session_id = s.id and r.status = 'registered') as taken
    from sessions s join sequences q on q.id = s.sequence_id
    where q.brand_id = :brand and s.cancelled_at is null and s.starts_at > :now
    order by s.starts_at, s.id limit 1
    """
)
