"""Put a person into a sequence by hand: never against their word, never without one."""

from dataclasses import dataclass
from uuid import UUID

from funnel.domain.consent import SuppressionReason, Topic
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.signup import Visitor
from funnel.domain.speech import mark, say
from funnel.domain.subscriber import Subscriber
from funnel.domain.text import clean_text
from funnel.services.enroll import Enrolled, EnrollRequest, enroll
from funnel.storage import consents, runs, subscribers, suppressions
from funnel.storage.audit import write_audit
from funnel.storage.consents import ConsentWord
from funnel.storage.transaction import Transaction, Transactions

_LONGEST = 500  # characters of what somebody said
_BY_HAND = "by hand"
_WHY_NOT = {
    SuppressionReason.UNSUBSCRIBED: mark(
        "They left everything. Only a new signup of their own brings them back."
    ),
    SuppressionReason.BOUNCED: mark("Emails to this address came back, so nothing is sent to it."),
    SuppressionReason.COMPLAINED: mark(
        "They reported an email as spam. Nothing is sent to them any more."
    ),
    SuppressionReason.ERASED: mark("They asked to be forgotten."),
    SuppressionReason.BY_HAND: mark("The address was put on the do-not-email list by hand."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandConsent:
    """What a person agreed to elsewhere, as somebody who works here writes it down.

    Attributes:
        wants_letters: They asked for the letters.
        wording: The words that they agreed to, or said.
        source: Where: "by phone", "the fair in Graz, paper list".
    """

    wants_letters: bool = False
    wording: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandEnrollment:
    """Into which sequence, with which seat (``None``: the letters only)."""

    sequence_id: UUID
    session_id: UUID | None = None


def enroll_by_hand(
    subscriber_id: UUID,
    into: HandEnrollment,
    given: HandConsent,
    transactions: Transactions,
    *,
    by: str,
) -> Enrolled:
    """Begin a run for a person, or give the one that they are in a seat.

    What they have not agreed to yet needs the words by which they did: these are kept with the
    consents, whose source begins with "by hand". No suppression is ever lifted.

    Raises:
        NotFoundError: No such person, or one that is forgotten.
        InvalidInputError: They have not confirmed, or the address is on the do-not-email list, or
            something is missing of what they agreed to; or they are in the sequence already.
        SessionUnavailableError: Full, over or cancelled; it carries the next dates.
    """
    with transactions.begin() as tx:
        subscribers.lock(tx, [subscriber_id])
        person = subscribers.find(tx, subscriber_id)
        if person is None or not person.email:
            raise NotFoundError("no such person")
        _check_may(tx, person)
        _agree(tx, person, into, given)
        before = runs.find_latest(tx, person.id, into.sequence_id)
        request = EnrollRequest(
            subscriber_id=person.id,
            email=person.email,
            sequence_id=into.sequence_id,
            session_id=into.session_id,
        )
        enrolled = enroll(tx, request)
        held = before.session_id if before else None
        if not enrolled.is_new_run and into.session_id in (None, held):
            raise InvalidInputError(
                say("They are in this sequence already, and nothing was changed."),
                field="sequence",
                remedy=say("Choose another sequence, or another date."),
            )
        detail = {"run": str(enrolled.enrollment_id)}
        write_audit(tx, by=by, action="enrolled by hand", target=str(person.id), detail=detail)
        return enrolled


def _check_may(tx: Transaction, person: Subscriber) -> None:
    reason = suppressions.find(tx, person.email_key)
    if reason is not None:
        raise InvalidInputError(
            say(_WHY_NOT[reason]),
            field="sequence",
            remedy=say("Nobody who is on the do-not-email list is put into a sequence."),
        )
    if person.confirmed_at is None:
        raise InvalidInputError(
            say("They have not confirmed that the address is theirs."),
            field="sequence",
            remedy=say("Only they can, with the button in the email that they got."),
        )


def _agree(tx: Transaction, person: Subscriber, into: HandEnrollment, given: HandConsent) -> None:
    """Write what they agreed to elsewhere, as far as it was not written down before."""
    missing = [topic for topic, is_missing in _asked(person, into, given).items() if is_missing]
    if into.session_id is None and not person.wants_letters and Topic.LETTERS not in missing:
        raise InvalidInputError(
            say("They have not asked for the letters, and no date was chosen."),
            field="letters",
            remedy=say("Say that they want the letters, or choose a date for them."),
        )
    if not missing:
        return
    wording = clean_text(given.wording, limit=_LONGEST)
    source = clean_text(given.source, limit=_LONGEST)
    if not wording or not source:
        raise InvalidInputError(
            say("It is not said by which words they agreed, and where."),
            field="source" if wording else "wording",
            remedy=say("Write both down: they are kept as the proof that the person agreed."),
        )
    for topic in missing:
        word = ConsentWord(
            topic=topic, is_given=True, source=f"{_BY_HAND}: {source}", wording=wording
        )
        consents.add(tx, person.id, word, Visitor())
        subscribers.set_wanted(tx, person.id, topic, is_wanted=True)


def _asked(person: Subscriber, into: HandEnrollment, given: HandConsent) -> dict[Topic, bool]:
    return {
        Topic.LETTERS: given.wants_letters and not person.wants_letters,
        Topic.SEAT: into.session_id is not None and not person.wants_seat_emails,
    }
