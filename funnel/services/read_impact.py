"""What a publish would mean for everybody in the sequence, asked of the planner; nothing changes.

Each person is planned twice, as they are and as the publish would leave them, in batches that each
see one moment of the database. What is kept is sums: memory does not grow with the people.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.errors import NotFoundError
from funnel.domain.impact import StepChange, compare
from funnel.domain.impact_sums import ImpactSums, StepSums, sentence_for_keep
from funnel.domain.planner import plan
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.version_switch import PublishPolicy, added_keys, added_later, switched
from funnel.storage import drafts, enrollments, sequences, version_runs
from funnel.storage.enrollments import Run
from funnel.storage.sequences import SequenceRecord
from funnel.storage.transaction import Transaction, Transactions

PEOPLE_AT_ONCE = 200

Progress = Callable[[int, int], None]
"""Told how many people are done, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What may be published.

    Attributes:
        live: The sequence as it is; ``None``: it is new.
        number: What its version will be called, if nobody else publishes before.
        source: The file that says it, comments included; ``None``: nobody wrote one.
    """

    definition: SequenceDefinition
    live: SequenceRecord | None
    live_definition: SequenceDefinition | None
    number: int
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonImpact:
    """One person in the sequence, and what becomes of each of their emails."""

    enrollment_id: UUID
    subscriber_id: UUID
    email: str
    zone: ZoneInfo
    now: datetime
    changes: tuple[StepChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a publish would mean, in sums and in one sentence.

    Attributes:
        number: What the version will be called.
        people: How many are in the sequence.
        changed: For how many of them anything changes.
        now: Plan time for which it was asked.
    """

    number: int
    policy: PublishPolicy
    people: int
    changed: int
    steps: tuple[StepSums, ...]
    sentence: str
    now: datetime


def read_impact(
    candidate: Candidate,
    policy: PublishPolicy,
    transactions: Transactions,
    *,
    progress: Progress | None = None,
) -> Impact:
    """Return what publishing ``candidate`` under ``policy`` would mean now.

    What another run of the same person does with its letters afterwards is not followed: the days
    that it holds now count.
    """
    people, now = _size(candidate, transactions)
    if policy is PublishPolicy.KEEP:
        sentence = sentence_for_keep(people, candidate.number)
        return _impact(candidate, policy, ImpactSums(), now=now, people=people, sentence=sentence)
    sums = empty_sums(candidate)
    for person in people_impact(candidate, policy, transactions):
        sums.add(person.changes, person.zone, person.now)
        if progress is not None:
            progress(sums.people, people)
    return impact_of(candidate, policy, sums, now)


def empty_sums(candidate: Candidate) -> ImpactSums:
    """Return what everybody in the sequence is added to."""
    return ImpactSums(_new_keys(candidate), _names(candidate))


def impact_of(
    candidate: Candidate, policy: PublishPolicy, sums: ImpactSums, now: datetime
) -> Impact:
    """Return what a publish would mean, once everybody is in the sums; ``now`` is plan time."""
    sentence = sums.sentence(candidate.number)
    return _impact(candidate, policy, sums, now=now, people=sums.people, sentence=sentence)


def people_impact(
    candidate: Candidate,
    policy: PublishPolicy,
    transactions: Transactions,
    *,
    after: UUID | None = None,
) -> Iterator[PersonImpact]:
    """Yield everybody in the sequence with what changes for them, each batch as of one moment.

    Everybody comes in the order of their runs' ids; ``after`` one of them, if it is given.
    """
    for tx, runs in batches(candidate, transactions, after=after):
        yield from impact_on(tx, runs, candidate, policy)


def impact_on(
    tx: Transaction, runs: Sequence[Run], candidate: Candidate, policy: PublishPolicy
) -> Iterator[PersonImpact]:
    """Yield some people with what changes for them."""
    emails = version_runs.addresses(tx, [run.id for run in runs])
    for run in runs:
        yield PersonImpact(
            enrollment_id=run.id,
            subscriber_id=run.subscriber_id,
            email=emails[run.id],
            zone=run.enrollment.zone,
            now=tx.now,
            changes=changes_of(tx, run, candidate, policy),
        )


def batches(
    candidate: Candidate, transactions: Transactions, *, after: UUID | None = None
) -> Generator[tuple[Transaction, list[Run]], None, None]:
    """Yield everybody in the sequence, some at a time, with the transaction that saw them."""
    live = candidate.live
    while live is not None:
        with transactions.begin_reading() as tx:
            version_runs.see_one_moment(tx)
            run_ids = version_runs.next_people(tx, live.id, after=after, limit=PEOPLE_AT_ONCE)
            # By their ids as well: where a page or a worker goes on is behind the last of them.
            yield tx, sorted(enrollments.load_runs(tx, run_ids), key=lambda run: run.id)
        if len(run_ids) < PEOPLE_AT_ONCE:
            return
        after = run_ids[-1]


def changes_of(
    tx: Transaction, run: Run, candidate: Candidate, policy: PublishPolicy
) -> tuple[StepChange, ...]:
    """Return what becomes of each email of one run, were the candidate published now."""
    before = sequences.read_definition(tx, run.version_id)
    after = candidate.definition
    now = tx.now
    former = plan(run.enrollment, before, run.facts, run.taken_days, now)
    if policy is PublishPolicy.KEEP:
        return compare(former, former)
    rows = added_later(
        run.enrollment, run.facts, added_keys(before, after), after=after, policy=policy, now=now
    )
    facts = switched(run.facts, after, rows)
    return compare(former, plan(run.enrollment, after, facts, run.taken_days, now))


def draft_candidate(tx: Transaction, slug: str) -> Candidate:
    """Return what publishing the draft of a sequence would publish.

    Raises:
        NotFoundError: There is no draft.
    """
    draft = drafts.find_draft(tx, slug)
    if draft is None:
        raise NotFoundError(f'there is no draft of "{slug}"')
    return candidate_of(tx, slug, draft.definition, draft.source)


def candidate_of(
    tx: Transaction, slug: str, definition: SequenceDefinition, source: str | None = None
) -> Candidate:
    """Return a definition, and the file that says it, beside what is live of its sequence."""
    live = sequences.find_sequence(tx, slug)
    if live is None:
        return Candidate(
            definition=definition, live=None, live_definition=None, number=1, source=source
        )
    return Candidate(
        definition=definition,
        live=live,
        live_definition=sequences.read_definition(tx, live.live_version_id),
        number=sequences.newest_number(tx, live.id) + 1,
        source=source,
    )


def _new_keys(candidate: Candidate) -> frozenset[str]:
    if candidate.live_definition is None:
        return frozenset()
    return added_keys(candidate.live_definition, candidate.definition)


def _names(candidate: Candidate) -> dict[str, str]:
    """Return what people see of each email; of one that both have, by its name from now on."""
    found = [candidate.live_definition, candidate.definition]
    return {step.key: step.known_as for each in found if each for step in each.steps}


def _size(candidate: Candidate, transactions: Transactions) -> tuple[int, datetime]:
    with transactions.begin_reading() as tx:
        people = 0 if candidate.live is None else version_runs.count_people(tx, candidate.live.id)
        return people, tx.now


def _impact(
    candidate: Candidate,
    policy: PublishPolicy,
    sums: ImpactSums,
    *,
    now: datetime,
    people: int,
    sentence: str,
) -> Impact:
    return Impact(
        number=candidate.number,
        policy=policy,
        people=people,
        changed=sums.changed,
        steps=sums.steps,
        sentence=sentence,
        now=now,
    )
