"""What a run brings along when its pointer moves to another version of its sequence."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum

from funnel.domain.enrollment import Enrollment, Facts, PassedStep
from funnel.domain.message import MessageStatus
from funnel.domain.plan import SkipReason
from funnel.domain.sequence import SequenceDefinition, Step
from funnel.domain.step_moments import anchor_at, settled_moment, step_due_at, timing_for

REMOVED_REASON = "removed from the sequence"


class VersionOrigin(StrEnum):
    """Where a published version came from."""

    FILE = "file"
    DRAFT = "draft"
    ROLLBACK = "rollback"


class PublishPolicy(StrEnum):
    """What a publish means for whoever is in the sequence; a person chooses it each time.

    ``KEEP``: they finish on their version. The others move everybody who has not finished:
    ``MOVE`` gives them no new email whose moment has passed for them, ``CATCH_UP`` also those, and
    ``SKIP`` none that stands before the point of the list that they have reached.
    """

    KEEP = "keep"
    MOVE = "move"
    CATCH_UP = "catch up"
    SKIP = "skip"


def added_keys(before: SequenceDefinition, after: SequenceDefinition) -> frozenset[str]:
    """Return the keys of the steps that ``after`` has and ``before`` had not."""
    return frozenset(each.key for each in after.steps) - {each.key for each in before.steps}


def removed_keys(before: SequenceDefinition, after: SequenceDefinition) -> frozenset[str]:
    """Return the keys of the steps that ``before`` had and ``after`` has no more."""
    return added_keys(after, before)


def added_later(
    enrollment: Enrollment,
    facts: Facts,
    added: frozenset[str],
    *,
    after: SequenceDefinition,
    policy: PublishPolicy,
    now: datetime,
) -> tuple[PassedStep, ...]:
    """Return the new steps that this run does not get, as rows that say so.

    Args:
        enrollment: The run.
        facts: What happened in it.
        added: Keys that the run's version does not have; see ``added_keys``.
        after: The version that it moves to.
        policy: Whether a new step whose moment has passed, or which stands before the point that
            the run has reached, is skipped.
        now: Plan time of the move.
    """
    if policy in {PublishPolicy.KEEP, PublishPolicy.CATCH_UP}:
        return ()
    switching = _Switching(enrollment, facts, added, now.astimezone(UTC))
    reached = _reached(after.steps, facts) if policy is PublishPolicy.SKIP else 0
    rows = []
    for position, step in enumerate(after.steps):
        moment = switching.moment(step)
        has_row = any(each.key == step.key for each in facts.passed)
        if step.key not in added or has_row:
            continue
        is_behind = position < reached
        has_passed = policy is PublishPolicy.MOVE and moment is not None and moment <= now
        if is_behind or has_passed:
            rows.append(_skipped(step, facts, moment=moment or now, now=now))
    return tuple(rows)


def switched(facts: Facts, after: SequenceDefinition, rows: Sequence[PassedStep] = ()) -> Facts:
    """Return the facts of a run that has moved to ``after``.

    Args:
        facts: As they were.
        after: The version; what is queued for a step that it does not have is cancelled.
        rows: What the move wrote; see ``added_later``.
    """
    keys = {each.key for each in after.steps}
    kept = (
        each for each in facts.passed if each.key in keys or each.status is not MessageStatus.QUEUED
    )
    return replace(facts, passed=(*kept, *rows))


def _reached(steps: Sequence[Step], facts: Facts) -> int:
    """Return the position of the last step of the list that the run has a row of; 0 without one."""
    passed = {each.key for each in facts.passed}
    return max((at for at, step in enumerate(steps) if step.key in passed), default=0)


class _Switching:
    """When each step of a version was, or will be, due for one run: as if it had always been there.

    A letter's day is the first that its window allows; who else wants that day does not matter for
    the question whether its moment has passed.
    """

    def __init__(
        self, enrollment: Enrollment, facts: Facts, added: frozenset[str], now: datetime
    ) -> None:
        self._enrollment = enrollment
        self._added = added
        self._registration = facts.registration
        self._first_rows = {each.key: each for each in _first_copies(facts)}
        self._counted_from: dict[str, datetime] = {}
        self._now = now

    def moment(self, step: Step) -> datetime | None:
        """Return the moment of a step, whose anchor's step was asked for before.

        ``None``: it counts from something that this person does not have.
        """
        row = self._first_rows.get(step.key)
        moment = self._due_at(step) if row is None else row.moment
        if row is not None and row.settled_at is not None:
            self._counted_from[step.key] = settled_moment(row)
        elif moment is not None:
            # What was there before and is not settled yet will be after now, whenever it was due.
            is_ahead = step.key not in self._added
            self._counted_from[step.key] = max(moment, self._now) if is_ahead else moment
        return moment

    def _due_at(self, step: Step) -> datetime | None:
        timing = timing_for(step, self._registration)
        if timing is None:
            return None
        counted_at = anchor_at(
            timing.anchor, self._enrollment, self._registration, self._counted_from
        )
        if counted_at is None:
            return None
        due = step_due_at(timing, counted_at, self._enrollment)
        return due if step.window is None else step.window.first_in(due, self._enrollment.zone)


def _first_copies(facts: Facts) -> Iterator[PassedStep]:
    return (each for each in facts.passed if each.copy == 0)


def _skipped(step: Step, facts: Facts, *, moment: datetime, now: datetime) -> PassedStep:
    session = facts.registration.session if facts.registration else None
    return PassedStep(
        key=step.key,
        copy=0,
        status=MessageStatus.SKIPPED,
        moment=moment,
        settled_at=now,
        session_id=session.id if session else None,
        session_starts_at=session.starts_at if session else None,
        skip=SkipReason.ADDED_LATER,
    )
