"""The one planner: for every step a moment, or a decision not to send, each with its reason.

Dispatch, calendar, rehearsal, impact and explanation all ask this function. It reads no clock, no
row and no setting: the same facts always give the same plan.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from funnel.domain.enrollment import Enrollment, Facts, PassedStep
from funnel.domain.letter_steps import decide_letter
from funnel.domain.message import MessageStatus
from funnel.domain.plan import Decision, Plan, PlannedStep, SkipReason
from funnel.domain.planning import DueStep, Planning
from funnel.domain.sequence import SequenceDefinition, Step, StepKind
from funnel.domain.service_steps import decide_service
from funnel.domain.step_moments import anchor_at, settled_moment, step_due_at, timing_for
from funnel.domain.timing import local_day

__all__ = ["Decision", "Plan", "PlannedStep", "SkipReason", "plan"]

# Who carries a message reports by itself; this is only how long the plan trusts that it does.
_IN_FLIGHT_ASK = timedelta(minutes=10)
# ``valid_until`` is the last good moment, and the database counts microseconds.
_JUST_AFTER = timedelta(microseconds=1)


def plan(
    enrollment: Enrollment,
    version: SequenceDefinition,
    facts: Facts,
    taken_days: AbstractSet[date],
    now: datetime,
) -> Plan:
    """Return what every step of ``version`` means for this enrollment.

    Args:
        enrollment: The run: when it began, in which zone its person lives.
        version: The published definition that the run points to.
        facts: All that happened so far.
        taken_days: Local days on which another run of this person sends or sent a letter.
        now: Aware moment in plan time.
    """
    planning = Planning(enrollment, version, facts, taken_days, now.astimezone(UTC))
    lines: list[PlannedStep] = []
    for step in version.steps:
        lines.extend(_lines(step, planning))
    if planning.has_removed_in_flight:
        planning.timers.append(planning.now + _IN_FLIGHT_ASK)
    return Plan(
        steps=tuple(lines),
        next_due_at=max(min(planning.timers), planning.now) if planning.timers else None,
        letter_days=frozenset(planning.letter_days),
        is_complete=not planning.timers,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Current:
    """The copy of a step that is still to be decided, with its row where it is queued already."""

    copy: int
    row: PassedStep | None = None


def _lines(step: Step, planning: Planning) -> list[PlannedStep]:
    rows = planning.rows.get(step.key, [])
    current = _current(step, rows, planning)
    passed = rows if current is None or current.row is None else rows[:-1]
    lines = [_passed(step, row, planning) for row in passed]
    if current is not None:
        line = _decide(step, current, planning)
        planning.take_line(step, line)
        if not _is_held(step, line, planning):
            _set_timer(line, current.row, planning)
        lines.append(line)
    _take_count(step, rows, lines, planning)
    return lines


def _current(step: Step, rows: list[PassedStep], planning: Planning) -> _Current | None:
    """Return the copy to decide: the first, one that is queued, or one for a new date."""
    if not rows:
        return _Current(copy=0)
    last = rows[-1]
    is_first = _were_without_seat(rows[:-1])
    if last.status is MessageStatus.QUEUED and (is_first or step.repeats_when_moved):
        return _Current(copy=last.copy, row=last)
    if step.repeats_when_moved and _is_for_new_date(rows, planning):
        return _Current(copy=last.copy + 1)
    # The step was taken out of the sequence while this was queued, and is back by now; or nothing
    # was ever due for want of a seat, and now there is one.
    if last.was_removed or (planning.session is not None and _were_without_seat(rows)):
        return _Current(copy=last.copy + 1)
    return None


def _were_without_seat(rows: list[PassedStep]) -> bool:
    """Whether no copy was ever due: who takes a seat later is planned anew."""
    return all(
        row.status is MessageStatus.SKIPPED and row.skip is SkipReason.NO_SESSION for row in rows
    )


def _is_for_new_date(rows: list[PassedStep], planning: Planning) -> bool:
    """Whether every copy is settled and was for another date than the one now held."""
    session = planning.session
    if session is None:
        return False
    held = (session.id, session.starts_at)
    return all(
        row.status.is_settled and (row.session_id, row.session_starts_at) != held for row in rows
    )


def _passed(step: Step, row: PassedStep, planning: Planning) -> PlannedStep:
    if not row.status.is_settled:
        planning.timers.append(planning.now + _IN_FLIGHT_ASK)
        if step.kind is StepKind.LETTER:
            planning.letter_days.add(local_day(row.moment, planning.enrollment.zone))
    return PlannedStep(
        key=step.key,
        kind=step.kind,
        copy=row.copy,
        decision=Decision.PASSED,
        moment=row.moment,
        skip=row.skip,
        reasons=(row.status.value,),
    )


def _decide(step: Step, current: _Current, planning: Planning) -> PlannedStep:
    registration = planning.facts.registration
    timing = timing_for(step, registration)
    counted_at = None
    if timing is not None:
        counted_at = anchor_at(
            timing.anchor, planning.enrollment, registration, planning.counted_from
        )
    if timing is None or counted_at is None:
        return _without_anchor(step, current)
    due = DueStep(
        step=step,
        copy=current.copy,
        row=current.row,
        timing=timing,
        counted_at=counted_at,
        moment=step_due_at(timing, counted_at, planning.enrollment),
    )
    if step.kind is StepKind.SERVICE:
        return decide_service(due, planning)
    return decide_letter(due, planning)


def _without_anchor(step: Step, current: _Current) -> PlannedStep:
    """A step that counts from something this person does not have; what was queued is given up."""
    return PlannedStep(
        key=step.key,
        kind=step.kind,
        copy=current.copy,
        decision=Decision.NOT_COUNTED if current.row is None else Decision.SKIP,
        moment=None if current.row is None else current.row.moment,
        skip=SkipReason.NO_SESSION,
        reasons=("counts from a session, and no seat is held",),
    )


def _is_held(step: Step, line: PlannedStep, planning: Planning) -> bool:
    """Whether only the settling of another step makes this one due; that wakes the run itself."""
    if line.moment != planning.now + _JUST_AFTER:
        return False
    timing = timing_for(step, planning.facts.registration)
    return timing is not None and timing.anchor.step_key in planning.unsettled


def _set_timer(line: PlannedStep, row: PassedStep | None, planning: Planning) -> None:
    """Note when this line wants the planner to be asked again, if nothing happens before."""
    if line.decision is Decision.NOT_COUNTED or line.moment is None:
        return
    if line.decision is Decision.WAIT and line.ask_at is not None:
        planning.timers.append(line.ask_at)
    elif row is None:
        planning.timers.append(line.moment)
    elif line.decision is Decision.SKIP or line.moment != row.moment:
        planning.timers.append(planning.now)  # the queued row is to be moved or given up
    elif line.moment > planning.now or line.valid_until is None:
        planning.timers.append(line.moment)
    else:
        planning.timers.append(line.valid_until + _JUST_AFTER)


def _take_count(
    step: Step, rows: list[PassedStep], lines: list[PlannedStep], planning: Planning
) -> None:
    """Remember what other steps count from: the first copy, when it was, or will be, settled.

    One that was cancelled because its step was taken out for a time is no first copy.
    """
    at = 0
    while at < len(rows) and rows[at].was_removed:
        at += 1
    first = lines[min(at, len(lines) - 1)]
    if at < len(rows) and rows[at].status.is_settled:
        planning.counted_from[step.key] = settled_moment(rows[at])
    elif first.moment is not None:
        # Not settled yet, so it will be after now: nothing that counts from it can be due before.
        planning.counted_from[step.key] = max(first.moment, planning.now + _JUST_AFTER)
        planning.unsettled.add(step.key)
