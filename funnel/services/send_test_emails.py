"""Send the tests that wait, apart from messages: they are counted nowhere."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import structlog

from funnel.domain.retry import decide_retry
from funnel.sending.mailer import Outcome, OutcomeStatus
from funnel.services.delivery import Delivery
from funnel.services.kept_email import restored_email
from funnel.storage import test_emails
from funnel.storage.test_emails import ClaimedTest, SendState
from funnel.storage.transaction import Transactions

log = structlog.get_logger()

_SOON = timedelta(seconds=1)
_KEPT_FOR = timedelta(days=7)
_LOST = "the worker was lost while it sent"
_FINAL = {
    OutcomeStatus.ACCEPTED: SendState.ACCEPTED,
    OutcomeStatus.REFUSED: SendState.FAILED,
    OutcomeStatus.UNKNOWN: SendState.UNKNOWN,
}


def send_test_emails(delivery: Delivery, *, most: int) -> Counter[str]:
    """Hand over the tests whose time has come, one at a time; return how they ended.

    Safe to call from several workers: each test is in one worker's hands, under a lease. What is
    provably not sent is tried again, later, by its row; what nobody knows is never sent again.
    While everything is paused, nothing leaves. No message, sum or fact comes of a test, and a dead
    address is not suppressed for it.

    Args:
        delivery: What sending takes.
        most: Stop after so many: a slow server must not keep the worker from its other tasks.
    """
    tally: Counter[str] = Counter()
    for _ in range(most):
        began_at = delivery.monotonic()
        with delivery.transactions.begin() as tx:
            claimed = test_emails.claim(tx, lease=delivery.lease)
        if claimed is None:
            break
        tally[_send(claimed, began_at, delivery)] += 1
    if tally:
        log.info("tests.sent", **tally)
    return tally


def settle_lost_tests(transactions: Transactions) -> None:
    """Call unknown what a worker took to its end, and forget tests of more than a week ago."""
    with transactions.begin() as tx:
        test_emails.settle_expired(tx, reason=_LOST)
        test_emails.forget(tx, older_than=_KEPT_FOR)


def _send(claimed: ClaimedTest, began_at: float, delivery: Delivery) -> str:
    email = replace(restored_email(claimed.email), left_at=claimed.now)
    lease_ends = began_at + delivery.lease.total_seconds()
    sent = delivery.mailer.send_all([email], may_begin=lambda _: delivery.monotonic() < lease_ends)
    status, reason, again = _fate(claimed, next(iter(sent), None), delivery)
    with delivery.transactions.begin() as tx:
        is_ours = test_emails.settle(tx, claimed, status, reason=reason, retry_after=again)
    return status.value if is_ours else "stale"


def _fate(
    claimed: ClaimedTest, outcome: Outcome | None, delivery: Delivery
) -> tuple[SendState, str, timedelta | None]:
    """Return how an attempt ended, in whose words, and after how long it is tried again."""
    if outcome is None:
        return SendState.QUEUED, "", _SOON
    reason = f"{outcome.code} {outcome.reason}".strip() or outcome.status.value
    if outcome.status is not OutcomeStatus.DEFERRED:
        status = _FINAL[outcome.status]
        return status, "" if status is SendState.ACCEPTED else reason, None
    again = decide_retry(
        claimed.attempts, asked_to_wait=outcome.retry_after, chance=delivery.chance()
    )
    if again.after is None:
        return SendState.FAILED, f"gave up after {claimed.attempts} attempts: {reason}", None
    return SendState.QUEUED, reason, again.after
