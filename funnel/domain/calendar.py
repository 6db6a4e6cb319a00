"""A person's own calendar: every email of one run, past and coming, each with its reason.

Pure, and asked in one place for the page, the API and the command line: what the planner says and
what the rows say, in the reader's words. Moments stay aware UTC; days in sentences are the
reader's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.calendar_conditions import ahead_text, open_text, told_text
from funnel.domain.calendar_dates import DateTelling
from funnel.domain.calendar_line import CalendarLine, EmailRow, FormerDate, LineState
from funnel.domain.calendar_reasons import Told, moment_text, skip_text
from funnel.domain.calendar_words import notice_name
from funnel.domain.enrollment import Enrollment, Facts
from funnel.domain.message import EndReason, MessageStatus, Notice
from funnel.domain.plan import Decision, Plan, PlannedStep, SkipReason
from funnel.domain.sequence import SequenceDefinition, Step, StepKind, Timing, key_in_words
from funnel.domain.session import Session
from funnel.domain.speech import mark, say
from funnel.domain.step_moments import anchor_at, settled_moment, step_due_at, timing_for

__all__ = [
    "CalendarLine",
    "CalendarSubject",
    "EmailRow",
    "FormerDate",
    "LineState",
    "PersonCalendar",
    "draw_calendar",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCalendar:
    """One run of one person, in order of time.

    Attributes:
        zone: The reader's, IANA name.
        now: Plan time of the asking, aware UTC.
        session: The masterclass whose seat they hold.
        lines: By moment; what has none comes last.
        is_complete: Nothing is to come.
        letters_paused_until: No letter leaves before; ``None``: not paused.
    """

    subscriber_id: UUID
    enrollment_id: UUID
    sequence_id: UUID
    zone: str
    now: datetime
    session: Session | None
    lines: tuple[CalendarLine, ...]
    is_complete: bool
    letters_paused_until: datetime | None

    @property
    def lines_for_reader(self) -> tuple[CalendarLine, ...]:
        """The lines without skips for a date before in whose place another copy stands."""
        return tuple(each for each in self.lines if not each.is_replaced)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSubject:
    """Whose calendar it is, and what it is made of; ``began_with_seat``: they came for a date."""

    subscriber_id: UUID
    enrollment_id: UUID
    sequence_id: UUID
    enrollment: Enrollment
    version: SequenceDefinition
    facts: Facts
    began_with_seat: bool


def draw_calendar(
    subject: CalendarSubject, rows: Sequence[EmailRow], answer: Plan | None, now: datetime
) -> PersonCalendar:
    """Return the calendar of one run.

    Args:
        subject: The run.
        rows: Its messages and the notices about it.
        answer: What the planner says now; ``None`` for a run that has ended.
        now: Aware moment in plan time.
    """
    drawing = _Drawing(subject, answer, now)
    lines = [*drawing.lines(rows), *(notice_line(each) for each in rows if each.is_notice)]
    registration = subject.facts.registration
    return PersonCalendar(
        subscriber_id=subject.subscriber_id,
        enrollment_id=subject.enrollment_id,
        sequence_id=subject.sequence_id,
        zone=subject.enrollment.zone.key,
        now=now,
        session=registration.session if registration else None,
        lines=tuple(sorted(lines, key=_place)),
        is_complete=answer is None or answer.is_complete,
        letters_paused_until=subject.facts.letters_paused_until,
    )


def _place(line: CalendarLine) -> tuple[bool, datetime, bool]:
    """Order by time; what is not counted last, and a notice before what it brings."""
    nowhere = datetime.max.replace(tzinfo=ZoneInfo("UTC"))
    return (line.at is None, line.at or nowhere, line.kind is not None)


class _Drawing:
    """One calendar in the making: steps in list order, so that anchors are known when asked."""

    def __init__(self, subject: CalendarSubject, answer: Plan | None, now: datetime) -> None:
        self._subject = subject
        self._now = now
        self._planned: dict[str, list[PlannedStep]] = {}
        for line in answer.steps if answer else ():
            self._planned.setdefault(line.key, []).append(line)
        self._counted_from = _settled(subject.facts)
        registration = subject.facts.registration
        self._dates = DateTelling(
            enrollment=subject.enrollment, held=registration.session if registration else None
        )

    def lines(self, rows: Sequence[EmailRow]) -> Iterator[CalendarLine]:
        """Yield the lines of every step, and of those that the version no longer has."""
        by_key: dict[str, list[EmailRow]] = {}
        for row in sorted(
            (each for each in rows if not each.is_notice), key=lambda each: each.copy
        ):
            by_key.setdefault(row.key, []).append(row)
        for step in self._subject.version.steps:
            yield from self._of_step(step, by_key.pop(step.key, []))
        for removed in by_key.values():
            yield from (_bare_line(row) for row in removed)

    def _of_step(self, step: Step, rows: Sequence[EmailRow]) -> Iterator[CalendarLine]:
        planned = {each.copy: each for each in self._planned.get(step.key, ())}
        timing = timing_for(step, self._subject.facts.registration)
        due_at = self._due_at(timing)
        lines = [
            self._row_line(step, row, planned.pop(row.copy, None), timing, due_at) for row in rows
        ]
        lines += [self._planned_line(step, line, timing, due_at) for line in planned.values()]
        yield from self._dates.told(step, lines, rows)
        first = next(iter(self._planned.get(step.key, ())), None)
        if first is not None and first.moment is not None:
            self._counted_from.setdefault(step.key, first.moment)

    def _due_at(self, timing: Timing | None) -> datetime | None:
        if timing is None:
            return None
        subject = self._subject
        counted_at = anchor_at(
            timing.anchor, subject.enrollment, subject.facts.registration, self._counted_from
        )
        return None if counted_at is None else step_due_at(timing, counted_at, subject.enrollment)

    def _row_line(
        self,
        step: Step,
        row: EmailRow,
        planned: PlannedStep | None,
        timing: Timing | None,
        due_at: datetime | None,
    ) -> CalendarLine:
        is_asked_again = planned is not None and planned.decision is not Decision.PASSED
        if planned is not None and is_asked_again and planned.decision is not Decision.SEND:
            return self._planned_line(step, planned, timing, due_at)
        at = _moment(row)
        if row.status is MessageStatus.QUEUED and planned is not None and planned.moment:
            at = planned.moment
        reasons = planned.reasons if planned is not None and is_asked_again else row.reasons
        told = self._told(step, at, reasons, timing, due_at)
        state = _STATES[row.status]
        return _line(step, row.copy, state, at, self._row_text(told, row))

    def _row_text(self, told: Told, row: EmailRow) -> str:
        if row.status is MessageStatus.SKIPPED:
            return self._skipped_row_text(told, row)
        if row.status in _ENDINGS:
            return _ending(row)
        when = moment_text(told, self._now, condition=told_text(told.step, told.version))
        if row.status is MessageStatus.UNKNOWN:
            return say("handed over, and no answer came back")
        is_again = row.status is MessageStatus.QUEUED and row.attempts
        if not is_again:
            return when
        return say("{when}; it could not be handed over yet and is tried again", when=when)

    def _skipped_row_text(self, told: Told, row: EmailRow) -> str:
        word = row.reason.partition(":")[0]
        if word not in set(SkipReason):
            return say("skipped: {why}", why=say(_LATER_WORDS.get(word, _NOT_WANTED)))
        late_by = (row.settled_at or row.due_at) - row.due_at
        return skip_text(told, SkipReason(word), late_by=late_by)

    def _planned_line(
        self, step: Step, line: PlannedStep, timing: Timing | None, due_at: datetime | None
    ) -> CalendarLine:
        if line.decision is Decision.NOT_COUNTED or line.moment is None:
            return _line(step, line.copy, LineState.NOT_COUNTED, None, _not_counted(timing))
        told = self._told(step, line.moment, line.reasons, timing, due_at)
        if line.decision is Decision.SKIP:
            why = skip_text(
                told, line.skip or SkipReason.CONDITION, late_by=self._now - line.moment
            )
            return _line(step, line.copy, LineState.SKIPPED, line.moment, why)
        words = open_text if line.is_open else ahead_text
        why = moment_text(told, self._now, condition=words(step, told.version))
        state = LineState.OPEN if line.is_open else LineState.COMING
        return _line(step, line.copy, state, line.moment, why)

    def _told(
        self,
        step: Step,
        at: datetime,
        reasons: Sequence[str],
        timing: Timing | None,
        due_at: datetime | None,
    ) -> Told:
        subject = self._subject
        return Told(
            step=step,
            version=subject.version,
            timing=timing or step.timing,
            due_at=due_at,
            at=at,
            reasons=reasons,
            zone=subject.enrollment.zone,
            began_with_seat=subject.began_with_seat,
            letters_paused_until=subject.facts.letters_paused_until,
            begins_at=self._dates.held.starts_at if self._dates.held else None,
        )


_STATES = {
    MessageStatus.QUEUED: LineState.QUEUED,
    MessageStatus.SENDING: LineState.QUEUED,
    MessageStatus.ACCEPTED: LineState.SENT,
    MessageStatus.SKIPPED: LineState.SKIPPED,
    MessageStatus.FAILED: LineState.FAILED,
    MessageStatus.UNKNOWN: LineState.UNKNOWN,
    MessageStatus.CANCELLED: LineState.CANCELLED,
}
_ENDINGS = frozenset({MessageStatus.FAILED, MessageStatus.CANCELLED})
# What the open, a signup's end and a new version write; the planner does not say these.
_LATER_WORDS = {
    EndReason.UNWANTED.value: mark("you stopped these emails before it left"),
    EndReason.OVER.value: mark("what it was about had ended"),
    EndReason.LEFT.value: mark("you stopped everything"),
    "removed from the sequence": mark("it was taken out of the sequence"),
    EndReason.SEAT_GIVEN_UP.value: mark("you no longer held the seat"),
    EndReason.DATE_MOVED.value: mark("the date was moved before it left"),
    EndReason.DATE_CANCELLED.value: mark("the date was called off before it left"),
    EndReason.STOPPED.value: mark("the host stopped it"),
    SkipReason.LATE.value: mark("it could not leave in time"),
}
_NOT_WANTED = mark("it was no longer wanted")
_WHEN_NEEDED = mark("when it was needed")
_TO_ALL = mark("written to everybody with a seat")
_NOTICE_WORDS = {
    Notice.CONFIRM: mark("when you signed up"),
    Notice.CONFIRM_AGAIN: mark("as you had not confirmed yet"),
    Notice.WELCOME: mark("when you asked for the letters"),
    Notice.SESSION_MOVED: mark("when the date changed"),
    Notice.SESSION_CANCELLED: mark("when the date was called off"),
}


def _settled(facts: Facts) -> dict[str, datetime]:
    """Return the moments that steps count from which are settled: of each one's first copy."""
    first = sorted(facts.passed, key=lambda each: -each.copy)
    return {each.key: settled_moment(each) for each in first if each.status.is_settled}


