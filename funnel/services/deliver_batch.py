"""Send what is due: read and render, ask again under a lock, hand over, record."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Event
from uuid import UUID

import structlog

from funnel.domain.consent import SuppressionReason
from funnel.domain.errors import FunnelError
from funnel.domain.message import EndReason, MessageKind, MessageStatus
from funnel.domain.plan import SkipReason
from funnel.rendering.compiled import CompiledTemplate
from funnel.sending.mailer import Mailer, Outcome, OutgoingEmail
from funnel.services.build_email import Counting, EmailBuilder, build_email
from funnel.services.kept_email import restored_email
from funnel.services.settle_outcome import settle_outcome
from funnel.storage import (
    counters,
    enrollments,
    links,
    outbox,
    sequences,
    suppressions,
    templates,
)
from funnel.storage.errors import DATABASE_IS_AWAY
from funnel.storage.merge_data import MergeData, load_merge_data, load_open_dates
from funnel.storage.outbox import Claimed, Opened, OpenVerdict, SettledRow
from funnel.storage.transaction import Transaction, Transactions

log = structlog.get_logger()

# What odd data can make of building an email: that message fails visibly, and the rest goes on.
_UNFIT = (FunnelError, ValueError, TypeError, LookupError)

# A paused, stale or given-back message is looked at again soon, but not at every tick.
_SOON = timedelta(seconds=1)
_TO_PLAN = "to plan anew"
# Seconds between tries to record a hand-over while the database is away; under the lease.
_RECORD_AGAIN_AFTER = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(slots=True, kw_only=True)
class Delivery:
    """What sending takes; one per worker process.

    Attributes:
        owner: Name of this process in leases.
        lease: How long a message may be in its hands before the sweep calls it unknown.
        batch_lasts: After that long a batch stops between messages and gives the rest back.
        monotonic: Seconds of a clock that never jumps; only differences are used.
    """

    transactions: Transactions
    mailer: Mailer
    builder: EmailBuilder
    owner: str
    provider: str
    lease: timedelta
    monotonic: Callable[[], float]
    batch_lasts: timedelta = timedelta(seconds=10)
    chance: Callable[[], float] = random.random
    texts: dict[UUID, "_Text"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A template version, which never changes, and the numbers of its links."""

    compiled: CompiledTemplate
    counting: Counting


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    claimed: Claimed
    data: MergeData
    version_id: UUID
    email: OutgoingEmail


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
        if status in (_TO_PLAN, MessageStatus.QUEUED):
            self.to_plan.add(data.enrollment_id)
        else:
            self.settled.add(data.enrollment_id)


def deliver_batch(batch: Sequence[Claimed], delivery: Delivery) -> Counter[str]:
    """Hand the still wanted messages of one batch to the mailer and record what happened.

    Safe to run twice: only what still carries its epoch opens. One message at a time, until the
    journal exists: so a killed worker leaves one message in its hands at most. Stops between
    messages when the batch's time is up and gives the rest back.

    Returns:
        How many messages ended in which status; "stale" were not ours any more.
    """
    ends_at = delivery.monotonic() + delivery.batch_lasts.total_seconds()
    tally: Counter[str] = Counter()
    runs = _Runs()
    for position, claimed in enumerate(batch):
        if delivery.monotonic() >= ends_at:
            _give_back(batch[position:], delivery)
            tally["given back"] += len(batch) - position
            break
        tally[_deliver(claimed, delivery, runs)] += 1
    _wake(runs, delivery)
    log.info("batch.delivered", messages=len(batch), **{_key(each): tally[each] for each in tally})
    return tally


def _key(status: str) -> str:
    return status.replace(" ", "_")


def _deliver(claimed: Claimed, delivery: Delivery, runs: _Runs) -> str:
    with delivery.transactions.begin() as tx:
        data = load_merge_data(tx, claimed)
    if data is None:
        return "stale"
    prepared = _prepare(claimed, data, delivery)
    status = prepared if isinstance(prepared, str) else _send(prepared, delivery)
    runs.note(data, status)
    return status


