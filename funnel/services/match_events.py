"""Events that came before their message was known: tried again for a day, then let go."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import Final

import structlog

from funnel.services.record_events import apply_resolved, resolve
from funnel.storage import delivery_events, delivery_payloads
from funnel.storage.delivery_events import APPLIED, IGNORED, WAITING, WaitingEvent
from funnel.storage.transaction import Transactions

log = structlog.get_logger()

# All real time. Our own outcome is written seconds after a hand-over, the slowest sweep some
# minutes later; a day later nothing is on its way any more.
_TRIED_AGAIN_AFTER: Final = timedelta(minutes=1)
_WAITS_FOR: Final = timedelta(days=1)
_AT_ONCE: Final = 100
_MOST_AT_ONCE: Final = 1000  # a task has 90 seconds, and others wait behind it
_FORGOTTEN_AT_ONCE: Final = 5000
_LET_GO: Final = "no email of ours had this id within a day"


def match_events(transactions: Transactions, *, hash_key: bytes) -> int:
    """Try again what was last tried a minute ago; return how many are settled now.

    In short transactions of a hundred events. What has waited for a day is let go with a note:
    a provider's account may carry the emails of other systems as well.

    Args:
        transactions: On the database.
        hash_key: As for ``record_events``.
    """
    settled: Counter[str] = Counter()
    for _ in range(0, _MOST_AT_ONCE, _AT_ONCE):
        with transactions.begin() as tx:
            before = tx.real_now - _TRIED_AGAIN_AFTER
            waiting = delivery_events.list_waiting(tx, tried_before=before, limit=_AT_ONCE)
        if not waiting:
            break
        ordered = sorted(waiting, key=lambda each: (each.provider, each.event.event_id))
        for provider, events in groupby(ordered, key=lambda each: each.provider):
            settled += _try(transactions, provider, list(events), hash_key)
    if settled[APPLIED] or settled[IGNORED]:
        log.info("events.matched", applied=settled[APPLIED], let_go=settled[IGNORED])
    return settled[APPLIED] + settled[IGNORED]


def forget_events(transactions: Transactions) -> int:
    """Delete events of 400 days ago and unread requests of 30; return how many."""
    with transactions.begin() as tx:
        forgotten = delivery_events.forget_old(tx, _FORGOTTEN_AT_ONCE)
        return forgotten + delivery_payloads.forget_old(tx, _FORGOTTEN_AT_ONCE)


def _try(
    transactions: Transactions, provider: str, waiting: list[WaitingEvent], hash_key: bytes
) -> Counter[str]:
    received = {each.event.event_id: each.received_at for each in waiting}
    with transactions.begin() as tx:
        events = [each.event for each in waiting]
        resolved = resolve(tx, provider, events, hash_key=hash_key)
        over = tx.real_now - _WAITS_FOR
        verdicts = [
            replace(each, state=IGNORED, note=_LET_GO, keeps_words=False)
            if each.state == WAITING and received[each.event.event_id] < over
            else each
            for each in resolved.verdicts
        ]
        # Who else settled one meanwhile has done what it comes to.
        still = {
            each.event.event_id: each.state
            for each in verdicts
            if delivery_events.settle(tx, provider, each)
        }
        apply_resolved(tx, provider, replace(resolved, verdicts=verdicts), only=still.keys())
    return Counter(still.values())
