"""Write to everybody who holds a seat in a session: seen and counted before, queued once.

One email for all: its text is compiled once, in its confinement, and is version 1 of a template of
its own. Queueing is for ``continue_announcements``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from funnel.domain import announcement as announcing
from funnel.domain.announcement import Announcement, NotSent, announcement_source, reason_words
from funnel.domain.consent import Topic
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.message import MessageKind
from funnel.domain.session import Session
from funnel.domain.speech import say
from funnel.domain.template import RenderedEmail
from funnel.rendering.confinement import Failure, Tried
from funnel.rendering.empty_values import empty_finding
from funnel.rendering.errors import TemplateError
from funnel.rendering.finding import Finding, Severity
from funnel.services.build_email import email_context
from funnel.services.preview_template import Previewing, named_people
from funnel.storage import announcements, brands, definition_errors, merge_data, sessions, templates
from funnel.storage.audit import write_audit
from funnel.storage.merge_data import MergeData
from funnel.storage.transaction import Transaction, Transactions

# Announcements name the person and the session: what fails for one of these fails for many.
_TRIED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementPreview:
    """What would be sent, as the first who took a seat would read it, and to how many.

    Attributes:
        people: Who would get it.
        not_sent: Who holds a seat and would not, by reason.
        read_by: The address whose email this is.
        html: Links in it open nothing.
        findings: What is to mend; lines are those of the text.
    """

    people: int
    not_sent: tuple[NotSent, ...]
    read_by: str
    subject: str
    html: str
    text: str
    findings: tuple[Finding, ...]


def preview_announcement(
    session_id: UUID,
    subject: str,
    text: str,
    transactions: Transactions,
    previewing: Previewing,
) -> AnnouncementPreview:
    """Return an announcement as a real person would get it, and who gets it; nothing is written.

    Raises:
        NotFoundError: No such session.
        InvalidInputError: It cannot be sent: ``field`` ("subject", "text"), what and why; or nobody
            would get it.
    """
    source = announcement_source(subject, text)
    with transactions.begin_reading() as tx:
        _check_session(sessions.find(tx, session_id))
        readers = _readers(tx, session_id)
        people, not_sent = _sums(tx, session_id)
    tried, email = _tried(source, readers, previewing)
    return AnnouncementPreview(
        people=people,
        not_sent=not_sent,
        read_by=readers[0].email,
        subject=email.subject,
        html=email.html,
        text=email.text,
        findings=tuple(
            replace(each, line=announcing.line_of_text(source, each.line))
            for each in _findings(source, tried, readers)
        ),
    )


def announce(
    session_id: UUID,
    subject: str,
    text: str,
    *,
    by: str,
    transactions: Transactions,
    previewing: Previewing,
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
        previewing: It is rendered strictly for some of its readers first.

    Raises:
        NotFoundError: No such session.
        InvalidInputError: The session was called off, nobody would get it, or it cannot be
            rendered: nothing is written.
    """
    source = announcement_source(subject, text)
    with transactions.begin_reading() as tx:
        _check_session(sessions.find(tx, session_id))
        readers = _readers(tx, session_id)
    tried, _ = _tried(source, readers, previewing)
    _check_findings(_findings(source, tried, readers))
    with transactions.begin() as tx:
        # In this order: whoever publishes holds the lock of definitions before any row.
        definition_errors.lock_definitions(tx)
        session = _check_session(sessions.lock(tx, session_id))
        again = announcements.sent_lately(tx, session_id, source)
        return again or _written(tx, session, _Text(subject, source, tried), by)


@dataclass(frozen=True, slots=True)
class _Text:
    subject: str
    source: str
    tried: Tried


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
    compiled = text.tried.compiled
    templates.publish_template(
        tx,
        key=announcing.template_key(new.id),
        source=text.source,
        compiled=compiled.to_json(),
        checksum=compiled.checksum,
    )
    write_audit(
        tx,
        by=by,
        action="announcement.send",
        target=str(new.id),
        detail={"session": str(session.id), "people": people},
    )
    return new


def _check_session(found: Session | None) -> Session:
    if found is None:
        raise NotFoundError("no such session")
    if found.cancelled_at is not None:
        raise InvalidInputError(
            say("This date was called off."),
            field="session",
            remedy=say("Everybody who held a seat was told. Nobody holds one now."),
        )
    return found


