"""What happened to one person besides the emails of their runs, over all of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRow:
    """One thing that happened; ``at`` is plan time, aware UTC.

    Attributes:
        kind: "signup", "fact", "seat", "note", "consent" or "act".
        what: Its own word: a signup's status, a fact's kind, an action of the audit log.
        name: Of what: a link, a tag, a date, a note's text.
        by: Who said so: a source, a colleague.
    """

    kind: str
    at: datetime
    what: str
    name: str
    by: str
    id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherEmail:
    """A message that stands in no run's calendar: a confirmation that nobody pressed.

    Attributes:
        key: Of its text: "confirm".
        subject: What an announcement is headed by; "" for notices.
    """

    id: UUID
    kind: str
    key: str
    subject: str
    status: str
    reason: str
    at: datetime


def read_story(tx: Transaction, subscriber_id: UUID, *, limit: int = 200) -> list[StoryRow]:
    """Return what happened, the newest first."""
    # The log counts in real time, and the line of time is the plan's: in the demo they differ.
    ahead: timedelta = tx.now - tx.real_now
    values: dict[str, Any] = {
        "person": subscriber_id,
        "target": str(subscriber_id),
        "ahead": ahead,
        "limit": limit,
    }
    return [StoryRow(**row) for row in tx.connection.execute(STORY, values).mappings()]


STORY = text(
    """
    (select 'signup' as kind, s.received_at as at, s.status as what, q.title as name,
            c.slug as by, s.id
     from signups s join sources c on c.id = s.source_id join sequences q on q.id = s.sequence_id
     where s.subscriber_id = :person order by s.received_at desc limit :limit)
    union all
    (select 'fact', f.at, f.kind, f.name, f.source, f.id
     from facts f where f.subscriber_id = :person and f.kind <> 'signed up'
     order by f.at desc limit :limit)
    union all
    (select 'seat', r.registered_at, r.status, d.title, to_char(d.starts_at at time zone 'UTC',
            'YYYY-MM-DD"T"HH24\\:MI\\:SS"Z"'), r.id
     from registrations r join sessions d on d.id = r.session_id
     where r.subscriber_id = :person order by r.registered_at desc limit :limit)
    union all
    (select 'note', n.at, '', n.text, n.by, n.id
     from notes n where n.subscriber_id = :person order by n.at desc limit :limit)
    union all
    (select 'act', a.at + :ahead, a.action, '', a.by, null
     from audit a where a.target = :target order by a.id desc limit :limit)
    order by at desc limit :limit
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidAfter:
    """What a provider said of an email that had left.

    Attributes:
        key: Of its text: "your-seat".
        left_at: When it left, plan time, by which its line in a calendar is known.
        at: When the provider says that it was so, real time.
    """

    key: str
    left_at: datetime
    delivery: str
    reason: str | None
    at: datetime


def said_after(tx: Transaction, subscriber_id: UUID) -> list[SaidAfter]:
    """Return what providers said of a person's emails, the newest first."""
    rows = tx.connection.execute(SAID_AFTER, {"person": subscriber_id}).mappings()
    return [SaidAfter(**row) for row in rows]


SAID_AFTER = text(
    """
    select coalesce(step_key, regexp_replace(template_key, '^.*/', '')) as key,
           settled_at as left_at, delivery, delivery_reason as reason, delivery_at as at
    from messages
    where subscriber_id = :person and delivery <> 'none' and settled_at is not null
      and delivery_at is not null
    order by delivery_at desc, id limit 500
    """
)


def other_emails(tx: Transaction, subscriber_id: UUID) -> list[OtherEmail]:
    """Return what was or is sent to somebody outside their runs, the newest first.

    What a run's own calendar shows, and the confirmation that a run began with, is not among it.
    """
    rows = tx.connection.execute(OTHER_EMAILS, {"person": subscriber_id}).mappings()
    return [OtherEmail(**row) for row in rows]


OTHER_EMAILS = text(
    """
    select m.id, m.kind, regexp_replace(m.template_key, '^.*/', '') as key,
           coalesce(a.subject, '') as subject, m.status, coalesce(m.reason, '') as reason,
           coalesce(m.accepted_at, m.settled_at, m.due_at) as at
    from messages m left join announcements a on a.id = m.announcement_id
    where m.subscriber_id = :person and m.kind <> 'sequence' and m.enrollment_id is null
      and not exists (select from signups s
                      where s.id = m.signup_id and s.enrollment_id is not null)
    order by at desc, m.id
    """
)
