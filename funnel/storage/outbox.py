"""The hot statements: claim what is due, open, record outcomes, bring back what was lost.

Every statement names the rows that it may touch by id and epoch: a task that the broker delivered
twice, late or out of order finds no row and does nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from funnel.domain.message import LETTER_PRIORITY, EndReason, Lane, MessageStatus, check_move
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that goes on the queue now, under a new epoch."""

    id: UUID
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVerdict:
    """What stands against sending a locked message; all false or ``None``: it is still wanted.

    Attributes:
        void: Why an announcement speaks of nothing any more (``EndReason``).
    """

    is_paused: bool
    is_late: bool
    is_stale: bool
    is_unwanted: bool
    has_left: bool
    is_over: bool
    belongs_to_run: bool
    suppression: str | None
    void: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An opened message: plan and real time of the opening, and which attempt this is."""

    plan_now: datetime
    real_now: datetime
    attempts: int


def try_dispatch_lock(tx: Transaction) -> bool:
    """Say whether this transaction is the one that dispatches; it does not wait."""
    return bool(
        tx.connection.execute(text("select pg_try_advisory_xact_lock(4860212)")).scalar_one()
    )


def claim_queued(
    tx: Transaction, lane: Lane, *, letters: bool, cap: int, limit: int
) -> list[Claimed]:
    """Take messages of a lane whose time has come, earliest first.

    Args:
        tx: The transaction after whose commit they are published.
        lane: Only this one.
        letters: Letters only, or all but letters: letters must not fill the others' places.
        cap: Messages of the kind in the lane that may be on the queue and not yet opened.
        limit: At most this many now.
    """
    rows = tx.connection.execute(
        _CLAIM_QUEUED,
        {
            "lane": lane,
            "cap": cap,
            "limit": limit,
            "letter": LETTER_PRIORITY,
            "letters_only": letters,
        },
    )
    return [Claimed(row.id, row.epoch) for row in rows]


# MATERIALIZED: PostgreSQL may run a bare sub-select twice and update more than the limit.
_CLAIM_QUEUED = text(
    """
    with room as materialized (
        select greatest(0, least(:limit, :cap - count(*)))::int as places from messages
        where status = 'queued' and published_at is not null and lane = :lane
          and (priority = :letter) = :letters_only
    ), due as materialized (
        select id from messages
        where status = 'queued' and published_at is null and lane = :lane
          and due_at <= plan_now() and available_at <= now()
          and (priority = :letter) = :letters_only
          -- What is late is the planner's to decide: a letter takes another day.
          and (kind <> 'sequence' or valid_until is null or valid_until >= plan_now())
        order by priority, due_at, id
        limit (select places from room)
        for no key update skip locked
    )
    update messages m set published_at = now(), epoch = epoch + 1
    from due where m.id = due.id
    returning m.id, m.epoch
    """
)


def lock_claimed(tx: Transaction, claimed: Claimed) -> bool:
    """Lock a message that is still queued under this epoch; ``False``: stale, or another has it."""
    return (
        tx.connection.execute(
            _LOCK_CLAIMED, {"id": claimed.id, "epoch": claimed.epoch}
        ).one_or_none()
        is not None
    )


_LOCK_CLAIMED = text(
    """
    select id from messages where id = :id and status = 'queued' and epoch = :epoch
    for no key update
    """
)


def judge(tx: Transaction, message_id: UUID) -> OpenVerdict:
    """Say what stands against a message that this transaction has locked.

    A statement after the lock: in one with it, the checks would see the world before the lock was
    won, and an unsubscribe committed meanwhile would be overlooked.
    """
    row = tx.connection.execute(_JUDGE, {"id": message_id, **_VOID}).mappings().one()
    return OpenVerdict(**row)


_VOID = {
    "stopped": EndReason.STOPPED,
    "called_off": EndReason.DATE_CANCELLED,
    "moved": EndReason.DATE_MOVED,
    "given_up": EndReason.SEAT_GIVEN_UP,
}
_JUDGE = text(
    """
    select
        exists (select from pauses where scope = 'all') as is_paused,
        coalesce(m.valid_until < plan_now(), false) as is_late,
        coalesce(m.plan_revision <> e.plan_revision, false)
            -- Planned for a date that the session no longer has, or that is not held: whoever
            -- plans everybody anew may not have reached this run yet.
            or m.kind = 'sequence' and m.session_id is not null and not exists (
                select from sessions d where d.id = m.session_id and d.cancelled_at is null
                and d.starts_at = m.session_starts_at) as is_stale,
        coalesce(e.state = 'left', false) as has_left,
        m.enrollment_id is not null and m.kind = 'sequence' as belongs_to_run,
        case when m.template_key in ('notices/confirm', 'notices/confirm-again')
                 -- Confirmed or expired meanwhile, or its date has begun: nothing is left to
                 -- confirm, and no reminder leaves after the start.
                 then coalesce(u.status <> 'pending', true)
                      or m.template_key = 'notices/confirm-again' and exists (
                          select from sessions d
                          where d.id = u.session_id and d.starts_at <= plan_now())
             when m.template_key = 'notices/session-moved'
                 -- Moved again or given up meanwhile: it would speak of a seat nobody holds.
                 then not exists (
                     select from registrations r
                     join sessions d on d.id = r.session_id
                     where r.enrollment_id = m.enrollment_id
                     and r.session_id = m.session_id and r.status = 'registered'
                     and d.starts_at = coalesce(m.session_starts_at, d.starts_at))
             else false end as is_over,
        case when m.topic = 'letters' then not p.wants_letters
             when m.topic = 'seat'
                  or m.template_key in ('notices/session-moved', 'notices/session-cancelled')
                 then not p.wants_seat_emails
             else false end as is_unwanted,
        (select s.reason from suppressions s where s.email_key = p.email_key
            -- A confirmation is let through to somebody who left and asks again.
            and not (m.kind = 'notice' and m.signup_id is not null and s.reason = 'unsubscribed')
        ) as suppression,
        case when m.kind = 'announcement' then (
            select case
                when a.stopped_at is not null then :stopped
                when d.cancelled_at is not null then :called_off
                when d.starts_at <> m.session_starts_at then :moved
                when not exists (
                    select from registrations r where r.session_id = m.session_id
                    and r.subscriber_id = m.subscriber_id and r.status = 'registered')
                    then :given_up end
            from announcements a join sessions d on d.id = a.session_id
            where a.id = m.announcement_id) end as void
    from messages m
    join subscribers p on p.id = m.subscriber_id
    left join enrollments e on e.id = m.enrollment_id and m.kind = 'sequence'
    left join signups u on u.id = m.signup_id
    where m.id = :id
    """
)


def open_message(
    tx: Transaction, message_id: UUID, *, owner: str, lease: timedelta, version_id: UUID
) -> Opened:
    """Take a locked message in hand: under a lease, with its template version pinned."""
    row = tx.connection.execute(
        _OPEN, {"id": message_id, "owner": owner, "lease": lease, "version_id": version_id}
    ).one()
    return Opened(plan_now=row.plan_now, real_now=row.real_now, attempts=row.attempts)


_OPEN = text(
    """
    update messages set status = 'sending', lease_owner = :owner, lease_until = now() + :lease,
        attempts = attempts + 1, opened_at = plan_now(),
        template_version_id = coalesce(template_version_id, :version_id)
    where id = :id
    returning plan_now() as plan_now, now() as real_now, attempts
    """
)


def give_back(tx: Transaction, claimed: Sequence[Claimed], *, after: timedelta) -> None:
    """Return messages that were published and not opened; they are claimable again ``after``."""
    if claimed:
        tx.connection.execute(
            _GIVE_BACK,
            [{"message_id": each.id, "epoch": each.epoch, "after": after} for each in claimed],
        )


_GIVE_BACK = text(
    """
    update messages set published_at = null, available_at = greatest(available_at, now() + :after)
    where id = :message_id and epoch = :epoch and status = 'queued'
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """How a message that was in hand ended; ``None`` for moments that do not apply.

    Attributes:
        retry_after: With ``queued``: how long from now, in real time.
        kept: The finished email, where a later attempt must make the same bytes.
    """

    id: UUID
    epoch: int
    status: str
    reason: str | None = None
    accepted_at: datetime | None = None
    retry_after: timedelta | None = None
    provider: str | None = None
    provider_id: str | None = None
    kept: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledRow:
    """Where a settled message belongs; ``is_first``: it is the first copy of a step's email."""

    sequence_id: UUID
    step_key: str
    enrollment_id: UUID | None
    is_first: bool


