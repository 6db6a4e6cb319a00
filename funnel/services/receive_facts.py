"""Take events of a fact source: keep each once, apply what can be applied."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

import structlog

from funnel.domain.errors import InvalidInputError
from funnel.domain.fact_source import EventStatus, FactEvent, FactSource, Receipt
from funnel.domain.facts import FactReport
from funnel.domain.subscriber import email_key
from funnel.domain.text import clean_text
from funnel.services.match_facts import match_in
from funnel.storage import received_facts
from funnel.storage.received_facts import KeptEvent, NewEvent
from funnel.storage.transaction import Transaction, Transactions

log = structlog.get_logger()

_REASON_LIMIT: Final = 500  # characters
_UNREAD: Final = "unread:"


def receive_facts(
    events: Sequence[FactEvent], source: FactSource, transactions: Transactions
) -> tuple[Receipt, ...]:
    """Keep events, apply those whose person is known, and say what became of each.

    One transaction. An event that was received before changes nothing and gets the same answer, so
    a sender may repeat what it likes. What is about somebody unknown waits for them.

    Args:
        events: A bounded number, verified and read; their moments are real time.
        source: Whose they are.
        transactions: On the database.
    """
    with transactions.begin() as tx:
        receipts = receive_in(tx, events, source)
    counts = Counter(each.status if each.is_new else "known" for each in receipts)
    log.info("facts.received", source=source.slug, **{str(key): counts[key] for key in counts})
    return receipts


def receive_in(
    tx: Transaction, events: Sequence[FactEvent], source: FactSource
) -> tuple[Receipt, ...]:
    """Do the same inside the caller's transaction."""
    receipts: dict[int, Receipt] = {}
    fresh: dict[UUID, int] = {}
    kept: list[KeptEvent] = []
    # In the order of their ids: two calls with the same events must not wait for each other.
    for number in sorted(range(len(events)), key=lambda each: events[each].event_id):
        event = events[number]
        report = None if event.report is None else _in_plan_time(tx, event.report)
        row_id = received_facts.add(tx, _new(event, report, source))
        if row_id is None:
            receipts[number] = _known(tx, event, source)
        elif report is None:
            receipts[number] = Receipt(
                event_id=event.event_id, status=EventStatus.IGNORED, reason=event.ignored_because
            )
        else:
            fresh[row_id] = number
            kept.append(KeptEvent(id=row_id, email_key=_key(report), report=report))
    for row_id, (status, reason) in match_in(tx, kept).items():
        number = fresh[row_id]
        receipts[number] = Receipt(event_id=events[number].event_id, status=status, reason=reason)
    return tuple(receipts[number] for number in range(len(events)))


def refuse_event(
    error: InvalidInputError, source: FactSource, payload: bytes, transactions: Transactions
) -> None:
    """Keep a verified body that could not be read, with the reason, and log it without its body.

    The same body again is the same event. The 1,000 newest of each source stay, for 90 days.
    """
    reason = clean_text(str(error), limit=_REASON_LIMIT)
    if error.field:
        reason = f"{clean_text(error.field, limit=100)}: {reason}"
    log.info("facts.refused", source=source.slug, reason=reason)
    event = NewEvent(
        source_id=source.id,
        event_id=_UNREAD + hashlib.sha256(payload).hexdigest(),
        status=EventStatus.REFUSED,
        reason=reason,
        payload=payload,
    )
    with transactions.begin() as tx:
        if received_facts.add(tx, event) is not None:
            received_facts.forget_most_refused(tx, source.id)


def _new(event: FactEvent, report: FactReport | None, source: FactSource) -> NewEvent:
    if report is None:
        return NewEvent(
            source_id=source.id,
            event_id=event.event_id,
            status=EventStatus.IGNORED,
            reason=clean_text(event.ignored_because, limit=_REASON_LIMIT),
        )
    return NewEvent(
        source_id=source.id,
        event_id=event.event_id,
        status=EventStatus.WAITING,  # settled before the commit
        email_key=_key(report),
        report=report,
        payload=event.payload,
    )


def _key(report: FactReport) -> str:
    if report.email is None:
        raise InvalidInputError("nobody is named", field="email", remedy="Send an address.")
    return email_key(report.email)


def _known(tx: Transaction, event: FactEvent, source: FactSource) -> Receipt:
    receipt = received_facts.find_receipt(tx, source.id, event.event_id)
    if receipt is None:  # purged in this very moment
        return Receipt(event_id=event.event_id, status=EventStatus.IGNORED, is_new=False)
    return receipt


def _in_plan_time(tx: Transaction, report: FactReport) -> FactReport:
    """Return the report with its moment in plan time.

    Providers speak of real time. In production the two are one; in the demo plan time runs ahead,
    and what happened five minutes ago happened five minutes before its present.
    """
    at = report.at or tx.real_now
    return replace(report, at=tx.now - (tx.real_now - at))
