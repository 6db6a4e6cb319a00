"""Events of other systems: each kept once, and what became of it.

What was applied or ignored keeps its id only, so that it is known when it is sent again: the facts
are rows of their own by then, and nothing personal is left here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, RowMapping, delete, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert

from funnel.domain.fact_source import EventStatus, Receipt
from funnel.domain.facts import FactKind, FactReport
from funnel.storage.fact_tables import FactSourceRow, ReceivedFactRow
from funnel.storage.transaction import Transaction

KEPT_FOR: Final = timedelta(days=90)  # plan time; longer than any provider sends again
MOST_REFUSED: Final = 1000  # of each source

_DONE: Final = (EventStatus.APPLIED, EventStatus.IGNORED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event that is to be kept; its report's ``at`` is plan time by now."""

    source_id: UUID
    event_id: str
    status: EventStatus
    reason: str = ""
    email_key: str | None = None
    report: FactReport | None = None
    payload: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEvent:
    """An event that waits, or has just come."""

    id: UUID
    email_key: str
    report: FactReport


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCounts:
    """How a source's events of the last 90 days ended.

    Attributes:
        newest_reason: Why the newest of those was not applied that were not; "" where all were.
    """

    numbers: Mapping[EventStatus, int]
    newest_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLine:
    """One event that waits, as a list shows it; ``received_at`` is plan time."""

    source_slug: str
    kind: str
    email_key: str
    reason: str
    received_at: datetime


def add(tx: Transaction, event: NewEvent) -> UUID | None:
    """Keep an event; ``None``: it was received before, and nothing is changed."""
    is_done = event.status in _DONE
    row_id = uuid4()
    statement = (
        insert(ReceivedFactRow)
        .values(
            id=row_id,
            source_id=event.source_id,
            event_id=event.event_id,
            email_key=event.email_key,
            reports=[_report_json(event.report)] if event.report else [],
            status=event.status,
            reason=event.reason,
            payload=None if is_done else event.payload,
            tried_at=tx.now,
        )
        .on_conflict_do_nothing(
            index_elements=[ReceivedFactRow.source_id, ReceivedFactRow.event_id]
        )
        .returning(ReceivedFactRow.id)
    )
    return tx.connection.execute(statement).scalar_one_or_none()


def find_receipt(tx: Transaction, source_id: UUID, event_id: str) -> Receipt | None:
    """Return what became of an event that was received before."""
    statement = select(ReceivedFactRow.status, ReceivedFactRow.reason).where(
        ReceivedFactRow.source_id == source_id, ReceivedFactRow.event_id == event_id
    )
    row = tx.connection.execute(statement).one_or_none()
    if row is None:
        return None
    status = EventStatus(row.status)
    return Receipt(event_id=event_id, status=status, reason=row.reason, is_new=False)


def settle(tx: Transaction, row_id: UUID, status: EventStatus, reason: str) -> None:
    """Write what became of an event; what is done with is emptied but for its id."""
    changes: dict[str, Any] = {"status": status, "reason": reason, "tried_at": tx.now}
    if status in _DONE:
        changes |= {"payload": None, "reports": [], "email_key": None}
    statement = update(ReceivedFactRow).where(ReceivedFactRow.id == row_id)
    tx.connection.execute(statement.values(**changes))


def waiting_ids(
    tx: Transaction, *, tried_before: datetime | None, limit: int | None
) -> Sequence[UUID]:
    """Return what waits, what was tried longest ago first.

    Args:
        tx: Only read.
        tried_before: Aware plan moment; ``None``: whenever it was tried.
        limit: How many at most; ``None``: all.
    """
    statement = select(ReceivedFactRow.id).where(ReceivedFactRow.status == EventStatus.WAITING)
    if tried_before is not None:
        statement = statement.where(ReceivedFactRow.tried_at <= tried_before)
    ordered = statement.order_by(ReceivedFactRow.tried_at, ReceivedFactRow.id).limit(limit)
    return tx.connection.execute(ordered).scalars().all()


def hold(tx: Transaction, ids: Sequence[UUID]) -> list[KeptEvent]:
    """Lock and return those of these events that wait still; what another holds is left to it."""
    return _hold(tx, ReceivedFactRow.id.in_(ids))


def hold_waiting(tx: Transaction, email_key: str) -> list[KeptEvent]:
    """Lock and return what waits for a person; what another holds is left to it."""
    return _hold(tx, ReceivedFactRow.email_key == email_key)


def _hold(tx: Transaction, condition: ColumnElement[bool]) -> list[KeptEvent]:
    statement = (
        select(ReceivedFactRow.id, ReceivedFactRow.email_key, ReceivedFactRow.reports)
        .where(ReceivedFactRow.status == EventStatus.WAITING, condition)
        .order_by(ReceivedFactRow.received_at, ReceivedFactRow.id)
        # Whoever holds a person must not wait for one who holds an event and wants the person.
        .with_for_update(skip_locked=True)
    )
    return [_kept(row) for row in tx.connection.execute(statement).mappings()]


