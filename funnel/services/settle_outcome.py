"""What one hand-over's outcome means for its message."""

from datetime import timedelta

from funnel.domain.message import MessageStatus
from funnel.domain.retry import decide_retry
from funnel.sending.mailer import Outcome, OutcomeStatus, OutgoingEmail
from funnel.services.kept_email import kept_email
from funnel.storage.outbox import Claimed, Opened, Settled

_SOON = timedelta(seconds=1)


def settle_outcome(
    claimed: Claimed,
    opened: Opened,
    outcome: Outcome | None,
    *,
    email: OutgoingEmail,
    provider: str,
    chance: float,
) -> Settled:
    """Return what is to be recorded.

    Args:
        claimed: The message and the epoch under which it was opened.
        opened: When it was opened, and which attempt this was.
        outcome: ``None``: the hand-over never began.
        email: Kept where a later attempt must make the same bytes.
        provider: Who carried it.
        chance: From 0 to 1, spreads retries.
    """
    if outcome is None:
        return Settled(
            id=claimed.id, epoch=claimed.epoch, status=MessageStatus.QUEUED, retry_after=_SOON
        )
    status, reason, retry_after = _fate(opened, outcome, chance)
    is_accepted = status is MessageStatus.ACCEPTED
    needs_bytes = status in (MessageStatus.QUEUED, MessageStatus.UNKNOWN)
    return Settled(
        id=claimed.id,
        epoch=claimed.epoch,
        status=status,
        reason=reason,
        # The database's time at the opening, plus what passed since: no worker's clock.
        accepted_at=opened.plan_now + outcome.elapsed if is_accepted else None,
        retry_after=retry_after,
        provider=provider,
        provider_id=outcome.provider_id,
        kept=kept_email(email) if needs_bytes else None,
    )


def _fate(
    opened: Opened, outcome: Outcome, chance: float
) -> tuple[MessageStatus, str | None, timedelta | None]:
    reason = f"{outcome.code} {outcome.reason}".strip() or outcome.status.value
    if outcome.status is not OutcomeStatus.DEFERRED:
        status = _FINAL[outcome.status]
        return status, None if status is MessageStatus.ACCEPTED else reason, None
    again = decide_retry(opened.attempts, asked_to_wait=outcome.retry_after, chance=chance)
    if again.after is None:
        return MessageStatus.FAILED, f"gave up after {opened.attempts} attempts: {reason}", None
    return MessageStatus.QUEUED, reason, again.after


_FINAL = {
    OutcomeStatus.ACCEPTED: MessageStatus.ACCEPTED,
    OutcomeStatus.REFUSED: MessageStatus.FAILED,
    OutcomeStatus.UNKNOWN: MessageStatus.UNKNOWN,
}
