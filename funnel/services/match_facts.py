"""Facts that came before their person, their session or their seat: tried when those come."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from funnel.domain.fact_source import EventStatus
from funnel.domain.text import clean_text
from funnel.services.record_facts import Unmatched, record_in
from funnel.storage import received_facts, runs, subscribers
from funnel.storage.received_facts import KeptEvent, WaitingLine
from funnel.storage.transaction import Transaction, Transactions

log = structlog.get_logger()

Outcomes = Mapping[UUID, tuple[EventStatus, str]]

_NOBODY: Final = "nobody with this address has taken a seat or the letters yet"
_REASON_LIMIT: Final = 500  # characters
_AT_ONCE: Final = 100
_MOST_AT_ONCE: Final = 2000  # a task has 90 seconds, and others wait behind it
_TRIED_AGAIN_AFTER: Final = timedelta(hours=1)  # plan time
_FORGOTTEN_AT_ONCE: Final = 5000
_SHOWN: Final = 200


def match_facts(tx: Transaction, email_key: str) -> None:
    """Take what waited for a person who has just been confirmed; the caller holds their lock.

    An event that comes in this very moment, in a transaction of its own, may miss it: then the
    next hourly trial takes it.
    """
    match_in(tx, received_facts.hold_waiting(tx, email_key))


def match_in(tx: Transaction, kept: Sequence[KeptEvent]) -> Outcomes:
    """Take what can be taken of these events and write what became of each.

    Everything that can be said about somebody unknown waits. So does what is said about somebody
    who was not confirmed: anybody can have typed their address.

    Args:
        tx: Theirs is held as well when this returns: people and runs.
        kept: A bounded number; held by ``tx``, or written in it.
    """
    known = _lock_people(tx, kept)
    ready = [each for each in kept if each.email_key in known]
    recorded = record_in(tx, [each.report for each in ready])
    left_over = {id(each.report): each for each in recorded.unmatched}
    outcomes: dict[UUID, tuple[EventStatus, str]] = {}
    for each in kept:
        if each.email_key in known:
            outcomes[each.id] = _outcome(left_over.get(id(each.report)))
        else:
            outcomes[each.id] = (EventStatus.WAITING, _NOBODY)
    for row_id, (status, reason) in outcomes.items():
        received_facts.settle(tx, row_id, status, reason)
    return outcomes


def retry_waiting(transactions: Transactions, *, all_of_them: bool = False) -> int:
    """Try again what was last tried an hour of plan time ago; return how many are settled now.

    Sessions get their platform's number late, and people change their date. In short transactions
    of a hundred events; what another holds is left for the next time.

    Args:
        transactions: On the database.
        all_of_them: However many there are, and whenever they were tried last; otherwise 2,000.
    """
    with transactions.begin() as tx:
        waiting = received_facts.waiting_ids(
            tx,
            tried_before=None if all_of_them else tx.now - _TRIED_AGAIN_AFTER,
            limit=None if all_of_them else _MOST_AT_ONCE,
        )
    settled = 0
    for start in range(0, len(waiting), _AT_ONCE):
        with transactions.begin() as tx:
            kept = received_facts.hold(tx, waiting[start : start + _AT_ONCE])
            outcomes = match_in(tx, kept)
        settled += sum(status is not EventStatus.WAITING for status, _ in outcomes.values())
    if settled:
        log.info("facts.matched", settled=settled)
    return settled


def forget_received(transactions: Transactions) -> int:
    """Delete the events that came 90 days of plan time ago; return how many."""
    with transactions.begin() as tx:
        return received_facts.forget_old(tx, _FORGOTTEN_AT_ONCE)


def list_waiting(transactions: Transactions) -> list[WaitingLine]:
    """Return the newest events that wait, 200 at most."""
    with transactions.begin() as tx:
        return received_facts.list_waiting(tx, _SHOWN)


def _lock_people(tx: Transaction, kept: Sequence[KeptEvent]) -> frozenset[str]:
    """Lock the people concerned, all at once and in order; return the keys of those in a run."""
    found = {key: subscribers.find_by_key(tx, key) for key in {each.email_key for each in kept}}
    people = {key: person.id for key, person in found.items() if person is not None}
    subscribers.lock(tx, sorted(people.values()))
    # A second statement: who was being confirmed while we waited for the lock has a run by now.
    return frozenset(key for key, person_id in people.items() if runs.of_person(tx, person_id))


def _outcome(left_over: Unmatched | None) -> tuple[EventStatus, str]:
    if left_over is None:
        return EventStatus.APPLIED, ""
    status = EventStatus.REFUSED if left_over.is_final else EventStatus.WAITING
    return status, clean_text(left_over.reason, limit=_REASON_LIMIT)
