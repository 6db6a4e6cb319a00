"""What may leave, and what did: budgets are rows, and so is what was spent of them."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from funnel.domain.allowance import Place, PlacedBudget
from funnel.domain.budget import Budget, Spent
from funnel.storage.rows import as_json
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBudget:
    """A budget as its row has it: who set it, when (real time), and from which preset."""

    placed: PlacedBudget
    preset: str
    updated_by: str
    updated_at: datetime


def list_budgets(tx: Transaction) -> list[KeptBudget]:
    """Return all budgets, those of everything first."""
    rows = tx.connection.execute(text("select * from budgets order by provider, lane")).mappings()
    return [
        KeptBudget(
            placed=PlacedBudget(
                provider=row["provider"],
                lane=row["lane"],
                budget=Budget(
                    per_second=row["per_second"],
                    per_minute=row["per_minute"],
                    per_hour=row["per_hour"],
                    per_day=row["per_day"],
                    warm_up_from=row["warm_up_from"],
                    warm_up=tuple(row["warm_up"].get("days", ())),
                ),
            ),
            preset=row["preset"],
            updated_by=row["updated_by"],
            updated_at=row["updated_at"],
        )
        for row in rows
    ]


def save_budget(tx: Transaction, placed: PlacedBudget, *, preset: str, by: str) -> None:
    """Write a budget; one of the same provider and lane is replaced."""
    budget = placed.budget
    tx.connection.execute(
        _SAVE,
        {
            "provider": placed.provider,
            "lane": placed.lane,
            "per_second": budget.per_second,
            "per_minute": budget.per_minute,
            "per_hour": budget.per_hour,
            "per_day": budget.per_day,
            "preset": preset,
            "warm_up_from": budget.warm_up_from,
            "warm_up": {"days": list(budget.warm_up)} if budget.warm_up else {},
            "by": by,
        },
    )


_SAVE = text(
    """
    insert into budgets (provider, lane, per_second, per_minute, per_hour, per_day, preset,
                         warm_up_from, warm_up, updated_by)
    values (:provider, :lane, :per_second, :per_minute, :per_hour, :per_day, :preset,
            :warm_up_from, :warm_up, :by)
    on conflict (provider, lane) do update set
        per_second = excluded.per_second, per_minute = excluded.per_minute,
        per_hour = excluded.per_hour, per_day = excluded.per_day, preset = excluded.preset,
        warm_up_from = excluded.warm_up_from, warm_up = excluded.warm_up,
        updated_by = excluded.updated_by, updated_at = now()
    """
).bindparams(bindparam("warm_up", type_=JSONB))


def remove_budget(tx: Transaction, *, provider: str, lane: str) -> bool:
    """Forget a budget; say whether there was one."""
    statement = text("delete from budgets where provider = :provider and lane = :lane")
    return tx.connection.execute(statement, {"provider": provider, "lane": lane}).rowcount > 0


def read_spending(tx: Transaction, *, within: timedelta) -> dict[Place, list[Spent]]:
    """Return what left within this time, by provider and lane, oldest first."""
    found: dict[Place, list[Spent]] = defaultdict(list)
    for provider, lane, at, spent in tx.connection.execute(_SPENDING, {"within": within}):
        found[provider, lane].append(Spent(at, spent))
    return found


_SPENDING = text(
    """
    select provider, lane, at, spent from budget_spending
    where at > now() - cast(:within as interval) and spent > 0
    order by provider, lane, at
    """
)


def spend(tx: Transaction, spent: Mapping[Place, int]) -> None:
    """Write down what this transaction claims, as spent at its moment."""
    rows = [
        {"provider": provider, "lane": lane, "number": number}
        for (provider, lane), number in spent.items()
        if number > 0
    ]
    if rows:
        tx.connection.execute(_SPEND, {"rows": as_json(rows)})


_SPEND = text(
    """
    insert into budget_spending (provider, lane, at, spent)
    select provider, lane, now(), number
    from json_to_recordset(cast(:rows as json)) as r(provider text, lane text, number int)
    on conflict (provider, lane, at) do update set spent = budget_spending.spent + excluded.spent
    """
)


def draw_together(tx: Transaction) -> None:
    """Keep the sums cheap: one row a minute after two minutes, one in ten minutes after two hours.

    A row moves to the last moment of its span: a window never counts less than left within it.
    What is older than a day is forgotten. Nobody is waited for.
    """
    tx.connection.execute(_FORGET)
    for each in _DRAWN:
        tx.connection.execute(_DRAW_TOGETHER, each)


_FORGET = text("delete from budget_spending where at < now() - interval '25 hours'")
_DRAWN = (
    {"older": timedelta(minutes=2), "span": timedelta(minutes=1)},
    {"older": timedelta(hours=2), "span": timedelta(minutes=10)},
)
# date_bin: the span that a moment lies in; what lies on its last moment already is left alone.
_DRAW_TOGETHER = text(
    """
    with old as materialized (
        select provider, lane, at from budget_spending
        where at < date_bin(:span, now() - cast(:older as interval), 'epoch')
          and at <> date_bin(:span, at, 'epoch') + :span - interval '1 microsecond'
        order by provider, lane, at
        for update skip locked
    ), gone as (
        delete from budget_spending b using old
        where b.provider = old.provider and b.lane = old.lane and b.at = old.at
        returning b.provider, b.lane, b.at, b.spent
    )
    insert into budget_spending (provider, lane, at, spent)
    select provider, lane, date_bin(:span, at, 'epoch') + :span - interval '1 microsecond',
           sum(spent)::int
    from gone group by 1, 2, 3
    on conflict (provider, lane, at) do update set spent = budget_spending.spent + excluded.spent
    """
)


def give_back(tx: Transaction, unspent: Mapping[Place, int]) -> None:
    """Take back what was spent for messages that did not leave: skipped, given back, stale.

    The oldest spending of the last ten minutes shrinks first: which second a message was claimed
    in is not kept, and a window must not count less than really left within it.

    Args:
        tx: Call it last: nobody who holds these rows waits for a message.
        unspent: How many, by provider and lane.
    """
    rows = [
        {"provider": provider, "lane": lane, "number": number}
        for (provider, lane), number in unspent.items()
        if number > 0
    ]
    if rows:
        tx.connection.execute(_GIVE_BACK, {"rows": as_json(rows)})


# The locks in one order: several processes give back at once.
_GIVE_BACK = text(
    """
    with given as (
        select * from json_to_recordset(cast(:rows as json))
            as r(provider text, lane text, number int)
    ), held as materialized (
        select s.provider, s.lane, s.at, s.spent, g.number
        from budget_spending s join given g using (provider, lane)
        where s.at > now() - interval '10 minutes'
        order by s.provider, s.lane, s.at
        for no key update of s
    ), share as (
        select provider, lane, at, spent, number,
               sum(spent) over (partition by provider, lane order by at) - spent as before
        from held
    )
    update budget_spending b
    set spent = b.spent - greatest(0, least(share.spent, share.number - share.before))::int
    from share
    where b.provider = share.provider and b.lane = share.lane and b.at = share.at
      and share.before < share.number
    """
)


Claim = tuple[str, datetime]  # a message's lane, and its ``published_at``: when it was spent for


def give_back_claims(tx: Transaction, gone: Counter[Claim], *, provider: str | None = None) -> None:
    """Take back what was spent by claims that ended without a hand-over, and not by their batch.

    A claim and what it spends carry one moment, so each finds its own row, also where rows were
    drawn together since. Where two providers spent at that moment and nobody says which it was,
    nothing is taken back: better too slow than too fast.

    Args:
        tx: Call it last: nobody who holds these rows waits for a message.
        gone: How many messages, by the claim that had them.
        provider: Who was to carry them; ``None``: not known.
    """
    rows = [{"lane": lane, "at": at, "number": number} for (lane, at), number in gone.items()]
    if rows:
        tx.connection.execute(_GIVE_BACK_CLAIMS, {"rows": as_json(rows), "provider": provider})


# Where a row may be by now: at its moment, or at the end of one of the spans of ``draw_together``.
_GIVE_BACK_CLAIMS = text(
    """
    with gone as (
        select * from json_to_recordset(cast(:rows as json))
            as r(lane text, at timestamptz, number int)
    ), near as (
        select s.provider, s.lane, s.at, g.at as claimed_at, g.number,
               dense_rank() over (partition by g.lane, g.at order by s.at) as place
        from (select *, interval '1 microsecond' as microsecond from gone) g
        join budget_spending s on s.lane = g.lane and s.at in (
            g.at,
            date_bin('1 minute', g.at, 'epoch') + interval '1 minute' - microsecond,
            date_bin('10 minutes', g.at, 'epoch') + interval '10 minutes' - microsecond)
        where s.provider = cast(:provider as text) or cast(:provider as text) is null
    ), sure as (
        select provider, lane, at, number,
               count(*) over (partition by lane, claimed_at) as providers
        from near where place = 1
    ), unspent as (
        select provider, lane, at, sum(number)::int as number from sure where providers = 1
        group by 1, 2, 3
    ), held as materialized (
        select s.provider, s.lane, s.at, u.number
        from budget_spending s join unspent u using (provider, lane, at)
        order by s.provider, s.lane, s.at
        for no key update of s
    )
    update budget_spending b set spent = greatest(0, b.spent - held.number)
    from held where b.provider = held.provider and b.lane = held.lane and b.at = held.at
    """
)
