"""Plan runs anew and write what the plan says: the one way by which a timer ever moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog

from funnel.domain.consent import Topic
from funnel.domain.enrollment import EnrollmentState, Facts, PassedStep
from funnel.domain.errors import FunnelError
from funnel.domain.message import (
    LETTER_PRIORITY,
    SERVICE_PRIORITY,
    MessageKind,
    MessageStatus,
)
from funnel.domain.outlook import Ahead
from funnel.domain.planner import Decision, Plan, PlannedStep, SkipReason, outlook, plan
from funnel.domain.sequence import SequenceDefinition, StepKind
from funnel.domain.version_switch import REMOVED_REASON, switched
from funnel.storage import enrollments, messages, sequences
from funnel.storage.enrollments import Run, RunUpdate
from funnel.storage.messages import MovedMessage, NewMessage
from funnel.storage.transaction import Transaction

log = structlog.get_logger()

# What odd data can make of a plan: that run is left as it was, loudly, and the others go on.
_UNFIT = (FunnelError, ValueError, TypeError, LookupError, ArithmeticError)
_OUTCOME = "outcome"
_WORD = "word"


def plan_enrollments(
    tx: Transaction, enrollment_ids: Sequence[UUID], *, is_claimed: bool = False
) -> None:
    """Ask the planner about these runs and write its answer in this transaction.

    Due steps become queued messages, due decisions not to send become rows with their reason,
    queued messages take their new moment or their reason, and the timer is set. Runs that have
    ended are left alone. Safe to call at any time and twice: the plan depends on facts only.

    Args:
        tx: Facts that it wrote before are part of the plan.
        enrollment_ids: Any number; several runs of one person are planned the older first.
        is_claimed: The caller holds the locks of the people and the runs already.
    """
    if not enrollment_ids:
        return
    if not is_claimed:
        enrollments.lock(tx, enrollment_ids)
    for run_ids in enrollments.in_rounds(tx, enrollment_ids):
        writes = _Writes()
        for run in enrollments.load_runs(tx, run_ids):
            _plan_run(tx, run, writes)
        messages.settle_queued(tx, writes.given_up, MessageStatus.SKIPPED)
        messages.settle_queued(tx, writes.removed, MessageStatus.CANCELLED)
        messages.move_queued(tx, writes.moved)
        messages.add(tx, writes.added)
        enrollments.save_plans(tx, writes.updates)


def plan_claimed(tx: Transaction, enrollment_ids: Sequence[UUID]) -> list[UUID]:
    """Plan claimed runs; one that cannot be planned does not stop the others.

    Args:
        tx: It holds the locks of the people and the runs already.
        enrollment_ids: Planned together; one by one where one of them cannot be.

    Returns:
        Those that could not be planned, each logged: they are as they were, their timers too.
    """
    try:
        with tx.savepoint():
            plan_enrollments(tx, enrollment_ids, is_claimed=True)
    except _UNFIT:
        return [each for each in enrollment_ids if not _is_planned_alone(tx, each)]
    return []


def _is_planned_alone(tx: Transaction, enrollment_id: UUID) -> bool:
    try:
        with tx.savepoint():
            plan_enrollments(tx, [enrollment_id], is_claimed=True)
    except _UNFIT:
        log.exception("run.not_planned", enrollment_id=str(enrollment_id))
        return False
    return True


@dataclass(slots=True)
class _Writes:
    """What the plans of a round of runs come to, written in one statement a kind."""

    added: list[NewMessage] = field(default_factory=list)
    moved: list[MovedMessage] = field(default_factory=list)
    given_up: dict[UUID, str] = field(default_factory=dict)
    removed: dict[UUID, str] = field(default_factory=dict)
    updates: list[RunUpdate] = field(default_factory=list)


def _plan_run(tx: Transaction, run: Run, writes: _Writes) -> None:
    """Plan one run until nothing is due any more: what a plan settles, the next counts from."""
    version = sequences.read_definition(tx, run.version_id)
    facts = _without_removed(run, version, writes)
    while True:
        answer = outlook(run.enrollment, version, facts, run.taken_days, tx.now)
        written = {(each.key, each.copy): each.status for each in facts.passed}
        due = [line for line in answer.lines if _is_due(line, run, written, tx.now)]
        if not due:
            break
        for line in due:
            _write_due(line, run, writes, tx.now)
        facts = _with(facts, due, tx.now)
    _move_queued(answer.lines, run, facts, writes)
    ahead = answer.ahead()
    if ahead.is_complete:
        whole = plan(run.enrollment, version, facts, run.taken_days, tx.now)
        writes.added.extend(_without_seat(whole, run, tx.now))
    writes.updates.append(_update(ahead, run))


def _without_removed(run: Run, version: SequenceDefinition, writes: _Writes) -> Facts:
    """Cancel what is queued for steps that the run's version does not have (any more).

    Also what was in a worker's hands when they were removed, and comes back to be tried again.
    """
    if not run.queued:
        return run.facts
    keys = {step.key for step in version.steps}
    removed = {id_: REMOVED_REASON for (key, _), id_ in run.queued.items() if key not in keys}
    writes.removed.update(removed)
    return switched(run.facts, version) if removed else run.facts


def _is_due(
    line: PlannedStep, run: Run, written: Mapping[tuple[str, int], MessageStatus], now: datetime
) -> bool:
    place = (line.key, line.copy)
    if place in written and place not in run.queued:
        return False  # settled, in somebody's hands, or added by this very plan
    return line.is_due(written.get(place), now)


def _write_due(line: PlannedStep, run: Run, writes: _Writes, now: datetime) -> None:
    queued_id = run.queued.get((line.key, line.copy))
    if queued_id is not None:
        writes.given_up[queued_id] = _reason(line)
    else:
        writes.added.append(message_of(line, run, now))


def _with(facts: Facts, lines: Sequence[PlannedStep], now: datetime) -> Facts:
    """Return the facts as they are once these lines are written."""
    session = facts.registration.session if facts.registration else None
    written = {(line.key, line.copy): PassedStep.of(line, session, now) for line in lines}
    others = [each for each in facts.passed if (each.key, each.copy) not in written]
    return replace(facts, passed=(*others, *written.values()))


def message_of(line: PlannedStep, run: Run, now: datetime) -> NewMessage:
    """Return the row of one line of a plan: queued, or skipped with its reason."""
    is_letter = line.kind is StepKind.LETTER
    is_skip = line.decision is not Decision.SEND
    session = run.facts.registration.session if run.facts.registration else None
    return NewMessage(
        id=uuid4(),
        kind=MessageKind.SEQUENCE,
        dedupe_key=f"{run.id}:{line.key}:{line.copy}",
        subscriber_id=run.subscriber_id,
        enrollment_id=run.id,
        sequence_id=run.sequence_id,
        session_id=session.id if session else None,
        session_starts_at=session.starts_at if session else None,
        step_key=line.key,
        copy=line.copy,
        template_key=f"{run.sequence_slug}/{line.key}",
        topic=Topic.LETTERS if is_letter else Topic.SEAT,
        lane=run.lane,
        priority=LETTER_PRIORITY if is_letter else SERVICE_PRIORITY,
        due_at=line.moment or now,
        valid_until=line.valid_until,
        plan_revision=run.plan_revision + 1,
        status=MessageStatus.SKIPPED if is_skip else MessageStatus.QUEUED,
        reason=_reason(line) if is_skip else None,
        settled_at=now if is_skip else None,
        data=_reasons(line),
    )


def _reason(line: PlannedStep) -> str:
    return (line.skip or SkipReason.CONDITION).value


def _reasons(line: PlannedStep) -> dict[str, Any]:
    return {"reasons": list(line.reasons)}


def _move_queued(lines: Sequence[PlannedStep], run: Run, facts: Facts, writes: _Writes) -> None:
    """Keep queued messages under the new revision, at the moment that the plan now gives them."""
    if not run.queued:
        return
    before = {(each.key, each.copy): each.moment for each in facts.passed}
    session = facts.registration.session if facts.registration else None
    for line in lines:
        queued_id = run.queued.get((line.key, line.copy))
        if queued_id is None or queued_id in writes.given_up:
            continue
        moment = line.moment if line.decision is Decision.SEND else line.ask_at
        writes.moved.append(
            MovedMessage(
                id=queued_id,
                due_at=moment or before[line.key, line.copy],
                valid_until=line.valid_until,
                plan_revision=run.plan_revision + 1,
                has_moved=moment is not None and moment != before[line.key, line.copy],
                session_id=session.id if session else None,
                session_starts_at=session.starts_at if session else None,
            )
        )


def _without_seat(answer: Plan, run: Run, now: datetime) -> list[NewMessage]:
    """At a run's end, the steps that never counted get their row as well: none is unaccounted."""
    return [
        message_of(line, run, now) for line in answer.steps if line.decision is Decision.NOT_COUNTED
    ]


def _update(ahead: Ahead, run: Run) -> RunUpdate:
    return RunUpdate(
        id=run.id,
        state=EnrollmentState.COMPLETED if ahead.is_complete else EnrollmentState.ACTIVE,
        next_due_at=ahead.next_due_at,
        waiting_for=None if ahead.is_complete else _waiting_for(ahead),
        letter_days=sorted(ahead.letter_days),
    )


def _waiting_for(ahead: Ahead) -> str | None:
    """Name what a run waits for, so that whoever brings it knows to wake it."""
    if ahead.waits_for_outcome:
        return _OUTCOME
    return _WORD if ahead.waits_for_word else None
