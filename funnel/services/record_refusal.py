"""Keep a post that proved its source and could not be understood, so that nothing is lost."""

from uuid import UUID

import structlog

from funnel.domain.errors import InvalidInputError
from funnel.domain.signup import Source, Visitor
from funnel.domain.text import clean_text
from funnel.storage import refusals
from funnel.storage.refusals import RefusalCount
from funnel.storage.transaction import Transactions

log = structlog.get_logger()

_REASON_LIMIT = 500
_FIELD_LIMIT = 100


def record_refusal(
    error: InvalidInputError,
    source: Source,
    transactions: Transactions,
    *,
    payload: bytes,
    visitor: Visitor,
) -> None:
    """Keep a refused post as it came, with the reason, and log it without its body.

    The 1,000 newest of each source stay, for 30 days.

    Args:
        error: What was answered.
        source: Whose secret or signature the post proved; strangers' posts are never kept.
        transactions: Where to; a transaction of its own, for the signup's was rolled back.
        payload: The body as it came.
        visitor: Who posted.
    """
    # A field's name is the sender's text: NUL and the like can be neither kept nor logged.
    reason = clean_text(str(error), limit=_REASON_LIMIT)
    field = clean_text(error.field, limit=_FIELD_LIMIT) if error.field else None
    log.info("signup.refused", source=source.slug, field=field, reason=reason)
    with transactions.begin() as tx:
        refusals.add(
            tx,
            source.id,
            reason=reason,
            field=field,
            payload=payload,
            visitor=visitor,
        )


def forget_refusals(transactions: Transactions) -> int:
    """Delete refused posts that are older than 30 days; return how many."""
    with transactions.begin() as tx:
        return refusals.forget_old(tx)


def count_refusals(transactions: Transactions) -> dict[UUID, RefusalCount]:
    """Return how many posts were refused in the last day of plan time, by the source's id."""
    with transactions.begin() as tx:
        return refusals.count_last_day(tx)
