"""The open of a slice: lock the rows, look at all of them, take in hand what is still wanted.

Three statements of one transaction. In one with the lock, the judgement would see the world before
the lock was won (READ COMMITTED), and an unsubscribe committed meanwhile would be overlooked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from funnel.domain.message import EndReason, MessageStatus, check_move
from funnel.storage import arrays
from funnel.storage.outbox import Claimed
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVerdict:
    """What stands against sending a locked message.

    Attributes:
        void: Why an announcement speaks of nothing any more (``EndReason``).
    """

    is_paused: bool
    is_late: bool
    is_stale: bool
    has_left: bool
    belongs_to_run: bool
    is_over: bool
    is_unwanted: bool
    suppression: str | None
    void: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a locked message ends before any hand-over."""

    id: UUID
    status: MessageStatus
    reason: str


def lock_claimed(tx: Transaction, claimed: Sequence[Claimed]) -> list[int]:
    """Lock, in the order of their ids, the messages that are on the queue under these epochs.

    Returns:
        Their places in ``claimed``. What is not among them is stale: opened by somebody else,
        ended, or given back.
    """
    given = {
        "ids": arrays.uuids([each.id for each in claimed]),
        "epochs": arrays.words([each.epoch for each in claimed]),
    }
    return [number - 1 for (number,) in arrays.fetch(tx, LOCK_CLAIMED, given)]


# Whoever locks several messages does it in this order, or two of them would wait for each other.
# Each by its id, whatever the statistics say: there are next to no published rows whenever they are
# gathered, and by that word all that are published would be read for each of these. Hence also
# num_nonnulls, from which no partial index follows.
LOCK_CLAIMED: Final = """
    select c.number
    from (
        select * from unnest(cast(%(ids)s as uuid[]), cast(%(epochs)s as int[]))
            with ordinality u (id, epoch, number)
        order by u.id
    ) c
    cross join lateral (
        select from messages m
        where m.id = c.id and m.epoch = c.epoch and m.status = 'queued'
          and num_nonnulls(m.published_at) = 1
        for no key update
    ) m
"""


def judge(tx: Transaction, message_ids: Sequence[UUID]) -> Mapping[UUID, OpenVerdict]:
    """Say what stands against messages that this transaction has locked; no word: still wanted.

    A statement after the lock: see the top of this page.
    """
    rows = arrays.fetch(tx, JUDGE, {"ids": arrays.uuids(message_ids), **_VOID})
    return {
        message_id: OpenVerdict(**dict(zip(_AGAINST, against, strict=True)))
        for message_id, *against in rows
    }


