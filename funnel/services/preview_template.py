"""Show an email before anybody gets it: compiled, given a reader's values, rendered, looked at.

The text is what somebody types, so it is compiled and rendered in a process apart
(``rendering/confinement.py``); the values are read here, as sending reads them. Its links are of
the same form as real ones and open nothing: who looks at a preview must not act as its reader.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from funnel.domain.readers import PEOPLE, MadeUp, Reader
from funnel.domain.speech import say, say_many
from funnel.domain.template import EmailContext
from funnel.rendering.compiled import CompiledTemplate
from funnel.rendering.confinement import Confinement, Failure, Tried
from funnel.rendering.empty_values import empty_finding
from funnel.rendering.errors import TemplateError
from funnel.rendering.finding import Finding, Severity, line_of
from funnel.services.build_email import EmailBuilder
from funnel.services.read_reader import EmailDesk
from funnel.storage import template_readers
from funnel.storage.transaction import Transaction, Transactions

PEOPLE_LOOKED_AT = 8
MISSING = "value-missing"  # the finding about people who are to get the email and lack a value


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewing:
    """What previews, checks and tests are made with.

    Attributes:
        builder: With links that open nothing.
        confinement: Where what somebody typed is compiled and rendered.
        patience: How long all emails that one request asks for may take to be made.
    """

    transactions: Transactions
    builder: EmailBuilder
    confinement: Confinement
    patience: timedelta = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateProblem:
    """Why there is no email; ``line`` counts from 1, ``None`` where no line is at fault."""

    line: int | None
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """How a reader gets an email; everything is empty where there is an ``error``."""

    subject: str = ""
    preheader: str = ""
    html: str = ""
    text: str = ""
    findings: tuple[Finding, ...] = ()
    error: TemplateProblem | None = None


def preview_template(key: str, source: str, reader: Reader, previewing: Previewing) -> Preview:
    """Return an email as a reader would get it, with all that is to mend in it.

    Takes at most the time and the memory of its confinement; nothing is written.

    Args:
        key: The template, so that brand, topic and footer are right.
        source: What was typed.
        reader: For whom.
        previewing: What it is made with.

    Raises:
        NotFoundError: There is no such email, or nobody of that id.
    """
    is_notice, given, others = _readers(key, source, reader, previewing)
    try:
        tried = previewing.confinement.try_source(
            source,
            name=key,
            reader=given,
            others=[each.context for each in others],
            is_notice=is_notice,
        )
    except TemplateError as error:
        return Preview(
            error=TemplateProblem(line=error.line, reason=error.reason, remedy=error.remedy)
        )
    findings = (
        *_about_people(source, tried, others),
        *_about_gaps(source, tried, others),
        *tried.findings,
    )
    email, failed = tried.email, tried.failed
    if email is None:
        problem = None if failed is None else _problem(source, failed)
        return Preview(findings=findings, error=problem)
    return Preview(
        subject=email.subject,
        preheader=email.preheader,
        html=email.html,
        text=email.text,
        findings=tuple(sorted(findings, key=lambda each: each.severity is not Severity.ERROR)),
    )


def compile_confined(key: str, source: str, previewing: Previewing) -> CompiledTemplate:
    """Return what a text compiles to, once it was rendered in its confinement for somebody made up.

    Raises:
        NotFoundError: There is no such email.
        TemplateError: It does not compile, cannot be rendered for anybody, or was stopped.
    """
    with previewing.transactions.begin_reading() as tx:
        desk = EmailDesk.open(tx, key)
        usual = desk.made_up(PEOPLE[MadeUp.USUAL], names_replay="replay" in source)
        context = usual.context(previewing.builder)
    tried = previewing.confinement.try_source(source, name=key, reader=context)
    if tried.failed is not None:
        problem = _problem(source, tried.failed)
        raise TemplateError(problem.reason, name=key, line=problem.line, remedy=problem.remedy)
    return tried.compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class _Other:
    """Somebody else whom the text is tried for; without a ``name`` they are made up.

    Attributes:
        is_nameless: They are made up to have all but a name of their own.
    """

    context: EmailContext
    name: str = ""
    is_nameless: bool = False


def _readers(
    key: str, source: str, reader: Reader, previewing: Previewing
) -> tuple[bool, EmailContext, Sequence[_Other]]:
    with previewing.transactions.begin_reading() as tx:
        names_replay = "replay" in source
        desk = EmailDesk.open(tx, key)
        given = desk.reader(reader, names_replay=names_replay)
        others = [
            *_some_people(tx, desk, previewing),
            *_someone_without(desk, previewing),
            _someone_nameless(desk, previewing, names_replay=names_replay),
        ]
        return given.data.topic is None, given.context(previewing.builder), others


def _some_people(tx: Transaction, desk: EmailDesk, previewing: Previewing) -> Iterator[_Other]:
    if desk.sequence is None or desk.place.sequence_slug is None:
        return
    run_ids = template_readers.different_people(
        tx, desk.sequence.id, desk.step_key, PEOPLE_LOOKED_AT
    )
    names = template_readers.names_of(tx, run_ids)
    for each in desk.of_runs(run_ids, only_due=True):
        run_id = each.data.enrollment_id
        name = names.get(run_id, "") if run_id else ""
        yield _Other(context=each.context(previewing.builder), name=name)


def _someone_without(desk: EmailDesk, previewing: Previewing) -> Iterator[_Other]:
    """Yield somebody who holds no seat: letters may go to them as well."""
    if desk.place.sequence_slug is not None:
        context = desk.seatless(PEOPLE[MadeUp.NO_NAME]).context(previewing.builder)
        yield _Other(context=context)


def _someone_nameless(desk: EmailDesk, previewing: Previewing, *, names_replay: bool) -> _Other:
    """Return somebody who gave only an address: every form lets them."""
    reader = desk.made_up(PEOPLE[MadeUp.NO_NAME], names_replay=names_replay)
    return _Other(context=reader.context(previewing.builder), is_nameless=True)


def _about_gaps(source: str, tried: Tried, others: Sequence[_Other]) -> Iterator[Finding]:
    """Yield each value that the text prints for somebody who has none: "Hello ,"."""
    names: dict[str, list[str]] = {each: [] for each in tried.empty}
    for each in tried.empties:
        other = others[each.index]
        # Who holds no seat lacks much that an email about a seat may print.
        if other.name or each.variable.startswith("person."):
            names.setdefault(each.variable, []).extend([other.name] if other.name else [])
    people = sum(1 for each in others if each.name)
    for variable, found in sorted(names.items()):
        who = named_people(found, people) if found else ""
        finding = empty_finding(variable, source, who=who)
        if finding is not None:
            yield finding


def _about_people(source: str, tried: Tried, others: Sequence[_Other]) -> Iterator[Finding]:
    """Yield each value that somebody lacks, and who they are."""
    by_reason: dict[str, list[Failure]] = {}
    for failure in tried.failures:
        if others[failure.index].is_nameless:
            continue  # as the reader who has everything, who says it
        by_reason.setdefault(failure.reason, []).append(failure)
    people = sum(1 for each in others if each.name)
    for reason, failures in by_reason.items():
        names = [others[each.index].name for each in failures if others[each.index].name]
        finding = Finding(
            code=MISSING if names else "value-may-be-missing",
            severity=Severity.ERROR if names else Severity.WARNING,
            message=say("Not everybody has this value: {reason}.", reason=reason),
            remedy=say("Give them other words: {% if … %} … {% else %} … {% endif %}."),
            line=line_of(source, failures[0].variable) if failures[0].variable else None,
            people=say("somebody without a seat"),
        )
        yield replace(finding, people=named_people(names, people)) if names else finding


def named_people(names: Sequence[str], people: int) -> str:
    """Return "Ana, one of 8 people that were looked at": whom a finding concerns."""
    return say_many(
        "{name}, one of {people} people that were looked at",
        "{name} and others: {count} of {people} people that were looked at",
        len(names),
        name=names[0],
        people=people,
    )


def _problem(source: str, failed: Failure) -> TemplateProblem:
    return TemplateProblem(
        line=line_of(source, failed.variable) if failed.variable else None,
        reason=say("This reader cannot get it: {reason}", reason=failed.reason),
        remedy=say("Give them other words: {% if … %} … {% else %} … {% endif %}."),
    )
