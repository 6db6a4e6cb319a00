"""Sums of the results page, moved in the transaction that moves the rows that they count.

Whoever is about to write a row that is counted says whose it is (``watch``), holding that person's
lock. What the person's rows come to is asked then, and again at the end of the transaction; the
difference moves the sums. So nobody adds and subtracts by hand, and whatever was written in
between, the sums are what a recount of the rows would give.

What is forgotten stays counted: its share is kept beside the sums, under ``KEPT``.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from funnel.storage.result_rows import (
    ALL_ROWS,
    UTM_KEYS,
    Measure,
    ResultTally,
    Scope,
    of_people,
)
from funnel.storage.transaction import Transaction

KEPT: Final = "kept "  # before a measure: of rows that do not say it any more


@dataclass(slots=True)
class _Watched:
    """People whose rows are about to change, and what those came to before."""

    people: set[UUID] = field(default_factory=set)
    before: Counter[ResultTally] = field(default_factory=Counter)

    def add(self, tx: Transaction, people: Collection[UUID]) -> None:
        new = set(people) - self.people
        self.before.update(of_people(tx, new))
        self.people |= new

    def change(self, tx: Transaction) -> Counter[ResultTally]:
        change = of_people(tx, self.people)
        change.subtract(self.before)
        return change


@dataclass(slots=True)
class _Watch:
    """What one transaction watches: those who change, and those who are being forgotten."""

    changing: _Watched = field(default_factory=_Watched)
    forgotten: _Watched = field(default_factory=_Watched)
    named_by: tuple[str, ...] = ()


def watch(tx: Transaction, people: Collection[UUID]) -> None:
    """Move the sums by whatever becomes of these people's rows from here to the commit.

    The caller holds their locks: two transactions that change the same person at once would both
    see the other's rows as they were before.
    """
    watched = _watch(tx)
    watched.changing.add(tx, set(people) - watched.forgotten.people)


def watch_seat(tx: Transaction, registration_id: UUID) -> None:
    """Do the same of the person who has this seat."""
    found = tx.connection.execute(_OF_SEAT, {"id": registration_id}).scalar()
    if found is not None:
        watch(tx, [found])


_OF_SEAT = text("select subscriber_id from registrations where id = :id")


def watch_runs(tx: Transaction, run_ids: Collection[UUID]) -> None:
    """Do the same of the people of these runs."""
    watch(tx, tx.connection.execute(_OF_RUNS, {"ids": list(run_ids)}).scalars().all())


_OF_RUNS = text("select distinct subscriber_id from enrollments where id = any(:ids)")


def forget(tx: Transaction, person: UUID, *, named_by: Sequence[str]) -> None:
    """Keep what a person counted for, whatever is removed of them from here to the commit.

    A seat that lies ahead is free again all the same: that is no forgetting. A campaign that is
    called by one of ``named_by`` (their address, their names; lower case) is not kept.
    """
    watched = _watch(tx)
    watched.named_by = tuple(named_by)
    watched.forgotten.add(tx, [person])


def keep_campaigns(
    tx: Transaction, signup_ids: Collection[UUID], *, named_by: Sequence[str] = ()
) -> None:
    """Count where pending signups came from, just before they are forgotten as unconfirmed."""
    rows = tx.connection.execute(_CAMPAIGNS, {"ids": list(signup_ids)})
    kept: Counter[ResultTally] = Counter()
    for row in rows:
        if _names(row.key, named_by):
            continue
        kept[ResultTally(row.sequence_id, Scope.UTM, row.key, Measure.SIGNUPS)] = row.total
    _move(tx, kept)
    _move(tx, _as_kept(kept))


_CAMPAIGNS = text(
    f"""
    select g.sequence_id, u.key, count(*) as total
    from signups g cross join lateral ({UTM_KEYS}) u
    where g.id = any(:ids) and g.status = 'pending' group by 1, 2
    """  # noqa: S608  (of our own words alone)
)


def _names(key: str, words: Sequence[str]) -> bool:
    return any(each in key.lower() for each in words)


def _as_kept(tallies: Mapping[ResultTally, int]) -> Counter[ResultTally]:
    return Counter(
        {
            ResultTally(each.sequence_id, each.scope, each.key, KEPT + each.measure): total
            for each, total in tallies.items()
        }
    )


def _watch(tx: Transaction) -> _Watch:
    if tx.watch is None:
        tx.watch = _Watch()
    tx.before_commit(_write)
    found: _Watch = tx.watch
    return found


def _move(tx: Transaction, changes: Mapping[ResultTally, int]) -> None:
    # Among the tallies: whoever undoes a part of the transaction undoes these with it.
    tx.tallies.update(changes)
    tx.before_commit(_write)


def _write(tx: Transaction) -> None:
    """Write all changes at once, sorted, as the last thing: locks are held for a moment."""
    changes = Counter({each: n for each, n in tx.tallies.items() if isinstance(each, ResultTally)})
    if tx.watch is not None:
        changes.update(tx.watch.changing.change(tx))
        changes.update(_of_forgotten(tx.watch.forgotten.change(tx), tx.watch.named_by))
    rows = [_row(each, changes[each]) for each in sorted(changes) if changes[each]]
    if rows:
        tx.connection.execute(_ADD, rows)
    for word in tx.watch.named_by if tx.watch is not None else ():
        tx.connection.execute(_REMOVE_NAMES, {"word": word})


# Few rows: one for each campaign that there ever was.
_REMOVE_NAMES = text(
    f"""
    delete from result_sums
    where scope = '{Scope.UTM}' and total <= 0 and strpos(lower(key), :word) > 0
    """  # noqa: S608  (of our own words alone)
)


def _of_forgotten(
    changes: Mapping[ResultTally, int], named_by: Sequence[str]
) -> Counter[ResultTally]:
    """Return what moves for somebody forgotten: what they lost is kept, a freed seat is free."""
    lost = {
        each: -change
        for each, change in changes.items()
        if change < 0
        and each.measure != Measure.REGISTERED
        and not (each.scope == Scope.UTM and _names(each.key, named_by))
    }
    moved = Counter({each: change for each, change in changes.items() if each not in lost})
    moved.update(_as_kept(lost))
    return moved


def _row(tally: ResultTally, change: int) -> dict[str, Any]:
    return {name: getattr(tally, name) for name in ResultTally.__slots__} | {"change": change}


_ADD = text(
    """
    insert into result_sums (sequence_id, scope, key, measure, total)
    values (:sequence_id, :scope, :key, :measure, :change)
    on conflict (sequence_id, scope, key, measure) do update
    set total = result_sums.total + excluded.total
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultDifference:
    """A sum that is not what the rows (and what was kept of forgotten ones) come to."""

    tally: ResultTally
    said: int
    are: int