def _send(prepared: _Prepared, delivery: Delivery) -> str:
    # Before the open: who is frozen between the two must not think that the lease is fresh.
    began_at = delivery.monotonic()
    opened = _open(prepared, delivery)
    if isinstance(opened, str):
        return opened
    outcome = _hand_over(replace(prepared.email, left_at=opened.plan_now), began_at, delivery)
    return _record_at_last(prepared, opened, outcome, delivery)


def _prepare(claimed: Claimed, data: MergeData, delivery: Delivery) -> _Prepared | str:
    """Render; what cannot be rendered fails visibly, and the rest goes on."""
    with delivery.transactions.begin() as tx:
        version_id = data.pinned_version_id or data.live_version_id
        if version_id is None:
            return _end(tx, claimed, MessageStatus.FAILED, f"there is no email {data.template_key}")
        text = _text(tx, data, version_id, delivery)
        names_dates = "next_dates" in text.compiled.variables
        counting = _counting(tx, data, text)
        dates = load_open_dates(tx, data.sequence_slug) if names_dates else []
    try:
        # A confirmation speaks of its signup as it is now, also when it is tried again.
        email = (
            restored_email(data.kept)
            if data.kept and data.signup_id is None
            else build_email(data, text.compiled, dates, delivery.builder, counting)
        )
    except _UNFIT as error:
        with delivery.transactions.begin() as tx:
            return _end(
                tx, claimed, MessageStatus.FAILED, f"{SkipReason.NOT_RENDERED.value}: {error}"
            )
    return _Prepared(claimed=claimed, data=data, version_id=version_id, email=email)


def _text(tx: Transaction, data: MergeData, version_id: UUID, delivery: Delivery) -> _Text:
    """Return a template version; it never changes, so it is kept by its id."""
    known = delivery.texts.get(version_id)
    if known is None:
        compiled = CompiledTemplate.from_json(templates.read_compiled(tx, version_id))
        wanted = [*compiled.links, links.PICTURE]
        *link_ids, picture_id = links.ids_of(tx, data.template_key, wanted)
        counting = Counting(link_ids=tuple(link_ids), picture_id=picture_id)
        known = _Text(compiled=compiled, counting=counting)
        delivery.texts[version_id] = known
    return known


def _counting(tx: Transaction, data: MergeData, text: _Text) -> Counting | None:
    """Links are counted in the emails of a run, openings only where its sequence says so."""
    if data.sequence_version_id is None:
        return None
    if sequences.read_definition(tx, data.sequence_version_id).tracks_opens:
        return text.counting
    return replace(text.counting, picture_id=None)


def _open(prepared: _Prepared, delivery: Delivery) -> Opened | str:
    """Ask again, under the message's lock, whether it is still wanted; then take it in hand."""
    claimed = prepared.claimed
    with delivery.transactions.begin() as tx:
        if not outbox.lock_claimed(tx, claimed):
            return "stale"
        # A second statement: in one, the checks would see the world before the lock was won.
        verdict = outbox.judge(tx, claimed.id)
        if verdict.is_paused:
            outbox.give_back(tx, [claimed], after=_SOON)
            return "given back"
        refusal = _refusal(verdict)
        if refusal is not None:
            return _settle_locked(tx, claimed, *refusal)
        if verdict.is_stale or verdict.is_late:
            # The planner decides anew: what is late is skipped, but a letter takes another day.
            outbox.give_back(tx, [claimed], after=_SOON)
            return _TO_PLAN
        return outbox.open_message(
            tx,
            claimed.id,
            owner=delivery.owner,
            lease=delivery.lease,
            version_id=prepared.version_id,
        )


