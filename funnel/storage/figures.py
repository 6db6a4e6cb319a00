"""Figures for the page and the command that say whether mail is on time.

Reads by the partial indexes of work to do, so that asking costs what is due and not what is kept;
lateness reads the accepted rows of its period.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from funnel.domain.status import Backlog, Confirmations, Lateness, Trouble
from funnel.storage.transaction import Transaction


def read_backlog(tx: Transaction) -> Backlog:
    """Return the work that the database knows of, as it stands now."""
    row = tx.connection.execute(_BACKLOG).mappings().one()
    return Backlog(**row)


_BACKLOG = text(
    """
    with queued as (
        select due_at, published_at is not null as is_published, reason,
               due_at <= plan_now() as is_due, available_at > now() as is_held
        from messages where status = 'queued'
    )
    select
      (select count(*) from queued where is_due and not is_held) as due,
      (select coalesce(plan_now() - min(due_at), '0') from queued where is_due) as oldest_due,
      (select count(*) from queued where is_published) as published,
      (select count(*) from queued where is_due and is_held) as retrying,
      (select coalesce(max(reason), '') from queued where is_due and is_held) as retry_reason,
      (select count(*) from messages where status = 'sending') as sending,
      (select count(*) from messages where status = 'unknown') as unknown,
      (select count(*) from messages where status = 'failed'
        and settled_at > plan_now() - interval '1 day') as failed_today,
      (select count(*) from enrollments where state = 'active' and not is_parked
        and next_due_at <= plan_now()) as runs_due,
      (select coalesce(plan_now() - min(next_due_at), '0') from enrollments
        where state = 'active' and not is_parked and next_due_at <= plan_now()) as oldest_run,
      (select count(*) from queued where not is_due)
        + (select count(*) from enrollments where state = 'active'
           and next_due_at > plan_now()) as ahead
    """
)


def newest_troubles(tx: Transaction, *, limit: int) -> tuple[Trouble, ...]:
    """Return the emails that failed or are held with an unknown outcome, the newest first."""
    rows = tx.connection.execute(_TROUBLES, {"limit": limit}).mappings()
    return tuple(Trouble(**row) for row in rows)


_TROUBLES = text(
    """
    select id as message_id, template_key as key, status, coalesce(reason, '') as reason,
      plan_now() - coalesce(settled_at, due_at) as age
    from messages where status in ('failed', 'unknown')
    order by coalesce(settled_at, due_at) desc limit :limit
    """
)


def read_lateness(tx: Transaction, *, within: timedelta) -> Lateness:
    """Return how late the emails of the last ``within`` (plan time) were handed over."""
    row = tx.connection.execute(_LATENESS, {"within": within}).mappings().one()
    return Lateness(**row)


_LATENESS = text(
    """
    select count(*) as emails,
      percentile_cont(0.5) within group (order by late) as p50,
      percentile_cont(0.95) within group (order by late) as p95,
      percentile_cont(0.99) within group (order by late) as p99,
      max(late) as worst
    from (select greatest(accepted_at - due_at, '0') as late from messages
          where status = 'accepted' and accepted_at > plan_now() - :within) as handed_over
    """
)


def read_confirmations(tx: Transaction, *, within: timedelta) -> tuple[Confirmations, ...]:
    """Return what became of the confirmations of the last ``within`` (plan time), by sequence."""
    rows = tx.connection.execute(_CONFIRMATIONS, {"within": within}).mappings()
    return tuple(Confirmations(**row) for row in rows)


_CONFIRMATIONS = text(
    """
    select q.slug as sequence, count(*) as asked,
      count(*) filter (where s.status = 'confirmed') as pressed,
      count(*) filter (where s.status <> 'confirmed' and s.opened_at is not null) as only_opened
    from signups s join sequences q on q.id = s.sequence_id
    where s.mailed_at > plan_now() - cast(:within as interval)
    group by q.slug order by q.slug
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedMessage:
    """One email of one person, settled or not, as the demo's table and its checks show it.

    Moments are aware, in plan time; ``zone`` is the person's.
    """

    id: UUID
    email: str
    zone: str
    kind: str
    key: str
    topic: str | None
    status: str
    reason: str | None
    due_at: datetime
    valid_until: datetime | None
    accepted_at: datetime | None
    session_starts_at: datetime | None
    session_ends_at: datetime | None


def list_messages(tx: Transaction) -> list[PassedMessage]:
    """Return every message of everybody, by person and moment; for small databases only."""
    return [PassedMessage(**row) for row in tx.connection.execute(_MESSAGES).mappings()]


_MESSAGES = text(
    """
    select m.id, p.email, p.zone, m.kind, coalesce(m.step_key, m.template_key) as key, m.topic,
           m.status, m.reason, m.due_at, m.valid_until, m.accepted_at, m.session_starts_at,
           s.ends_at as session_ends_at
    from messages m
    join subscribers p on p.id = m.subscriber_id
    left join sessions s on s.id = m.session_id
    order by p.email, coalesce(m.accepted_at, m.due_at), m.due_at, m.priority
    """
)
