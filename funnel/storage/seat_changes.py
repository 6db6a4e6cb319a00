"""Seats of many people at once, when their session moves or is called off: one statement a batch.

The caller holds the locks of the people and of the runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from funnel.domain.message import MessageStatus
from funnel.domain.replan import KnownDate, ToldDate
from funnel.storage import counters, result_sums
from funnel.storage.transaction import Transaction

# In these nobody was, or will be, told anything.
_NOT_LEFT = frozenset(
    {
        MessageStatus.QUEUED,
        MessageStatus.SKIPPED,
        MessageStatus.CANCELLED,
        MessageStatus.FAILED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatHolder:
    """Somebody who holds a seat, and what they were told about its date.

    Attributes:
        registered_at: Since when, plan time.
        planned_for: Starts of the session for which emails of the run were planned.
        notice: The newest notice about a new date of this session.
        queued_notice_id: That notice, where it has not left yet.
    """

    enrollment_id: UUID
    subscriber_id: UUID
    sequence_id: UUID
    registered_at: datetime
    planned_for: Sequence[datetime]
    notice: ToldDate | None
    queued_notice_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderGroup:
    """How many seat holders of a session live in one zone and are in one version."""

    version_id: UUID
    zone: str
    people: int


def with_siblings(tx: Transaction, run_ids: Sequence[UUID]) -> list[UUID]:
    """Return these runs and what else is under way for their people: letter days span runs."""
    return list(tx.connection.execute(_WITH_SIBLINGS, {"ids": list(run_ids)}).scalars())


_WITH_SIBLINGS = text(
    """
    select o.id from enrollments o
    where o.subscriber_id in (select subscriber_id from enrollments where id = any(:ids))
      and (o.state = 'active' or o.id = any(:ids))
    """
)


def read_holders(tx: Transaction, run_ids: Sequence[UUID], session_id: UUID) -> list[SeatHolder]:
    """Return who holds a seat in the session by one of these runs; who has left is left out."""
    rows = tx.connection.execute(_HOLDERS, {"ids": list(run_ids), "session_id": session_id})
    return [_holder(row) for row in rows.mappings()]


_HOLDERS = text(
    """
    select r.enrollment_id, r.subscriber_id, e.sequence_id, r.registered_at,
           array(select distinct m.session_starts_at from messages m
                 where m.enrollment_id = r.enrollment_id and m.kind = 'sequence'
                   and m.session_id = r.session_id and m.session_starts_at is not null
           ) as planned_for,
           n.id as notice_id, n.status, n.data
    from registrations r
    join enrollments e on e.id = r.enrollment_id and e.state <> 'left'
    left join lateral (
        select id, status, data from messages
        where enrollment_id = r.enrollment_id and session_id = r.session_id
          and template_key = 'notices/session-moved'
        order by created_at desc, id limit 1
    ) n on true
    where r.enrollment_id = any(:ids) and r.session_id = :session_id and r.status = 'registered'
    """
)


def _holder(row: RowMapping) -> SeatHolder:
    is_queued = row["status"] == MessageStatus.QUEUED
    return SeatHolder(
        enrollment_id=row["enrollment_id"],
        subscriber_id=row["subscriber_id"],
        sequence_id=row["sequence_id"],
        registered_at=row["registered_at"],
        planned_for=row["planned_for"],
        notice=None if row["notice_id"] is None else _told(row["data"], row["status"]),
        queued_notice_id=row["notice_id"] if is_queued else None,
    )


def _told(data: dict[str, Any], status: str) -> ToldDate:
    former, told = data.get("former"), data.get("told")
    return ToldDate(
        former=KnownDate.from_json(former) if former else None,
        told=KnownDate.from_json(told) if told else None,
        has_left=status not in _NOT_LEFT,
    )


def note_new_date(tx: Transaction, run_ids: Sequence[UUID], replan_id: UUID) -> None:
    """Raise the calendar's revision, mark the runs as planned, and wake those that had ended.

    Reminders of the new date may be ahead of a run that was complete; the plan says so.
    """
    ended = tx.connection.execute(_LOCK_ENDED, {"ids": list(run_ids)}).scalars().all()
    tx.connection.execute(_NOTE_NEW_DATE, {"ids": list(run_ids), "replan_id": replan_id})
    counters.revive_runs(tx, ended)


_LOCK_ENDED = text(
    """
    select id from enrollments where id = any(:ids) and state = 'completed'
    order by id for no key update
    """
)
_NOTE_NEW_DATE = text(
    """
    update enrollments set
        calendar_revision = calendar_revision + 1, replan_id = :replan_id,
        state = case state when 'completed' then 'active' else state end,
        next_due_at = case state when 'completed' then plan_now() else next_due_at end
    where id = any(:ids)
    """
)


def end_seats(tx: Transaction, run_ids: Sequence[UUID], session_id: UUID, replan_id: UUID) -> None:
    """Cancel the seats of these runs in a session that is called off, and mark the runs."""
    values = {"ids": list(run_ids), "session_id": session_id, "replan_id": replan_id}
    result_sums.watch_runs(tx, run_ids)
    tx.connection.execute(_END_SEATS, values)
    tx.connection.execute(_LEAVE_SESSION, values)


_END_SEATS = text(
    """
    update registrations set status = 'cancelled', ended_at = plan_now()
    where enrollment_id = any(:ids) and session_id = :session_id and status = 'registered'
    """
)
_LEAVE_SESSION = text(
    """
    update enrollments set session_id = null, calendar_revision = calendar_revision + 1,
        replan_id = :replan_id
    where id = any(:ids) and session_id = :session_id
    """
)


def holder_groups(tx: Transaction, session_id: UUID) -> list[HolderGroup]:
    """Return who holds a seat in a session and has not left, by version and zone."""
    rows = tx.connection.execute(_GROUPS, {"session_id": session_id}).mappings()
    return [HolderGroup(**row) for row in rows]


_GROUPS = text(
    """
    select e.version_id, p.zone, count(*) as people
    from enrollments e
    join subscribers p on p.id = e.subscriber_id
    where e.session_id = :session_id and e.state <> 'left'
    group by e.version_id, p.zone
    order by e.version_id, p.zone
    """
)


def sent_for(tx: Transaction, session_id: UUID, starts_at: datetime) -> dict[str, int]:
    """Return how many people were, or may have been, sent each step for that date of a session."""
    rows = tx.connection.execute(_SENT, {"session_id": session_id, "starts_at": starts_at})
    return {row.step_key: row.people for row in rows}


_SENT = text(
    """
    select m.step_key, count(distinct m.enrollment_id) as people
    from enrollments e
    join messages m on m.enrollment_id = e.id and m.kind = 'sequence'
     and m.session_id = :session_id and m.session_starts_at = :starts_at
     and m.status in ('accepted', 'unknown', 'sending')
    where e.session_id = :session_id and e.state <> 'left'
    group by m.step_key
    order by min(m.due_at)
    """
)
