"""Move one message on from unknown, whoever found out what became of it."""

from uuid import UUID

import structlog

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.message import MessageStatus
from funnel.domain.unknown import Verdict
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import enrollments, runs, unknowns
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transaction, Transactions
from funnel.storage.unknowns import Unknown

log = structlog.get_logger()

_LEFT = "no answer came, it never arrived, and its reader has left meanwhile"
_BY_HAND = {
    Verdict.SENT: "",
    Verdict.NOT_SENT: "no answer came; a person had it sent again",
}


def settle_unknown(
    tx: Transaction,
    message_id: UUID,
    verdict: Verdict,
    *,
    evidence: str,
    provider_id: str | None = None,
) -> MessageStatus | None:
    """Settle a message that is unknown; ``None``: it is not (any more), and nothing was changed.

    What was not sent is queued again under a new epoch and planned in this transaction, so what has
    become late or unwanted meanwhile does not leave.

    Args:
        tx: It holds no lock of a message yet: the run's is taken first.
        message_id: The message.
        verdict: What became of it; ``HELD``: it is asked for no more, and waits for a person.
        evidence: Who says so, as the row keeps it where it does not end as accepted.
        provider_id: The provider's id of it, where that was learned.
    """
    unknown = _locked(tx, message_id)
    if unknown is None:
        return None
    if verdict is Verdict.HELD:
        unknowns.ask_again(tx, message_id, after=None)
        return MessageStatus.UNKNOWN
    status = _status(verdict, unknown)
    reason = _reason(status, unknown, evidence)
    unknowns.settle(tx, unknown, status, reason=reason, provider_id=provider_id)
    if unknown.run_id is not None:
        if status is MessageStatus.QUEUED:
            runs.wake(tx, unknown.run_id)  # a run that had ended goes on until this is settled
        plan_enrollments(tx, [unknown.run_id])
    log.info("unknown.settled", message_id=str(message_id), status=status, evidence=evidence)
    return status


def mark_unknown(
    message_id: UUID, verdict: Verdict, transactions: Transactions, *, by: str
) -> MessageStatus:
    """Settle an unknown message by a person's word, and write down whose.

    Raises:
        NotFoundError: No message of that id is unknown.
        InvalidInputError: A person can only say "sent" or "not sent".
    """
    if verdict not in _BY_HAND:
        raise InvalidInputError("say whether it was sent or is to be sent again", field="verdict")
    with transactions.begin() as tx:
        status = settle_unknown(tx, message_id, verdict, evidence=_BY_HAND[verdict])
        if status is None:
            raise NotFoundError("no email of that id is held as unknown")
        write_audit(
            tx,
            by=by,
            action="unknown email settled",
            target=str(message_id),
            detail={"verdict": verdict.value, "status": status.value},
        )
        return status


def list_unknowns(transactions: Transactions, *, limit: int = 100) -> list[Unknown]:
    """Return emails of which nobody knows whether they left, the newest first."""
    with transactions.begin_reading() as tx:
        return unknowns.list_held(tx, limit=limit)


def _locked(tx: Transaction, message_id: UUID) -> Unknown | None:
    seen = unknowns.find(tx, message_id)
    if seen is None:
        return None
    if seen.run_id is not None:
        enrollments.lock(tx, [seen.run_id])
    # A second statement: what was waited for is read after the lock.
    return unknowns.find(tx, message_id) if unknowns.lock(tx, message_id) else None


def _status(verdict: Verdict, unknown: Unknown) -> MessageStatus:
    if verdict is Verdict.SENT:
        return MessageStatus.ACCEPTED
    if verdict is Verdict.REFUSED or (unknown.has_left and unknown.run_id is not None):
        return MessageStatus.FAILED
    return MessageStatus.QUEUED


def _reason(status: MessageStatus, unknown: Unknown, evidence: str) -> str | None:
    if status is MessageStatus.ACCEPTED:
        return None
    if status is MessageStatus.FAILED and unknown.has_left:
        return _LEFT
    return evidence or unknown.reason
