"""Write a person's name as it should stand in emails, in place of what they once typed."""

from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.domain.subscriber import clean_name
from funnel.storage import subscribers
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transactions


def name_person(
    subscriber_id: UUID, first_name: str, last_name: str, transactions: Transactions, *, by: str
) -> bool:
    """Give a person another name, in every email from now on; say whether anything changed.

    A signup of theirs that brings a name later is their own word, and wins. The audit log says
    that ``by`` did it, not which names: those are forgotten with the person.

    Raises:
        NotFoundError: No such person, or one that is forgotten.
    """
    names = (clean_name(first_name), clean_name(last_name))
    with transactions.begin() as tx:
        subscribers.lock(tx, [subscriber_id])
        person = subscribers.find(tx, subscriber_id)
        if person is None or not person.email:
            raise NotFoundError("no such person")
        if names == (person.first_name, person.last_name):
            return False
        subscribers.set_name(tx, subscriber_id, first_name=names[0], last_name=names[1])
        write_audit(tx, by=by, action="name changed", target=str(subscriber_id))
        return True
