"""The lines of one step: its copies that have passed, and the one that is still to be decided."""

from datetime import datetime
from typing import NamedTuple

from funnel.domain.enrollment import PassedStep
from funnel.domain.letter_steps import decide_letter
from funnel.domain.message import MessageStatus
from funnel.domain.plan import Decision, PlannedStep, SkipReason
from funnel.domain.planning import JUST_AFTER, DueStep, Planning
from funnel.domain.prepared import PreparedStep, PreparedTiming
from funnel.domain.service_steps import decide_service
from funnel.domain.step_moments import settled_moment


class _Current(NamedTuple):
    """The copy of a step that is still to be decided, with its row where it is queued already."""

    copy: int
    row: PassedStep | None = None


_FIRST = _Current(copy=0)
# What was skipped so is not planned again for the date that it was for.
_FOR_GOOD = frozenset({SkipReason.ADDED_LATER, SkipReason.BY_HAND})


def decide_step(
    step: PreparedStep, planning: Planning, lines: list[PlannedStep] | None = None
) -> None:
    """Decide one step, after all that it ``needs``, and leave its marks for the steps after it.

    Args:
        step: One of ``planning.prepared``.
        planning: Takes what the step decides.
        lines: Takes its lines; ``None``: they are not wanted.
    """
    rows = planning.rows.get(step.key)
    if rows is None:
        line = _take_current(step, _FIRST, planning)
        if lines is not None:
            lines.append(line)
        if step.is_counted and line.moment is not None:
            _count_unsettled(step, line.moment, planning)
    else:
        _decide_begun(step, rows, planning, lines)


def _decide_begun(
    step: PreparedStep,
    rows: list[PassedStep],
    planning: Planning,
    lines: list[PlannedStep] | None,
) -> None:
    """Decide a step that has rows already."""
    current = _current(step, rows, planning)
    for row in rows if current is None or current.row is None else rows[:-1]:
        if not row.status.is_settled:
            planning.take_unsettled(step, row)
        if lines is not None:
            lines.append(_passed(step, row))
    line = None if current is None else _take_current(step, current, planning)
    if line is not None and lines is not None:
        lines.append(line)
    if step.is_counted:
        take_count(step, rows, line, planning)


def is_over(step: PreparedStep, rows: list[PassedStep], planning: Planning) -> bool:
    """Whether a step that has rows has nothing more to be decided or waited for."""
    if step.key in planning.in_hand:
        return False
    last = rows[-1]
    is_plain = not step.step.repeats_when_moved and last.skip is not SkipReason.NO_SESSION
    return (is_plain and not last.was_removed) or _current(step, rows, planning) is None


def counted_moment(timing: PreparedTiming, planning: Planning) -> datetime | None:
    """Return the moment that a timing's anchor names; ``None``: this person has no such moment."""
    if timing.step_key:
        return planning.counted_from.get(timing.step_key)
    return timing.fixed_at or planning.anchors[timing.anchor_number]


def _take_current(step: PreparedStep, current: _Current, planning: Planning) -> PlannedStep:
    line = _decide(step, current, planning)
    planning.take_line(step, line)
    if not _is_held(step, line, planning):
        _set_timer(line, current.row, planning)
    return line


def _current(step: PreparedStep, rows: list[PassedStep], planning: Planning) -> _Current | None:
    """Return the copy to decide: the first, one that is queued, or one for a new date."""
    last = rows[-1]
    repeats = step.step.repeats_when_moved
    if last.status is MessageStatus.QUEUED and (repeats or _never_came(rows[:-1])):
        return _Current(last.copy, last)
    if repeats and _is_for_new_date(step, rows, planning):
        return _Current(last.copy + 1)
    # The step was taken out of the sequence while this was queued, and is back by now; or nothing
    # was ever due for want of a seat, and now there is one.
    if last.was_removed or (planning.session is not None and _were_without_seat(rows)):
        return _Current(last.copy + 1)
    return None


def _never_came(rows: list[PassedStep]) -> bool:
    """Whether these copies were only placeholders: another one takes their place."""
    return not rows or all(row.was_removed or _is_without_seat(row) for row in rows)


def _were_without_seat(rows: list[PassedStep]) -> bool:
    """Whether no copy was ever due: who takes a seat later is planned anew."""
    return _is_without_seat(rows[-1]) and all(_is_without_seat(row) for row in rows)


def _is_without_seat(row: PassedStep) -> bool:
    return row.skip is SkipReason.NO_SESSION and row.status is MessageStatus.SKIPPED


