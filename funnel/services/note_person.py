"""Notes about a person: by those who work here, for them alone, and gone with the person."""

from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.speech import say
from funnel.domain.text import clean_lines
from funnel.storage import notes, subscribers
from funnel.storage.audit import write_audit
from funnel.storage.notes import Note
from funnel.storage.transaction import Transactions

_LONGEST = 2000  # characters


def add_note(subscriber_id: UUID, text: str, transactions: Transactions, *, by: str) -> Note:
    """Write a note about a person, in lines of plain text.

    Raises:
        NotFoundError: No such person, or one that is forgotten.
        InvalidInputError: It is empty, or longer than 2,000 characters.
    """
    written = clean_lines(text)
    if not written or len(written) > _LONGEST:
        raise InvalidInputError(
            say("The note is longer than {most} characters.", most=f"{_LONGEST:,}")
            if written
            else say("The note is empty."),
            field="note",
            remedy=say("Shorten it.") if written else say("Write what is to be known of them."),
        )
    with transactions.begin() as tx:
        subscribers.lock(tx, [subscriber_id])
        person = subscribers.find(tx, subscriber_id)
        if person is None or not person.email:
            raise NotFoundError("no such person")
        note = notes.add(tx, subscriber_id, written, by=by)
        write_audit(tx, by=by, action="note written", target=str(subscriber_id))
        return note


def remove_note(note_id: UUID, transactions: Transactions, *, by: str) -> Note:
    """Take a note of one's own away; return what it was, so that it can be put back.

    Raises:
        NotFoundError: No such note (any more).
        InvalidInputError: Somebody else wrote it.
    """
    with transactions.begin() as tx:
        note = notes.find(tx, note_id)
        if note is None:
            raise NotFoundError("no such note")
        if note.by != by:
            raise InvalidInputError(
                say("{writer} wrote this note.", writer=note.by),
                field="note",
                remedy=say("Only who wrote a note takes it away."),
            )
        subscribers.lock(tx, [note.subscriber_id])
        notes.remove(tx, note_id)
        write_audit(tx, by=by, action="note taken away", target=str(note.subscriber_id))
        return note
