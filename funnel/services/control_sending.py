"""The emergency brake, on and off; every use is written down."""

from dataclasses import replace

from funnel.domain.errors import InvalidInputError
from funnel.domain.provider_state import alarm_told_again
from funnel.storage import audit, pauses, provider_states
from funnel.storage.pauses import Pause
from funnel.storage.transaction import Transactions


def pause_sending(transactions: Transactions, *, by: str, reason: str) -> None:
    """Stop everything: nothing more is planned, claimed or opened until it is resumed.

    A message that is in a worker's hands at this moment still leaves; it takes seconds.

    Raises:
        InvalidInputError: No reason was given.
    """
    if not reason.strip():
        raise InvalidInputError(
            "a pause needs a reason",
            field="reason",
            remedy='Say why, for example: funnel pause all --reason "wrong link in letter 3".',
        )
    with transactions.begin() as tx:
        pauses.add(tx, scope=pauses.EVERYTHING, reason=reason.strip(), by=by)
        audit.write_audit(tx, by=by, action="paused", target="all", detail={"reason": reason})


def read_pause(transactions: Transactions) -> Pause | None:
    """Return who stopped everything, and why; ``None``: nothing is stopped."""
    with transactions.begin() as tx:
        standing = pauses.standing(tx)
    found = next((each for each in standing if each.scope == pauses.EVERYTHING), None)
    return found and replace(found, reason=alarm_told_again(found.reason))


def resume_sending(transactions: Transactions, *, by: str) -> bool:
    """Let everything go on; say whether it was paused. What became late meanwhile is skipped."""
    with transactions.begin() as tx:
        was_paused = pauses.remove(tx, scope=pauses.EVERYTHING)
        if was_paused:
            provider_states.count_anew(tx)  # or what was refused before would stop it again
            audit.write_audit(tx, by=by, action="resumed", target="all")
    return was_paused