def forget_old(tx: Transaction, limit: int) -> int:
    """Delete what came 90 days of plan time ago, whatever became of it; return how many."""
    # A common table expression: PostgreSQL may run a sub-select again for each row, past the limit.
    old = (
        select(ReceivedFactRow.id)
        .where(ReceivedFactRow.received_at < tx.now - KEPT_FOR)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    statement = delete(ReceivedFactRow).where(ReceivedFactRow.id == old.c.id)
    return tx.connection.execute(statement).rowcount


def forget_most_refused(tx: Transaction, source_id: UUID) -> None:
    """Keep a source's 1,000 newest refused events: a broken sender must not fill the disk."""
    row = ReceivedFactRow
    oldest = (
        select(row.id)
        .where(row.source_id == source_id, row.status == EventStatus.REFUSED)
        .order_by(row.received_at.desc(), row.id)
        .offset(MOST_REFUSED)
    )
    tx.connection.execute(delete(row).where(row.id.in_(oldest)))


def count_by_source(tx: Transaction) -> dict[UUID, EventCounts]:
    """Return what became of the events that are still known, by source; quiet ones are missing."""
    row = ReceivedFactRow
    counted = select(row.source_id, row.status, func.count()).group_by(row.source_id, row.status)
    numbers: dict[UUID, dict[EventStatus, int]] = {}
    for source_id, status, number in tx.connection.execute(counted):
        numbers.setdefault(source_id, {})[EventStatus(status)] = number
    newest = (
        select(row.source_id, row.reason)
        .ext(distinct_on(row.source_id))
        .where(row.reason != "")
        .order_by(row.source_id, row.received_at.desc(), row.id)
    )
    reasons = {each.source_id: each.reason for each in tx.connection.execute(newest)}
    return {
        source_id: EventCounts(numbers=found, newest_reason=reasons.get(source_id, ""))
        for source_id, found in numbers.items()
    }


def list_waiting(tx: Transaction, limit: int) -> list[WaitingLine]:
    """Return what waits, the newest first."""
    row = ReceivedFactRow
    statement = (
        select(
            FactSourceRow.slug,
            row.reports[0]["kind"].astext.label("kind"),
            row.email_key,
            row.reason,
            row.received_at,
        )
        .join(FactSourceRow, FactSourceRow.id == row.source_id)
        .where(row.status == EventStatus.WAITING)
        .order_by(row.received_at.desc(), row.id)
        .limit(limit)
    )
    return [
        WaitingLine(
            source_slug=slug, kind=kind, email_key=key or "", reason=reason, received_at=received_at
        )
        for slug, kind, key, reason, received_at in tx.connection.execute(statement)
    ]


def find_refused(tx: Transaction, source_id: UUID, limit: int) -> Sequence[tuple[UUID, bytes]]:
    """Lock and return refused events with their payloads, the oldest first."""
    row = ReceivedFactRow
    statement = (
        select(row.id, row.payload)
        .where(
            row.source_id == source_id,
            row.status == EventStatus.REFUSED,
            row.reports == [],  # it could not be read; what can never be right stays so
            row.payload.is_not(None),
        )
        .order_by(row.received_at, row.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(found.id, bytes(found.payload)) for found in tx.connection.execute(statement)]


def remove(tx: Transaction, row_id: UUID) -> None:
    """Delete an event whose payload was read after all: it is kept under its own id then."""
    tx.connection.execute(delete(ReceivedFactRow).where(ReceivedFactRow.id == row_id))


def _kept(row: RowMapping) -> KeptEvent:
    return KeptEvent(id=row["id"], email_key=row["email_key"], report=_report(row["reports"][0]))


def _report_json(report: FactReport) -> dict[str, Any]:
    return {
        "kind": report.kind,
        "source": report.source,
        "email": report.email,
        "session_id": str(report.session_id) if report.session_id else None,
        "platform_id": report.platform_id,
        "at": report.at.isoformat() if report.at else None,
        "name": report.name,
        "url": report.url,
        "dedupe": report.dedupe,
        "reference": report.reference,
        "replaces": report.replaces,
    }


def _report(kept: Mapping[str, Any]) -> FactReport:
    return FactReport(
        kind=FactKind(kept["kind"]),
        source=kept["source"],
        email=kept["email"],
        session_id=UUID(kept["session_id"]) if kept["session_id"] else None,
        platform_id=kept["platform_id"],
        at=datetime.fromisoformat(kept["at"]) if kept["at"] else None,
        name=kept["name"],
        url=kept["url"],
        dedupe=kept["dedupe"],
        reference=kept.get("reference", ""),
        replaces=kept.get("replaces", ""),
    )
