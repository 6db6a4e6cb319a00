"""Ask for a test of an email, or of a whole sequence: made now, as a reader would get it.

A test is no message (docs/decisions/0021): it is counted nowhere, no fact comes of it, and its
links lead nowhere, whoever it was made as.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from html import escape
from time import monotonic
from uuid import UUID, uuid4

from funnel.domain.email_test import BETWEEN, NoteOnTop, check_may_test, marked_subject
from funnel.domain.errors import (
    FunnelError,
    InvalidInputError,
    NotFoundError,
    RenderError,
)
from funnel.domain.links import HarmlessLinks
from funnel.domain.readers import PersonReader, Reader
from funnel.domain.speech import say
from funnel.domain.subscriber import Address, normalise_address
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.confinement import Confinement
from funnel.sending.mailer import OutgoingEmail
from funnel.services.build_email import EmailBuilder, build_email, email_context, finish_email
from funnel.services.kept_email import kept_email
from funnel.services.preview_template import Previewing
from funnel.services.read_reader import ReaderData, read_reader_data
from funnel.storage import (
    suppressions,
    template_drafts,
    template_places,
    template_versions,
    templates,
    test_emails,
)
from funnel.storage.audit import write_audit
from funnel.storage.template_places import Place
from funnel.storage.test_emails import EmailTest, NewTest
from funnel.storage.transaction import Transaction, Transactions

_AN_HOUR = timedelta(hours=1)
# What odd data can make of building an email, as in delivering.
_UNFIT = (FunnelError, ValueError, TypeError, LookupError)
# Behind the line that inboxes show beside the subject, so that a test shows that one as well.
_BODY = re.compile(r"(?=<div aria-label=)")
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
    previewing: Previewing,
    source: str | None = None,
) -> UUID:
    """Make a test of one email and queue it; it leaves within seconds.

    Args:
        key: The template's.
        reader: As whom it is made: a real person, or somebody made up.
        to: Any address that may be written to.
        by: Who asks, for the audit and for their limit.
        transactions: On the database.
        previewing: What has not been published is rendered in its confinement.
        source: The text, as an editor has it; ``None``: the draft if there is one, else what is
            live.

    Returns:
        The test's id.

    Raises:
        NotFoundError: No such email, or no such person.
        InvalidInputError: The text cannot be sent, or not to this address.
    """
    asked = _Asked(reader, _address(to), by)
    with transactions.begin_reading() as tx:
        _check(tx, asked, wanted=1)
        place = template_places.find_place(tx, key)
        if place is None:
            raise NotFoundError(say('There is no email "{key}".', key=key))
        made_of = _read(tx, asked, place, source)
    return _queue(asked, [_made(made_of, previewing)], transactions)[0]


def send_tests_of_sequence(
    slug: str,
    reader: Reader,
    *,
    to: str,
    by: str,
    transactions: Transactions,
    previewing: Previewing,
) -> int:
    """Make a test of every email of a sequence, drafts before what is live, and queue them.

    They leave in the order of the steps, a few seconds apart.

    Returns:
        How many they are.

    Raises:
        NotFoundError: No such sequence, or no such person.
        InvalidInputError: One of the texts cannot be sent (``field`` is its key), or not to this
            address, or they take too long to be made: none is.
    """
    asked = _Asked(reader, _address(to), by)
    with transactions.begin_reading() as tx:
        places = template_places.places_of(tx, slug)
        if not places:
            raise NotFoundError(say('There is no sequence "{slug}".', slug=slug))
        _check(tx, asked, wanted=len(places))
        made_of = [_read(tx, asked, each, None) for each in places]
    return len(_queue(asked, _all_made(made_of, previewing), transactions))


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


@dataclass(frozen=True, slots=True)
class _MadeOf:
    """What one test is made of: a text that somebody typed, or one that was published."""

    place: Place
    reader: ReaderData
    text: str | CompiledTemplate


@dataclass(frozen=True, slots=True)
class _Made:
    """One email as the reader would get it, its links put aside."""

    place: Place
    email: OutgoingEmail


def _address(to: str) -> Address:
    try:
        return normalise_address(to)
    except InvalidInputError as error:
        raise InvalidInputError(str(error), field="to", remedy=error.remedy) from error


def _check(tx: Transaction, asked: _Asked, *, wanted: int) -> None:
    check_may_test(
        suppressions.find(tx, asked.to.key),
        asked=test_emails.asked_for_since(tx, asked.by, _AN_HOUR),
        wanted=wanted,
    )


def _read(tx: Transaction, asked: _Asked, place: Place, source: str | None) -> _MadeOf:
    text = source if source is not None else _text_of(tx, place)
    names_replay = (
        "replay" in text
        if isinstance(text, str)
        else any(each.startswith("replay") for each in text.variables)
    )
    reader = read_reader_data(tx, place.key, asked.reader, names_replay=names_replay)
    return _MadeOf(place, reader, text)


def _text_of(tx: Transaction, place: Place) -> str | CompiledTemplate:
    draft = template_drafts.find_draft(tx, place.key)
    if draft is not None:
        return draft.source
    live = template_versions.find_live(tx, place.key)
    if live is None:
        raise InvalidInputError(
            say("“{email}” has no text yet.", email=place.name),
            field=place.key,
            remedy=say("Write it, then test it."),
        )
    return CompiledTemplate.from_json(templates.read_compiled(tx, live.id))


def _all_made(made_of: Sequence[_MadeOf], previewing: Previewing) -> list[_Made]:
    """Make them one after the other; who pressed the button is not kept waiting for ever.

    Twenty drafts take a second or two. A text may take three of its own, and they may be many.
    """
    until = monotonic() + previewing.patience.total_seconds()
    made: list[_Made] = []
    for each in made_of:
        if monotonic() >= until:
            raise InvalidInputError(
                say(
                    "These emails take too long to be made: {made} of {all} were.",
                    made=len(made),
                    all=len(made_of),
                ),
                field=each.place.key,
                remedy=say("Nothing was sent. Test them one by one: the slow ones are found so."),
            )
        made.append(_made(each, previewing))
    return made


def _made(made_of: _MadeOf, previewing: Previewing) -> _Made:
    """Return the finished email; what nobody has published yet is rendered where it can do no harm.

    Not within a transaction: a text may take its three seconds.
    """
    # Whatever the text says of the links of its reader, whoever gets the test cannot act for them.
    links = HarmlessLinks.like(previewing.builder.links)
    builder = replace(previewing.builder, links=links)
    try:
        return _Made(made_of.place, _email(made_of, builder, previewing.confinement))
    except _UNFIT as error:
        raise InvalidInputError(
            say("“{email}” cannot be written: {reason}", email=made_of.place.name, reason=error),
            field=made_of.place.key,
            remedy=getattr(error, "remedy", "")
            or say("Choose another reader, or give it words for people without that value."),
        ) from error


def _email(made_of: _MadeOf, builder: EmailBuilder, confinement: Confinement) -> OutgoingEmail:
    # A run of nobody's: the calendar file of a test must not replace an entry of the reader's own.
    data = made_of.reader.data._replace(enrollment_id=uuid4())
    dates, text = made_of.reader.dates, made_of.text
    if isinstance(text, CompiledTemplate):
        return build_email(data, text, dates, builder)
    context = email_context(data, dates, builder.links)
    tried = confinement.try_source(text, name="", reader=context, is_notice=data.topic is None)
    if tried.email is None:
        raise RenderError(tried.failed.reason if tried.failed else "")
    return finish_email(data, tried.compiled, context, tried.email, builder)


def _queue(asked: _Asked, made: Sequence[_Made], transactions: Transactions) -> list[UUID]:
    with transactions.begin() as tx:
        test_emails.lock_sender(tx, asked.by)
        _check(tx, asked, wanted=len(made))
        tests = [_test(asked, each, number) for number, each in enumerate(made)]
        test_emails.add(tx, tests)
        # One line a press: a whole sequence's would bury what else was done.
        detail = {"test": str(tests[0].id)} if len(tests) == 1 else {"tests": str(len(tests))}
        write_audit(
            tx, by=asked.by, action="test.send", target=tests[0].template_key, detail=detail
        )
        return [each.id for each in tests]


def _test(asked: _Asked, made: _Made, number: int) -> NewTest:
    test_id = uuid4()
    return NewTest(
        id=test_id,
        to_address=asked.to.email,
        subscriber_id=asked.reader.subscriber_id
        if isinstance(asked.reader, PersonReader)
        else None,
        template_key=made.place.key,
        email=kept_email(_marked(made, test_id, asked)),
        by=asked.by,
        wait=number * BETWEEN,
    )


def _marked(made: _Made, test_id: UUID, asked: _Asked) -> OutgoingEmail:
    """Return the email as it goes to a colleague: marked, and acting for nobody."""
    email = made.email
    is_real = isinstance(asked.reader, PersonReader)
    reader = (email.to_name or email.to_address) if is_real else ""
    note = str(NoteOnTop(title=made.place.name, reader=reader))
    return replace(
        email,
        message_id=test_id,
        to_name="",
        to_address=asked.to.email,
        subject=marked_subject(email.subject),
        text=f"{note}\n\n{email.text_str}",
        html=_BODY.sub(lambda _: _ON_TOP.format(note=escape(note)), email.html_str, count=1),
        list_unsubscribe_url=None,  # one click in a colleague's inbox would end somebody's emails
        list_id=None,
        feedback_id=None,
        topic=None,
        lane=None,
    )
