"""What one hand-over's outcome means for its message."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from funnel.domain.failure import FailureKind
from funnel.domain.message import MessageStatus
from funnel.domain.retry import MAX_ATTEMPTS, decide_retry, is_attempt
from funnel.sending.mailer import Outcome, OutcomeStatus, OutgoingEmail
from funnel.services.kept_email import kept_email
from funnel.storage.outbox import Claimed
from funnel.storage.outbox_record import Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One hand-over of a message.

    Attributes:
        claimed: The message and the epoch under which it was opened.
        opened_at: Plan time of the opening, as the database said it: no worker's clock.
        number: Which attempt this is, from 1.
        provider: Who carries it.
        chance: From 0 to 1, spreads retries.
        valid_until: Plan time after which it would be late.
    """

    claimed: Claimed
    opened_at: datetime
    number: int
    provider: str
    chance: float
    valid_until: datetime | None = None


def settle_accepted(attempt_at: datetime, claimed: Claimed, outcome: Outcome, by: str) -> Settled:
    """Return what is to be recorded of a message that was accepted, as nearly all are.

    Args:
        attempt_at: Plan time of the opening, as the database said it.
        claimed: The message and the epoch under which it was opened.
        outcome: Of its hand-over.
        by: The provider.
    """
    return Settled(
        id=claimed.id,
        epoch=claimed.epoch,
        status=MessageStatus.ACCEPTED,
        # The database's time at the opening, plus what passed since: no worker's clock.
        accepted_at=attempt_at + outcome.elapsed,
        provider=by,
        provider_id=outcome.provider_id,
    )


def settle_outcome(
    attempt: Attempt, outcome: Outcome | None, *, email: OutgoingEmail | None
) -> Settled:
    """Return what is to be recorded of a message that was in hand.

    Args:
        attempt: Of which message, and since when.
        outcome: ``None``: the hand-over never began. It counts as no attempt then, and the message
            stays on the queue in the hands of its task.
        email: Kept where a later attempt must make the same bytes.
    """
    claimed = attempt.claimed
    if outcome is None:
        return Settled(
            id=claimed.id, epoch=claimed.epoch, status=MessageStatus.QUEUED, is_attempt=False
        )
    if outcome.status is OutcomeStatus.ACCEPTED:
        return settle_accepted(attempt.opened_at, claimed, outcome, attempt.provider)
    status, reason, retry_after = _fate(attempt, outcome)
    needs_bytes = status in (MessageStatus.QUEUED, MessageStatus.UNKNOWN)
    return Settled(
        id=claimed.id,
        epoch=claimed.epoch,
        status=status,
        reason=reason,
        retry_after=retry_after,
        is_attempt=_counts(attempt, outcome),
        provider=attempt.provider,
        provider_id=outcome.provider_id,
        kept=kept_email(email) if needs_bytes and email is not None else None,
    )


def _fate(attempt: Attempt, outcome: Outcome) -> tuple[MessageStatus, str, timedelta | None]:
    reason = f"{outcome.code} {outcome.reason}".strip() or outcome.status.value
    if outcome.status is not OutcomeStatus.DEFERRED:
        return _FINAL[outcome.status], reason, None
    number = attempt.number if _counts(attempt, outcome) else _never_the_last(attempt, outcome)
    again = decide_retry(
        number,
        asked_to_wait=outcome.retry_after,
        chance=attempt.chance,
        failure=outcome.failure,
        remaining=attempt.valid_until - attempt.opened_at if attempt.valid_until else None,
    )
    if again.after is None:
        return MessageStatus.FAILED, f"gave up after {attempt.number} attempts: {reason}", None
    return MessageStatus.QUEUED, reason, again.after


def _counts(attempt: Attempt, outcome: Outcome) -> bool:
    """Say whether the message itself was tried: a provider's outage must not use its tries up.

    Being told to slow down counts until the waits are the longest, and never as the last try.
    """
    if not is_attempt(outcome.failure):
        return False
    return outcome.failure is not FailureKind.RATE or attempt.number < MAX_ATTEMPTS


def _never_the_last(attempt: Attempt, outcome: Outcome) -> int:
    # Once a provider is back, nobody should wait half an hour more for it.
    return 1 if not is_attempt(outcome.failure) else min(attempt.number, MAX_ATTEMPTS - 1)


_FINAL = {
    OutcomeStatus.REFUSED: MessageStatus.FAILED,
    OutcomeStatus.UNKNOWN: MessageStatus.UNKNOWN,
}