def _line(step: Step, copy: int, state: LineState, at: datetime | None, why: str) -> CalendarLine:
    return CalendarLine(
        key=step.key,
        name=step.known_as,
        copy=copy,
        kind=step.kind,
        state=state,
        at=at,
        why=why,
    )


def _bare_line(row: EmailRow) -> CalendarLine:
    """A row whose step the version no longer has."""
    why = say("no longer part of the sequence")
    return CalendarLine(
        key=row.key,
        name=key_in_words(row.key),
        copy=row.copy,
        kind=StepKind.LETTER,
        state=_STATES[row.status],
        at=_moment(row),
        why=_ending(row) if row.status in _ENDINGS else why,
    )


def notice_line(row: EmailRow) -> CalendarLine:
    """Return the line of a message that is no step's: a notice, or an announcement."""
    known = _NOTICE_WORDS[Notice(row.key)] if row.key in set(Notice) else _WHEN_NEEDED
    why = say(_TO_ALL if row.title else known)
    if row.status in _ENDINGS:
        why = _ending(row)
    elif row.status is MessageStatus.SKIPPED:
        word = row.reason.partition(":")[0]
        why = say("skipped: {why}", why=say(_LATER_WORDS.get(word, _NOT_WANTED)))
    return CalendarLine(
        key=row.key,
        name=row.title or notice_name(row.key),
        copy=row.copy,
        kind=None,
        state=_STATES[row.status],
        at=_moment(row),
        why=why,
        about=row.session_starts_at,
    )


def _moment(row: EmailRow) -> datetime:
    """When it left; what never did keeps the moment that it was planned for."""
    if row.status in (MessageStatus.ACCEPTED, MessageStatus.UNKNOWN, MessageStatus.FAILED):
        return row.settled_at or row.due_at
    return row.due_at


def _ending(row: EmailRow) -> str:
    word = row.reason.partition(":")[0]
    if row.status is MessageStatus.CANCELLED:
        return say("cancelled: {why}", why=say(_LATER_WORDS.get(word, _NOT_WANTED)))
    if word == SkipReason.NOT_RENDERED.value or word.startswith("there is no email"):
        return say("failed: {why}", why=say("it could not be written"))
    return say("failed: {why}", why=say("the mail system of your address refused it"))


def _not_counted(timing: Timing | None) -> str:
    return say("only with a seat") if timing is None else say("its beginning is not known yet")
