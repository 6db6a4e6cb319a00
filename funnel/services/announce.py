"""Write to everybody who holds a seat in a session: seen and counted before, queued once.

One email for all: its text is compiled once, and is version 1 of a template of its own. Queueing
is for ``continue_announcements``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from funnel.domain import announcement as announcing
from funnel.domain.announcement import (
    Announcement,
    NotSent,
    announcement_source,
    reason_words,
    skip_reason,
)
from funnel.domain.consent import Topic
from funnel.domain.errors import FunnelError, InvalidInputError, NotFoundError
from funnel.domain.links import HarmlessLinks
from funnel.domain.message import MessageKind
from funnel.domain.session import Session
from funnel.domain.speech import say
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.compiler import compile_template
from funnel.rendering.errors import TemplateError
from funnel.rendering.lint import Finding, Severity, lint
from funnel.sending.mailer import OutgoingEmail
from funnel.services.build_email import EmailBuilder, build_email, email_context
from funnel.storage import announcements, brands, definition_errors, merge_data, sessions, templates
from funnel.storage.audit import write_audit
from funnel.storage.merge_data import MergeData
from funnel.storage.transaction import Transaction, Transactions

# What odd data can make of building an email, as in delivering.
_UNFIT = (FunnelError, ValueError, TypeError, LookupError)
# Announcements name the person and the session: what fails for one of these fails for many.
_TRIED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementPreview:
    """What would be sent, as the first who took a seat would read it, and to how many.

    Attributes:
        people: Who would get it.
        not_sent: Who holds a seat and would not, by reason.
        read_by: The address whose email this is.
        html: Links in it lead nowhere.
    """

    people: int
    not_sent: tuple[NotSent, ...]
    read_by: str
    subject: str
    html: str
    text: str
    findings: tuple[Finding, ...]


def preview_announcement(
    session_id: UUID, subject: str, text: str, transactions: Transactions, builder: EmailBuilder
) -> AnnouncementPreview:
    """Return an announcement as a real person would get it, and who gets it; nothing is written.

    Raises:
        NotFoundError: No such session.
        InvalidInputError: The text cannot be sent: ``field`` ("subject", "text"), what and why; or
            nobody would get it.
    """
    _, compiled = _compiled(subject, text)
    with transactions.begin_reading() as tx:
        session = _session(sessions.find(tx, session_id))
        _check_session(session)
        first = _readers(tx, session_id, compiled, limit=1)[0]
        harmless = replace(builder, links=HarmlessLinks.like(builder.links))
        email = _built(first, compiled, harmless)
        context = email_context(first, (), harmless.links)
        people, not_sent = _sums(tx, session_id)
        return AnnouncementPreview(
            people=people,
            not_sent=not_sent,
            read_by=first.email,
            subject=email.subject,
            html=email.html,
            text=email.text,
            findings=lint(compiled, context, renderer=builder.renderer),
        )


def announce(
    session_id: UUID,
    subject: str,
    text: str,
    *,
    by: str,
    transactions: Transactions,
    builder: EmailBuilder,
) -> Announcement:
    """Send an announcement to everybody who holds a seat now; return it, about to be queued.

    Each gets it once, whatever runs they have. Who takes a seat later does not get it. The same
    words to the same session within ten minutes are the same announcement: a button that is
    pressed twice sends once.

    Args:
        session_id: Whose seat holders.
        subject: Plain, with merge fields where wished.
        text: Markdown with merge fields; the greeting is put before it unless it greets by itself.
        by: Who does it, for the audit.
        transactions: On the database.
        builder: It is rendered strictly for some of its readers first.

    Raises:
        NotFoundError: No such session.
        InvalidInputError: The session was called off, nobody would get it, or it cannot be
            rendered: nothing is written.
    """
    source, compiled = _compiled(subject, text)
    with transactions.begin() as tx:
        # In this order: whoever publishes holds the lock of definitions before any row.
        definition_errors.lock_definitions(tx)
        session = _session(sessions.lock(tx, session_id))
        _check_session(session)
        again = announcements.sent_lately(tx, session_id, source)
        if again is not None:
            return again
        readers = _readers(tx, session_id, compiled, limit=_TRIED)
        _check_renders(readers, compiled, builder)
        return _written(tx, session, _Text(subject, source, compiled), by)


@dataclass(frozen=True, slots=True)
class _Text:
    subject: str
    source: str
    compiled: CompiledTemplate


def _written(tx: Transaction, session: Session, text: _Text, by: str) -> Announcement:
    people = sum(each for *_, each in announcements.holder_sums(tx, session.id))
    new = Announcement(
        id=uuid4(),
        session_id=session.id,
        session_starts_at=session.starts_at,
        subject=announcing.clean_subject(text.subject),
        by=by,
        reached=None,
        total=people,
        queued=0,
        created_at=tx.now,
        stopped_at=None,
        finished_at=None,
    )
    announcements.add(tx, new)
    templates.publish_template(
        tx,
        key=announcing.template_key(new.id),
        source=text.source,
        compiled=text.compiled.to_json(),
        checksum=text.compiled.checksum,
    )
    write_audit(
        tx,
        by=by,
        action="announcement.send",
        target=str(new.id),
        detail={"session": str(session.id), "people": people},
    )
    return new


def _compiled(subject: str, text: str) -> tuple[str, CompiledTemplate]:
    source = announcement_source(subject, text)
    try:
        return source, compile_template(source, name="")
    except TemplateError as error:
        line = announcing.line_of_text(source, error.line)
        raise InvalidInputError(
            error.reason
            if line is None
            else say("line {line}: {reason}", line=line, reason=error.reason),
            field="subject" if line is None else "text",
            remedy=error.remedy,
        ) from error


def _session(found: Session | None) -> Session:
    if found is None:
        raise NotFoundError("no such session")
    return found


def _check_session(session: Session) -> None:
    if session.cancelled_at is not None:
        raise InvalidInputError(
            say("this date was called off"),
            field="session",
            remedy=say("Everybody who held a seat was told. Nobody holds one now."),
        )


def _readers(
    tx: Transaction, session_id: UUID, compiled: CompiledTemplate, *, limit: int
) -> list[MergeData]:
    """Return what the email of some who would get it is made of."""
    run_ids = announcements.some_runs(tx, session_id, limit)
    if not run_ids:
        raise InvalidInputError(
            say("nobody would get this"),
            field="session",
            remedy=say("It goes to those who hold a seat and want the emails about it."),
        )
    brand = brands.brand_of_sequence(tx, sessions.sequence_of(tx, session_id))
    found = merge_data.load_run_data(tx, run_ids, brand)
    return [
        replace(
            found[each],
            kind=MessageKind.ANNOUNCEMENT,
            template_key=f"{announcing.KEY_PREFIX}{compiled.checksum[:8]}",
            topic=Topic.SEAT,
        )
        for each in run_ids
    ]


def _built(data: MergeData, compiled: CompiledTemplate, builder: EmailBuilder) -> OutgoingEmail:
    try:
        return build_email(data, compiled, (), builder)
    except _UNFIT as error:
        raise InvalidInputError(
            say("it cannot be written for {person}: {reason}", person=data.email, reason=error),
            field="text",
            remedy=say("Give it words for people without that value ({% if … %})."),
        ) from error


def _check_renders(
    readers: Sequence[MergeData], compiled: CompiledTemplate, builder: EmailBuilder
) -> None:
    for each in readers:
        _built(each, compiled, builder)
    context = email_context(readers[0], (), builder.links)
    errors = [
        each
        for each in lint(compiled, context, renderer=builder.renderer)
        if each.severity is Severity.ERROR
    ]
    if errors:
        raise InvalidInputError(errors[0].message, field="text", remedy=errors[0].remedy)


def _sums(tx: Transaction, session_id: UUID) -> tuple[int, tuple[NotSent, ...]]:
    people, others = 0, []
    for suppression, wants, count in announcements.holder_sums(tx, session_id):
        if suppression is None and wants:
            people += count
        else:
            reason = skip_reason(suppression, wants_seat_emails=wants)
            others.append(NotSent(why=reason_words(reason or ""), people=count))
    return people, tuple(others)