def record(tx: Transaction, settled: Settled) -> SettledRow | None:
    """Write how a message in hand ended; ``None`` if it was no longer in these hands."""
    check_move(MessageStatus.SENDING, MessageStatus(settled.status))
    row = tx.connection.execute(
        _RECORD,
        {
            "id": settled.id,
            "epoch": settled.epoch,
            "status": settled.status,
            "reason": settled.reason,
            "accepted_at": settled.accepted_at,
            "retry_after": settled.retry_after,
            "provider": settled.provider,
            "provider_id": settled.provider_id,
            "kept": settled.kept and dict(settled.kept),
        },
    ).one_or_none()
    if row is None:
        return None
    return SettledRow(
        sequence_id=row.sequence_id,
        step_key=row.step_key or row.template_key,
        enrollment_id=row.enrollment_id,
        is_first=row.is_first,
    )


_RECORD = text(
    """
    update messages set
        status = :status, reason = :reason, accepted_at = :accepted_at,
        -- An unknown one counts from its hand-over, however late somebody finds it.
        settled_at = case when :status = 'queued' then null
                          when :status = 'unknown' then coalesce(opened_at, plan_now())
                          else coalesce(:accepted_at, plan_now()) end,
        available_at = case when cast(:retry_after as interval) is null then available_at
                            else now() + :retry_after end,
        published_at = case when :status = 'queued' then null else published_at end,
        lease_owner = null, lease_until = null, provider = :provider, provider_id = :provider_id,
        context = coalesce(cast(:kept as jsonb), context)
    where id = :id and status = 'sending' and epoch = :epoch
    returning sequence_id, step_key, template_key, enrollment_id,
              kind = 'sequence' and copy = 0 as is_first
    """
).bindparams(bindparam("kept", type_=JSONB(none_as_null=True)))


