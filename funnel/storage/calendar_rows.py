"""What a person's calendar is made of beside the plan: the run's messages, the notices about it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, text

from funnel.domain.announcement import plain_subject
from funnel.domain.calendar import EmailRow
from funnel.domain.enrollment import EnrollmentState
from funnel.domain.message import MessageKind, MessageStatus
from funnel.domain.session import Registration
from funnel.storage import sessions
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFrame:
    """A run in any state; moments are aware UTC, in plan time.

    Attributes:
        registration: The seat now held.
        began_with_seat: A seat was given when the run began: the person came for a date.
    """

    id: UUID
    subscriber_id: UUID
    sequence_id: UUID
    version_id: UUID
    state: EnrollmentState
    enrolled_at: datetime
    zone: ZoneInfo
    letters_paused_until: datetime | None
    registration: Registration | None
    began_with_seat: bool


def rows_of_run(tx: Transaction, enrollment_id: UUID) -> list[EmailRow]:
    """Return a run's messages, its notices and announcements, in no order that means anything."""
    rows = tx.connection.execute(_ROWS, {"run": enrollment_id}).mappings()
    return [_row(each) for each in rows]


_ROWS = text(
    """
    select m.kind, m.step_key, m.template_key, m.copy, m.status, m.reason, m.data, m.due_at,
           m.settled_at, m.attempts, m.session_id, m.session_starts_at, a.subject
    from messages m
    left join announcements a on a.id = m.announcement_id
    where m.enrollment_id = :run
    union all
    select m.kind, m.step_key, m.template_key, m.copy, m.status, m.reason, m.data, m.due_at,
           m.settled_at, m.attempts, m.session_id, m.session_starts_at, null as subject
    from enrollments e
    join messages m on m.subscriber_id = e.subscriber_id and m.enrollment_id is null
    join signups s on s.id = m.signup_id and s.enrollment_id = e.id
    where e.id = :run
    """
)


def _row(row: RowMapping) -> EmailRow:
    is_notice = row["kind"] != MessageKind.SEQUENCE
    key = row["template_key"].rpartition("/")[2] if is_notice else row["step_key"]
    return EmailRow(
        key=key,
        is_notice=is_notice,
        copy=row["copy"],
        status=MessageStatus(row["status"]),
        reason=row["reason"] or "",
        reasons=tuple(row["data"].get("reasons", ())),
        due_at=row["due_at"],
        settled_at=row["settled_at"],
        attempts=row["attempts"],
        session_id=row["session_id"],
        session_starts_at=row["session_starts_at"],
        title=plain_subject(row["subject"] or ""),
    )


def find_run(tx: Transaction, enrollment_id: UUID) -> RunFrame | None:
    """Return a run, whether it is under way or has ended."""
    row = tx.connection.execute(_FRAME, {"run": enrollment_id}).mappings().one_or_none()
    if row is None:
        return None
    session = sessions.beside_others(row)
    return RunFrame(
        id=row["id"],
        subscriber_id=row["subscriber_id"],
        sequence_id=row["sequence_id"],
        version_id=row["version_id"],
        state=EnrollmentState(row["state"]),
        enrolled_at=row["enrolled_at"],
        zone=ZoneInfo(row["zone"]),
        letters_paused_until=row["letters_paused_until"],
        registration=None
        if session is None
        else Registration(session=session, registered_at=row["registered_at"]),
        began_with_seat=row["began_with_seat"],
    )


_FRAME = text(
    """
    select e.id, e.subscriber_id, e.sequence_id, e.version_id, e.state, e.enrolled_at, p.zone,
           p.letters_paused_until, r.registered_at,
           s.id as session_id, s.title, s.starts_at, s.ends_at, s.zone as session_zone, s.seats,
           s.join_url, s.replay_url, s.replay_known_at, s.replay_ends_at, s.closed_at,
           s.cancelled_at,
           exists (select from registrations f where f.enrollment_id = e.id
                   and f.registered_at <= e.enrolled_at + interval '1 minute') as began_with_seat
    from enrollments e
    join subscribers p on p.id = e.subscriber_id
    left join registrations r on r.enrollment_id = e.id and r.status = 'registered'
    left join sessions s on s.id = r.session_id and s.cancelled_at is null
    where e.id = :run
    """
)
