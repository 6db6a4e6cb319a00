"""Ask again, under the messages' locks, which are still wanted; take those in hand."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from funnel.domain.message import EndReason, MessageStatus
from funnel.domain.plan import SkipReason
from funnel.services.delivery import Delivery
from funnel.services.prepare_slice import Prepared
from funnel.storage import counters, outbox, outbox_open
from funnel.storage.counters import Tally
from funnel.storage.outbox_open import Ending, OpenVerdict
from funnel.storage.transaction import Transaction

log = structlog.get_logger()

# A paused or stale message is looked at again soon, but not at every tick.
_SOON = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSlice:
    """What became of a slice's messages at the open.

    Attributes:
        plan_now: Plan time of the opening.
        stale: How many were not ours any more.
        opened: In hand, under a lease.
        ended: How those ended that are no longer wanted, or could not be built.
        paused: Given back, because everything is paused.
        to_plan: Given back: the planner decides anew about them.
    """

    plan_now: datetime
    stale: int
    opened: list[Prepared] = field(default_factory=list)
    ended: list[tuple[Prepared, Ending]] = field(default_factory=list)
    paused: list[Prepared] = field(default_factory=list)
    to_plan: list[Prepared] = field(default_factory=list)


def open_slice(prepared: Sequence[Prepared], delivery: Delivery) -> OpenedSlice:
    """Lock the slice's rows, judge all of them in a second statement, and settle which leave.

    One transaction: what is opened has a lease when it returns, what is not wanted has ended with
    its reason, what waits is back, to be claimed anew.
    """
    with delivery.transactions.begin() as tx:
        places = outbox_open.lock_claimed(tx, [each.loaded.claimed for each in prepared])
        locked = [prepared[place] for place in places]
        # A second statement: in one, the checks would see the world before the locks were won.
        verdicts = outbox_open.judge(tx, [each.loaded.claimed.id for each in locked])
        slice_ = OpenedSlice(plan_now=tx.now, stale=len(prepared) - len(locked))
        for each in locked:
            verdict = verdicts.get(each.loaded.claimed.id) if verdicts else None
            _sort(each, verdict, slice_)
        _write(tx, slice_, delivery)
    for each, ending in slice_.ended:
        if each.failure:
            log.warning("message.not_built", message_id=str(ending.id), reason=ending.reason)
    return slice_


def _sort(each: Prepared, verdict: OpenVerdict | None, slice_: OpenedSlice) -> None:
    if verdict is not None and verdict.is_paused:
        slice_.paused.append(each)
        return
    ending = _ending(each, verdict)
    if ending is not None:
        slice_.ended.append((each, ending))
    elif verdict is not None:
        # The planner decides anew: what is late is skipped, but a letter takes another day.
        slice_.to_plan.append(each)
    else:
        slice_.opened.append(each)


def _ending(each: Prepared, verdict: OpenVerdict | None) -> Ending | None:
    message_id = each.loaded.claimed.id
    refusal = None if verdict is None else _refusal(verdict)
    if refusal is not None:
        return Ending(id=message_id, status=refusal[0], reason=refusal[1])
    if verdict is None and each.email is None:
        return Ending(id=message_id, status=MessageStatus.FAILED, reason=each.failure)
    return None


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


def _write(tx: Transaction, slice_: OpenedSlice, delivery: Delivery) -> None:
    if slice_.opened:
        outbox_open.open_messages(
            tx,
            [
                (each.loaded.claimed.id, each.version_id)
                for each in slice_.opened
                if each.version_id is not None  # as of all that was built
            ],
            owner=delivery.owner,
            lease=delivery.lease,
        )
    if slice_.ended:
        outbox_open.end_locked(tx, [ending for _, ending in slice_.ended])
        counters.move(tx, _sums_of(slice_))
    given_back = [each.loaded.claimed for each in (*slice_.paused, *slice_.to_plan)]
    outbox.give_back(tx, given_back, after=_SOON)


def _sums_of(slice_: OpenedSlice) -> dict[Tally, int]:
    sums: Counter[Tally] = Counter()
    for each, ending in slice_.ended:
        sums.update(counters.settled(each.loaded, ending.status))
    return sums
