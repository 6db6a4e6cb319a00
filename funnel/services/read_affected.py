"""Who is affected by a publish or a roll-back, before anybody decides: sums, names, failures.

Nothing changes. What may be published is the draft, or a former version of the same sequence.
"""

from dataclasses import dataclass
from itertools import islice
from typing import Final
from uuid import UUID

from funnel.domain.impact import Change, StepChange
from funnel.domain.sequence import key_in_words
from funnel.domain.version_switch import PublishPolicy
from funnel.services.build_email import EmailBuilder
from funnel.services.check_renders import RenderCheck, check_renders
from funnel.services.publish_draft import check_base
from funnel.services.read_impact import (
    Candidate,
    Impact,
    PersonImpact,
    draft_candidate,
    people_impact,
    read_impact,
)
from funnel.services.roll_back import former_candidate
from funnel.storage import drafts, version_runs
from funnel.storage.transaction import Transaction, Transactions

A_PAGE: Final = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What somebody thinks of publishing.

    Attributes:
        to_number: The former version that would live again; ``None``: the draft.
    """

    slug: str
    policy: PublishPolicy
    to_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFailure:
    """An email that cannot be built, for whom first, for how many, and why."""

    step_key: str
    name: str
    person_id: UUID
    person: str
    people: int
    variable: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """What a publish would mean.

    Attributes:
        checksum: The draft's, so that what was looked at is what goes live; "" for a roll-back.
        live_number: The version that is live; ``None``: the sequence is new.
        is_same: It says what is live already.
    """

    title: str
    impact: Impact
    renders: RenderCheck
    failures: tuple[NamedFailure, ...]
    checksum: str
    live_number: int | None
    is_same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedPerson:
    """One person for whom one email changes, and how."""

    subscriber_id: UUID
    enrollment_id: UUID
    name: str
    zone: str
    change: StepChange


@dataclass(frozen=True, slots=True, kw_only=True)
class AffectedPeople:
    """A page of the people behind one number.

    Attributes:
        following: Where the next page begins; ``None``: there is none.
    """

    title: str
    email: str
    people: tuple[AffectedPerson, ...]
    following: UUID | None


def read_affected(
    proposal: Proposal, builder: EmailBuilder, transactions: Transactions
) -> Affected:
    """Return whom a publish concerns, and which emails could not be built for whom.

    Raises:
        NotFoundError: No such sequence or version, or no draft of it.
        InvalidInputError: The version is live already, or an email or the brand is missing.
        DraftConflictError: Another version is live than the one that the draft was begun from.
    """
    with transactions.begin_reading() as tx:
        candidate = _candidate(tx, proposal)
        draft = None if proposal.to_number else drafts.find_draft(tx, proposal.slug)
        if draft is not None:
            check_base(tx, draft, candidate)
    impact = read_impact(candidate, proposal.policy, transactions)
    renders = check_renders(candidate, proposal.policy, builder, transactions)
    return Affected(
        title=candidate.definition.title,
        impact=impact,
        renders=renders,
        failures=_named(candidate, renders, transactions),
        checksum=draft.checksum if draft is not None else "",
        live_number=candidate.live.number if candidate.live else None,
        is_same=candidate.definition == candidate.live_definition,
    )


def list_affected(
    proposal: Proposal,
    step_key: str,
    change: Change,
    transactions: Transactions,
    *,
    after: UUID | None = None,
) -> AffectedPeople:
    """Return a page of those for whom ``change`` is what becomes of one email.

    Args:
        proposal: What would be published.
        step_key: The email.
        change: The kind of change that was counted.
        transactions: On the database; each batch of people is seen at one moment.
        after: The run that the page before ended with.

    Raises:
        NotFoundError: As ``read_affected``.
        InvalidInputError: As ``read_affected``.
    """
    with transactions.begin_reading() as tx:
        candidate = _candidate(tx, proposal)
    everybody = people_impact(candidate, proposal.policy, transactions, after=after)
    concerned = ((person, _such(person, step_key, change)) for person in everybody)
    found = list(islice(((who, lines) for who, lines in concerned if lines), A_PAGE + 1))
    shown = found[:A_PAGE]
    with transactions.begin_reading() as tx:
        names = version_runs.person_names(tx, [person.subscriber_id for person, _ in shown])
    return AffectedPeople(
        title=candidate.definition.title,
        email=_email_name(candidate, step_key),
        people=tuple(_affected(who, each, names) for who, lines in shown for each in lines),
        following=shown[-1][0].enrollment_id if len(found) > A_PAGE else None,
    )


def _candidate(tx: Transaction, proposal: Proposal) -> Candidate:
    if proposal.to_number is None:
        return draft_candidate(tx, proposal.slug)
    return former_candidate(tx, proposal.slug, proposal.to_number)


def _such(person: PersonImpact, step_key: str, change: Change) -> tuple[StepChange, ...]:
    """One email has several copies for whoever changed their date."""
    lines = person.changes
    return tuple(each for each in lines if each.key == step_key and each.change is change)


def _affected(person: PersonImpact, change: StepChange, names: dict[UUID, str]) -> AffectedPerson:
    return AffectedPerson(
        subscriber_id=person.subscriber_id,
        enrollment_id=person.enrollment_id,
        name=names.get(person.subscriber_id) or person.email,
        zone=person.zone.key,
        change=change,
    )


def _named(
    candidate: Candidate, renders: RenderCheck, transactions: Transactions
) -> tuple[NamedFailure, ...]:
    if not renders.failures:
        return ()
    with transactions.begin_reading() as tx:
        people = [each.subscriber_id for each in renders.failures]
        names = version_runs.person_names(tx, people)
    return tuple(
        NamedFailure(
            step_key=each.step_key,
            name=_email_name(candidate, each.step_key),
            person_id=each.subscriber_id,
            person=names.get(each.subscriber_id, ""),
            people=each.people,
            variable=each.variable,
            reason=each.reason,
        )
        for each in renders.failures
    )


def _email_name(candidate: Candidate, key: str) -> str:
    for version in (candidate.definition, candidate.live_definition):
        for step in version.steps if version else ():
            if step.key == key:
                return step.known_as
    return key_in_words(key)