_AGAINST = tuple(OpenVerdict.__dataclass_fields__)
_VOID = {
    "stopped": EndReason.STOPPED.value,
    "called_off": EndReason.DATE_CANCELLED.value,
    "moved": EndReason.DATE_MOVED.value,
    "given_up": EndReason.SEAT_GIVEN_UP.value,
}
# The clock and the pause are asked once, not for each message: calling plan_now() costs more than
# the rest of a row's judgement.
JUDGE: Final = """
    with at as materialized (select plan_now() as now)
    select * from (
        select m.id,
            (select exists (select from pauses where scope = 'all')) as is_paused,
            coalesce(m.valid_until < (select now from at), false) as is_late,
            coalesce(m.plan_revision <> e.plan_revision, false)
                -- Planned for a date that the session no longer has, or that is not held: whoever
                -- plans everybody anew may not have reached this run yet.
                or m.kind = 'sequence' and m.session_id is not null
                   and (d.id is null or d.cancelled_at is not null
                        or d.starts_at is distinct from m.session_starts_at) as is_stale,
            coalesce(e.state = 'left', false) as has_left,
            m.enrollment_id is not null and m.kind = 'sequence' as belongs_to_run,
            case when m.template_key in ('notices/confirm', 'notices/confirm-again')
                     -- Confirmed or expired meanwhile, or its date has begun: nothing is left to
                     -- confirm, and no reminder leaves after the start.
                     then coalesce(u.status <> 'pending', true)
                          or m.template_key = 'notices/confirm-again' and exists (
                              select from sessions w
                              where w.id = u.session_id and w.starts_at <= (select now from at))
                 when m.template_key = 'notices/session-moved'
                     -- Moved again or given up meanwhile: it would speak of a seat nobody holds.
                     then not exists (
                         select from registrations r
                         where r.enrollment_id = m.enrollment_id
                         and r.session_id = m.session_id and r.status = 'registered'
                         and d.starts_at = coalesce(m.session_starts_at, d.starts_at))
                 else false end as is_over,
            case when m.topic = 'letters' then not p.wants_letters
                 when m.topic = 'seat'
                      or m.template_key in ('notices/session-moved', 'notices/session-cancelled')
                     then not p.wants_seat_emails
                 else false end as is_unwanted,
            -- A confirmation is let through to somebody who left and asks again.
            case when not (m.kind = 'notice' and m.signup_id is not null
                           and s.reason = 'unsubscribed') then s.reason end as suppression,
            case when m.kind = 'announcement' then (
                select case
                    when a.stopped_at is not null then %(stopped)s
                    when w.cancelled_at is not null then %(called_off)s
                    when w.starts_at <> m.session_starts_at then %(moved)s
                    when not exists (
                        select from registrations r where r.session_id = m.session_id
                        and r.subscriber_id = m.subscriber_id and r.status = 'registered')
                        then %(given_up)s end
                from announcements a join sessions w on w.id = a.session_id
                where a.id = m.announcement_id) end as void
        from messages m
        join subscribers p on p.id = m.subscriber_id
        left join suppressions s on s.email_key = p.email_key
        left join enrollments e on e.id = m.enrollment_id and m.kind = 'sequence'
        left join signups u on u.id = m.signup_id
        left join sessions d on d.id = m.session_id
        where m.id = any(cast(%(ids)s as uuid[]))
    ) verdict
    where is_paused or is_late or is_stale or has_left or is_over or is_unwanted
       or suppression is not null or void is not null
"""


def open_messages(
    tx: Transaction, versions: Sequence[tuple[UUID, UUID]], *, owner: str, lease: timedelta
) -> None:
    """Take locked messages in hand: under a lease, each with its template version pinned.

    Args:
        tx: The transaction that holds their locks.
        versions: Of each message, its id and the version of its template that is being sent.
        owner: Name of this process.
        lease: Real time from now.
    """
    given = {
        "ids": arrays.uuids([message_id for message_id, _ in versions]),
        "versions": arrays.uuids([version_id for _, version_id in versions]),
        "owner": owner,
        "seconds": lease.total_seconds(),
    }
    arrays.run(tx, OPEN, given)


OPEN: Final = """
    update messages m set status = 'sending', lease_owner = %(owner)s,
        lease_until = now() + %(seconds)s * interval '1 second',
        attempts = attempts + 1, opened_at = (select plan_now()),
        template_version_id = coalesce(template_version_id, o.version_id)
    from unnest(cast(%(ids)s as uuid[]), cast(%(versions)s as uuid[])) o (id, version_id)
    where m.id = o.id
"""


def end_locked(tx: Transaction, endings: Sequence[Ending]) -> None:
    """End locked queued messages before any hand-over: skipped, cancelled or failed, and why."""
    for status in {each.status for each in endings}:
        check_move(MessageStatus.QUEUED, status)
    given = {
        "ids": arrays.uuids(each.id for each in endings),
        "statuses": arrays.words(each.status.value for each in endings),
        "reasons": arrays.texts([each.reason for each in endings]),
    }
    arrays.run(tx, END_LOCKED, given)


END_LOCKED: Final = """
    update messages m set status = o.status, reason = o.reason,
        settled_at = (select plan_now()), published_at = null
    from unnest(cast(%(ids)s as uuid[]), cast(%(statuses)s as text[]), cast(%(reasons)s as text[]))
         o (id, status, reason)
    where m.id = o.id
"""
