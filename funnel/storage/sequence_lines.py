"""The live sequences as a list shows them, in one statement."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceLine:
    """One live sequence.

    Attributes:
        number: Its live version's.
        draft_by: Who saved its draft; empty: there is none.
        people: Runs that have not ended.
        next_starts_at: The start (plan time) of its next date that is not cancelled.
        next_zone: The zone that this date is held in; empty with it.
        taken: Seats of that date that are held; ``seats``: how many there are, where limited.
    """

    slug: str
    title: str
    number: int
    draft_by: str
    people: int
    next_starts_at: datetime | None
    next_zone: str
    taken: int
    seats: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    """One sequence that is a draft alone: nothing of it is live yet.

    Attributes:
        next_starts_at: The start (plan time) of its first date ahead; ``next_zone``: where.
        updated_at: Real time.
    """

    slug: str
    title: str
    draft_by: str
    updated_at: datetime
    next_starts_at: datetime | None
    next_zone: str


def list_draft_lines(tx: Transaction) -> list[DraftLine]:
    """Return the sequences that are drafts alone, by title."""
    return [DraftLine(**row) for row in tx.connection.execute(DRAFTS).mappings()]


DRAFTS = text(
    """
    select d.slug, d.definition ->> 'title' as title, d.updated_by as draft_by, d.updated_at,
      n.starts_at as next_starts_at, coalesce(n.zone, '') as next_zone
    from sequence_drafts d
    left join sequences q on q.slug = d.slug
    left join lateral (
      select s.starts_at, s.zone from sessions s
      where s.sequence_id = q.id and s.starts_at > plan_now() and s.cancelled_at is null
      order by s.starts_at, s.id limit 1
    ) n on true
    where q.live_version_id is null
    order by lower(d.definition ->> 'title'), d.slug
    """
)


def list_lines(tx: Transaction) -> list[SequenceLine]:
    """Return the live sequences by title.

    Counts by partial indexes, of what runs and of seats that are held: cost follows those, never
    what has ended (tests/storage/test_sequence_lines.py asks the planner).
    """
    return [SequenceLine(**row) for row in tx.connection.execute(LINES).mappings()]


LINES = text(
    """
    select q.slug, q.title, v.number, coalesce(d.updated_by, '') as draft_by,
      (select count(*) from enrollments e where e.sequence_id = q.id and e.state = 'active')
        as people,
      n.starts_at as next_starts_at, coalesce(n.zone, '') as next_zone, n.seats,
      (select count(*) from registrations r
        where r.session_id = n.id and r.status = 'registered') as taken
    from sequences q
    join sequence_versions v on v.id = q.live_version_id
    left join sequence_drafts d on d.slug = q.slug
    left join lateral (
      select s.id, s.starts_at, s.zone, s.seats from sessions s
      where s.sequence_id = q.id and s.starts_at > plan_now() and s.cancelled_at is null
      order by s.starts_at, s.id limit 1
    ) n on true
    order by lower(q.title), q.slug
    """
)
