"""Work on many runs at once: what is open, how far it is, and which runs come next.

A run that has been planned carries the replan's id, so that whoever goes on after a crash finds
the rest in the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    RowMapping,
    Select,
    Uuid,
    any_,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)

from funnel.domain.enrollment import EnrollmentState
from funnel.domain.replan import DateChange, ReplanKind
from funnel.storage.tables import EnrollmentRow
from funnel.storage.transaction import Transaction
from funnel.storage.version_tables import ReplanRow


class End(IntEnum):
    """Where a worker takes its runs from: two work at once, and come towards each other."""

    SOONEST_DUE = 0
    LATEST_DUE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Replan:
    """Runs that are planned anew for one reason; moments are real time.

    Attributes:
        version_id: With ``VERSION_PUBLISHED``: the version that was published.
        policy: With ``VERSION_PUBLISHED``: who moves, and how.
        data: What its kind needs to remember, see ``changes``.
        total: Runs concerned when it began.
        done: Of those, planned so far.
    """

    id: UUID
    kind: ReplanKind
    sequence_id: UUID
    session_id: UUID | None = None
    version_id: UUID | None = None
    policy: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    by: str = ""
    total: int = 0
    done: int = 0
    created_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def is_finished(self) -> bool:
        """Whether nobody is left to be planned, or a newer replan has taken them over."""
        return self.finished_at is not None

    @property
    def changes(self) -> tuple[DateChange, ...]:
        """Dates that the session had before, the earliest first; empty for other kinds."""
        return tuple(DateChange.from_json(each) for each in self.data.get("changes", ()))


def moment_of_change(tx: Transaction) -> datetime:
    """Return plan time as it is now, after whatever this transaction had to wait for.

    ``tx.now`` is when it began: somebody who took a seat while it waited would seem to have come
    after the change, though they were shown the date before it.
    """
    found: datetime = tx.connection.execute(_PLAN_CLOCK).scalar_one()
    return found


_PLAN_CLOCK = text("select coalesce(frozen_at, clock_timestamp() + ahead_by) from clock")


def add(tx: Transaction, replan: Replan) -> Replan:
    """Write a replan and count whom it concerns; return it as it stands."""
    values = {
        "id": replan.id,
        "kind": replan.kind,
        "sequence_id": replan.sequence_id,
        "session_id": replan.session_id,
        "version_id": replan.version_id,
        "policy": replan.policy,
        "data": replan.data,
        "by": replan.by,
        "total": _count(tx, replan),
        # Not the default: that is when the transaction began, and two that waited for each other
        # must stand in the order in which they were decided.
        "created_at": func.clock_timestamp(),
    }
    tx.connection.execute(insert(ReplanRow).values(**values))
    return get(tx, replan.id)


def get(tx: Transaction, replan_id: UUID) -> Replan:
    """Return the replan of that id, as it stands now."""
    statement = _select().where(ReplanRow.id == replan_id)
    return _replan(tx.connection.execute(statement).mappings().one())


def find_open(tx: Transaction) -> Replan | None:
    """Return the oldest replan that is not finished."""
    found = list_open(tx, limit=1)
    return found[0] if found else None


def list_open(tx: Transaction, *, limit: int = 20) -> list[Replan]:
    """Return replans that are not finished, the oldest first."""
    statement = (
        _select()
        .where(ReplanRow.finished_at.is_(None))
        .order_by(ReplanRow.created_at, ReplanRow.id)
        .limit(limit)
    )
    return [_replan(row) for row in tx.connection.execute(statement).mappings()]


def find_last_move(tx: Transaction, session_id: UUID) -> Replan | None:
    """Return the replan of the last time that a session was moved; ``None``: it never was."""
    of_moves = (ReplanRow.session_id == session_id, ReplanRow.kind == ReplanKind.SESSION_MOVED)
    statement = _select().where(*of_moves).order_by(ReplanRow.created_at.desc()).limit(1)
    row = tx.connection.execute(statement).mappings().first()
    return _replan(row) if row else None


def find_last_of_session(tx: Transaction, session_id: UUID) -> Replan | None:
    """Return the newest replan of a session, whatever it was for."""
    statement = _select().where(ReplanRow.session_id == session_id)
    newest = statement.order_by(ReplanRow.created_at.desc()).limit(1)
    row = tx.connection.execute(newest).mappings().first()
    return _replan(row) if row else None


def take_over_session(tx: Transaction, session_id: UUID) -> Replan | None:
    """Return the open replan of a session, if there is one, once no batch is under way."""
    return _take_over(tx, ReplanRow.session_id == session_id)


def take_over_publish(tx: Transaction, sequence_id: UUID) -> Replan | None:
    """Return the open replan of a former publish, if there is one, once no batch is under way."""
    is_publish = ReplanRow.kind == ReplanKind.VERSION_PUBLISHED
    return _take_over(tx, is_publish & (ReplanRow.sequence_id == sequence_id))


def _take_over(tx: Transaction, condition: ColumnElement[bool]) -> Replan | None:
    """Two statements, as everywhere: what is read before the wait may be closed after it."""
    statement = _select().where(condition, ReplanRow.finished_at.is_(None))
    if tx.connection.execute(statement).first() is None:
        return None
    wait_for_batches(tx)
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else _replan(row)


def wait_for_batches(tx: Transaction) -> None:
    """Wait until no batch is under way, and let none begin before this transaction ends.

    Whoever waits goes before the next batch: one that finds somebody waiting does not begin.
    """
    for end in End:
        tx.connection.execute(_HOLD_END, {"end": end})


def try_lock(tx: Transaction, replan_id: UUID, end: End) -> bool:
    """Say whether this transaction may work on an open replan: the only one at this end of it.

    It does not wait. ``False`` also where the replan was finished meanwhile, or has given its
    people to a newer one.
    """
    if not tx.connection.execute(_TRY_END, {"end": end}).scalar_one():
        return False
    return is_open(tx, replan_id)


# Not the replan's row: two that share it one after the other would keep a move out for ever.
_HOLD_END = text("select pg_advisory_xact_lock(4860213, :end)")
_TRY_END = text("select pg_try_advisory_xact_lock(4860213, :end)")


def is_open(tx: Transaction, replan_id: UUID) -> bool:
    """Say whether a replan is not finished yet."""
    statement = select(ReplanRow.finished_at.is_(None)).where(ReplanRow.id == replan_id)
    return bool(tx.connection.execute(statement).scalar())


def next_runs(
    tx: Transaction, replan: Replan, limit: int, *, end: End = End.SOONEST_DUE
) -> list[UUID]:
    """Return runs that are still to be planned, in the order in which that end takes them."""
    due, run_id = EnrollmentRow.next_due_at.nulls_last(), EnrollmentRow.id.asc()
    if end is End.LATEST_DUE:
        due, run_id = EnrollmentRow.next_due_at.desc().nulls_first(), EnrollmentRow.id.desc()
    statement = (
        select(EnrollmentRow.id)
        .where(*_concerned(replan), EnrollmentRow.replan_id.is_distinct_from(replan.id))
        .order_by(due, run_id)
        .limit(limit)
    )
    return list(tx.connection.execute(statement).scalars())


def still_to_plan(tx: Transaction, replan: Replan, run_ids: Sequence[UUID]) -> list[UUID]:
    """Return those of these runs that are still to be planned; the caller has locked them."""
    statement = select(EnrollmentRow.id).where(
        EnrollmentRow.id == any_(_IDS),
        *_concerned(replan),
        EnrollmentRow.replan_id.is_distinct_from(replan.id),
    )
    return list(tx.connection.execute(statement, {"ids": list(run_ids)}).scalars())


# One parameter for all ids: a list of two hundred costs more to write than to look up.
_IDS = bindparam("ids", type_=ARRAY(Uuid()))


def mark(tx: Transaction, replan: Replan, run_ids: Sequence[UUID]) -> None:
    """Note that these runs are planned by it, in the transaction that plans them."""
    statement = update(EnrollmentRow).where(EnrollmentRow.id == any_(_IDS))
    tx.connection.execute(statement.values(replan_id=replan.id), {"ids": list(run_ids)})


def advance(tx: Transaction, replan_id: UUID, by: int) -> None:
    """Count runs as done, as the last thing but the sums: the other worker counts here as well."""
    tx.connection.execute(
        update(ReplanRow).where(ReplanRow.id == replan_id).values(done=ReplanRow.done + by)
    )


def finish(tx: Transaction, replan_id: UUID) -> Replan:
    """Close a replan: nobody is left, or a newer one has taken over who is."""
    tx.connection.execute(
        update(ReplanRow)
        .where(ReplanRow.id == replan_id, ReplanRow.finished_at.is_(None))
        .values(finished_at=func.clock_timestamp())
    )
    return get(tx, replan_id)


def _concerned(replan: Replan) -> tuple[Any, ...]:
    if replan.kind is ReplanKind.VERSION_PUBLISHED:
        return (
            EnrollmentRow.sequence_id == replan.sequence_id,
            EnrollmentRow.state == EnrollmentState.ACTIVE,
        )
    return (EnrollmentRow.session_id == replan.session_id,)


def _count(tx: Transaction, replan: Replan) -> int:
    statement = select(func.count()).select_from(EnrollmentRow).where(*_concerned(replan))
    count: int = tx.connection.execute(statement).scalar_one()
    return count


def _select() -> Select[*tuple[Any, ...]]:
    return select(*(getattr(ReplanRow, name) for name in Replan.__slots__))


def _replan(row: RowMapping) -> Replan:
    return Replan(**{**row, "kind": ReplanKind(row["kind"])})
