"""Looks at everybody before a publish: asked for, gone on with, answered, forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from funnel.domain.publish_check import CheckKind, CheckStatus, PublishCheck, Question
from funnel.storage.studio_tables import CheckRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a batch came: the last run, how many people were in it, the sums with them."""

    reached: UUID | None
    people: int
    result: dict[str, Any]


def find_latest(tx: Transaction, question: Question) -> PublishCheck | None:
    """Return the newest look that answers a question, or will."""
    statement = (
        select(*_COLUMNS)
        .where(
            CheckRow.kind == question.kind,
            CheckRow.target == question.target,
            CheckRow.policy == question.policy,
            CheckRow.fingerprint == question.fingerprint,
            CheckRow.status != CheckStatus.OUTDATED,
        )
        .order_by(CheckRow.created_at.desc(), CheckRow.id)
        .limit(1)
    )
    return _one(tx.connection.execute(statement).mappings().first())


def begin(tx: Transaction, question: Question, *, total: int, by: str) -> PublishCheck:
    """Ask a question, or return the look that is under way for it already."""
    values = {name: getattr(question, name) for name in Question.__slots__}
    statement = insert(CheckRow).values(id=uuid4(), total=total, by=by, **values)
    tx.connection.execute(statement.on_conflict_do_nothing())
    found = find_latest(tx, question)
    if found is None:
        raise LookupError(question.target)
    return found


def lock_running(tx: Transaction) -> PublishCheck | None:
    """Lock the one that was gone on with least, of those that nobody else works on."""
    # The least first: one that cannot go on must not keep the others waiting for ever.
    statement = (
        select(*_COLUMNS)
        .where(CheckRow.status == CheckStatus.RUNNING)
        .order_by(CheckRow.done, CheckRow.created_at.desc())
        .limit(1)
    )
    held = statement.with_for_update(skip_locked=True)
    return _one(tx.connection.execute(held).mappings().first())


def get(tx: Transaction, check_id: UUID) -> PublishCheck | None:
    """Return the look of that id."""
    statement = select(*_COLUMNS).where(CheckRow.id == check_id)
    return _one(tx.connection.execute(statement).mappings().first())


def advance(tx: Transaction, check_id: UUID, progress: Progress) -> None:
    """Note how far a look came; the caller holds its row."""
    tx.connection.execute(
        update(CheckRow)
        .where(CheckRow.id == check_id)
        .values(
            done=CheckRow.done + progress.people,
            reached=progress.reached,
            result=progress.result,
        )
    )


def end(tx: Transaction, check_id: UUID, status: CheckStatus) -> None:
    """Close a look: everybody was looked at, or what it was about is no longer so."""
    tx.connection.execute(
        update(CheckRow)
        .where(CheckRow.id == check_id)
        .values(status=status, finished_at=func.clock_timestamp())
    )


def entered_since(tx: Transaction, slug: str, moment: datetime, *, limit: int) -> Sequence[UUID]:
    """Return runs under way of a sequence that began at or after a moment of plan time."""
    given = {"slug": slug, "moment": moment, "limit": limit}
    return tx.connection.execute(ENTERED_SINCE, given).scalars().all()


ENTERED_SINCE = text(
    """
    select e.id from enrollments e join sequences s on s.id = e.sequence_id
    where s.slug = :slug and e.state = 'active' and e.enrolled_at >= :moment
    order by e.enrolled_at, e.id limit :limit
    """
)


def forget(tx: Transaction, age: timedelta) -> int:
    """Delete those that were asked for longer ago than ``age``, real time."""
    old = delete(CheckRow).where(CheckRow.created_at < tx.real_now - age)
    return tx.connection.execute(old).rowcount


_COLUMNS = tuple(getattr(CheckRow, name) for name in PublishCheck.__slots__)


def _one(row: RowMapping | None) -> PublishCheck | None:
    if row is None:
        return None
    named = {**row, "kind": CheckKind(row["kind"]), "status": CheckStatus(row["status"])}
    return PublishCheck(**named)
