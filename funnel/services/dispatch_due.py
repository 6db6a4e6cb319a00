"""Turn what is due into messages, and say what goes on the queue now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from funnel.domain.message import Lane
from funnel.services.plan_enrollments import plan_claimed
from funnel.storage import enrollments, outbox, pauses
from funnel.storage.outbox import Claimed
from funnel.storage.transaction import Transaction, Transactions

# Runs planned in one transaction: large enough to share its statements, small enough to be short.
_RUNS_AT_ONCE = 200
# Notices share their worker with the ticks: a task of them must be short.
_NOTICES_AT_ONCE = 5
# How far a run is put off that cannot be planned.
_ASKED_AGAIN_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchLimits:
    """How much goes on the queue.

    Attributes:
        published_per_lane: Messages of one lane that may be there and not yet opened.
        messages_per_batch: Messages that one task carries.
        providers: Names of the providers that emails may leave by, the preferred one first.
    """

    published_per_lane: int
    messages_per_batch: int
    providers: tuple[str, ...] = ("smtp",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Messages of one lane for one task, each with the epoch under which it may be opened.

    They leave by ``provider``, of whose budgets they were spent. Letters travel apart from what
    must be on time: notices and service emails.
    """

    lane: Lane
    is_letters: bool
    provider: str
    messages: tuple[Claimed, ...]


def dispatch_due(transactions: Transactions, limits: DispatchLimits) -> Iterator[Batch]:
    """Plan all runs that are due and yield what is to be published, after it is committed.

    One dispatcher works at a time; another that is called meanwhile yields nothing at once. While
    everything is paused nothing is planned and nothing is claimed.

    Yields:
        Batches whose rows are committed: the caller publishes them. What it does not publish, or
        what the broker loses, is found again by the sweep.
    """
    while _plan_some(transactions):
        yield from _claim(transactions, limits)  # the first mails of a long drain do not wait
    yield from _claim(transactions, limits)


def _plan_some(transactions: Transactions) -> bool:
    """Plan a bounded number of due runs; say whether more may be due."""
    with transactions.begin() as tx:
        if not _may_dispatch(tx):
            return False
        is_full = False
        for lane in Lane:
            run_ids = enrollments.claim_due(tx, lane, _RUNS_AT_ONCE)
            for run_id in plan_claimed(tx, run_ids):
                enrollments.put_off(tx, run_id, by=_ASKED_AGAIN_AFTER)
            is_full = is_full or len(run_ids) == _RUNS_AT_ONCE
        return is_full


def _may_dispatch(tx: Transaction) -> bool:
    return outbox.try_dispatch_lock(tx) and not pauses.is_everything_paused(tx)


def _claim(transactions: Transactions, limits: DispatchLimits) -> Iterator[Batch]:
    """Claim what may be published, the notices' lane first, and divide it into batches."""
    with transactions.begin() as tx:
        if not _may_dispatch(tx):
            return
        claimed = [
            (lane, letters, _claim_lane(tx, lane, limits, letters=letters))
            for letters in (False, True)
            for lane in Lane
        ]
    for lane, letters, messages in claimed:
        is_notices = lane is Lane.NOTICES
        size = min(_NOTICES_AT_ONCE, limits.messages_per_batch) if is_notices else None
        for part in _batches(messages, size or limits.messages_per_batch):
            yield Batch(lane=lane, is_letters=letters, provider=limits.providers[0], messages=part)


def _claim_lane(
    tx: Transaction, lane: Lane, limits: DispatchLimits, *, letters: bool
) -> list[Claimed]:
    cap = limits.published_per_lane
    return outbox.claim_queued(tx, lane, letters=letters, cap=cap, limit=cap)


def _batches(messages: Sequence[Claimed], size: int) -> Iterator[tuple[Claimed, ...]]:
    for start in range(0, len(messages), size):
        yield tuple(messages[start : start + size])
