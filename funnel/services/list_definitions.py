"""Which sequences are live, and which files are not live as they are written."""

from dataclasses import dataclass

from funnel.storage import brands, definition_errors, drafts, sequences
from funnel.storage.definition_errors import DefinitionErrorRecord
from funnel.storage.transaction import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSequence:
    """One sequence in its live version.

    Attributes:
        brand: The sender's name.
        draft_by: Who saved its draft; empty: there is none.
    """

    slug: str
    title: str
    number: int
    emails: int
    brand: str
    draft_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDefinitions:
    """What is live, and what could not become so."""

    sequences: tuple[LiveSequence, ...]
    errors: tuple[DefinitionErrorRecord, ...]


def list_definitions(transactions: Transactions) -> LiveDefinitions:
    """Return the live sequences by name, and the errors of the last load."""
    with transactions.begin() as tx:
        drafts_by = {each.slug: each.updated_by for each in drafts.list_drafts(tx)}
        live = tuple(
            LiveSequence(
                slug=each.slug,
                title=each.title,
                number=each.number,
                emails=len(sequences.read_definition(tx, each.live_version_id).steps),
                brand=brands.brand_of_sequence(tx, each.id).name,
                draft_by=drafts_by.get(each.slug, ""),
            )
            for each in sequences.list_sequences(tx)
        )
        errors = tuple(definition_errors.list_definition_errors(tx))
    return LiveDefinitions(sequences=live, errors=errors)
