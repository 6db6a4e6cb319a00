"""The claim: whose turn it is, which lanes wait, and what goes on the queue now.

Cost follows what is due: where nothing is, one statement of index probes says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from funnel.domain.message import LETTER_PRIORITY, Lane
from funnel.domain.routing import SequenceSender
from funnel.storage.outbox import Claimed
from funnel.storage.transaction import Transaction


def may_dispatch(tx: Transaction) -> bool:
    """Say whether this transaction is the one that dispatches, and nothing is paused; no waiting.

    The lock ends with the transaction. What is claimed and spent is claimed and spent under it.
    From here on the transaction reads in the order of the indexes.
    """
    return bool(tx.connection.execute(_MAY_DISPATCH).scalar_one())


# First the lock: who waits for nobody must not read the pauses before it is alone. The settings:
# the first few of an index are wanted, and PostgreSQL would rather read all that waits, to sort it
# for each claim anew or to find that a lane has none (by its statistics either costs less).
_MAY_DISPATCH = text(
    """
    select case when pg_try_advisory_xact_lock(4860212)
                then not exists (select from pauses where scope = 'all') else false end,
           set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true),
           set_config('enable_seqscan', 'off', true)
    """
)


def is_first_to_drain(tx: Transaction) -> bool:
    """Say whether nobody else drains; as long as this transaction is open, nobody else will."""
    statement = text("select pg_try_advisory_xact_lock(4860213)")
    return bool(tx.connection.execute(statement).scalar_one())


def due_lanes(tx: Transaction) -> list[Lane]:
    """Return the lanes in which runs are due; parked ones are not looked at."""
    rows = tx.connection.execute(_DUE_LANES, {"lanes": list(Lane)})
    return [Lane(row.lane) for row in rows]


_DUE_LANES = text(
    """
    select lane from unnest(cast(:lanes as text[])) with ordinality as l(lane, place)
    where exists (
        select from enrollments e
        where e.state = 'active' and not e.is_parked and e.lane = l.lane
          and e.next_due_at <= plan_now())
    order by place
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A lane in which emails wait: letters, or what must be on time.

    Attributes:
        published: Of that kind, on the queue and not yet opened.
    """

    lane: Lane
    letters: bool
    published: int


def waiting_lanes(tx: Transaction) -> list[Waiting]:
    """Return where something may be claimed: what must be on time first, then the letters."""
    rows = tx.connection.execute(_WAITING, {"lanes": list(Lane)})
    return [
        Waiting(lane=Lane(row.lane), letters=row.letters, published=row.published) for row in rows
    ]


# The clock is asked once in a statement: a call of plan_now() for each row costs more than the row.
_AT = "at as materialized (select plan_now() as now)"
_NOW = "(select now from at)"


def _ready(priority: str) -> str:
    """Return the rows that may be claimed; each kind of priority reads its part of the index."""
    return f"""
        m.status = 'queued' and m.published_at is null and m.priority {priority}
          and m.due_at <= {_NOW} and m.available_at <= now()
          -- What is late is the planner's to decide: a letter takes another day.
          and (m.kind <> 'sequence' or m.valid_until is null or m.valid_until >= {_NOW})
    """


_URGENT, _LETTERS = f"< {LETTER_PRIORITY}", f"= {LETTER_PRIORITY}"


def _first_of_lanes(priority: str) -> str:
    """Return the lanes that have a row that may be claimed.

    A limit in each lane, and not "exists": by statistics from before the rows were written that is
    a join with all that wait, for each look (40 ms where 4,000 letters do).
    """
    return f"""
        select l.lane, l.place from unnest(cast(:lanes as text[])) with ordinality as l(lane, place)
        cross join lateral (
            select from messages m where m.lane = l.lane and {_ready(priority)} limit 1) first
    """  # noqa: S608  (constants of ours)


_WAITING = text(
    f"""
    with {_AT}
    select w.lane, w.letters, (
        select count(*) from messages m
        where m.status = 'queued' and m.published_at is not null and m.lane = w.lane
          and (m.priority = {LETTER_PRIORITY}) = w.letters)::int as published
    from (
        select lane, place, false as letters from ({_first_of_lanes(_URGENT)}) urgent
        union all
        select lane, place, true from ({_first_of_lanes(_LETTERS)}) letters
    ) w
    order by w.letters, w.place
    """  # noqa: S608  (constants of ours)
)


def claim_queued(
    tx: Transaction,
    lane: Lane,
    *,
    letters: bool,
    limit: int,
    sequence_ids: Sequence[UUID] | None = None,
) -> list[Claimed]:
    """Take messages of a lane whose time has come, the most urgent and earliest first.

    Args:
        tx: The transaction after whose commit they are published.
        lane: Only this one.
        letters: Letters only, or all but letters: letters must not fill the others' places.
        limit: At most this many.
        sequence_ids: Of these sequences only; ``None``: of all.
    """
    statement = _CLAIM[letters, sequence_ids is not None]
    values = {"lane": lane, "limit": limit}
    if sequence_ids is not None:
        values["sequence_ids"] = list(sequence_ids)
    return [Claimed(row.id, row.epoch) for row in tx.connection.execute(statement, values)]


def _claim(priority: str, *, of_sequences: bool) -> str:
    chosen = "and m.sequence_id = any(:sequence_ids)" if of_sequences else ""
    # MATERIALIZED: PostgreSQL may run a bare sub-select twice and update more than the limit. By
    # their places, not by a join: whatever the statistics say, nobody else's rows are read. A row
    # that was written anew just before its lock was won is not found, and is the next claim's.
    return f"""
        with {_AT}, due as materialized (
            select m.ctid as place from messages m
            where m.lane = :lane and {_ready(priority)} {chosen}
            order by m.priority, m.due_at, m.id
            limit :limit
            for no key update skip locked
        )
        update messages m set published_at = now(), epoch = m.epoch + 1
        where m.ctid = any(array(select place from due))
        returning m.id, m.epoch
    """  # noqa: S608  (constants of ours)


_CLAIM = {
    (letters, of_sequences): text(
        _claim(_LETTERS if letters else _URGENT, of_sequences=of_sequences)
    )
    for letters in (False, True)
    for of_sequences in (False, True)
}


def list_senders(tx: Transaction) -> list[SequenceSender]:
    """Return the sender of each sequence."""
    return [
        SequenceSender(sequence_id=row.id, provider=row.provider, domain=row.domain)
        for row in tx.connection.execute(_SENDERS)
    ]


_SENDERS = text(
    """
    select q.id, b.provider, lower(split_part(b.from_address, '@', 2)) as domain
    from sequences q join brands b on b.id = q.brand_id
    """
)


def count_waiting_letters(tx: Transaction) -> int:
    """Return how many letters are due and not yet on the queue."""
    return int(tx.connection.execute(_COUNT_LETTERS, {"lanes": list(Lane)}).scalar_one())


_COUNT_LETTERS = text(
    f"""
    with {_AT} select count(*) from messages m where m.lane = any(:lanes) and {_ready(_LETTERS)}
    """  # noqa: S608  (constants of ours)
)
