"""Send what is due, slice by slice: read and build, open, hand over, record."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog

from funnel.domain.message import MessageKind, MessageStatus
from funnel.domain.slices import OPEN_LASTS
from funnel.sending.mailer import MayBegin, Outcome, OutcomeStatus
from funnel.services.delivery import Delivery
from funnel.services.note_provider import ProviderNotes
from funnel.services.open_slice import OpenedSlice, open_slice
from funnel.services.prepare_slice import Prepared, prepare_slice
from funnel.services.record_outcomes import Recorder, record_left_over
from funnel.services.settle_from_journal import settle_own
from funnel.storage import enrollments, outbox
from funnel.storage.merge_data import MergeData
from funnel.storage.outbox import Claimed

__all__ = ["Delivery", "deliver_batch"]

log = structlog.get_logger()

GIVEN_BACK = "given back"
STALE = "stale"
TO_PLAN = "to plan anew"
_ANSWERED_NO = frozenset({OutcomeStatus.DEFERRED, OutcomeStatus.REFUSED})


@dataclass(slots=True)
class _Runs:
    """Runs that a batch concerned: those that may wait for an outcome, those to plan anew."""

    settled: set[UUID] = field(default_factory=set)
    to_plan: set[UUID] = field(default_factory=set)

    def note(self, data: MergeData, status: str) -> None:
        """Remember what became of a run's message."""
        if data.enrollment_id is None or data.kind is not MessageKind.SEQUENCE:
            return
        # A message that is queued again may have missed a plan while it was in hand.
        if status in (TO_PLAN, MessageStatus.QUEUED):
            self.to_plan.add(data.enrollment_id)
        else:
            self.settled.add(data.enrollment_id)


@dataclass(slots=True)
class _Batch:
    """One batch on its way.

    Attributes:
        waiting: Messages that are still to be opened.
        ends_at: From then on (``monotonic``) nothing more begins.
        tally: How many ended how.
        provider: What its outcomes say of who carries it, and what of its budget was not used.
    """

    waiting: deque[Claimed]
    ends_at: float
    provider: ProviderNotes = field(default_factory=ProviderNotes)
    tally: Counter[str] = field(default_factory=Counter)
    runs: _Runs = field(default_factory=_Runs)

    def note(self, each: Prepared, status: str) -> None:
        self.tally[str(status)] += 1
        self.runs.note(each.loaded.data, status)

    def count(self, status: str, messages: int) -> None:
        if messages:
            self.tally[status] += messages

    def take(self, size: int) -> list[Claimed]:
        """Return the next messages, at most so many."""
        return [self.waiting.popleft() for _ in range(min(size, len(self.waiting)))]


def deliver_batch(messages: Sequence[Claimed], delivery: Delivery) -> Counter[str]:
    """Hand the still wanted messages of one batch to the mailer and record what happened.

    Safe to run twice: only what still carries its epoch opens. In slices worth at most two seconds
    of sending, so that little is opened long before it leaves. When the batch's time is up, or the
    process is to end, nothing more begins to leave, and the rest is given back.

    Returns:
        How many messages ended in which status; "stale" were not ours any more.
    """
    ends_at = delivery.monotonic() + delivery.batch_lasts.total_seconds()
    # The same message twice in one batch would be opened once and sent twice.
    batch = _Batch(deque(dict.fromkeys(messages)), ends_at)
    finish_left_over(delivery)
    while batch.waiting and not _is_over(batch, delivery):
        size = delivery.pace.size(delivery.mailer.connections)
        _deliver_slice(batch.take(size), batch, delivery)
    _give_back(batch, delivery)
    _wake(batch.runs, delivery)
    batch.provider.note(delivery)
    tally = batch.tally
    log.info(
        "batch.delivered", messages=len(messages), **{_key(each): tally[each] for each in tally}
    )
    return tally


def _key(status: str) -> str:
    return status.replace(" ", "_")


def _is_over(batch: _Batch, delivery: Delivery) -> bool:
    is_to_end = delivery.is_draining() or batch.provider.is_down
    return is_to_end or delivery.monotonic() >= batch.ends_at


def finish_left_over(delivery: Delivery) -> None:
    """Write what an earlier batch could not, because the database was away for too long.

    Nobody else settles it while this process lives: it holds its journal's lock.
    """
    record_left_over(delivery)
    settle_own(delivery.transactions, delivery.journal, owner=delivery.owner)


