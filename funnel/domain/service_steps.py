"""Service emails: they come when they must, or not at all."""

from datetime import datetime, timedelta

from funnel.domain.conditions import Answer, Asked, ask
from funnel.domain.plan import PlannedStep, SkipReason
from funnel.domain.planning import DueStep, Planning
from funnel.domain.sequence import AnchorKind
from funnel.domain.timing_text import duration_text

_MINUTE = timedelta(minutes=1)


def decide_service(due: DueStep, planning: Planning) -> PlannedStep:
    """Return what becomes of one service email."""
    if not planning.facts.wants_seat_emails:
        return due.skipped(due.moment, SkipReason.NO_SEAT_EMAILS)
    lead = due.step.step.lead
    if lead is not None and due.moment + lead > due.counted_at:
        return due.skipped(due.moment, SkipReason.NO_LEAD, f"only {duration_text(lead)} before")
    answer = _answer(due, planning)
    if answer.skip is not None:
        return due.skipped(answer.at, answer.skip, answer.reason)
    return _open(due, answer, planning) if answer.is_open else _decided(due, answer.at, planning)


def _answer(due: DueStep, planning: Planning) -> Answer:
    if not due.step.conditions:
        return Answer(due.moment)
    asked = Asked(due.moment, _waits_until(due, planning), planning.now, due.counted_at)
    return ask(due.step.conditions, planning.known, asked)


def _open(due: DueStep, answer: Answer, planning: Planning) -> PlannedStep:
    ask_at, until = answer.ask_at or due.moment, answer.until or due.moment
    if planning.now < due.moment:
        valid_until = _valid_until(due, due.moment, planning)
        ask_at = min(ask_at, due.moment)
        return due.sent(due.moment, answer.reason, valid_until=valid_until, ask_at=ask_at)
    return due.waiting(ask_at, answer.reason, valid_until=_valid_until(due, until, planning))


def _decided(due: DueStep, moment: datetime, planning: Planning) -> PlannedStep:
    valid_until = _valid_until(due, moment, planning)
    if planning.has_counterpart(due.step):
        return due.skipped(moment, SkipReason.ONE_OF)
    if planning.now > valid_until or moment > valid_until:
        return due.skipped(moment, SkipReason.LATE, _late_by(moment, planning.now))
    neighbour = _too_close_to(due, moment, planning) if due.step.step.apart_from else None
    if neighbour is not None:
        return due.skipped(moment, SkipReason.TOO_CLOSE, f"soon after {neighbour}")
    return due.sent(moment, valid_until=valid_until)


def _late_by(moment: datetime, now: datetime) -> str:
    late_by = now - moment
    return f"late by {duration_text(late_by - late_by % _MINUTE)}" if late_by >= _MINUTE else ""


def _waits_until(due: DueStep, planning: Planning) -> datetime:
    wait = due.step.waits_until
    if wait is None:
        return due.moment
    return max(wait.due_at(due.counted_at, planning.zone), due.moment)


def _valid_until(due: DueStep, moment: datetime, planning: Planning) -> datetime:
    """Return the last moment at which it may leave: what comes before a session never comes late.

    A reminder must not leave after the session's start, whatever its grace and its conditions.
    """
    valid_until = moment + due.step.step.grace
    session = planning.session
    if session is None or due.timing.anchor is not AnchorKind.SESSION_START:
        return valid_until
    return min(valid_until, session.starts_at) if due.moment < session.starts_at else valid_until


def _too_close_to(due: DueStep, moment: datetime, planning: Planning) -> str | None:
    """Return the key of a step that this one would follow too closely.

    A moment that had passed when the other one left counts as following it at once: somebody who
    takes a seat shortly before a reminder's grace ends gets the seat's email only.
    """
    for key, gap in due.step.step.apart_from:
        other_at = planning.leaves_at.get(key)
        if other_at is None or moment >= other_at + gap:
            continue
        if max(moment, planning.now) >= other_at:
            return key
    return None
