"""Make a former version live again: as a new version that says the same; nothing is lost."""

from funnel.domain.errors import DraftConflictError, InvalidInputError, NotFoundError
from funnel.domain.speech import say
from funnel.domain.version_switch import VersionOrigin
from funnel.services.build_email import EmailBuilder
from funnel.services.publish_draft import (
    PublishOrder,
    PublishReport,
    gate,
    make_live,
    move_people,
)
from funnel.services.read_impact import Candidate, Progress, candidate_of
from funnel.storage import definition_errors, sequences
from funnel.storage.transaction import Transaction, Transactions


def roll_back(
    slug: str,
    to_number: int,
    order: PublishOrder,
    builder: EmailBuilder,
    transactions: Transactions,
    *,
    progress: Progress | None = None,
) -> PublishReport:
    """Publish a former version of a sequence once more, as its next version.

    A draft stays; it was begun from what was live before, and says so when it is published.

    Raises:
        NotFoundError: There is no such sequence or version.
        InvalidInputError: It says what is live already, or an email or the brand is missing.
        DraftConflictError: Somebody else published meanwhile.
        RenderCheckError: An email cannot be rendered for somebody; the error names them.
    """
    with transactions.begin_reading() as tx:
        candidate = former_candidate(tx, slug, to_number)
    renders = gate(candidate, order, builder, transactions, progress=progress)
    with transactions.begin() as tx:
        definition_errors.lock_definitions(tx)
        now_live = candidate_of(tx, slug, candidate.definition).live
        if now_live != candidate.live:
            raise DraftConflictError(
                say("another version went live while this one was being checked"),
                remedy=say("Look at its versions, and roll back again if it is meant."),
            )
        published = make_live(tx, candidate, order, VersionOrigin.ROLLBACK)
        replan = move_people(tx, published, order)
    return PublishReport(number=published.number, renders=renders, replan=replan)


def former_candidate(tx: Transaction, slug: str, number: int) -> Candidate:
    """Return what rolling back to a version would publish.

    Raises:
        NotFoundError: There is no such sequence or version.
        InvalidInputError: That version is live.
    """
    live = sequences.find_sequence(tx, slug)
    if live is None:
        raise NotFoundError(f'there is no sequence "{slug}"')
    version_id = sequences.find_version(tx, live.id, number)
    if version_id is None:
        raise NotFoundError(say('"{slug}" has no version {number}', slug=slug, number=number))
    if number == live.number:
        raise InvalidInputError(
            say("version {number} is live", number=number), remedy=say("There is nothing to undo.")
        )
    definition = sequences.read_definition(tx, version_id)
    return candidate_of(tx, slug, definition, sequences.read_source(tx, version_id))
