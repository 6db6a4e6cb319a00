"""Whom an email concerns: everybody who is still to get it, and a few of them who differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text

from funnel.storage.tables import SubscriberRow
from funnel.storage.transaction import Transaction

# Few enough that a preview may look at them with every key that is pressed.
_LOOKED_AT = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """What an email says of somebody without a run."""

    id: UUID
    email: str
    first_name: str
    last_name: str
    zone: str
    wants_letters: bool


def find_subscriber(tx: Transaction, subscriber_id: UUID) -> Subscriber | None:
    """Return somebody who is here; ``None``: nobody, or somebody who was forgotten."""
    columns = [getattr(SubscriberRow, name) for name in Subscriber.__slots__]
    statement = select(*columns).where(SubscriberRow.id == subscriber_id, SubscriberRow.email != "")
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else Subscriber(**row)


def different_people(tx: Transaction, sequence_id: UUID, step_key: str, limit: int) -> list[UUID]:
    """Return runs under way that have not had an email, as different from each other as can be.

    With a name and without, with a seat and without, before their session and after it, with a
    replay and without, in each zone: the first of each kind, then the second. Only the first
    hundreds of runs are looked at, however many there are.
    """
    given = {"sequence": sequence_id, "key": step_key, "limit": limit, "most": _LOOKED_AT}
    return list(tx.connection.execute(DIFFERENT, given).scalars())


DIFFERENT = text(
    """
    with few as materialized (
        select e.id, e.subscriber_id from enrollments e
        where e.sequence_id = :sequence and e.state = 'active'
        order by e.id limit :most
    ), kinds as (
        select few.id, row_number() over (
            partition by p.first_name = '', s.id is null, s.ends_at < plan_now(),
                         coalesce(s.replay_url, '') = '', p.wants_letters
            order by length(p.first_name) desc, few.id
        ) as place
        from few
        join subscribers p on p.id = few.subscriber_id
        left join registrations r on r.enrollment_id = few.id and r.status = 'registered'
        left join sessions s on s.id = r.session_id
        where (
            -- Not "exists": with poor statistics PostgreSQL reads all messages once for that.
            select true from messages m
            where m.enrollment_id = few.id and m.step_key = :key and m.status <> 'queued'
            limit 1
        ) is null
    )
    select id from kinds order by place, id limit :limit
    """
)


def next_without(
    tx: Transaction, sequence_id: UUID, step_key: str, *, after: UUID | None, limit: int
) -> list[UUID]:
    """Return runs under way that have not had an email, in the order of their ids, after one."""
    given = {
        "sequence": sequence_id,
        "key": step_key,
        "after": after or UUID(int=0),
        "limit": limit,
    }
    return list(tx.connection.execute(NEXT_WITHOUT, given).scalars())


NEXT_WITHOUT = text(
    """
    select e.id from enrollments e
    where e.sequence_id = :sequence and e.state = 'active' and e.id > :after
      and (
        -- Not "exists", see above.
        select true from messages m
        where m.enrollment_id = e.id and m.step_key = :key and m.status <> 'queued'
        limit 1
      ) is null
    order by e.id limit :limit
    """
)


def count_without(tx: Transaction, sequence_id: UUID, step_key: str) -> int:
    """Return how many runs under way have not had an email; takes as long as reading them all."""
    given = {"sequence": sequence_id, "key": step_key}
    found: int = tx.connection.execute(COUNT_WITHOUT, given).scalar_one()
    return found


COUNT_WITHOUT = text(
    """
    select count(*) from enrollments e
    where e.sequence_id = :sequence and e.state = 'active'
      and not exists (
        select from messages m
        where m.enrollment_id = e.id and m.step_key = :key and m.status <> 'queued'
      )
    """
)


def names_of(tx: Transaction, run_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return what to call the person of each run: their first name, else their address."""
    rows = tx.connection.execute(_NAMES, {"ids": list(run_ids)})
    return {row.id: row.name for row in rows}


_NAMES = text(
    """
    select e.id, coalesce(nullif(trim(p.first_name || ' ' || p.last_name), ''), p.email) as name
    from enrollments e join subscribers p on p.id = e.subscriber_id
    where e.id = any(:ids)
    """
)
