"""End a topic or everything, and take the end of a topic back."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from funnel.domain.consent import SuppressionReason, Topic
from funnel.domain.errors import NotFoundError
from funnel.domain.message import MessageStatus
from funnel.domain.signup import Visitor
from funnel.domain.subscriber import Subscriber
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import consents, messages, runs, signups, subscribers, suppressions
from funnel.storage.audit import write_audit
from funnel.storage.consents import ConsentWord, LastEmail
from funnel.storage.transaction import Transaction, Transactions

_LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Where a yes or no was said ("one-click", "unsubscribe page", "preferences"), and by whom."""

    source: str
    visitor: Visitor


def unsubscribe(
    subscriber_id: UUID,
    topic: Topic | None,
    word: Word,
    transactions: Transactions,
    *,
    by: str = "",
) -> None:
    """End a topic, or everything where ``topic`` is ``None``; again changes nothing.

    Ending ``seat`` keeps the registration and stops its emails. Leaving everything ends every run
    and suppresses the address as ``unsubscribed``; the person may come back by a signup of their
    own. What is queued already does not leave. Where somebody who works here did it, the audit
    log names them (``by``); the person's own word stands in the consents alone.

    Raises:
        NotFoundError: No such person.
    """
    with transactions.begin() as tx:
        person = _locked(tx, subscriber_id)
        _end(tx, person, list(Topic) if topic is None else [topic], word)
        if topic is None:
            _leave(tx, person, word, SuppressionReason.UNSUBSCRIBED)
        else:
            plan_enrollments(tx, runs.active_ids(tx, subscriber_id))
        if by:
            action = f"{topic or 'everything'} stopped"
            write_audit(tx, by=by, action=action, target=str(subscriber_id))


def leave_everything(
    tx: Transaction, person: Subscriber, word: Word, *, reason: SuppressionReason
) -> None:
    """End everything for a person in the caller's transaction, which holds their lock.

    Args:
        tx: It has locked the person, their runs and what is queued for them.
        person: Whoever it is.
        word: Where the no came from.
        reason: Why the address must not be written to any more: ``COMPLAINED`` stays for good.
    """
    _end(tx, person, list(Topic), word)
    _leave(tx, person, word, reason)


def resume_topic(subscriber_id: UUID, topic: Topic, word: Word, transactions: Transactions) -> None:
    """Take the end of a topic back: a person's own yes, given on a page.

    Raises:
        NotFoundError: No such person, or they left everything (a new signup brings them back).
    """
    with transactions.begin() as tx:
        person = _locked(tx, subscriber_id)
        if suppressions.find(tx, person.email_key) is not None:
            raise NotFoundError("the person has left; a new signup brings them back")
        _set(tx, person, topic, word)
        plan_enrollments(tx, runs.active_ids(tx, subscriber_id))


def _locked(tx: Transaction, subscriber_id: UUID) -> Subscriber:
    subscribers.lock(tx, [subscriber_id])
    person = subscribers.find(tx, subscriber_id)
    if person is None or not person.email:
        raise NotFoundError("no such person")
    return person


def _end(tx: Transaction, person: Subscriber, topics: Sequence[Topic], word: Word) -> None:
    """End what still stands of these, all of it because of the one email that came last."""
    standing = [each for each in topics if _wants(person, each)]
    if not standing:
        return
    last = consents.last_email(tx, person.id, standing)
    for each in standing:
        _write(tx, person, each, word, after=last if last and last.topic is each else None)


def _set(tx: Transaction, person: Subscriber, topic: Topic, word: Word) -> None:
    if not _wants(person, topic):
        _write(tx, person, topic, word, is_wanted=True)


def _wants(person: Subscriber, topic: Topic) -> bool:
    return {Topic.LETTERS: person.wants_letters, Topic.SEAT: person.wants_seat_emails}[topic]


def _write(
    tx: Transaction,
    person: Subscriber,
    topic: Topic,
    word: Word,
    *,
    is_wanted: bool = False,
    after: LastEmail | None = None,
) -> None:
    given = ConsentWord(topic=topic, is_given=is_wanted, source=word.source, after=after)
    consents.add(tx, person.id, given, word.visitor)
    subscribers.set_wanted(tx, person.id, topic, is_wanted=is_wanted)


def _leave(tx: Transaction, person: Subscriber, word: Word, reason: SuppressionReason) -> None:
    suppressions.strengthen(tx, person.email_key, reason, source=word.source)
    # Coming back takes a signup of its own: a link from before the leaving opens nothing.
    signups.expire(tx, signups.pending_of(tx, person.id))
    runs.leave(tx, person.id)
    queued = messages.queued_of_person(tx, person.id)
    messages.settle_queued(tx, dict.fromkeys(queued, _LEFT), MessageStatus.CANCELLED)
