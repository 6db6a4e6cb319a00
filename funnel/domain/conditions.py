"""What a step may ask before it leaves, and what the facts answer at a given moment.

A word counts only if it came in time: by the step's moment, or, for a step that waits, by the end
of its wait. So what comes later changes facts, but never turns a decision round that was due.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from funnel.domain.enrollment import Facts
from funnel.domain.plan import SkipReason
from funnel.domain.sequence import Condition, ConditionKind
from funnel.domain.session import Attendance, Registration


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """For which moment conditions are asked, and until when an answer may come.

    Attributes:
        moment: When the step would leave.
        until: Last moment at which a word still counts; the same where the step does not wait.
        now: Moment of asking, in plan time.
    """

    moment: datetime
    until: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What all conditions of a step say together.

    Attributes:
        at: When it was decided, never before the step's moment; while open, the step's moment.
        is_open: A word is still missing and may still come.
        skip: Why the step is not sent; ``None`` where all hold or one is open.
        reason: The condition that decided or is open, in words; empty where all simply hold.
    """

    at: datetime
    is_open: bool = False
    skip: SkipReason | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """What is known about one condition: ``truth`` is ``None`` while it is open."""

    truth: bool | None
    known_at: datetime | None = None
    is_missing: bool = False


_YES = _Word(truth=True)
_NO = _Word(truth=False)
_OPEN = _Word(truth=None)


def ask(conditions: Sequence[Condition], facts: Facts, asked: Asked) -> Answer:
    """Return whether all conditions hold, one fails, or one is still open."""
    decided_at = asked.moment
    open_reason = ""
    for condition in conditions:
        word = _word(condition, facts, asked)
        if word.truth is None:
            open_reason = open_reason or f"not known yet: {condition.kind}"
            continue
        known_at = asked.moment if word.known_at is None else max(word.known_at, asked.moment)
        if word.truth is condition.is_negated:
            skip = _skip_reason(condition, word)
            return Answer(at=known_at, skip=skip, reason=_in_words(condition))
        decided_at = max(decided_at, known_at)
    if open_reason:
        return Answer(at=asked.moment, is_open=True, reason=open_reason)
    return Answer(at=decided_at)


def _attendance_word(
    registration: Registration, moment: datetime
) -> tuple[Attendance, datetime | None]:
    """Return the attendance that was known at ``moment``, and since when."""
    known_at = registration.attendance_known_at
    if registration.attendance is not Attendance.UNKNOWN and (
        known_at is None or known_at <= moment
    ):
        return registration.attendance, known_at
    closed_at = registration.session.closed_at
    if closed_at is not None and closed_at <= moment:
        return Attendance.MISSED, closed_at
    return Attendance.UNKNOWN, None


def _word(condition: Condition, facts: Facts, asked: Asked) -> _Word:
    kind = condition.kind
    registration = facts.registration
    if kind is ConditionKind.GOAL_REACHED:
        return _YES if facts.goal_reached_at is not None else _NO
    if registration is None:
        return _NO  # nobody without a seat attends, misses, or watches a replay
    return _seat_word(condition, registration, asked)


def _seat_word(condition: Condition, registration: Registration, asked: Asked) -> _Word:
    kind = condition.kind
    if kind is ConditionKind.REGISTERED:
        return _YES
    if kind is ConditionKind.REPLAY_WATCHED:
        return _YES if registration.watched_at is not None else _NO
    if kind is ConditionKind.REPLAY_AVAILABLE:
        return _replay(registration, asked)
    if kind is ConditionKind.ATTENDANCE_UNKNOWN:
        return _unknown_attendance(registration, asked, is_negated=condition.is_negated)
    wanted = Attendance.ATTENDED if kind is ConditionKind.ATTENDED else Attendance.MISSED
    return _attendance(registration, asked, wanted)


def _attendance(registration: Registration, asked: Asked, wanted: Attendance) -> _Word:
    attendance, known_at = _attendance_word(registration, asked.until)
    # Closing a session says who is not in the report; a word about this person may still come.
    is_by_closing = known_at is not None and known_at != registration.attendance_known_at
    is_awaited = asked.moment < asked.until and asked.now < asked.until
    if is_by_closing and is_awaited and wanted is Attendance.ATTENDED:
        return _OPEN
    if attendance is not Attendance.UNKNOWN:
        return _Word(truth=attendance is wanted, known_at=known_at)
    if asked.now < asked.until:
        return _OPEN
    return _Word(truth=False, known_at=asked.until, is_missing=True)


def _unknown_attendance(registration: Registration, asked: Asked, *, is_negated: bool) -> _Word:
    """Ask whether nothing was known: settled at the moment itself, even for a step that waits.

    Only its negation ("skip if attendance unknown") waits for a word.
    """
    limit = asked.until if is_negated else asked.moment
    attendance, known_at = _attendance_word(registration, limit)
    if attendance is not Attendance.UNKNOWN:
        return _Word(truth=False, known_at=known_at)
    if asked.now < limit:
        return _OPEN
    return _Word(truth=True, known_at=limit, is_missing=True)


def _replay(registration: Registration, asked: Asked) -> _Word:
    session = registration.session
    known_at = session.replay_known_at
    if session.replay_url and (known_at is None or known_at <= asked.until):
        shown_at = asked.moment if known_at is None else max(known_at, asked.moment)
        return _Word(truth=shown_at < session.replay_closes_at, known_at=known_at)
    if asked.now < asked.until:
        return _OPEN
    return _Word(truth=False, known_at=asked.until)


def _skip_reason(condition: Condition, word: _Word) -> SkipReason:
    if condition.kind is ConditionKind.GOAL_REACHED and condition.is_negated:
        return SkipReason.GOAL
    if condition.kind is ConditionKind.REPLAY_AVAILABLE and not condition.is_negated:
        return SkipReason.NO_REPLAY
    return SkipReason.NO_WORD if word.is_missing else SkipReason.CONDITION


def _in_words(condition: Condition) -> str:
    return f"{'skipped if' if condition.is_negated else 'only if'} {condition.kind}"
