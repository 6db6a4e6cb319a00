"""Forget the draft of a sequence; what is live stays as it is."""

from funnel.domain.errors import NotFoundError
from funnel.storage import audit, definition_errors, drafts
from funnel.storage.transaction import Transactions


def discard_draft(slug: str, *, by: str, transactions: Transactions) -> None:
    """Delete the draft of a sequence. Its text is gone: export or copy it first to keep it.

    Raises:
        NotFoundError: There is none.
    """
    with transactions.begin() as tx:
        definition_errors.lock_definitions(tx)
        if not drafts.delete_draft(tx, slug):
            raise NotFoundError(f'there is no draft of "{slug}"')
        audit.write_audit(tx, by=by, action="draft.discarded", target=slug)
