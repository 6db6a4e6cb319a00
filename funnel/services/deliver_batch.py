"""Send what is due: read and render, ask again under a lock, hand over, record."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog

from funnel.domain.consent import SuppressionReason
from funnel.domain.errors import FunnelError
from funnel.domain.message import MessageStatus
from funnel.domain.plan import SkipReason
from funnel.rendering.compiled import CompiledTemplate
from funnel.sending.mailer import Mailer, Outcome, OutgoingEmail
from funnel.services.build_email import EmailBuilder, build_email
from funnel.services.kept_email import restored_email
from funnel.services.settle_outcome import settle_outcome
from funnel.storage import counters, enrollments, outbox, suppressions, templates
from funnel.storage.counters import Tally
from funnel.storage.merge_data import MergeData, load_merge_data, load_open_dates
from funnel.storage.outbox import Claimed, Opened, OpenVerdict, SettledRow
from funnel.storage.transaction import Transaction, Transactions

log = structlog.get_logger()

# What odd data can make of building an email: that message fails visibly, and the rest goes on.
_UNFIT = (FunnelError, ValueError, TypeError, LookupError)

# A paused, stale or given-back message is looked at again soon, but not at every tick.
_SOON = timedelta(seconds=1)


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
    compiled: dict[UUID, CompiledTemplate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    claimed: Claimed
    data: MergeData
    version_id: UUID
    email: OutgoingEmail


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
    for position, claimed in enumerate(batch):
        if delivery.monotonic() >= ends_at:
            _give_back(batch[position:], delivery)
            tally["given back"] += len(batch) - position
            break
        tally[_deliver(claimed, delivery)] += 1
    log.info("batch.delivered", messages=len(batch), **{_key(each): tally[each] for each in tally})
    return tally


def _key(status: str) -> str:
    return status.replace(" ", "_")


def _deliver(claimed: Claimed, delivery: Delivery) -> str:
    prepared = _prepare(claimed, delivery)
    if isinstance(prepared, str):
        return prepared
    opened = _open(prepared, delivery)
    if isinstance(opened, str):
        return opened
    opened_at = delivery.monotonic()
    outcome = _hand_over(prepared, opened_at, delivery)
    return _record(prepared, opened, outcome, delivery)


def _prepare(claimed: Claimed, delivery: Delivery) -> _Prepared | str:
    """Read and render; what cannot be rendered fails visibly, and the rest goes on."""
    with delivery.transactions.begin() as tx:
        data = load_merge_data(tx, claimed)
        if data is None:
            return "stale"
        version_id = data.pinned_version_id or data.live_version_id
        if version_id is None:
            return _end(tx, claimed, MessageStatus.FAILED, f"there is no email {data.template_key}")
        compiled = _compiled(tx, version_id, delivery)
        names_dates = "next_dates" in compiled.variables
        dates = load_open_dates(tx, data.sequence_slug) if names_dates else []
    try:
        email = (
            restored_email(data.kept)
            if data.kept
            else build_email(data, compiled, dates, delivery.builder)
        )
    except _UNFIT as error:
        with delivery.transactions.begin() as tx:
            return _end(
                tx, claimed, MessageStatus.FAILED, f"{SkipReason.NOT_RENDERED.value}: {error}"
            )
    return _Prepared(claimed=claimed, data=data, version_id=version_id, email=email)


def _compiled(tx: Transaction, version_id: UUID, delivery: Delivery) -> CompiledTemplate:
    """Return a template version; it never changes, so it is kept by its id."""
    known = delivery.compiled.get(version_id)
    if known is None:
        known = CompiledTemplate.from_json(templates.read_compiled(tx, version_id))
        delivery.compiled[version_id] = known
    return known


def _open(prepared: _Prepared, delivery: Delivery) -> Opened | str:
    """Ask again, under the message's lock, whether it is still wanted; then take it in hand."""
    claimed = prepared.claimed
    with delivery.transactions.begin() as tx:
        if not outbox.lock_claimed(tx, claimed):
            return "stale"
        # A second statement: in one, the checks would see the world before the lock was won.
        verdict = outbox.judge(tx, claimed.id)
        refusal = _refusal(verdict)
        if refusal is not None:
            return _settle_locked(tx, claimed, *refusal)
        if verdict.is_paused or verdict.is_stale:
            outbox.give_back(tx, [claimed], after=_SOON)
            return "given back"
        return outbox.open_message(
            tx,
            claimed.id,
            owner=delivery.owner,
            lease=delivery.lease,
            version_id=prepared.version_id,
        )


def _refusal(verdict: OpenVerdict) -> tuple[MessageStatus, str] | None:
    """Return how a message that is no longer wanted ends, and why; ``None``: it is wanted."""
    if verdict.has_left:
        return MessageStatus.CANCELLED, "left"
    if verdict.suppression is not None:
        return MessageStatus.SKIPPED, f"{SkipReason.SUPPRESSED.value}: {verdict.suppression}"
    if verdict.is_unwanted:
        return MessageStatus.SKIPPED, "stopped before it left"
    # A stale plan is asked anew first: it may give the message another moment.
    if verdict.is_late and not verdict.is_stale:
        return MessageStatus.SKIPPED, SkipReason.LATE.value
    return None


def _hand_over(prepared: _Prepared, opened_at: float, delivery: Delivery) -> Outcome | None:
    """Hand one email over; ``None``: the lease was over before it began (a frozen process)."""
    lease_ends = opened_at + delivery.lease.total_seconds()

    def may_begin(_: UUID) -> bool:
        return delivery.monotonic() < lease_ends

    return next(iter(delivery.mailer.send_all([prepared.email], may_begin=may_begin)), None)


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
    """Move the sums, and wake a run that waits for nothing but this."""
    if not MessageStatus(status).is_settled:
        return
    counters.move(tx, {Tally(row.sequence_id, row.step_key, status): 1})
    if row.enrollment_id is not None:
        enrollments.wake_waiting(tx, [row.enrollment_id])


def _give_back(rest: Sequence[Claimed], delivery: Delivery) -> None:
    with delivery.transactions.begin() as tx:
        outbox.give_back(tx, rest, after=timedelta(0))
