"""Make the draft of an email what is sent, once it was rendered for everybody it concerns."""

from dataclasses import dataclass
from typing import NoReturn

from funnel.domain.errors import DraftConflictError, InvalidInputError, NotFoundError
from funnel.domain.publish_check import PublishCheck
from funnel.domain.readers import MadeUp, MadeUpReader
from funnel.domain.speech import say, say_many
from funnel.domain.template_draft import TemplateDraft
from funnel.domain.version_switch import VersionOrigin
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.errors import TemplateError
from funnel.rendering.finding import Finding, Severity
from funnel.services.check_links import dropped_links
from funnel.services.check_readers import (
    TemplateFailure,
    TextAsked,
    ask_readers,
    check_readers,
)
from funnel.services.preview_template import (
    MISSING,
    Previewing,
    TemplateProblem,
    compile_confined,
    preview_template,
)
from funnel.storage import (
    audit,
    definition_errors,
    template_drafts,
    template_versions,
    templates,
)
from funnel.storage.template_versions import TemplateVersion
from funnel.storage.templates import PublishAct
from funnel.storage.transaction import Transaction

_USUAL = MadeUpReader(kind=MadeUp.USUAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateCheck:
    """What stands in the way of publishing an email.

    Attributes:
        people: For how many it was rendered: all who are still to get it.
        failures: By reason, the first twenty reasons.
        findings: What is to mend; errors stand in the way, warnings do not.
        problem: Why it does not compile; nobody was rendered for then.
        waits: A worker's look at so many people; who lacks what is not known before it is finished.
    """

    people: int = 0
    failures: tuple[TemplateFailure, ...] = ()
    findings: tuple[Finding, ...] = ()
    problem: TemplateProblem | None = None
    waits: PublishCheck | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stand in the way."""
        return tuple(each for each in self.findings if each.severity is Severity.ERROR)

    @property
    def is_passed(self) -> bool:
        """Whether it may be published."""
        is_known = self.waits is None and self.problem is None
        return is_known and not self.failures and not self.errors


class TemplateCheckError(InvalidInputError):
    """An email did not pass its check: nothing was published; ``check`` says why."""

    def __init__(self, check: TemplateCheck) -> None:
        self.check = check
        message, remedy = _obstacle(check)
        super().__init__(message, field="source", remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTemplate:
    """A version that is live now; it was rendered for ``people``."""

    number: int
    people: int


def check_template(key: str, previewing: Previewing, *, asked_by: str = "") -> TemplateCheck:
    """Return what stands in the way of publishing an email's draft (or of what is live).

    It is rendered, strictly and with their own data, for everybody who is still to get it, as of
    the moment when they get it; in batches, and in its confinement.

    Args:
        key: The template.
        previewing: What the check is made with.
        asked_by: Who asks and cannot wait: many people are looked at by a worker then, and
            ``waits`` says how far it is. Empty: everybody is looked at now.

    Raises:
        NotFoundError: There is no such email, or it has no text yet.
    """
    with previewing.transactions.begin_reading() as tx:
        draft, live = template_drafts.find_draft(tx, key), template_versions.find_live(tx, key)
    found = draft or live
    if found is None:
        raise NotFoundError(say('The email "{key}" has no text yet.', key=key))
    return _checked(key, found.source, previewing, asked_by=asked_by)[0]


def publish_template(
    key: str,
    *,
    seen: int,
    by: str,
    previewing: Previewing,
    note: str = "",
    over: int | None = None,
) -> PublishedTemplate:
    """Publish the draft of an email: everybody gets it from the next email that is opened.

    What is open already keeps the version that it was opened with.

    Args:
        key: The template.
        seen: The revision of the draft that is meant.
        by: Who decided so, and in ``note`` why.
        previewing: What the check is made with.
        note: For whoever reads the list of versions.
        over: The number of the live version that is replaced knowingly, though the draft was begun
            from another one.

    Raises:
        NotFoundError: There is no draft.
        DraftConflictError: It was changed meanwhile, or another version went live.
        InvalidInputError: It says what is live already.
        TemplateCheckError: It did not pass its check, see ``check_template``.
    """
    with previewing.transactions.begin_reading() as tx:
        draft = _meant(tx, key, seen=seen, over=over)
    check, compiled = _checked(key, draft.source, previewing)
    if compiled is None or not check.is_passed:
        raise TemplateCheckError(check)
    act = PublishAct(origin=VersionOrigin.DRAFT, by=by, note=note)
    with previewing.transactions.begin() as tx:
        definition_errors.lock_definitions(tx)
        # Asked again under the lock: what was checked must be what goes live.
        draft = _meant(tx, key, seen=seen, over=over)
        number = make_live(tx, key, draft.source, compiled, act)
        if template_drafts.delete_draft(tx, key, seen=seen) is None:
            refuse_changed(tx, key, draft.source)
    return PublishedTemplate(number=number, people=check.people)


def make_live(
    tx: Transaction, key: str, source: str, compiled: CompiledTemplate, act: PublishAct
) -> int:
    """Write the next version and return its number; the caller holds ``lock_definitions``."""
    number = templates.publish_template(
        tx,
        key=key,
        source=source,
        compiled=compiled.to_json(),
        checksum=compiled.checksum,
        act=act,
    )
    is_back = act.origin is VersionOrigin.ROLLBACK
    audit.write_audit(
        tx,
        by=act.by,
        action="template.rolled_back" if is_back else "template.published",
        target=key,
        detail={"version": number, "note": act.note},
    )
    return number


def refuse_changed(tx: Transaction, key: str, yours: str) -> NoReturn:
    """Say that the draft is another one by now.

    Raises:
        DraftConflictError: Always.
    """
    now = template_drafts.find_draft(tx, key)
    raise DraftConflictError(
        say("The draft was changed or discarded meanwhile; nothing was published."),
        field="source",
        remedy=say("Look at it as it is now, and publish again."),
        theirs="" if now is None else now.source,
        yours=yours,
        revision="" if now is None else str(now.revision),
        by="" if now is None else now.updated_by,
        at=None if now is None else now.updated_at,
    )


def _checked(
    key: str, source: str, previewing: Previewing, *, asked_by: str = ""
) -> tuple[TemplateCheck, CompiledTemplate | None]:
    preview = preview_template(key, source, _USUAL, previewing)
    if preview.error is not None:
        return TemplateCheck(problem=preview.error, findings=preview.findings), None
    # Who lacks a value is found below, of everybody and not of a few.
    findings = tuple(each for each in preview.findings if each.code != MISSING)
    try:
        compiled = compile_confined(key, source, previewing)
        findings = (*findings, *dropped_links(key, compiled, previewing.transactions))
        question = TextAsked(key=key, source=source, compiled=compiled)
        waits = ask_readers(question, previewing, by=asked_by) if asked_by else None
        if waits is not None:
            return TemplateCheck(people=waits.total, findings=findings, waits=waits), compiled
        looked = check_readers(question, previewing)
    except TemplateError as error:
        problem = TemplateProblem(line=error.line, reason=error.reason, remedy=error.remedy)
        return TemplateCheck(problem=problem, findings=findings), None
    known = {(each.code, each.message) for each in looked.findings}
    findings = (
        *looked.findings,
        # Said above with how many they are.
        *(each for each in findings if (each.code, each.message) not in known),
    )
    failures = tuple(looked.failures.values())
    return TemplateCheck(people=looked.people, failures=failures, findings=findings), compiled


def _meant(tx: Transaction, key: str, *, seen: int, over: int | None) -> TemplateDraft:
    """Return the draft, if it is the one that was seen and nobody published meanwhile."""
    draft = template_drafts.find_draft(tx, key)
    if draft is None and not seen:
        raise NotFoundError(say('There is no draft of "{key}".', key=key))
    if draft is None or draft.revision != seen:
        refuse_changed(tx, key, yours="")
    live = template_versions.find_live(tx, key)
    if live is not None and live.source == draft.source:
        raise InvalidInputError(
            say("This says what is live already."),
            field="source",
            remedy=say("There is nothing to publish; discard the draft."),
        )
    is_known = live is not None and live.number == over
    if not is_known and draft.base_version_id != (None if live is None else live.id):
        _refuse_over(live, draft)
    return draft


def _refuse_over(live: TemplateVersion | None, draft: TemplateDraft) -> NoReturn:
    raise DraftConflictError(
        say(
            "Version {number} went live after this draft was begun; the draft stays.",
            number=0 if live is None else live.number,
        ),
        field="source",
        remedy=say("Look at what differs, and publish over it if that is meant."),
        theirs="" if live is None else live.source,
        yours=draft.source,
        revision=str(draft.revision),
        by="" if live is None else live.published_by,
        at=None if live is None else live.published_at,
    )


def _obstacle(check: TemplateCheck) -> tuple[str, str]:
    """Return the first thing that stands in the way, and what to do about it."""
    if check.problem is not None:
        line, reason = check.problem.line, check.problem.reason
        words = reason if line is None else say("Line {line}: {reason}", line=line, reason=reason)
        return words, check.problem.remedy
    if check.failures:
        first = check.failures[0]
        return (
            say_many(
                "It cannot be rendered for {name}: {reason}",
                "It cannot be rendered for {name} and others, {count} in all: {reason}",
                first.people,
                name=first.name,
                reason=first.reason,
            ),
            say("Give them other words: {% if … %} … {% else %} … {% endif %}."),
        )
    return check.errors[0].message, check.errors[0].remedy
