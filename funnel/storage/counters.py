"""Sums for pages, moved in the transaction that moves the rows.

Only what is settled is summed: what is queued or in hand is few and has an index of its own, and a
sum that every signup moved would make signups wait for each other.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy import text

from funnel.storage import arrays
from funnel.storage.transaction import Transaction

# Beside the statuses, and what the other side says ("delivered", "bounced", "complained"): first
# copies that are settled, and first copies of runs that have ended.
# Who has an email behind them and is still in the sequence is the difference (decision 0020).
PASSED: Final = "passed"
ENDED: Final = "ended"


@dataclass(frozen=True, slots=True, order=True)
class Tally:
    """What is counted: messages of one step (notice, announcement) in one settled status."""

    sequence_id: UUID
    step_key: str
    status: str


class SettledMessage(Protocol):
    """A message's row, as far as sums are concerned."""

    @property
    def sequence_id(self) -> UUID: ...

    @property
    def step_key(self) -> str:
        """The step's key, or a notice's."""

    @property
    def is_first(self) -> bool:
        """Whether it is the first copy of a step's email."""


def settled(row: SettledMessage, status: str) -> Counter[Tally]:
    """Return what one message that was just settled changes in the sums."""
    changes = Counter({Tally(row.sequence_id, row.step_key, status): 1})
    if row.is_first:
        changes[Tally(row.sequence_id, row.step_key, PASSED)] += 1
    return changes


def settled_alike(kinds: Mapping[tuple[UUID, str, str, bool], int]) -> Counter[Tally]:
    """Return what many settled messages change in the sums.

    Args:
        kinds: How many there are of each kind: sequence, step (or template) key, status, and
            whether they are the first copies of a step's email.
    """
    changes: Counter[Tally] = Counter()
    for (sequence_id, step_key, status, is_first), number in kinds.items():
        changes[Tally(sequence_id, step_key, status)] += number
        if is_first:
            changes[Tally(sequence_id, step_key, PASSED)] += number
    return changes


def end_runs(tx: Transaction, run_ids: Collection[UUID]) -> None:
    """Count what runs that have just ended had: they wait for nothing any more."""
    _move_ended(tx, run_ids, by=1)


def revive_runs(tx: Transaction, run_ids: Collection[UUID]) -> None:
    """Take back ``end_runs``: these runs go on."""
    _move_ended(tx, run_ids, by=-1)


def _move_ended(tx: Transaction, run_ids: Collection[UUID], *, by: int) -> None:
    if not run_ids:
        return
    rows = tx.connection.execute(_FIRST_ROWS, {"ids": list(run_ids)})
    move(tx, {Tally(row.sequence_id, row.step_key, ENDED): by * row.rows for row in rows})


# What is in a worker's hands at that moment will be settled, and is counted here already.
_FIRST_ROWS = text(
    """
    select sequence_id, step_key, count(*) as rows from messages
    where enrollment_id = any(:ids) and kind = 'sequence' and copy = 0 group by 1, 2
    """
)


def move(tx: Transaction, changes: Mapping[Tally, int]) -> None:
    """Add the changes to the sums, as the last thing that this transaction does.

    At its end, once, in sorted order: transactions that touch the same sums take these locks
    alike, after all their others, and hold them for a moment only.
    """
    tx.tallies.update(changes)
    tx.before_commit(_write)


def _write(tx: Transaction) -> None:
    changes = {each: n for each, n in tx.tallies.items() if isinstance(each, Tally) and n}
    if not changes:
        return
    tallies = sorted(changes)
    given = {
        "sequences": arrays.uuids(each.sequence_id for each in tallies),
        "steps": [each.step_key for each in tallies],
        "statuses": [each.status for each in tallies],
        "changes": arrays.words(changes[each] for each in tallies),
    }
    arrays.run(tx, ADD, given)


# The rows are locked as they are inserted: in the order in which they were written down above.
ADD: Final = """
    insert into counters (sequence_id, step_key, status, total)
    select c.sequence_id, c.step_key, c.status, c.change
    from unnest(cast(%(sequences)s as uuid[]), cast(%(steps)s as text[]),
                cast(%(statuses)s as text[]), cast(%(changes)s as int[]))
         with ordinality c (sequence_id, step_key, status, change, number)
    order by c.number
    on conflict (sequence_id, step_key, status) do update
    set total = counters.total + excluded.total
"""


def differences(tx: Transaction) -> list[tuple[Tally, int, int]]:
    """Return each sum that is not what the rows say: the tally, the sum, the rows."""
    rows = tx.connection.execute(_COMPARE).all()
    return [(Tally(row.sequence_id, row.step_key, row.status), row.said, row.are) for row in rows]


_COMPARE = text(
    """
    with counted as (
        select sequence_id, coalesce(step_key, template_key) as step_key, status, count(*) as are
        from messages
        where status not in ('queued', 'sending')
        group by 1, 2, 3
        union all
        select sequence_id, step_key, 'passed', count(*) from messages
        where kind = 'sequence' and copy = 0 and status not in ('queued', 'sending')
        group by 1, 2
        union all
        select m.sequence_id, m.step_key, 'ended', count(*) from messages m
        join enrollments e on e.id = m.enrollment_id
        where m.kind = 'sequence' and m.copy = 0 and e.state <> 'active'
        group by 1, 2
        union all
        select sequence_id, coalesce(step_key, template_key), delivery, count(*) from messages
        where delivery in ('delivered', 'bounced', 'complained')
        group by 1, 2, 3
    )
    select coalesce(c.sequence_id, r.sequence_id) as sequence_id,
           coalesce(c.step_key, r.step_key) as step_key, coalesce(c.status, r.status) as status,
           coalesce(c.total, 0) as said, coalesce(r.are, 0) as are
    from counters c
    full join counted r using (sequence_id, step_key, status)
    where coalesce(c.total, 0) <> coalesce(r.are, 0)
    """
)