def _readers(tx: Transaction, session_id: UUID) -> list[MergeData]:
    """Return what the email of some who would get it is made of, the first seat first."""
    run_ids = announcements.some_runs(tx, session_id, _TRIED)
    if not run_ids:
        raise InvalidInputError(
            say("Nobody would get this."),
            field="session",
            remedy=say("It goes to those who hold a seat and want the emails about it."),
        )
    brand = brands.brand_of_sequence(tx, sessions.sequence_of(tx, session_id))
    found = merge_data.load_run_data(tx, run_ids, brand)
    return [
        found[each]._replace(
            kind=MessageKind.ANNOUNCEMENT,
            template_key=announcing.KEY_PREFIX,
            topic=Topic.SEAT,
        )
        for each in run_ids
    ]


def _tried(
    source: str, readers: Sequence[MergeData], previewing: Previewing
) -> tuple[Tried, RenderedEmail]:
    """Render it where it can do no harm: for the first reader to be seen, for the others to try.

    The last of these is nobody: somebody without a name, as any reader not tried may be.
    """
    links = previewing.builder.links
    nameless = readers[0]._replace(first_name="", last_name="")
    first, *others = [email_context(each, (), links) for each in (*readers, nameless)]
    try:
        tried = previewing.confinement.try_source(source, name="", reader=first, others=others)
    except TemplateError as error:
        raise _unfit(source, error) from error
    if tried.email is None and tried.failed is not None:
        raise _cannot_be_written(readers[0], tried.failed)
    for each in tried.failures:
        if each.index + 1 < len(readers):
            raise _cannot_be_written(readers[1 + each.index], each)
    assert tried.email is not None  # noqa: S101 # it has not failed
    return tried, tried.email


def _unfit(source: str, error: TemplateError) -> InvalidInputError:
    line = announcing.line_of_text(source, error.line)
    is_of_text = line is not None or error.line is None
    reason = (
        error.reason
        if line is None
        else say("Line {line}: {reason}", line=line, reason=error.reason)
    )
    return InvalidInputError(reason, field="text" if is_of_text else "subject", remedy=error.remedy)


def _cannot_be_written(reader: MergeData, failure: Failure) -> InvalidInputError:
    return InvalidInputError(
        say(
            "It cannot be written for {person}: {reason}",
            person=reader.email,
            reason=failure.reason,
        ),
        field="text",
        remedy=say("Give them other words: {% if … %} … {% else %} … {% endif %}."),
    )


def _findings(source: str, tried: Tried, readers: Sequence[MergeData]) -> tuple[Finding, ...]:
    """Return what is to mend, as for letters: also what leaves a gap ("Hello ,"), and for whom."""
    return (*_gaps(source, tried, readers), *tried.findings)


def _gaps(source: str, tried: Tried, readers: Sequence[MergeData]) -> Iterator[Finding]:
    lacking = {each: [readers[0].email] for each in tried.empty}
    for each in tried.empties:
        if each.index + 1 < len(readers):
            lacking.setdefault(each.variable, []).append(readers[each.index + 1].email)
        elif each.variable.startswith("person."):
            lacking.setdefault(each.variable, [])
    for variable, found in sorted(lacking.items()):
        who = named_people(found, len(readers)) if found else ""
        finding = empty_finding(variable, source, who=who)
        if finding is not None:
            # Nobody who was looked at lacks it, and most announcements have no other readers.
            yield finding if found else replace(finding, severity=Severity.WARNING)


def _check_findings(findings: Sequence[Finding]) -> None:
    for each in findings:
        if each.severity is Severity.ERROR:
            reason = f"{each.message} {each.people}".strip() if each.people else each.message
            raise InvalidInputError(reason, field="text", remedy=each.remedy)


def _sums(tx: Transaction, session_id: UUID) -> tuple[int, tuple[NotSent, ...]]:
    people, others = 0, []
    for suppression, wants, count in announcements.holder_sums(tx, session_id):
        if suppression is None and wants:
            people += count
        else:
            reason = announcing.skip_reason(suppression, wants_seat_emails=wants)
            others.append(NotSent(why=reason_words(reason or ""), people=count))
    return people, tuple(others)
