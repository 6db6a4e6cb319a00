"""Notices and announcements to somebody, as an explanation shows them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text

from funnel.domain.announcement import plain_subject
from funnel.domain.calendar_line import EmailRow
from funnel.domain.message import MessageStatus
from funnel.storage.explanations import MessageRecord
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherMessage:
    """A notice or an announcement to one person; moments are plan time.

    Attributes:
        row: As a calendar draws it; its key is the notice's, or the announcement's id.
        asked_at: When what it answers came about: a signup, an announcement; else when it was due.
        by: Who wrote the announcement; "" for a notice.
        topic: What they have to want for it, where its row says so.
    """

    message: MessageRecord
    row: EmailRow
    signup_id: UUID | None
    session_id: UUID | None
    announcement_id: UUID | None
    topic: str | None
    asked_at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAnnouncement:
    """An announcement of which somebody has no message, and the seat that they have or had.

    Attributes:
        seat_id: Their newest seat in its date; ``None`` with all of it: they never had one.
        seat_from: Since when.
        seat_until: Until when; ``None``: they hold it.
    """

    id: UUID
    session_id: UUID
    subject: str
    by: str
    created_at: datetime
    stopped_at: datetime | None
    finished_at: datetime | None
    seat_id: UUID | None
    seat_from: datetime | None
    seat_until: datetime | None

    @property
    def title(self) -> str:
        """The subject as a list shows it: a merge field is a gap."""
        return plain_subject(self.subject)


def messages_of(tx: Transaction, subscriber_id: UUID, key: str) -> list[OtherMessage]:
    """Return the messages of a notice, or of the announcement of that id, the newest first."""
    rows = tx.connection.execute(MESSAGES, {"person": subscriber_id, "key": key}).mappings()
    return [_other(each) for each in rows]


MESSAGES = text(
    """
    select m.id, m.copy, m.status, m.reason, m.delivery, m.delivery_reason, m.delivery_at,
           m.lane, m.due_at, m.valid_until,
           m.accepted_at, m.settled_at, m.available_at, m.attempts, m.provider, m.provider_id,
           m.signup_id, m.session_id, m.session_starts_at, m.announcement_id, m.topic,
           coalesce(a.created_at, s.received_at, m.due_at) as asked_at,
           coalesce(a.by, '') as by, coalesce(a.subject, '') as subject,
           regexp_replace(m.template_key, '^.*/', '') as key
    from messages m
    left join announcements a on a.id = m.announcement_id
    left join signups s on s.id = m.signup_id
    where m.subscriber_id = :person and m.kind <> 'sequence'
      and regexp_replace(m.template_key, '^.*/', '') = :key
    order by m.due_at desc, m.id
    """
)


def _other(row: RowMapping) -> OtherMessage:
    shared = {name: row[name] for name in MessageRecord.__slots__}
    return OtherMessage(
        message=MessageRecord(**shared),
        row=EmailRow(
            key=row["key"],
            is_notice=True,
            copy=row["copy"],
            status=MessageStatus(row["status"]),
            reason=row["reason"] or "",
            reasons=(),
            due_at=row["due_at"],
            settled_at=row["settled_at"],
            attempts=row["attempts"],
            session_id=row["session_id"],
            session_starts_at=row["session_starts_at"],
            title=plain_subject(row["subject"]),
        ),
        **{name: row[name] for name in _OWN},
    )


_OWN = ("signup_id", "session_id", "announcement_id", "topic", "asked_at", "by")


def missed(tx: Transaction, subscriber_id: UUID, limit: int = 20) -> list[WrittenAnnouncement]:
    """Return the announcements to dates of theirs of which they have no message, newest first."""
    rows = tx.connection.execute(MISSED, {"person": subscriber_id, "limit": limit}).mappings()
    return [WrittenAnnouncement(**row) for row in rows]


def announcement(
    tx: Transaction, subscriber_id: UUID, announcement_id: UUID
) -> WrittenAnnouncement | None:
    """Return an announcement beside the seat that somebody has or had in its date."""
    given = {"person": subscriber_id, "id": announcement_id}
    row = tx.connection.execute(_ANNOUNCEMENT, given).mappings().one_or_none()
    return None if row is None else WrittenAnnouncement(**row)


_SEAT_OF_THEIRS = """(
        select r.id, r.registered_at, r.ended_at from registrations r
        where r.subscriber_id = :person and r.session_id = a.session_id
        order by (r.status = 'registered') desc, r.registered_at desc limit 1) r on true
"""
MISSED = text(
    f"""
    select a.id, a.session_id, a.subject, a.by, a.created_at, a.stopped_at, a.finished_at,
           r.id as seat_id, r.registered_at as seat_from, r.ended_at as seat_until
    from announcements a join lateral {_SEAT_OF_THEIRS}
    where a.session_id in (select session_id from registrations where subscriber_id = :person)
      and not exists (select from messages m
                      where m.announcement_id = a.id and m.subscriber_id = :person)
    order by a.created_at desc, a.id limit :limit
    """  # noqa: S608  (of our own words alone)
)
_ANNOUNCEMENT = text(
    f"""
    select a.id, a.session_id, a.subject, a.by, a.created_at, a.stopped_at, a.finished_at,
           r.id as seat_id, r.registered_at as seat_from, r.ended_at as seat_until
    from announcements a left join lateral {_SEAT_OF_THEIRS}
    where a.id = :id
    """  # noqa: S608  (as above)
)