def _deliver_slice(claimed: Sequence[Claimed], batch: _Batch, delivery: Delivery) -> None:
    prepared = prepare_slice(claimed, delivery)
    batch.count(STALE, len(claimed) - len(prepared))
    if not prepared:
        return
    # Before the open: who is frozen between the two must not think that the lease is fresh.
    began_at = delivery.monotonic()
    delivery.journal.hold()
    opened = open_slice(prepared, delivery)
    _note_unopened(opened, batch)
    if opened.opened:
        _hand_over(opened, began_at, batch, delivery)
    delivery.journal.clear()  # all of it is in rows


def _note_unopened(slice_: OpenedSlice, batch: _Batch) -> None:
    for each, ending in slice_.ended:
        batch.note(each, ending.status)
    for each in slice_.to_plan:
        batch.note(each, TO_PLAN)
    unsent = (*(each for each, _ in slice_.ended), *slice_.to_plan, *slice_.paused)
    batch.provider.unspent.update(each.loaded.data.lane for each in unsent)
    batch.count(GIVEN_BACK, len(slice_.paused))
    batch.count(STALE, slice_.stale)


def _hand_over(slice_: OpenedSlice, began_at: float, batch: _Batch, delivery: Delivery) -> None:
    """Hand the opened messages over and record each outcome, in whatever order they come."""
    recorder = Recorder(delivery, slice_.plan_now)
    in_hand = {each.loaded.claimed.id: each for each in slice_.opened}
    may_begin = _Permission(began_at, recorder, batch, delivery)
    for outcome in _outcomes(slice_.opened, may_begin, delivery):
        if outcome.status in _ANSWERED_NO:
            delivery.journal.decline(outcome.message_id)
        each = in_hand.pop(outcome.message_id)
        batch.provider.add(each.loaded.data.lane, outcome)
        recorder.add(each, outcome)
    lasted = timedelta(seconds=delivery.monotonic() - began_at)
    delivery.pace.note(len(slice_.opened) - len(in_hand), lasted)
    for each in in_hand.values():
        recorder.add(each, None)
    recorder.finish()
    if batch.provider.is_urgent:
        batch.provider.note(delivery)
    _note_recorded(slice_.opened, in_hand, recorder, batch)


class _Permission:
    """Says of each message, at the last moment, whether its hand-over may begin."""

    def __init__(
        self, began_at: float, recorder: Recorder, batch: _Batch, delivery: Delivery
    ) -> None:
        self._recorder = recorder
        self._batch = batch
        self._delivery = delivery
        self._until = min(began_at + OPEN_LASTS.total_seconds(), batch.ends_at)
        # Who was frozen meanwhile hands nothing over: somebody else may have settled it.
        self._lease_ends = began_at + delivery.lease.total_seconds()
        self._begun: set[UUID] = set()

    def __call__(self, message_id: UUID) -> bool:
        is_over = self._recorder.is_stuck or self._batch.provider.is_down
        if is_over or self._delivery.is_draining():
            return False
        now = self._delivery.monotonic()
        if message_id in self._begun:
            # Asked again: a server that is slow to say yes must not be begun with for ever.
            return now < self._lease_ends
        if now >= self._until:
            return False
        self._begun.add(message_id)
        return True


def _outcomes(
    opened: Sequence[Prepared], may_begin: MayBegin, delivery: Delivery
) -> Iterator[Outcome]:
    emails = [each.email for each in opened if each.email is not None]
    return delivery.mailer.send_all(emails, may_begin=may_begin, journal=delivery.journal)


def _note_recorded(
    opened: Sequence[Prepared], unbegun: dict[UUID, Prepared], recorder: Recorder, batch: _Batch
) -> None:
    again = []
    for each in opened:
        message_id = each.loaded.claimed.id
        status = recorder.statuses[message_id]
        if message_id in unbegun and status != STALE:
            again.append(each.loaded.claimed)
            batch.runs.note(each.loaded.data, status)
        else:
            batch.note(each, status)
    # First in the next slice, or given back with the rest.
    batch.waiting.extendleft(reversed(again))


def _give_back(batch: _Batch, delivery: Delivery) -> None:
    if not batch.waiting:
        return
    with delivery.transactions.begin() as tx:
        lanes = outbox.give_back(tx, batch.waiting, after=batch.provider.wait)
    batch.provider.unspent.update(lanes)
    given_back = lanes.total()
    batch.count(GIVEN_BACK, given_back)
    batch.count(STALE, len(batch.waiting) - given_back)


def _wake(runs: _Runs, delivery: Delivery) -> None:
    """Let runs be planned anew, in a transaction of its own.

    Never in one that holds a message: everybody else locks the run before its messages.
    """
    if not runs.settled and not runs.to_plan:
        return
    with delivery.transactions.begin() as tx:
        for run_id in sorted(runs.to_plan):
            enrollments.wake(tx, run_id)
        enrollments.wake_waiting(tx, list(runs.settled - runs.to_plan))
