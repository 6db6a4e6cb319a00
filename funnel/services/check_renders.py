"""Render a version's emails for everybody whom a publish would send them to: strictly, unsent.

The gate of a publish: what would fail for one person at its moment is found before, with the
person, the email and the value that is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from funnel.domain.brand import Brand
from funnel.domain.consent import Topic
from funnel.domain.errors import FunnelError, InvalidInputError
from funnel.domain.impact import Change, StepChange
from funnel.domain.sequence import StepKind
from funnel.domain.speech import number, say
from funnel.domain.version_switch import PublishPolicy
from funnel.rendering.compiled import CompiledTemplate
from funnel.services.build_email import EmailBuilder, build_email
from funnel.services.read_impact import Candidate, Progress, batches, changes_of
from funnel.storage import brands, merge_data, templates, version_runs
from funnel.storage.enrollments import Run
from funnel.storage.merge_data import MergeData, OpenDate
from funnel.storage.transaction import Transaction, Transactions

# What odd data can make of building an email, as in delivering.
_UNFIT = (FunnelError, ValueError, TypeError, LookupError)
_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderFailure:
    """An email that could not be built, for one reason, for one person or several.

    Attributes:
        subscriber_id: The first of them.
        variable: The value that their data lacks; empty where the error names none.
        people: How many they are.
    """

    step_key: str
    subscriber_id: UUID
    variable: str
    reason: str
    people: int = 1

    def __str__(self) -> str:
        if self.people == 1:
            return say(
                "{email} for person {id}: {reason}",
                email=self.step_key,
                id=self.subscriber_id,
                reason=self.reason,
            )
        return say(
            "{email} for person {id} and {others} more: {reason}",
            email=self.step_key,
            id=self.subscriber_id,
            others=number(self.people - 1),
            reason=self.reason,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderCheck:
    """What was rendered, and the failures by their reasons: the first twenty reasons."""

    people: int
    emails: int
    failed: int
    failures: tuple[RenderFailure, ...]


class RenderCheckError(InvalidInputError):
    """An email cannot be rendered for somebody whom it concerns: nothing is published."""

    def __init__(self, check: RenderCheck, slug: str) -> None:
        self.check = check
        lines = "\n".join(f"  {each}" for each in check.failures)
        more = check.failed - sum(each.people for each in check.failures)
        key = check.failures[0].step_key
        reason = say(
            "{failed} of {emails} emails cannot be rendered; nothing was published:",
            failed=number(check.failed),
            emails=number(check.emails),
        )
        others = say("and {count} for other reasons", count=number(more)) if more else ""
        super().__init__(
            f"{reason}\n{lines}" + (f"\n  {others}" if more else ""),
            field=key,
            remedy=say(
                "Give {email} words for people without that value ({{% if … %}}), and publish "
                "again.",
                email=f"{slug}/{key}",
            ),
        )


def check_renders(
    candidate: Candidate,
    policy: PublishPolicy,
    builder: EmailBuilder,
    transactions: Transactions,
    *,
    progress: Progress | None = None,
) -> RenderCheck:
    """Render what a publish would newly send, for each person with their own data.

    Concerned is every email that somebody will get and would not have, and every coming one whose
    text changed since the live version was published. Under ``KEEP`` that is nobody: who enters
    later is rendered at their own moments, from texts that compiled with samples.

    Raises:
        NotFoundError: The brand or an email of the version does not exist.
    """
    checking = RenderTally(candidate, builder)
    if policy is PublishPolicy.KEEP or candidate.live is None:
        return checking.result()
    total = 0
    for tx, runs in batches(candidate, transactions):
        total = total or version_runs.count_people(tx, candidate.live.id)
        changes = {run.id: changes_of(tx, run, candidate, policy) for run in runs}
        checking.add(tx, runs, changes)
        if progress is not None and runs:
            progress(checking.people, total)
    return checking.result()


@dataclass(slots=True)
class RenderTally:
    """Renders what a publish would send to one batch of people after the other, and counts."""

    candidate: Candidate
    builder: EmailBuilder
    people: int = 0
    emails: int = 0
    failed: int = 0
    failures: dict[tuple[str, str], RenderFailure] = field(default_factory=dict)
    _compiled: dict[str, CompiledTemplate] = field(default_factory=dict)
    _changed: frozenset[str] = frozenset()
    _dates: Sequence[OpenDate] = ()
    _brand: Brand | None = None

    def add(
        self, tx: Transaction, runs: Sequence[Run], changes: Mapping[UUID, Sequence[StepChange]]
    ) -> None:
        """Render for some people, for whom a publish changes so much."""
        self._look(tx)
        wanted = {run.id: self._concerned(changes[run.id]) for run in runs}
        self._render(tx, runs, wanted)

    def _look(self, tx: Transaction) -> None:
        """Read once what all people share."""
        if self._brand is not None or self.candidate.live is None:
            return
        definition = self.candidate.definition
        prefix = f"{definition.slug}/"
        versions = templates.live_template_ids(tx, [prefix + each.key for each in definition.steps])
        for key, version_id in versions.items():
            compiled = CompiledTemplate.from_json(templates.read_compiled(tx, version_id))
            self._compiled[key.removeprefix(prefix)] = compiled
        changed = templates.changed_since(tx, self.candidate.live.live_version_id, list(versions))
        self._changed = frozenset(key.removeprefix(prefix) for key in changed)
        self._dates = merge_data.load_open_dates(tx, definition.slug)
        self._brand = brands.find_brand(tx, definition.brand)

    def _concerned(self, changes: Sequence[StepChange]) -> list[StepChange]:
        """Return the emails that this person will get and that have to be tried."""
        return [
            each
            for each in changes
            if each.after is not None
            and (each.change is Change.WILL_GET or each.key in self._changed)
        ]

    def _render(
        self, tx: Transaction, runs: Sequence[Run], wanted: Mapping[UUID, Sequence[StepChange]]
    ) -> None:
        """Build the wanted emails of a batch of people."""
        self.people += len(runs)
        run_ids = [run_id for run_id, changes in wanted.items() if changes]
        if not run_ids or self._brand is None:
            return
        for run_id, data in merge_data.load_run_data(tx, run_ids, self._brand).items():
            for change in wanted[run_id]:
                self._try(change, data, tx.now)

    def to_json(self) -> dict[str, Any]:
        """Return what was found so far, for ``go_on``."""
        failures = [asdict(each) for each in self.failures.values()]
        return {
            "people": self.people,
            "emails": self.emails,
            "failed": self.failed,
            "failures": [
                {**each, "subscriber_id": str(each["subscriber_id"])} for each in failures
            ],
        }

    def go_on(self, found: Mapping[str, Any]) -> None:
        """Begin with what was found before; the next people are added to it."""
        self.people, self.emails = found["people"], found["emails"]
        self.failed = found["failed"]
        for kept in found["failures"]:
            failure = RenderFailure(**{**kept, "subscriber_id": UUID(kept["subscriber_id"])})
            self.failures[(failure.step_key, failure.reason)] = failure

    def result(self) -> RenderCheck:
        """Return what was found."""
        return RenderCheck(
            people=self.people,
            emails=self.emails,
            failed=self.failed,
            failures=tuple(self.failures.values()),
        )

    def _try(self, change: StepChange, data: MergeData, now: datetime) -> None:
        compiled = self._compiled.get(change.key)
        if compiled is None:
            return  # has no text yet: ``check_fit`` says so, and lets nobody publish
        self.emails += 1
        is_letter = change.kind is StepKind.LETTER
        as_if = data._replace(
            template_key=f"{data.sequence_slug}/{change.key}",
            topic=Topic.LETTERS if is_letter else Topic.SEAT,
            due_at=change.after or now,
            # As it will be then: a replay is there only after its session.
            plan_now=max(change.after or now, now),
        )
        try:
            build_email(as_if, compiled, self._dates, self.builder)
        except _UNFIT as error:
            self._note(_failure(change.key, data.subscriber_id, error))

    def _note(self, failure: RenderFailure) -> None:
        self.failed += 1
        kind = (failure.step_key, failure.reason)
        known = self.failures.get(kind)
        if known is not None:
            self.failures[kind] = replace(known, people=known.people + 1)
        elif len(self.failures) < _SHOWN:
            self.failures[kind] = failure


def _failure(step_key: str, subscriber_id: UUID, error: Exception) -> RenderFailure:
    return RenderFailure(
        step_key=step_key,
        subscriber_id=subscriber_id,
        variable=str(getattr(error, "variable", "") or ""),
        reason=str(error),
    )
