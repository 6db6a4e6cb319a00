"""Service emails: they come when they must, or not at all."""

from datetime import datetime

from funnel.domain.conditions import Asked, ask
from funnel.domain.plan import PlannedStep, SkipReason
from funnel.domain.planning import DueStep, Planning
from funnel.domain.sequence import AnchorKind
from funnel.domain.timing import due_at
from funnel.domain.timing_text import duration_text


def decide_service(due: DueStep, planning: Planning) -> PlannedStep:
    """Return what becomes of one service email."""
    step = due.step
    if not planning.facts.wants_seat_emails:
        return due.skipped(due.moment, SkipReason.NO_SEAT_EMAILS)
    if step.lead is not None and due.moment + step.lead > due.counted_at:
        return due.skipped(
            due.moment, SkipReason.NO_LEAD, f"only {duration_text(step.lead)} before"
        )
    until = _waits_until(due, planning)
    answer = ask(
        step.conditions,
        planning.facts,
        Asked(moment=due.moment, until=until, now=planning.now),
    )
    if answer.skip is not None:
        return due.skipped(answer.at, answer.skip, answer.reason)
    if answer.is_open:
        return _open(due, until, planning, answer.reason)
    return _decided(due, answer.at, planning)


def _open(due: DueStep, until: datetime, planning: Planning, reason: str) -> PlannedStep:
    if planning.now < due.moment:
        valid_until = _valid_until(due, due.moment, planning)
        return due.sent(due.moment, reason, valid_until=valid_until, is_open=True)
    return due.waiting(until, reason, valid_until=_valid_until(due, until, planning))


def _decided(due: DueStep, moment: datetime, planning: Planning) -> PlannedStep:
    valid_until = _valid_until(due, moment, planning)
    if planning.has_counterpart(due.step):
        return due.skipped(moment, SkipReason.ONE_OF)
    if planning.now > valid_until:
        return due.skipped(moment, SkipReason.LATE)
    neighbour = _too_close_to(due, moment, planning)
    if neighbour is not None:
        return due.skipped(moment, SkipReason.TOO_CLOSE, f"soon after {neighbour}")
    return due.sent(moment, valid_until=valid_until)


def _waits_until(due: DueStep, planning: Planning) -> datetime:
    wait = due.step.wait
    if wait is None:
        return due.moment
    end = due_at(
        due.counted_at,
        wait.delay,
        at=wait.at,
        window=None,
        zone=planning.enrollment.zone,
    )
    return max(end, due.moment)


def _valid_until(due: DueStep, moment: datetime, planning: Planning) -> datetime:
    """Return the last moment at which it may leave: what comes before a session never comes late.

    A reminder must not leave after the session's start, whatever its grace.
    """
    valid_until = moment + due.step.grace
    session = planning.session
    if session is None or due.timing.anchor.kind is not AnchorKind.SESSION_START:
        return valid_until
    return min(valid_until, session.starts_at) if moment < session.starts_at else valid_until


def _too_close_to(due: DueStep, moment: datetime, planning: Planning) -> str | None:
    """Return the key of a step that this one would follow too closely.

    A moment that had passed when the other one left counts as following it at once: somebody who
    takes a seat shortly before a reminder's grace ends gets the seat's email only.
    """
    for key, gap in due.step.apart_from:
        other_at = planning.leaves_at.get(key)
        if other_at is None or moment >= other_at + gap:
            continue
        if max(moment, planning.now) >= other_at:
            return key
    return None
