"""Turn what is due into messages, and say what goes on the queue now."""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from funnel.domain.budget import Budget
from funnel.domain.message import Lane
from funnel.domain.routing import Providers
from funnel.services.claim_messages import ClaimedPart, ClaimRules, claim_messages
from funnel.services.plan_enrollments import plan_claimed
from funnel.storage import claims, enrollments
from funnel.storage.outbox import Claimed
from funnel.storage.transaction import Transactions

# Runs planned in one transaction, over all lanes: large enough to share its statements, small
# enough that a confirmation does not wait behind them.
_RUNS_AT_ONCE = 400
_FEWEST_AT_ONCE = 50
# A slow or busy machine plans fewer, or a confirmation would wait for all of them (3 s were seen).
_PLANNING_LASTS = 0.4  # seconds
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
        fallback_domains: Domains of senders that the others may stand in for; empty: all.
        default_budgets: Of providers by their names, while no row says anything of them.
        runs_at_once: Runs planned in one transaction at most.
    """

    published_per_lane: int
    messages_per_batch: int
    providers: tuple[str, ...] = ("smtp",)
    fallback_domains: frozenset[str] = frozenset()
    default_budgets: Mapping[str, Budget] = field(default_factory=dict)
    runs_at_once: int = _RUNS_AT_ONCE

    @property
    def claim_rules(self) -> ClaimRules:
        """What bounds a claim."""
        return ClaimRules(
            providers=Providers(names=self.providers, fallback_domains=self.fallback_domains),
            published_per_lane=self.published_per_lane,
            messages_per_batch=self.messages_per_batch,
            default_budgets=self.default_budgets,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How a dispatcher that finds a backlog stays with it, instead of leaving it to the next tick.

    Attributes:
        lasts: After that long it stops, so that a worker that is told to end does so soon.
        between: Time for the workers to take what was published.
        monotonic: Seconds of a clock that never jumps.
        wait: Waits for so many seconds.
    """

    lasts: timedelta
    between: timedelta
    monotonic: Callable[[], float]
    wait: Callable[[float], object]


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


def dispatch_due(
    transactions: Transactions, limits: DispatchLimits, patience: Patience | None = None
) -> Iterator[Batch]:
    """Plan all runs that are due and yield what is to be published, after it is committed.

    One dispatcher works at a time; another that is called meanwhile yields nothing at once. While
    everything is paused nothing is planned and nothing is claimed.

    Args:
        transactions: Two at once are open while it has patience.
        limits: How much goes on the queue.
        patience: Stay while there is a backlog for which there is soon room; ``None``: once only.

    Yields:
        Batches whose rows are committed: the caller publishes them. What it does not publish, or
        what the broker loses, is found again by the sweep.
    """
    if patience is None:
        most = limits.runs_at_once
        yield from _dispatch_once(transactions, limits, lambda: _plan_some(transactions, most))
        return
    with transactions.begin() as alone:
        # Ticks go on meanwhile: without it they would fill their worker with one drain each.
        if claims.is_first_to_drain(alone):
            yield from _drain(transactions, limits, patience)


def _drain(
    transactions: Transactions, limits: DispatchLimits, patience: Patience
) -> Iterator[Batch]:
    ends_at = patience.monotonic() + patience.lasts.total_seconds()
    plan = _Planning(transactions, patience.monotonic, ends_at, limits.runs_at_once)
    while (
        yield from _dispatch_once(transactions, limits, plan)
    ) and patience.monotonic() < ends_at:
        patience.wait(patience.between.total_seconds())


@dataclass(slots=True)
class _Planning:
    """Plans what is due a part at a time, of a size that lasts as long as a confirmation may wait.

    Attributes:
        ends_at: From then on (``monotonic``) the rest is the next tick's: the task of this one must
            end.
        most: Runs of a part at most.
        runs: How many the next part has; 0: as many as may be.
    """

    transactions: Transactions
    monotonic: Callable[[], float]
    ends_at: float
    most: int
    runs: int = 0

    def __call__(self) -> bool:
        """Plan a part; say whether another is to follow."""
        runs = self.runs or self.most
        began = self.monotonic()
        is_full = _plan_some(self.transactions, runs)
        ended = self.monotonic()
        if is_full and ended > began:  # a part that was not full says little
            fitting = int(runs * _PLANNING_LASTS / (ended - began))
            self.runs = min(self.most, max(_FEWEST_AT_ONCE, fitting))
        return is_full and ended < self.ends_at


def _dispatch_once(
    transactions: Transactions, limits: DispatchLimits, plan: Callable[[], bool]
) -> Generator[Batch, None, bool]:
    """Plan what is due and claim once; return whether more waits that may leave soon."""
    while plan():
        yield from _claim(transactions, limits)  # the first mails of a long drain do not wait
    return (yield from _claim(transactions, limits))


def _claim(transactions: Transactions, limits: DispatchLimits) -> Generator[Batch, None, bool]:
    with transactions.begin() as tx:
        if not claims.may_dispatch(tx):
            return False
        parts, has_more = claim_messages(tx, limits.claim_rules)
    for part in parts:
        yield from _batches(part, limits)
    return has_more


def _plan_some(transactions: Transactions, runs: int) -> bool:
    """Plan a bounded number of due runs; say whether more may be due."""
    with transactions.begin() as tx:
        if not claims.may_dispatch(tx):
            return False
        lanes = claims.due_lanes(tx)
        is_full = False
        for lane in lanes:
            limit = max(1, runs // len(lanes))
            run_ids = enrollments.claim_due(tx, lane, limit)
            for run_id in plan_claimed(tx, run_ids):
                enrollments.put_off(tx, run_id, by=_ASKED_AGAIN_AFTER)
            is_full = is_full or len(run_ids) == limit
        return is_full


def _batches(part: ClaimedPart, limits: DispatchLimits) -> Iterator[Batch]:
    most = limits.messages_per_batch
    size = min(_NOTICES_AT_ONCE, most) if part.lane is Lane.NOTICES else most
    for start in range(0, len(part.messages), size):
        yield Batch(
            lane=part.lane,
            is_letters=part.is_letters,
            provider=part.provider,
            messages=part.messages[start : start + size],
        )