def fail_locked(tx: Transaction, message_id: UUID, *, status: str, reason: str) -> SettledRow:
    """End a locked queued message before any hand-over: skipped or failed, with its reason."""
    check_move(MessageStatus.QUEUED, MessageStatus(status))
    row = tx.connection.execute(
        _END_LOCKED, {"id": message_id, "status": status, "reason": reason}
    ).one()
    return SettledRow(
        sequence_id=row.sequence_id,
        step_key=row.step_key or row.template_key,
        enrollment_id=row.enrollment_id,
        is_first=row.is_first,
    )


_END_LOCKED = text(
    """
    update messages set status = :status, reason = :reason, settled_at = plan_now(),
        published_at = null
    where id = :id
    returning sequence_id, step_key, template_key, enrollment_id,
              kind = 'sequence' and copy = 0 as is_first
    """
)


def release_lost(tx: Transaction, *, after: timedelta) -> int:
    """Make claimable again what was published and not opened for so long: the broker lost it."""
    return tx.connection.execute(_RELEASE_LOST, {"after": after}).rowcount


_RELEASE_LOST = text(
    """
    update messages set published_at = null
    where id in (
        select id from messages
        where status = 'queued' and published_at < now() - :after
        order by published_at limit 1000 for no key update skip locked
    )
    """
)


def find_expired(tx: Transaction, limit: int) -> list[Claimed]:
    """Lock and return messages whose lease ran out in somebody's hands."""
    rows = tx.connection.execute(_FIND_EXPIRED, {"limit": limit})
    return [Claimed(row.id, row.epoch) for row in rows]


_FIND_EXPIRED = text(
    """
    select id, epoch from messages where status = 'sending' and lease_until < now()
    order by lease_until limit :limit for no key update skip locked
    """
)
