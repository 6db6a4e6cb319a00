"""Settle what a worker that is gone had in hand, by what it wrote down.

Not begun: queued again. Accepted: accepted. Handed over without an answer: unknown. What a journal
of before a power cut says is not believed: then everything that was in hand is unknown.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from funnel.domain.message import MessageStatus
from funnel.domain.retry import MAX_ATTEMPTS
from funnel.sending.journal import JournalContent, WorkerJournal
from funnel.sending.journal_folder import JournalFolder, read_boot_id
from funnel.storage import budgets, counters, enrollments, leases, outbox_record
from funnel.storage.budgets import Claim
from funnel.storage.counters import Tally
from funnel.storage.leases import InHand
from funnel.storage.outbox import Claimed
from funnel.storage.outbox_record import Settled, SettledRow
from funnel.storage.transaction import Transaction, Transactions

log = structlog.get_logger()

LOST: Final = "the worker was lost while it sent"
_POISON: Final = f"gave up after {MAX_ATTEMPTS} attempts: the worker that had it was lost each time"
# What was in hand when a worker died comes back at once, the second time apart: should one of them
# be what kills workers, the others must not be beside it each time.
_APART_FROM: Final = 2
_APART: Final = timedelta(seconds=60)
# By the journal's own word, or there would be a doubt; failed ones are those of too many attempts.
_DID_NOT_LEAVE: Final = frozenset({MessageStatus.QUEUED, MessageStatus.FAILED})


def settle_from_journal(
    transactions: Transactions,
    folder: JournalFolder,
    *,
    boot_id: str | None = None,
    chance: Callable[[], float] = random.random,
) -> Counter[str]:
    """Settle what the processes left whose journals lie here unlocked; return how it ended.

    Several at once are harmless: who has the lock of a journal settles it, and rows are taken
    only while they are still in that process's hands.

    Args:
        transactions: Two short ones are opened for each journal.
        folder: This host's journals.
        boot_id: Of this machine's run; ``None``: it is asked for.
        chance: From 0 to 1, spreads what is queued again.
    """
    boot_id = read_boot_id() if boot_id is None else boot_id
    settled: Counter[str] = Counter()
    for journal in folder.left():
        content = _believed(journal.content, boot_id)
        ended = settle_by_content(transactions, str(journal.owner), content, chance=chance)
        journal.finish()
        if ended:
            log.warning("journal.settled", owner=str(journal.owner), **ended)
        settled += ended
    return settled


def settle_own(transactions: Transactions, journal: WorkerJournal, *, owner: str) -> None:
    """Settle what this living process lost sight of: a commit whose answer was lost, say.

    To be called while it has nothing in hand. Nobody else may: it holds its journal's lock.
    """
    if not journal.has_open_ends:
        return
    ended = settle_by_content(transactions, owner, journal.content())
    journal.clear()
    if ended:
        log.warning("journal.settled_own", owner=owner, **ended)


def settle_by_content(
    transactions: Transactions,
    owner: str,
    content: JournalContent,
    *,
    chance: Callable[[], float] = random.random,
) -> Counter[str]:
    """Settle what an owner has in hand by what its journal says; return how many ended how."""
    ended: Counter[str] = Counter()
    runs: dict[UUID, MessageStatus] = {}
    unused: Counter[Claim] = Counter()
    with transactions.begin() as tx:
        sums: Counter[Tally] = Counter()
        for each in leases.lock_in_hands_of(tx, owner):
            settled = _fate(each, content, chance())
            row = outbox_record.record(tx, settled)
            if row is not None:
                _note(row, settled.status, sums, runs)
                ended[settled.status.value] += 1
                if each.claim is not None and settled.status in _DID_NOT_LEAVE:
                    unused[each.claim] += 1
        ended += _settle_taken(tx, content, sums, runs, chance())
        counters.move(tx, sums)
        budgets.give_back_claims(tx, unused, provider=_provider(content))
    wake_runs(transactions, runs)
    return ended


def call_unknown(
    tx: Transaction, claimed: Sequence[Claimed], *, reason: str = LOST
) -> dict[UUID, MessageStatus]:
    """Call locked messages unknown of which no journal tells; return the runs to wake afterwards.

    Args:
        tx: It holds their locks.
        claimed: In somebody's hands.
        reason: As their rows keep it.
    """
    sums: Counter[Tally] = Counter()
    runs: dict[UUID, MessageStatus] = {}
    for each in claimed:
        settled = Settled(id=each.id, epoch=each.epoch, status=MessageStatus.UNKNOWN, reason=reason)
        row = outbox_record.record(tx, settled)
        if row is not None:
            _note(row, settled.status, sums, runs)
    counters.move(tx, sums)
    return runs


def wake_runs(transactions: Transactions, runs: dict[UUID, MessageStatus]) -> None:
    """Let runs be planned anew, apart from what holds messages: others lock the run first."""
    if not runs:
        return
    again = {run for run, status in runs.items() if status is MessageStatus.QUEUED}
    with transactions.begin() as tx:
        for run_id in sorted(again):
            enrollments.wake(tx, run_id)
        enrollments.wake_waiting(tx, sorted(runs.keys() - again))


def _believed(content: JournalContent, boot_id: str) -> JournalContent:
    """Return what may be believed of a journal: nothing, where the machine was switched off since.

    What it wrote last may never have reached the disk: "not begun" would be sent twice.
    """
    header = content.header
    if header is not None and header.boot_id and header.boot_id == boot_id:
        return content
    return JournalContent(header=header, is_whole=False)


def _provider(content: JournalContent) -> str | None:
    return content.header.provider if content.header else None


def _fate(each: InHand, content: JournalContent, chance: float) -> Settled:
    provider = _provider(content)
    if each.id in content.accepted:
        return Settled(
            id=each.id,
            epoch=each.epoch,
            status=MessageStatus.ACCEPTED,
            accepted_at=each.opened_at,
            provider=provider,
            provider_id=content.accepted[each.id],
        )
    if each.id in content.begun or not content.is_whole:
        return Settled(
            id=each.id,
            epoch=each.epoch,
            status=MessageStatus.UNKNOWN,
            reason=LOST,
            provider=provider,
        )
    if each.attempts >= MAX_ATTEMPTS:
        return Settled(id=each.id, epoch=each.epoch, status=MessageStatus.FAILED, reason=_POISON)
    return Settled(
        id=each.id,
        epoch=each.epoch,
        status=MessageStatus.QUEUED,
        reason=LOST,
        retry_after=_wait(each.attempts, chance),
    )


def _wait(attempts: int, chance: float) -> timedelta:
    return _APART * chance if attempts >= _APART_FROM else timedelta(0)


def _note(
    row: SettledRow,
    status: MessageStatus,
    sums: Counter[Tally],
    runs: dict[UUID, MessageStatus],
) -> None:
    if status.is_settled:
        sums.update(counters.settled(row, status))
    if row.enrollment_id is not None:
        before = runs.get(row.enrollment_id)
        runs[row.enrollment_id] = MessageStatus.QUEUED if before is MessageStatus.QUEUED else status


def _settle_taken(
    tx: Transaction,
    content: JournalContent,
    sums: Counter[Tally],
    runs: dict[UUID, MessageStatus],
    chance: float,
) -> Counter[str]:
    """Count an attempt of the message that was being built: it may be what ended the process.

    Nothing else would: it was not in hand yet, so the broker alone would bring it back, for ever.
    """
    if content.taken is None or not content.is_whole:
        return Counter()
    if leases.count_attempt(tx, content.taken, after=_APART * chance):
        return Counter({"built again": 1})
    row = leases.fail_taken(tx, content.taken, reason=_POISON)
    if row is None:
        return Counter()
    _note(row, MessageStatus.FAILED, sums, runs)
    return Counter({MessageStatus.FAILED.value: 1})