def _is_for_new_date(step: PreparedStep, rows: list[PassedStep], planning: Planning) -> bool:
    """Whether nothing of this step was sent, or may have been, for the date now held.

    A copy that was skipped for this date before its moment does not count: the date has come back,
    or what spoke against it has gone. One that was added too late for this person does, and one
    that somebody who works here took out.
    """
    session = planning.session
    if session is None:
        return False
    skipped = []
    for row in rows:
        if row.session_starts_at == session.starts_at and row.session_id == session.id:
            if row.status is not MessageStatus.SKIPPED or row.skip in _FOR_GOOD:
                return False
            skipped.append(row)
        elif not row.status.is_settled:
            return False
    return not skipped or _were_skipped_early(step, skipped, planning)


def _were_skipped_early(step: PreparedStep, skipped: list[PassedStep], planning: Planning) -> bool:
    counted_at = counted_moment(step.with_seat, planning)
    if counted_at is None:
        return False
    due_at = step.with_seat.due_at(counted_at, planning.zone)
    # Not asked of the present: at its own moment, and a little after it, it is still to be sent.
    return all(row.settled_at is not None and row.settled_at < due_at for row in skipped)


def _passed(step: PreparedStep, row: PassedStep) -> PlannedStep:
    return PlannedStep(
        key=step.key,
        kind=step.kind,
        copy=row.copy,
        decision=Decision.PASSED,
        moment=row.moment,
        skip=row.skip,
        reasons=(row.status.value,),
    )


def _decide(step: PreparedStep, current: _Current, planning: Planning) -> PlannedStep:
    timing = step.without_seat if planning.registration is None else step.with_seat
    counted_at = None if timing is None else counted_moment(timing, planning)
    if timing is None or counted_at is None:
        return _without_anchor(step, current)
    moment = timing.due_at(counted_at, planning.zone)
    due = DueStep(step, current.copy, current.row, timing, counted_at, moment)
    return decide_letter(due, planning) if step.is_letter else decide_service(due, planning)


def _without_anchor(step: PreparedStep, current: _Current) -> PlannedStep:
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


def _is_held(step: PreparedStep, line: PlannedStep, planning: Planning) -> bool:
    """Whether only the settling of another step makes this one due; that wakes the run itself."""
    if line.moment != planning.just_after:
        return False
    timing = step.without_seat if planning.registration is None else step.with_seat
    return timing is not None and timing.step_key in planning.unsettled


def _set_timer(line: PlannedStep, row: PassedStep | None, planning: Planning) -> None:
    """Note when this line wants the planner to be asked again, if nothing happens before."""
    if line.decision is Decision.NOT_COUNTED or line.moment is None:
        return
    if line.ask_at is not None:
        planning.wake(line.ask_at)
    if line.decision is Decision.WAIT:
        return
    if row is None:
        planning.wake(line.moment)
    elif line.decision is Decision.SKIP or line.moment != row.moment:
        planning.wake(planning.now)  # the queued row is to be moved or given up
    elif line.moment > planning.now or line.valid_until is None:
        planning.wake(line.moment)
    else:
        planning.wake(line.valid_until + JUST_AFTER)


def take_count(
    step: PreparedStep, rows: list[PassedStep], line: PlannedStep | None, planning: Planning
) -> None:
    """Remember what other steps count from: the first copy, when it was, or will be, settled.

    One that was cancelled because its step was taken out for a time, or skipped for want of a seat
    that is held by now, is no first copy.
    """
    first = _first_that_counts(rows, line)
    if first is None:
        if line is not None and line.moment is not None:
            _count_unsettled(step, line.moment, planning)
    elif first.status.is_settled:
        planning.counted_from[step.key] = settled_moment(first)
    else:
        _count_unsettled(step, first.moment, planning)


def _first_that_counts(rows: list[PassedStep], line: PlannedStep | None) -> PassedStep | None:
    """Return the copy that others count from; ``None``: it is the one that ``line`` decides."""
    for row in rows:
        if line is not None and row.copy == line.copy:
            return None
        if not row.was_removed and not _is_without_seat(row):
            return row
    return rows[0] if line is None else None


def _count_unsettled(step: PreparedStep, moment: datetime, planning: Planning) -> None:
    # Not settled yet, so it will be after now: nothing that counts from it can be due before.
    planning.counted_from[step.key] = max(moment, planning.just_after)
    planning.unsettled.add(step.key)
