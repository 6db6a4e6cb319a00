"""Who is affected by a publish or a roll-back, before anybody decides: sums, names, failures.

Nothing changes. What may be published is the draft, or a former version of the same sequence.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from funnel.domain.impact import Change, StepChange
from funnel.domain.publish_check import PublishCheck
from funnel.domain.sequence import key_in_words
from funnel.domain.version_switch import PublishPolicy
from funnel.services.build_email import EmailBuilder
from funnel.services.check_renders import RenderCheck, check_renders
from funnel.services.count_affected import (
    NAMED,
    CountedPeople,
    ask_count,
    find_answer,
    question_about,
)
from funnel.services.edit_draft import check_brand
from funnel.services.publish_draft import check_base
from funnel.services.read_impact import (
    Candidate,
    Impact,
    PersonImpact,
    draft_candidate,
    impact_of,
    impact_on,
    people_impact,
    read_impact,
)
from funnel.services.roll_back import former_candidate
from funnel.storage import drafts, enrollments, templates, version_runs
from funnel.storage.transaction import Transaction, Transactions

A_PAGE: Final = 25
# A page of names looks through so many people at most: some tenths of a second.
LOOKED_THROUGH: Final = 1_000


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
class UnwrittenEmail:
    """An email that has no live text: nothing can be published before it has; ``key`` is whole."""

    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """What a publish would mean.

    Attributes:
        checksum: The draft's, so that what was looked at is what goes live; "" for a roll-back.
        live_number: The version that is live; ``None``: the sequence is new.
        is_same: It says what is live already.
        unwritten: The emails without a text of their own, in their order.
        waits: The count that a worker makes of so many people; what is said here is not known
            before it is finished. ``None``: it is known.
    """

    title: str
    impact: Impact
    renders: RenderCheck
    failures: tuple[NamedFailure, ...]
    checksum: str
    live_number: int | None
    is_same: bool
    unwritten: tuple[UnwrittenEmail, ...] = ()
    waits: PublishCheck | None = None


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
        is_partial: Behind ``following`` there may be nobody: no more people were looked through.
    """

    title: str
    email: str
    people: tuple[AffectedPerson, ...]
    following: UUID | None
    is_partial: bool = False


def read_affected(
    proposal: Proposal, builder: EmailBuilder, transactions: Transactions, *, by: str = ""
) -> Affected:
    """Return whom a publish concerns, and which emails could not be built for whom.

    Few people are looked at at once. Many are counted by a worker: the first call asks for that,
    and until it is done ``waits`` says how far it is.

    Args:
        proposal: What would be published.
        builder: Builds the emails that would be sent.
        transactions: On the database.
        by: Who asks.

    Raises:
        NotFoundError: No such sequence or version, or no draft of it.
        InvalidInputError: The version is live already, or the brand is missing.
        DraftConflictError: Another version is live than the one that the draft was begun from.
    """
    with transactions.begin_reading() as tx:
        candidate = candidate_for(tx, proposal)
        draft = None if proposal.to_number else drafts.find_draft(tx, proposal.slug)
        if draft is not None:
            check_base(tx, draft, candidate)
        check_brand(tx, candidate.definition)
        unwritten = templates.missing_emails(tx, candidate.definition)
    policy = proposal.policy
    check = ask_count(candidate, policy, transactions, number=proposal.to_number, by=by)
    if check is None:
        impact = read_impact(candidate, policy, transactions)
        renders = check_renders(candidate, policy, builder, transactions)
    else:
        counted = CountedPeople.begin(candidate, policy, builder, check.result)
        impact = impact_of(candidate, policy, counted.sums, check.began_at)
        impact = replace(impact, people=check.total)
        renders = counted.renders.result()
    return Affected(
        title=candidate.definition.title,
        impact=impact,
        renders=renders,
        failures=_named(candidate, renders, transactions),
        checksum=draft.checksum if draft is not None else "",
        live_number=candidate.live.number if candidate.live else None,
        is_same=candidate.definition == candidate.live_definition,
        unwritten=tuple(
            UnwrittenEmail(key=key, name=_email_name(candidate, key.rpartition("/")[2]))
            for key in unwritten
        ),
        waits=check if check is not None and check.is_running else None,
    )


def find_wait(proposal: Proposal, transactions: Transactions, *, by: str) -> PublishCheck | None:
    """Return the count that a publish has to wait for; it is asked for, if nobody has.

    Returns:
        ``None`` where nothing has to be waited for.

    Raises:
        NotFoundError: No such sequence or version, or no draft of it.
        InvalidInputError: The version is live already.
    """
    with transactions.begin_reading() as tx:
        candidate = candidate_for(tx, proposal)
    check = ask_count(candidate, proposal.policy, transactions, number=proposal.to_number, by=by)
    return check if check is not None and check.is_running else None


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
        candidate = candidate_for(tx, proposal)
        known = () if after else _first_named(tx, candidate, proposal, step_key, change)
        runs = enrollments.load_runs(tx, list(known)) if known else []
        named = list(
            impact_on(tx, sorted(runs, key=lambda run: run.id), candidate, proposal.policy)
        )
    looked = _Looked(step_key, change)
    if known:
        looked.at(named)
        if len(known) == NAMED and looked.is_open:
            looked.following, looked.is_partial = known[-1], True
    else:
        looked.at(people_impact(candidate, proposal.policy, transactions, after=after))
    with transactions.begin_reading() as tx:
        names = version_runs.person_names(tx, [who.subscriber_id for who, _ in looked.shown])
    return AffectedPeople(
        title=candidate.definition.title,
        email=_email_name(candidate, step_key),
        people=tuple(_affected(who, each, names) for who, lines in looked.shown for each in lines),
        following=looked.following,
        is_partial=looked.is_partial,
    )


@dataclass(slots=True)
class _Looked:
    """The people behind one number, as far as a page goes."""

    step_key: str
    change: Change
    shown: list[tuple[PersonImpact, tuple[StepChange, ...]]] = field(default_factory=list)
    following: UUID | None = None
    is_partial: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is not known yet where the next page begins."""
        return self.following is None

    def at(self, people: Iterable[PersonImpact]) -> None:
        """Look through people until the page is full, or enough were looked at."""
        for looked_at, person in enumerate(people, start=1):
            lines = _such(person, self.step_key, self.change)
            if lines and len(self.shown) == A_PAGE:
                self.following = self.shown[-1][0].enrollment_id
                return
            if lines:
                self.shown.append((person, lines))
            if looked_at == LOOKED_THROUGH:
                self.following, self.is_partial = person.enrollment_id, True
                return


def _first_named(
    tx: Transaction, candidate: Candidate, proposal: Proposal, step_key: str, change: Change
) -> tuple[UUID, ...]:
    """Return the first runs behind a number that a worker has counted."""
    question = question_about(tx, candidate, proposal.policy)
    found = find_answer(tx, question, candidate.definition.slug)
    if found is None or found.is_running:
        return ()
    named = found.result.get("first", {}).get(step_key, {}).get(change.value, [])
    return tuple(UUID(each) for each in named)


def candidate_for(tx: Transaction, proposal: Proposal) -> Candidate:
    """Return what a proposal would publish.

    Raises:
        NotFoundError: No such sequence or version, or no draft of it.
        InvalidInputError: The version is live already.
    """
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
