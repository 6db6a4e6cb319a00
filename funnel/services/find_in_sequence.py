"""Find somebody in a sequence by name or address, to look at what comes to them."""

from typing import Final
from uuid import UUID

from funnel.services.list_people import list_people
from funnel.storage import sequence_people
from funnel.storage.sequence_people import InSequence
from funnel.storage.transaction import Transactions

_MOST: Final = 8


def find_in_sequence(slug: str, asked: str, transactions: Transactions) -> tuple[InSequence, ...]:
    """Return a few people of a sequence; changes nothing.

    Args:
        slug: The sequence.
        asked: What a name, a last name or an address begins with; without: who came last, if they
            came into this sequence, else anybody in it.
        transactions: Read only.
    """
    found = [each.line.id for each in list_people(asked, transactions).people]
    with transactions.begin_reading() as tx:
        known = {each.subscriber_id: each for each in sequence_people.list_of(tx, slug, found)}
        people = tuple(known[each] for each in found if each in known)[:_MOST]
        if not people and not asked.strip():
            return tuple(sequence_people.list_some(tx, slug, limit=_MOST))
    return people


def find_run_in_sequence(
    slug: str, enrollment_id: UUID, transactions: Transactions
) -> InSequence | None:
    """Return whose run it is; ``None``: it is none of this sequence."""
    with transactions.begin_reading() as tx:
        return sequence_people.find_run(tx, slug, enrollment_id)
