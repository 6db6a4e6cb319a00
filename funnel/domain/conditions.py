"""What a step may ask before it leaves, and what the facts answer at a given moment.

A word counts only if it came in time: by the step's moment, by the end of its wait, or within its
own limit. So what comes later changes facts, but never turns a decision round that was due.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from funnel.domain.condition_text import HAPPENING, condition_text
from funnel.domain.known import Known, attendance_word, left_before
from funnel.domain.plan import SkipReason
from funnel.domain.sequence import Condition, ConditionKind
from funnel.domain.session import Attendance, Registration
from funnel.domain.timing import Delay

_ROOM = frozenset({ConditionKind.LEFT_BEFORE, ConditionKind.STAYED_UNTIL})


# Tuples, because a plan makes dozens of them and a frozen dataclass costs four times as much.
class Asked(NamedTuple):
    """For which moment conditions are asked, and until when an answer may come.

    Attributes:
        moment: When the step would leave.
        until: Last moment at which a word still counts; the same where the step does not wait.
        now: Moment of asking, in plan time.
        counted_at: What the step's own timing counts from, and limits without an email as well.
    """

    moment: datetime
    until: datetime
    now: datetime
    counted_at: datetime


class Answer(NamedTuple):
    """What all conditions of a step say together.

    Attributes:
        at: When it was decided, never before the step's moment; while open, the step's moment.
        is_open: A word is still missing and may still come.
        skip: Why the step is not sent; ``None`` where all hold or one is open.
        reason: The condition that decided or is open, in words; empty where all simply hold.
        ask_at: While open, when the first open word can come no more.
        until: While open, when the last one can come no more.
    """

    at: datetime
    is_open: bool = False
    skip: SkipReason | None = None
    reason: str = ""
    ask_at: datetime | None = None
    until: datetime | None = None


class _Word(NamedTuple):
    """What is known about one condition.

    Attributes:
        truth: ``None`` while it is open.
        known_at: Since when it is known; ``None``: all the time.
        until: While it is open, when no word can come any more.
        missing: Why the step is not sent if nothing but the lack of a word decided against it.
    """

    truth: bool | None
    known_at: datetime | None = None
    until: datetime | None = None
    missing: SkipReason | None = None


_YES = _Word(truth=True)
_NO = _Word(truth=False)


def ask(conditions: Sequence[Condition], known: Known, asked: Asked) -> Answer:
    """Return whether all conditions hold, one fails, or one is still open.

    Of several that fail, the one that was known first is the reason, and the mere lack of a word
    is one only where nothing else is: so the reason stays the same as time goes on.
    """
    decided_at = asked.moment
    against: tuple[_Word, Condition] | None = None
    still_open: list[tuple[_Word, Condition]] = []
    for condition in conditions:
        word = _word(condition, known, asked)
        if word.truth is None:
            still_open.append((word, condition))
        elif word.truth is condition.is_negated:
            if against is None or _is_earlier(word, against[0]):
                against = word, condition
        elif word.known_at is not None:
            decided_at = max(decided_at, word.known_at)
    if against is not None:
        return _against(*against, asked.moment)
    return _open(still_open, asked.moment) if still_open else Answer(decided_at)


def _is_earlier(word: _Word, other: _Word) -> bool:
    if (word.missing is None) is not (other.missing is None):
        return word.missing is None
    if word.known_at is None or other.known_at is None:
        return word.known_at is None and other.known_at is not None
    return word.known_at < other.known_at


def _against(word: _Word, condition: Condition, moment: datetime) -> Answer:
    known_at = moment if word.known_at is None else max(word.known_at, moment)
    return Answer(known_at, skip=_skip_reason(condition, word), reason=_in_words(condition))


def _open(words: Sequence[tuple[_Word, Condition]], moment: datetime) -> Answer:
    ends = [word.until for word, _ in words if word.until is not None]
    reason = f"not known yet: {condition_text(words[0][1])}"
    return Answer(moment, is_open=True, reason=reason, ask_at=min(ends), until=max(ends))


def settles_at(limited: Sequence[Condition], known: Known, asked: Asked) -> datetime:
    """Return from when on a letter may leave, for the limits that its conditions have.

    While one is open, when the last of them has passed; once all are known, when the last word
    came, or its time was over.
    """
    latest = asked.moment
    for condition in limited:
        word = _word(condition, known, asked)
        settled_at = word.known_at if word.truth is not None else word.until
        if settled_at is None:
            continue
        if word.truth is condition.is_negated:
            return max(asked.moment, settled_at)  # decided against, whatever the others say
        latest = max(latest, settled_at)
    return latest


def _word(condition: Condition, known: Known, asked: Asked) -> _Word:
    kind = condition.kind
    if kind is ConditionKind.REGISTERED:
        return _NO if known.registration is None else _YES
    if kind is ConditionKind.FIELD:
        return _YES if known.says(condition) else _NO
    if kind in HAPPENING:
        return _happening(condition, known, asked)
    if known.registration is None:
        return _NO  # nobody without a seat attends, misses, or watches a replay
    return _seat_word(condition, known.registration, asked)


def _happening(condition: Condition, known: Known, asked: Asked) -> _Word:
    if not known.may_happen(condition):
        return _NO
    if condition.limit is not None:
        return _within(condition, condition.limit, known, asked)
    return _any_time(condition, known, asked)


def _any_time(condition: Condition, known: Known, asked: Asked) -> _Word:
    at = known.happened_at(condition)
    if condition.is_negated:
        # Whatever happened until it leaves keeps it back; what did not happen keeps nobody waiting.
        return _NO if at is None else _YES
    if at is not None and at <= asked.until:
        return _Word(truth=True, known_at=at)
    if asked.now < asked.until:
        return _Word(truth=None, until=asked.until)
    return _Word(truth=False, known_at=asked.until, missing=SkipReason.NOT_IN_TIME)


def _within(condition: Condition, limit: Delay, known: Known, asked: Asked) -> _Word:
    ends_at = known.limit_at(condition, limit, asked.counted_at)
    at = known.happened_at(condition, counted_at=asked.counted_at)
    if at is not None and at <= ends_at:
        return _Word(truth=True, known_at=at)
    return (
        _Word(truth=None, until=ends_at)
        if asked.now < ends_at
        else _Word(truth=False, known_at=ends_at)
    )


def _seat_word(condition: Condition, registration: Registration, asked: Asked) -> _Word:
    kind = condition.kind
    if kind is ConditionKind.REPLAY_AVAILABLE:
        return _replay(registration, asked)
    if kind is ConditionKind.ATTENDANCE_UNKNOWN:
        return _unknown_attendance(registration, asked, is_negated=condition.is_negated)
    if kind in _ROOM:
        return _room(condition, registration, asked)
    wanted = Attendance.ATTENDED if kind is ConditionKind.ATTENDED else Attendance.MISSED
    return _attendance(registration, asked, wanted)


def _attendance(registration: Registration, asked: Asked, wanted: Attendance) -> _Word:
    attendance, known_at = attendance_word(registration, asked.until)
    # Closing a session says who is not in the report; a word about this person may still come.
    is_by_closing = known_at is not None and known_at != registration.attendance_known_at
    is_awaited = asked.moment < asked.until and asked.now < asked.until
    if is_by_closing and is_awaited and wanted is Attendance.ATTENDED:
        return _Word(truth=None, until=asked.until)
    if attendance is not Attendance.UNKNOWN:
        return _Word(attendance is wanted, known_at)
    return _no_word_yet(asked)


def _no_word_yet(asked: Asked) -> _Word:
    if asked.now < asked.until:
        return _Word(truth=None, until=asked.until)
    return _Word(truth=False, known_at=asked.until, missing=SkipReason.NO_WORD)


def _room(condition: Condition, registration: Registration, asked: Asked) -> _Word:
    """Ask how long somebody stayed; who is not known to have left may be there still."""
    attended = _attendance(registration, asked, Attendance.ATTENDED)
    if attended.truth is not True:
        return attended
    left_at = registration.left_at
    if left_at is None or left_at > asked.until:
        return _no_word_yet(asked)
    is_early = left_before(condition, registration)
    known_at = left_at if attended.known_at is None else max(left_at, attended.known_at)
    return _Word(is_early is (condition.kind is ConditionKind.LEFT_BEFORE), known_at)


def _unknown_attendance(registration: Registration, asked: Asked, *, is_negated: bool) -> _Word:
    """Ask whether nothing was known: settled at the moment itself, even for a step that waits.

    Only its negation ("skip if attendance unknown") waits for a word.
    """
    limit = asked.until if is_negated else asked.moment
    attendance, known_at = attendance_word(registration, limit)
    if attendance is not Attendance.UNKNOWN:
        return _Word(truth=False, known_at=known_at)
    if asked.now < limit:
        return _Word(truth=None, until=limit)
    return _Word(truth=True, known_at=limit, missing=SkipReason.NO_WORD)


def _replay(registration: Registration, asked: Asked) -> _Word:
    """Ask whether there is a replay: never before the session has ended, whenever its link came."""
    session = registration.session
    opens_at = max(session.replay_known_at or session.ends_at, session.ends_at)
    if session.replay_url and opens_at <= asked.until:
        shown_at = max(opens_at, asked.moment)
        return _Word(shown_at < session.replay_closes_at, opens_at)
    if asked.now < asked.until:
        return _Word(truth=None, until=asked.until)
    return _Word(truth=False, known_at=asked.until)


def _skip_reason(condition: Condition, word: _Word) -> SkipReason:
    if condition.kind is ConditionKind.GOAL_REACHED and condition.is_negated:
        return SkipReason.GOAL
    if condition.kind is ConditionKind.REPLAY_AVAILABLE and not condition.is_negated:
        return SkipReason.NO_REPLAY
    return word.missing or SkipReason.CONDITION


def _in_words(condition: Condition) -> str:
    return f"{'skipped if' if condition.is_negated else 'only if'} {condition_text(condition)}"
