"""One person's runs planned and sent, as ``plan_enrollments`` and the workers do it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from funnel.domain.enrollment import EnrollmentState, PassedStep
from funnel.domain.message import MessageStatus
from funnel.domain.plan import Decision, Plan, PlannedStep, SkipReason
from funnel.domain.planner import next_due_at, plan
from funnel.domain.rehearsal import RehearsalStuckError, RehearsedEmail
from funnel.domain.rehearsal_state import PersonState, RunState
from funnel.domain.speech import say

# A plan settles what is due, and asks again; more rounds than steps mean that it turns in circles.
_MOST_ROUNDS = 500


def plan_runs(state: PersonState, runs: Sequence[RunState], now: datetime) -> None:
    """Plan these runs of a person, the older first, and let what is due leave.

    Raises:
        RehearsalStuckError: The planner never comes to an end.
    """
    for run in runs:
        if run.is_active:
            _plan_run(state, run, now)


def leave_runs(state: PersonState) -> None:
    """End every run of somebody who leaves; nothing of them is on its way at such a moment."""
    for run in state.active():
        run.state = EnrollmentState.LEFT
        run.next_due_at = None
        run.letter_days = frozenset()


def _plan_run(state: PersonState, run: RunState, now: datetime) -> None:
    """Plan until nothing is due: what a plan settles, the next counts from."""
    for _ in range(_MOST_ROUNDS):
        answer = _plan(state, run, now)
        ahead = answer.next_due_at
        due = [line for line in answer.steps if _is_due(line, run, now)]
        for line in due:
            _write_due(state, run, line, now)
        if all(line.decision is Decision.SEND for line in due):
            # What is on its way makes nothing else due before it has left: what counts from it
            # comes later, and an email keeps apart from emails above it only.
            break
        ahead = _next_due_at(state, run, now)
        if ahead is not None and ahead > now:
            break
    else:
        raise RehearsalStuckError(
            say(
                "the plan of {name} turns in circles at {now}",
                name=state.person.name,
                now=now.isoformat(),
            )
        )
    run.letter_days = answer.letter_days
    run.has_just_left = _hand_over(state, run, answer, now)
    if run.has_just_left:
        run.next_due_at = now + state.world.latency
    elif ahead is None:
        _complete(state, run, answer, now)
    else:
        run.next_due_at = ahead


def look_ahead(state: PersonState, run: RunState, now: datetime) -> bool:
    """Set the run's timer from the short form; ``False``: there is something to be written now.

    Asked when an email has left: what counts from it has its moment now.
    """
    if not run.has_just_left or len(state.runs) > 1:
        return False
    moment = _next_due_at(state, run, now)
    if moment is None or moment <= now:
        return False
    run.has_just_left = False
    run.next_due_at = moment
    return True


def _plan(state: PersonState, run: RunState, now: datetime) -> Plan:
    return plan(
        state.enrollment(run),
        state.world.version,
        state.facts(run, now),
        state.taken_days(run, now),
        now,
    )


def _next_due_at(state: PersonState, run: RunState, now: datetime) -> datetime | None:
    return next_due_at(
        state.enrollment(run),
        state.world.version,
        state.facts(run, now),
        state.taken_days(run, now),
        now,
    )


def _is_due(line: PlannedStep, run: RunState, now: datetime) -> bool:
    row = run.rows.get((line.key, line.copy))
    return line.is_due(row.status if row else None, now)


def _write_due(state: PersonState, run: RunState, line: PlannedStep, now: datetime) -> None:
    row = PassedStep.of(line, state.session_of(run), now)
    _write(run, row)
    if row.status is MessageStatus.SKIPPED:
        reason = (line.skip or SkipReason.CONDITION).value
        _report(state, run, row, reason=reason, line=line)


def _hand_over(state: PersonState, run: RunState, answer: Plan, now: datetime) -> bool:
    """Let what is queued leave; say whether anything did."""
    lines = {(line.key, line.copy): line for line in answer.steps}
    queued = [each for each in run.rows.values() if each.status is MessageStatus.QUEUED]
    for row in queued:
        left = replace(row, status=MessageStatus.ACCEPTED, settled_at=now + state.world.latency)
        _write(run, left)
        _report(state, run, left, reason="", line=lines.get((row.key, row.copy)))
    return bool(queued)


def _complete(state: PersonState, run: RunState, answer: Plan, now: datetime) -> None:
    """End the run; the steps that never counted get their row as well."""
    run.state = EnrollmentState.COMPLETED
    run.next_due_at = None
    for line in answer.steps:
        if line.decision is Decision.NOT_COUNTED:
            row = PassedStep.of(line, None, now)
            _write(run, row)
            reason = (line.skip or SkipReason.CONDITION).value
            _report(state, run, row, reason=reason, line=line)


def _write(run: RunState, row: PassedStep) -> None:
    run.rows[row.key, row.copy] = row


def _report(
    state: PersonState, run: RunState, row: PassedStep, *, reason: str, line: PlannedStep | None
) -> None:
    is_sent = row.status is MessageStatus.ACCEPTED
    state.emails.append(
        RehearsedEmail(
            key=row.key,
            copy=row.copy,
            kind=line.kind if line else None,
            run=run.number,
            status=row.status,
            moment=row.moment,
            settled_at=row.settled_at,
            reason=reason,
            reasons=line.reasons if line else (),
            session_id=row.session_id,
            scene=state.scene(run) if is_sent else None,
        )
    )
