"""Ask for a test of an email, or of a whole sequence: made now, as a reader would get it.

A test is no message (docs/decisions/0021): it is counted nowhere, no fact comes of it, and its
links lead nowhere, whoever it was made as.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from html import escape
from uuid import UUID, uuid4

from funnel.domain.email_test import BETWEEN, NoteOnTop, check_may_test, marked_subject
from funnel.domain.errors import FunnelError, InvalidInputError, NotFoundError
from funnel.domain.links import HarmlessLinks
from funnel.domain.readers import PersonReader, Reader
from funnel.domain.speech import say
from funnel.domain.subscriber import Address, normalise_address
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.compiler import compile_template
from funnel.sending.mailer import OutgoingEmail
from funnel.services.build_email import EmailBuilder, build_email
from funnel.services.kept_email import kept_email
from funnel.services.made_for import made_for
from funnel.storage import (
    suppressions,
    template_drafts,
    template_places,
    template_versions,
    test_emails,
)
from funnel.storage.audit import write_audit
from funnel.storage.merge_data import load_open_dates
from funnel.storage.template_places import Place
from funnel.storage.test_emails import EmailTest, NewTest
from funnel.storage.transaction import Transaction, Transactions

_AN_HOUR = timedelta(hours=1)
# What odd data can make of building an email, as in delivering.
_UNFIT = (FunnelError, ValueError, TypeError, LookupError)
# Behind the line that inboxes show beside the subject, so that a test shows that one as well.
_BODY = re.compile(r"(?=<div aria-label=)|(?<=<body>)")
_ON_TOP = (
    '<div style="background-color:#FFF3C4;color:#3B2F00;font-family:sans-serif;font-size:14px;'
    'line-height:20px;padding:12px 24px;text-align:center">{note}</div>'
)


def send_test(  # noqa: PLR0913  (which email, as whom, to whom, for whom, and what that takes)
    key: str,
    reader: Reader,
    *,
    to: str,
    by: str,
    transactions: Transactions,
    builder: EmailBuilder,
    source: str | None = None,
) -> UUID:
    """Make a test of one email and queue it; it leaves within seconds.

    Args:
        key: The template's.
        reader: As whom it is made: a real person, or somebody made up.
        to: Any address that may be written to.
        by: Who asks, for the audit and for their limit.
        transactions: On the database.
        builder: As for sending; its links are put aside.
        source: The text, as an editor has it; ``None``: the draft if there is one, else what is
            live.

    Returns:
        The test's id.

    Raises:
        NotFoundError: No such email, or no such person.
        InvalidInputError: The text cannot be sent, or not to this address.
    """
    asked = _Asked(reader, _address(to), by, builder)
    with transactions.begin() as tx:
        place = template_places.find_place(tx, key)
        if place is None:
            raise NotFoundError(f"there is no email {key}")
        return _queue(tx, asked, [(place, source)])[0]


def send_tests_of_sequence(
    slug: str,
    reader: Reader,
    *,
    to: str,
    by: str,
    transactions: Transactions,
    builder: EmailBuilder,
) -> int:
    """Make a test of every email of a sequence, drafts before what is live, and queue them.

    They leave in the order of the steps, a few seconds apart.

    Returns:
        How many they are.

    Raises:
        NotFoundError: No such sequence, or no such person.
        InvalidInputError: One of the texts cannot be sent (``field`` is its key), or not to this
            address: none is.
    """
    asked = _Asked(reader, _address(to), by, builder)
    with transactions.begin() as tx:
        places = template_places.places_of(tx, slug)
        if not places:
            raise NotFoundError(f"there is no sequence {slug}")
        return len(_queue(tx, asked, [(each, None) for each in places]))


def list_tests(transactions: Transactions, limit: int = 20) -> tuple[EmailTest, ...]:
    """Return the latest tests, the newest first, each with what became of it."""
    with transactions.begin_reading() as tx:
        return tuple(test_emails.list_newest(tx, limit))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is the same for all the tests that are asked for at once."""

    reader: Reader
    to: Address
    by: str
    builder: EmailBuilder


def _address(to: str) -> Address:
    try:
        return normalise_address(to)
    except InvalidInputError as error:
        raise InvalidInputError(str(error), field="to", remedy=error.remedy) from error


def _queue(
    tx: Transaction, asked: _Asked, wanted: Sequence[tuple[Place, str | None]]
) -> list[UUID]:
    test_emails.lock_sender(tx, asked.by)
    check_may_test(
        suppressions.find(tx, asked.to.key),
        asked=test_emails.asked_for_since(tx, asked.by, _AN_HOUR),
        wanted=len(wanted),
    )
    tests = [
        _test(tx, asked, place, source, number) for number, (place, source) in enumerate(wanted)
    ]
    test_emails.add(tx, tests)
    for each in tests:
        detail = {"test": str(each.id)}
        write_audit(tx, by=asked.by, action="test.send", target=each.template_key, detail=detail)
    return [each.id for each in tests]


def _test(tx: Transaction, asked: _Asked, place: Place, source: str | None, number: int) -> NewTest:
    test_id = uuid4()
    email = _email(tx, asked, place, source)
    person = asked.reader.subscriber_id if isinstance(asked.reader, PersonReader) else None
    return NewTest(
        id=test_id,
        to_address=asked.to.email,
        subscriber_id=person,
        template_key=place.key,
        email=kept_email(_harmless(email, test_id, asked, place)),
        by=asked.by,
        wait=number * BETWEEN,
    )


def _harmless(email: OutgoingEmail, test_id: UUID, asked: _Asked, place: Place) -> OutgoingEmail:
    """Return the email as it goes to a colleague: marked, and acting for nobody."""
    reader = email.to_name or email.to_address
    is_real = isinstance(asked.reader, PersonReader)
    note = str(NoteOnTop(title=place.name, reader=reader if is_real else ""))
    return replace(
        email,
        message_id=test_id,
        to_name="",
        to_address=asked.to.email,
        subject=marked_subject(email.subject),
        text=f"{note}\n\n{email.text}",
        html=_BODY.sub(_ON_TOP.format(note=escape(note)), email.html, count=1),
        list_unsubscribe_url=None,  # one click in a colleague's inbox would end somebody's emails
        list_id=None,
        feedback_id=None,
        topic=None,
        lane=None,
    )


def _email(tx: Transaction, asked: _Asked, place: Place, source: str | None) -> OutgoingEmail:
    compiled = _compiled(tx, place.key, source)
    data = made_for(tx, place, asked.reader)
    dates = load_open_dates(tx, data.sequence_slug)
    builder = replace(asked.builder, links=HarmlessLinks.like(asked.builder.links))
    try:
        return build_email(data, compiled, dates, builder)
    except _UNFIT as error:
        raise InvalidInputError(
            say("“{email}” cannot be written: {reason}", email=place.name, reason=error),
            field=place.key,
            remedy=say("Choose another reader, or give it words for people without that value."),
        ) from error


def _compiled(tx: Transaction, key: str, source: str | None) -> CompiledTemplate:
    if source is None:
        draft = template_drafts.find_draft(tx, key)
        live = template_versions.find_live(tx, key)
        source = draft.source if draft else live.source if live else None
    if source is None:
        raise InvalidInputError(
            say("“{email}” has no text yet.", email=key),
            field=key,
            remedy=say("Write it, then test it."),
        )
    return compile_template(source, name=key)
