"""Give a person a tag by hand, or take one off: a fact that conditions may ask for."""

from collections.abc import Sequence
from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.facts import FactKind, FactReport
from funnel.domain.happenings import tags_held
from funnel.domain.speech import say
from funnel.domain.text import clean_text
from funnel.services.record_facts import record_in
from funnel.storage import facts, subscribers
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transaction, Transactions

_LONGEST = 60  # characters
_SOURCE = "studio"


def tag_person(
    subscriber_id: UUID, tag: str, transactions: Transactions, *, by: str, is_on: bool = True
) -> bool:
    """Give a tag, or take it off, and plan the person anew; say whether anything changed.

    What a tag is called is compared without regard to capitals.

    Args:
        subscriber_id: The person.
        tag: Its name, at most 60 characters.
        transactions: One is opened.
        by: Who works here, for the audit log.
        is_on: ``False`` takes it off.

    Raises:
        NotFoundError: No such person, or one that is forgotten.
        InvalidInputError: The tag has no name.
    """
    name = clean_text(tag, limit=_LONGEST)
    if not name:
        raise InvalidInputError(
            say("The tag has no name."), field="tag", remedy=say("Give it one, such as “alumni”.")
        )
    with transactions.begin() as tx:
        subscribers.lock(tx, [subscriber_id])
        person = subscribers.find(tx, subscriber_id)
        if person is None or not person.email:
            raise NotFoundError("no such person")
        held = tags_of(tx, subscriber_id)
        if (name.casefold() in {each.casefold() for each in held}) is is_on:
            return False
        kind = FactKind.TAGGED if is_on else FactKind.UNTAGGED
        report = FactReport(kind=kind, source=_SOURCE, email=person.email, name=name)
        for each in record_in(tx, [report]).unmatched:
            raise each.error
        action = "tagged" if is_on else "untagged"
        write_audit(tx, by=by, action=action, target=str(subscriber_id), detail={"tag": name})
        return True


def tags_of(tx: Transaction, subscriber_id: UUID) -> Sequence[str]:
    """Return the tags that a person has now, by name."""
    return tags_held(facts.tag_words(tx, subscriber_id))
