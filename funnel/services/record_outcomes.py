"""Write down what became of a slice, a little at a time, in whatever order it is known."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from uuid import UUID

import structlog

from funnel.domain.consent import SuppressionReason
from funnel.sending.mailer import Outcome, OutcomeStatus
from funnel.services.delivery import Delivery
from funnel.services.prepare_slice import Prepared
from funnel.services.settle_outcome import Attempt, settle_accepted, settle_outcome
from funnel.storage import counters, enrollments, outbox_record, suppressions
from funnel.storage.counters import Tally
from funnel.storage.errors import DATABASE_IS_AWAY
from funnel.storage.outbox_record import Settled
from funnel.storage.transaction import Transaction

log = structlog.get_logger()

# Few enough that a crash leaves little to settle, many enough to share a commit.
_MOST_AT_ONCE = 50
_LONGEST_SECONDS = 0.1
# Seconds between tries to record a hand-over while the database is away; under the lease.
_RECORD_AGAIN_AFTER = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A message whose outcome is known and not yet written."""

    prepared: Prepared
    settled: Settled
    is_address_dead: bool = False


@dataclass(slots=True)
class Recorder:
    """Writes the outcomes of one slice in flushes of at most 50 messages or 100 ms.

    Attributes:
        plan_now: Plan time at which the slice was opened.
        statuses: What was written: message by message, "stale" where it was not ours any more.
        is_stuck: The database is away: nothing more should begin, until ``finish`` has written
            what is known.
    """

    delivery: Delivery
    plan_now: datetime
    statuses: dict[UUID, str] = field(default_factory=dict)
    is_stuck: bool = False
    _waiting: list[_Known] = field(default_factory=list)
    _since: float = 0.0

    def add(self, prepared: Prepared, outcome: Outcome | None) -> None:
        """Take in what became of one message; ``None``: its hand-over did not begin."""
        if not self._waiting:
            self._since = self.delivery.monotonic()
        self._waiting.append(self._known(prepared, outcome))
        if self.is_stuck:
            return
        is_old = self.delivery.monotonic() - self._since >= _LONGEST_SECONDS
        if is_old or len(self._waiting) >= _MOST_AT_ONCE:
            try:
                self._flush()
            except DATABASE_IS_AWAY:
                # Not now, while others are still under way: their answers must be read first.
                self.is_stuck = True
                log.warning("batch.not_recorded_yet", messages=len(self._waiting))

    def finish(self) -> None:
        """Write the rest, also when the database is away for some seconds: the lease runs on.

        What cannot be written at all is kept for this process's next batch; should it end before,
        its journal tells.

        Raises:
            Exception: One of ``DATABASE_IS_AWAY``, when it did not come back in time.
        """
        for pause in _RECORD_AGAIN_AFTER:
            try:
                return self._flush()
            except DATABASE_IS_AWAY:
                log.warning("batch.not_recorded_yet", messages=len(self._waiting))
                Event().wait(pause)
        try:
            self._flush()
        except DATABASE_IS_AWAY:
            self.delivery.unrecorded.extend(each.settled for each in self._waiting)
            raise

    def _known(self, prepared: Prepared, outcome: Outcome | None) -> _Known:
        if outcome is not None and outcome.status is OutcomeStatus.ACCEPTED:
            claimed, by = prepared.loaded.claimed, self.delivery.provider
            settled = settle_accepted(self.plan_now, claimed, outcome, by)
            return _Known(prepared=prepared, settled=settled)
        attempt = Attempt(
            claimed=prepared.loaded.claimed,
            opened_at=self.plan_now,
            number=prepared.loaded.attempts_made + 1,
            provider=self.delivery.provider,
            chance=self.delivery.chance(),
            valid_until=prepared.loaded.valid_until,
        )
        return _Known(
            prepared=prepared,
            settled=settle_outcome(attempt, outcome, email=prepared.email),
            is_address_dead=outcome is not None and outcome.is_address_dead,
        )

    def _flush(self) -> None:
        while self._waiting:
            part = self._waiting[:_MOST_AT_ONCE]
            ours = _write_down(part, self.delivery)
            # Only what is committed is forgotten. Written twice, a row is no longer in our hands.
            del self._waiting[: len(part)]
            for place, each in enumerate(part):
                self._note(each, is_ours=place in ours)

    def _note(self, each: _Known, *, is_ours: bool) -> None:
        message_id = each.settled.id
        self.statuses[message_id] = each.settled.status if is_ours else "stale"
        if not is_ours:
            log.warning("message.lost_lease", message_id=str(message_id))


def record_left_over(delivery: Delivery) -> None:
    """Write what an earlier batch could not, because the database was away for too long."""
    if not delivery.unrecorded:
        return
    sums: Counter[Tally] = Counter()
    runs: list[UUID] = []
    with delivery.transactions.begin() as tx:
        for each in sorted(delivery.unrecorded, key=lambda each: each.id):
            row = outbox_record.record(tx, each)
            if row is not None and each.status.is_settled:
                sums.update(counters.settled(row, each.status))
            if row is not None and row.enrollment_id is not None:
                runs.append(row.enrollment_id)
        counters.move(tx, sums)
    delivery.unrecorded.clear()
    with delivery.transactions.begin() as tx:
        enrollments.wake_waiting(tx, sorted(runs))


def _write_down(known: Sequence[_Known], delivery: Delivery) -> set[int]:
    with delivery.transactions.begin() as tx:
        return _write(tx, known, source=delivery.provider)


def _write(tx: Transaction, known: Sequence[_Known], *, source: str) -> set[int]:
    # The list first: whoever suppresses an address writes it there before they touch a message.
    for key in sorted(
        {each.prepared.loaded.data.email_key for each in known if each.is_address_dead}
    ):
        suppressions.add(tx, key, SuppressionReason.BOUNCED, source=source)
    ours = outbox_record.record_all(tx, [each.settled for each in known])
    counters.move(tx, counters.settled_alike(Counter(_kinds(known[place] for place in ours))))
    return ours


def _kinds(known: Iterable[_Known]) -> Iterator[tuple[UUID, str, str, bool]]:
    for each in known:
        loaded, status = each.prepared.loaded, each.settled.status
        if status.is_settled:
            yield loaded.sequence_id, loaded.step_key, status.value, loaded.is_first
