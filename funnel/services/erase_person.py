"""Forget a person for good (GDPR, article 17): in every table, and the books still balance."""

from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.message import MessageStatus
from funnel.domain.speech import say
from funnel.domain.subscriber import Subscriber, address_hash, email_key
from funnel.storage import (
    delivery_events,
    enrollments,
    erasing,
    messages,
    runs,
    subscribers,
    suppressions,
)
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transaction, Transactions

_ERASED = "erased"


def erase_person(
    subscriber_id: UUID,
    typed: str,
    transactions: Transactions,
    *,
    hash_key: bytes,
    by: str,
) -> None:
    """Forget who a person is, everywhere; nothing brings it back.

    What is queued for them is cancelled, seats that lie ahead are free again, and their rows lose
    all that says who they were. Sums and the ledger count as before. The address stays on the
    do-not-email list as a keyed hash, so that no import brings it back; a new signup of their own
    comes in as somebody new, unless the address bounced, complained or was put there by hand.

    Args:
        subscriber_id: The person.
        typed: Their address, typed by whoever does this: there is no undo.
        transactions: One is opened.
        hash_key: The secret under which limits remember addresses (``SignupRules.hash_key``).
        by: Who does it, for the audit log, which knows the person by their id alone.

    Raises:
        NotFoundError: No such person, or one that is forgotten already.
        InvalidInputError: Another address was typed; or an email to them is leaving right now.
    """
    with transactions.begin() as tx:
        subscribers.lock(tx, [subscriber_id])
        person = subscribers.find(tx, subscriber_id)
        if person is None or not person.email:
            raise NotFoundError("no such person")
        _check_typed(person, typed)
        _stop(tx, person)
        hashed = address_hash(person.email_key, hash_key)
        suppressions.forget_address(tx, person.email_key, hashed)
        delivery_events.forget_hash(tx, hashed)
        erasing.forget(tx, person)
        write_audit(tx, by=by, action=_ERASED, target=str(subscriber_id))


def _check_typed(person: Subscriber, typed: str) -> None:
    try:
        is_theirs = email_key(typed) == person.email_key
    except InvalidInputError:
        is_theirs = False
    if not is_theirs:
        raise InvalidInputError(
            say("That is not the address of this person."),
            field="address",
            remedy=say("Type it as it stands at the top of the page."),
        )


def _stop(tx: Transaction, person: Subscriber) -> None:
    enrollments.lock(tx, [each.id for each in runs.of_person(tx, person.id)])
    runs.leave(tx, person.id)
    queued = messages.queued_of_person(tx, person.id)
    messages.settle_queued(tx, dict.fromkeys(queued, _ERASED), MessageStatus.CANCELLED)
    # Asked after what was queued is cancelled: from here on nothing more can be opened.
    if erasing.is_in_hand(tx, person.id):
        raise InvalidInputError(
            say("An email to them is leaving at this very moment, so nothing was erased."),
            field="address",
            remedy=say("Try again in a minute."),
        )
