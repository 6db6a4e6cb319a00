"""What was published of an email, and what one version says otherwise than another."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from funnel.domain.errors import NotFoundError
from funnel.domain.readers import PEOPLE, MadeUp, Reader
from funnel.domain.speech import say
from funnel.domain.template import EmailContext, RenderedEmail
from funnel.domain.template_draft import TemplateDraft
from funnel.domain.text_difference import LineDifference, differs, text_difference
from funnel.rendering.errors import TemplateError
from funnel.rendering.marked_html import marked_difference
from funnel.services.preview_template import Previewing
from funnel.services.read_reader import EmailDesk
from funnel.storage import template_drafts, template_readers, template_versions
from funnel.storage.template_versions import TemplateVersion
from funnel.storage.transaction import Transaction, Transactions

PEOPLE_COMPARED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateVersions:
    """Every version of an email, the newest first, and its draft."""

    key: str
    versions: tuple[TemplateVersion, ...]
    draft: TemplateDraft | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedDifference:
    """What one person would get of both texts.

    Attributes:
        subscriber_id: Who; ``None``: somebody made up, as nobody is to get the email.
        subject: The subjects in pieces, as ``lines`` of the plain text.
        html: Both pages; empty where the text cannot be rendered, then ``problems`` says why.
    """

    subscriber_id: UUID | None
    name: str
    subject: tuple[LineDifference, ...]
    lines: tuple[LineDifference, ...]
    html: tuple[str, str]
    problems: tuple[str, str]

    @property
    def differs(self) -> bool:
        """Whether this person would see any difference."""
        return differs(self.subject) or differs(self.lines) or self.problems[0] != self.problems[1]


def list_versions(key: str, transactions: Transactions) -> TemplateVersions:
    """Return every version of an email and its draft; changes nothing.

    Raises:
        NotFoundError: There is neither.
    """
    with transactions.begin_reading() as tx:
        versions = template_versions.list_versions(tx, key)
        draft = template_drafts.find_draft(tx, key)
    if not versions and draft is None:
        raise NotFoundError(say('There is no email "{key}".', key=key))
    return TemplateVersions(key=key, versions=tuple(versions), draft=draft)


def text_difference_of(
    key: str, a: int | None, b: int | None, transactions: Transactions
) -> tuple[LineDifference, ...]:
    """Return what text ``b`` of an email says otherwise than ``a``; ``None`` is the draft.

    Raises:
        NotFoundError: There is no such version, or no draft.
    """
    with transactions.begin_reading() as tx:
        return text_difference(_source(tx, key, a), _source(tx, key, b))


def rendered_difference(
    key: str,
    a: int | None,
    b: int | None,
    previewing: Previewing,
    *,
    people: int = PEOPLE_COMPARED,
) -> tuple[RenderedDifference, ...]:
    """Return what people who are to get an email would get of ``a`` and of ``b``.

    The people are as different from each other as can be: with a name and without, with a seat and
    without, with a replay and without. Where nobody is to get it, two made-up readers stand in.

    Raises:
        NotFoundError: There is no such version, or no draft.
    """
    with previewing.transactions.begin_reading() as tx:
        sources = _source(tx, key, a), _source(tx, key, b)
        readers = _some_readers(tx, key, previewing, people)
    return tuple(_compared(key, sources, each, previewing) for each in readers)


def marked_pages(
    key: str, a: int | None, b: int | None, reader: Reader, previewing: Previewing
) -> tuple[str, str]:
    """Return the pages that a reader gets of ``a`` and of ``b``, with what differs marked.

    Either is empty where its text cannot be rendered for them; then nothing is marked.

    Raises:
        NotFoundError: There is no such version, no draft, or nobody of that id.
    """
    with previewing.transactions.begin_reading() as tx:
        sources = _source(tx, key, a), _source(tx, key, b)
        given = EmailDesk.open(tx, key).reader(reader, names_replay=True)
    someone = _Someone(
        subscriber_id=None,
        name="",
        context=given.context(previewing.builder),
        is_notice=given.data.topic is None,
    )
    old, new = (_email(key, each, someone, previewing)[0].html for each in sources)
    return marked_difference(old, new) if old and new else (old, new)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Someone:
    subscriber_id: UUID | None
    name: str
    context: EmailContext
    is_notice: bool


def _some_readers(
    tx: Transaction, key: str, previewing: Previewing, people: int
) -> Sequence[_Someone]:
    desk = EmailDesk.open(tx, key)
    is_notice = desk.place.sequence_slug is None
    found: list[_Someone] = []
    if desk.sequence is not None and not is_notice:
        run_ids = template_readers.different_people(tx, desk.sequence.id, desk.step_key, people)
        names = template_readers.names_of(tx, run_ids)
        found = [
            _Someone(
                subscriber_id=each.data.subscriber_id,
                name=names.get(each.data.enrollment_id, "") if each.data.enrollment_id else "",
                context=each.context(previewing.builder),
                is_notice=is_notice,
            )
            for each in desk.of_runs(run_ids)
        ]
    if found:
        return found
    return [
        _Someone(
            subscriber_id=None,
            name=PEOPLE[kind].first_name or say("somebody without a name"),
            context=desk.made_up(PEOPLE[kind], names_replay=True).context(previewing.builder),
            is_notice=is_notice,
        )
        for kind in (MadeUp.USUAL, MadeUp.NO_NAME)
    ]


def _compared(
    key: str, sources: tuple[str, str], reader: _Someone, previewing: Previewing
) -> RenderedDifference:
    old, old_problem = _email(key, sources[0], reader, previewing)
    new, new_problem = _email(key, sources[1], reader, previewing)
    return RenderedDifference(
        subscriber_id=reader.subscriber_id,
        name=reader.name,
        subject=text_difference(old.subject, new.subject),
        lines=text_difference(old.text, new.text),
        html=(old.html, new.html),
        problems=(old_problem, new_problem),
    )


_NO_EMAIL = RenderedEmail(subject="", preheader="", text="", html="")


def _email(
    key: str, source: str, reader: _Someone, previewing: Previewing
) -> tuple[RenderedEmail, str]:
    """Return one person's email, or an empty one and why."""
    try:
        tried = previewing.confinement.try_source(
            source, name=key, reader=reader.context, is_notice=reader.is_notice
        )
    except TemplateError as error:
        return _NO_EMAIL, str(error)
    if tried.email is None:
        return _NO_EMAIL, tried.failed.reason if tried.failed else ""
    return tried.email, ""


def _source(tx: Transaction, key: str, number: int | None) -> str:
    if number is None:
        draft = template_drafts.find_draft(tx, key)
        if draft is None:
            raise NotFoundError(say('There is no draft of "{key}".', key=key))
        return draft.source
    version = template_versions.find_version(tx, key, number)
    if version is None:
        raise NotFoundError(
            say('The email "{key}" has no version {number}.', key=key, number=number)
        )
    return version.source
