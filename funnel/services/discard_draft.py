"""Forget the draft of a sequence; what is live stays as it is."""

from dataclasses import dataclass

from funnel.domain.errors import NotFoundError
from funnel.services.edit_draft import check_seen
from funnel.storage import audit, definition_errors, drafts, sequences
from funnel.storage.transaction import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Discarded:
    """What a draft said: its file, and the version that it was begun from."""

    source: str
    base_number: int | None


def discard_draft(
    slug: str, *, by: str, transactions: Transactions, seen: str | None = None
) -> Discarded:
    """Delete the draft of a sequence and return it: whoever calls may offer to put it back.

    Args:
        slug: The sequence.
        by: Who does it.
        transactions: One is opened.
        seen: Checksum of the draft that they had before them; without: whatever stands there.

    Raises:
        NotFoundError: There is none.
        DraftConflictError: Somebody else saved it meanwhile; it stays.
    """
    with transactions.begin() as tx:
        definition_errors.lock_definitions(tx)
        draft = drafts.find_draft(tx, slug)
        if draft is None:
            raise NotFoundError(f'there is no draft of "{slug}"')
        if seen is not None:
            check_seen(draft, seen)
        drafts.delete_draft(tx, slug)
        audit.write_audit(tx, by=by, action="draft.discarded", target=slug)
        base = draft.base_version_id
        number = None if base is None else sequences.version_number(tx, base)
    return Discarded(source=draft.source, base_number=number)
