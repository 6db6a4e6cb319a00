"""Give out all that is kept of one person: GDPR, articles 15 and 20."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.storage import person_export, subscribers
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transactions

FORMAT = "masterclass-funnel/person/1"


def export_person(subscriber_id: UUID, transactions: Transactions, *, by: str) -> Mapping[str, Any]:
    """Return everything that is kept of a person, as values of JSON; the audit log names ``by``.

    Raises:
        NotFoundError: No such person, or one that is forgotten.
    """
    with transactions.begin() as tx:
        person = subscribers.find(tx, subscriber_id)
        if person is None or not person.email:
            raise NotFoundError("no such person")
        kept = person_export.read_all(tx, subscriber_id, person.email_key)
        write_audit(tx, by=by, action="person exported", target=str(subscriber_id))
        return {"format": FORMAT, "made_at": tx.real_now.isoformat(), **kept}
