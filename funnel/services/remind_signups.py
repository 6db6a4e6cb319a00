"""Unconfirmed signups as time goes on: one reminder, then they expire and are forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass

from funnel.domain.message import MessageStatus, Notice
from funnel.domain.signup import SignupRules, SignupStatus
from funnel.services.queue_notice import NoticeRequest, queue_notice
from funnel.storage import evidence, messages, signups, subscribers
from funnel.storage.signups import DueSignup
from funnel.storage.transaction import Transaction, Transactions

_EXPIRED = "the signup was not confirmed in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupsMoved:
    """What one call did; ``forgotten`` are people whose address is gone."""

    reminded: int
    expired: int
    forgotten: int


def remind_signups(
    transactions: Transactions, rules: SignupRules, *, limit: int = 200
) -> SignupsMoved:
    """Remind whom it is time to remind, and forget who did not confirm in time.

    Signups whose timer has come, at most ``limit`` of them, in one transaction; several processes
    may call it at once, and call it again while it moves anything. Costs one look at an index when
    nothing is due.
    """
    with transactions.begin() as tx:
        claimed = signups.claim_due(tx, limit=limit)
        if not claimed:
            return SignupsMoved(reminded=0, expired=0, forgotten=0)
        due = signups.read_due(tx, claimed)
        expired = [each for each in due if each.has_expired]
        waiting = [each for each in due if not each.has_expired]
        return SignupsMoved(
            reminded=_remind(tx, waiting, rules),
            expired=len(expired),
            forgotten=_forget(tx, expired),
        )


def _remind(tx: Transaction, waiting: Sequence[DueSignup], rules: SignupRules) -> int:
    """Queue the one reminder of each, unless its date has begun or its mail has not left yet."""
    open_ones = [each for each in waiting if each.status is SignupStatus.PENDING]
    late = [each for each in open_ones if each.is_confirmation_under_way]
    ready = [each for each in open_ones if each.may_be_reminded and each not in late]
    # A reminder on the heels of the mail it reminds of would be the same email twice.
    signups.ask_later(tx, [each.id for each in late], tx.now + rules.reminder_after)
    others = [each.id for each in waiting if each not in late and each not in ready]
    signups.await_expiry(tx, others)
    for each in ready:
        _queue_reminder(tx, each)
    signups.remind(tx, [each.id for each in ready])
    return len(ready)


def _queue_reminder(tx: Transaction, signup: DueSignup) -> None:
    if signup.subscriber_id is None:
        return
    queue_notice(
        tx,
        NoticeRequest(
            notice=Notice.CONFIRM_AGAIN,
            subscriber_id=signup.subscriber_id,
            sequence_id=signup.sequence_id,
            signup_id=signup.id,
            dedupe=str(signup.id),
        ),
    )


def _forget(tx: Transaction, expired: Sequence[DueSignup]) -> int:
    """Forget what these said, what was seen of them, and who they were."""
    ids = [each.id for each in expired]
    if not ids:
        return 0
    people = signups.expire(tx, ids)
    queued = signups.queued_messages(tx, ids)
    messages.settle_queued(tx, dict.fromkeys(queued, _EXPIRED), MessageStatus.CANCELLED)
    signups.forget_texts(tx, ids)
    evidence.forget_signups(tx, ids)
    return subscribers.forget_unconfirmed(tx, people)
