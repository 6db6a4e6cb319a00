"""Which sequences are live, and which files are not live as they are written."""

from dataclasses import dataclass

from funnel.storage import brands, definition_errors, sequences
from funnel.storage.definition_errors import DefinitionErrorRecord
from funnel.storage.transaction import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSequence:
    """One sequence in its live version; ``brand`` is the sender's name."""

    slug: str
    title: str
    number: int
    emails: int
    brand: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDefinitions:
    """What is live, and what could not become so."""

    sequences: tuple[LiveSequence, ...]
    errors: tuple[DefinitionErrorRecord, ...]


def list_definitions(transactions: Transactions) -> LiveDefinitions:
    """Return the live sequences by name, and the errors of the last load."""
    with transactions.begin() as tx:
        live = tuple(
            LiveSequence(
                slug=each.slug,
                title=each.title,
                number=each.number,
                emails=len(sequences.read_definition(tx, each.live_version_id).steps),
                brand=brands.brand_of_sequence(tx, each.id).name,
            )
            for each in sequences.list_sequences(tx)
        )
        errors = tuple(definition_errors.list_definition_errors(tx))
    return LiveDefinitions(sequences=live, errors=errors)