def _refusal(verdict: OpenVerdict) -> tuple[MessageStatus, str] | None:
    """Return how a message that is no longer wanted ends, and why; ``None``: it is wanted."""
    suppressed = f"{SkipReason.SUPPRESSED.value}: {verdict.suppression}"
    is_late_for_good = verdict.is_late and not verdict.belongs_to_run
    void = EndReason(verdict.void or EndReason.OVER)
    reasons = (
        (verdict.has_left, MessageStatus.CANCELLED, EndReason.LEFT),
        (void is EndReason.STOPPED, MessageStatus.CANCELLED, void),
        (verdict.suppression is not None, MessageStatus.SKIPPED, suppressed),
        (verdict.is_unwanted, MessageStatus.SKIPPED, EndReason.UNWANTED),
        (verdict.is_over or verdict.void is not None, MessageStatus.SKIPPED, void),
        (is_late_for_good, MessageStatus.SKIPPED, SkipReason.LATE.value),
    )
    return next(((status, reason) for applies, status, reason in reasons if applies), None)


def _hand_over(email: OutgoingEmail, began_at: float, delivery: Delivery) -> Outcome | None:
    """Hand one email over; ``None``: the lease was over before it began (a frozen process)."""
    lease_ends = began_at + delivery.lease.total_seconds()

    def may_begin(_: UUID) -> bool:
        return delivery.monotonic() < lease_ends

    return next(iter(delivery.mailer.send_all([email], may_begin=may_begin)), None)


def _record_at_last(
    prepared: _Prepared, opened: Opened, outcome: Outcome | None, delivery: Delivery
) -> str:
    """Record, also when the database is away for some seconds: the lease runs on meanwhile.

    What cannot be recorded at all becomes unknown by the sweep.
    """
    for pause in _RECORD_AGAIN_AFTER:
        try:
            return _record(prepared, opened, outcome, delivery)
        except DATABASE_IS_AWAY:
            log.warning("message.not_recorded_yet", message_id=str(prepared.claimed.id))
            Event().wait(pause)
    return _record(prepared, opened, outcome, delivery)


def _record(
    prepared: _Prepared, opened: Opened, outcome: Outcome | None, delivery: Delivery
) -> str:
    settled = settle_outcome(
        prepared.claimed,
        opened,
        outcome,
        email=prepared.email,
        provider=delivery.provider,
        chance=delivery.chance(),
    )
    with delivery.transactions.begin() as tx:
        row = outbox.record(tx, settled)
        if row is None:
            log.warning("message.lost_lease", message_id=str(prepared.claimed.id))
            return "stale"
        if outcome is not None and outcome.is_address_dead:
            suppressions.add(
                tx,
                prepared.data.email_key,
                SuppressionReason.BOUNCED,
                source=delivery.provider,
            )
        _count(tx, row, settled.status)
    return settled.status


def _end(tx: Transaction, claimed: Claimed, status: MessageStatus, reason: str) -> str:
    if not outbox.lock_claimed(tx, claimed):
        return "stale"
    log.warning("message.not_built", message_id=str(claimed.id), reason=reason)
    return _settle_locked(tx, claimed, status, reason)


def _settle_locked(tx: Transaction, claimed: Claimed, status: MessageStatus, reason: str) -> str:
    row = outbox.fail_locked(tx, claimed.id, status=status, reason=reason)
    _count(tx, row, status)
    return status.value


def _count(tx: Transaction, row: SettledRow, status: str) -> None:
    if MessageStatus(status).is_settled:
        counters.move(tx, counters.settled(row, status))


def _wake(runs: _Runs, delivery: Delivery) -> None:
    """Let runs be planned anew, in a transaction of its own.

    Never in one that holds a message: everybody else locks the run before its messages.
    """
    if not runs.settled and not runs.to_plan:
        return
    with delivery.transactions.begin() as tx:
        for run_id in sorted(runs.to_plan):
            enrollments.wake(tx, run_id)
        enrollments.wake_waiting(tx, sorted(runs.settled - runs.to_plan))


def _give_back(rest: Sequence[Claimed], delivery: Delivery) -> None:
    with delivery.transactions.begin() as tx:
        outbox.give_back(tx, rest, after=timedelta(0))