def differences(tx: Transaction) -> Sequence[ResultDifference]:
    """Return each sum that is wrong; whole tables are read, so this is for checks alone."""
    return [
        ResultDifference(
            tally=ResultTally(row.sequence_id, row.scope, row.key, row.measure),
            said=row.said,
            are=row.are,
        )
        for row in tx.connection.execute(_COMPARE)
    ]


_COMPARE = text(
    f"""
    with rows as ({ALL_ROWS}),
    counted as (
        select sequence_id, scope, key, measure, sum(total) as are from (
            select * from rows
            union all
            select sequence_id, scope, key, substr(measure, {len(KEPT) + 1}), total
            from result_sums where starts_with(measure, '{KEPT}')
        ) each group by 1, 2, 3, 4
    )
    select coalesce(s.sequence_id, c.sequence_id) as sequence_id,
           coalesce(s.scope, c.scope) as scope, coalesce(s.key, c.key) as key,
           coalesce(s.measure, c.measure) as measure,
           coalesce(s.total, 0) as said, cast(coalesce(c.are, 0) as bigint) as are
    from (select * from result_sums where not starts_with(measure, '{KEPT}')) s
    full join counted c using (sequence_id, scope, key, measure)
    where coalesce(s.total, 0) <> coalesce(c.are, 0)
    order by 1, 2, 3, 4
    """  # noqa: S608  (of our own words alone)
)


def repair(tx: Transaction) -> Sequence[ResultDifference]:
    """Set each wrong sum right, and return what was wrong.

    Under the table's lock: who has written rows has moved their sums by then, or will once this is
    committed, and then moves what is right.
    """
    tx.connection.execute(text("lock table result_sums in share row exclusive mode"))
    wrong = differences(tx)
    if wrong:
        rows = [_row(each.tally, each.are - each.said) for each in wrong]
        tx.connection.execute(_ADD, rows)
    return wrong
