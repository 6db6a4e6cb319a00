"""What one email asks of its reader, and what answered: by the planner's test, with the rows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from funnel.domain.calendar import CalendarLine
from funnel.domain.calendar_conditions import statement
from funnel.domain.condition_account import ConditionAccount, account_of
from funnel.domain.condition_text import HAPPENING
from funnel.domain.enrollment import Enrollment, Facts, PassedStep
from funnel.domain.explanation import ExplainedDecision, Reading, of_person
from funnel.domain.facts import FactKind, Happening
from funnel.domain.known import Known
from funnel.domain.sequence import Condition, ConditionKind, SequenceDefinition, Step
from funnel.domain.session import Attendance, Registration, Session
from funnel.domain.speech import mark, say
from funnel.domain.step_moments import anchor_at, settled_moment, timing_for
from funnel.storage import calendar_rows, explanations
from funnel.storage.calendar_rows import RunFrame
from funnel.storage.explanations import FactRecord, SeatRecord
from funnel.storage.transaction import Transaction

_ROOM_WORDS = (FactKind.ATTENDED, FactKind.MISSED, FactKind.JOINED, FactKind.LEFT_ROOM)
_HAPPENED = (
    *(FactKind.CLICKED, FactKind.TAGGED, FactKind.UNTAGGED, FactKind.BOOKED),
    *(FactKind.BOOKING_CANCELLED, FactKind.BOUGHT, FactKind.REPLIED),
)
_MISSING = {
    ConditionKind.CLICKED: mark("no such click came"),
    ConditionKind.TAG: mark("no such mark was set"),
    ConditionKind.BOOKED: mark("no such booking came"),
    ConditionKind.BOUGHT: mark("no such purchase came"),
    ConditionKind.REPLIED: mark("no reply came"),
    ConditionKind.REPLAY_WATCHED: mark("they did not watch it"),
}
_ENDED = {
    FactKind.UNTAGGED: mark("taken off"),
    FactKind.BOOKING_CANCELLED: mark("cancelled"),
}
_ATTENDED = {
    Attendance.UNKNOWN: mark("nothing is known yet"),
    Attendance.ATTENDED: mark("they attended it"),
    Attendance.MISSED: mark("they missed it"),
}
_ONLY_IF = mark("Only if {words}: {said}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedConditions:
    """The conditions of one copy of an email, of one run.

    Attributes:
        lines: All of the run's calendar.
        decided_at: When the copy was settled, plan time; ``None``: it is not yet.
    """

    run_id: UUID
    version: SequenceDefinition
    step: Step
    session: Session | None
    lines: tuple[CalendarLine, ...]
    decided_at: datetime | None
    reading: Reading

    @property
    def asked_at(self) -> datetime:
        """The last moment at which a word counts: its own, or now."""
        return self.decided_at or self.reading.now


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """What was known of a run when the email was decided, or is now."""

    known: Known
    records: tuple[tuple[Happening, FactRecord], ...]
    seat: SeatRecord | None
    reported_at: datetime | None
    counted_at: datetime

    @property
    def happened(self) -> tuple[Happening, ...]:
        return tuple(each for each, _ in self.records)

    def record(self, word: Happening) -> FactRecord:
        return next(record for each, record in self.records if each is word)


def conditions_of(tx: Transaction, asked: AskedConditions) -> Iterator[ExplainedDecision]:
    """Yield one decision for each condition: what it asks, what answered it, and the rows.

    What does not count is not shown: a click in another email, what was taken back, what came too
    late or after the email was settled.
    """
    conditions = [
        each for each in asked.step.conditions if each.kind is not ConditionKind.REGISTERED
    ]
    frame = calendar_rows.find_run(tx, asked.run_id)
    if not conditions or frame is None:
        yield ExplainedDecision(about=say("condition"), says=say("It has none."))
        return
    past = _past(tx, asked, frame)
    for each in conditions:
        words = of_person(statement(each, asked.version, is_so=True))
        said, evidence = _answer(tx, asked, each, past, frame)
        pattern = mark("Not if {words}: {said}.") if each.is_negated else _ONLY_IF
        says = say(pattern, words=words, said=said)
        yield ExplainedDecision(about=say("condition"), says=says, evidence=evidence)


def _answer(
    tx: Transaction, asked: AskedConditions, condition: Condition, past: _Past, frame: RunFrame
) -> tuple[str, str]:
    if condition.kind in HAPPENING:
        account = account_of(
            condition,
            past.known,
            past.happened,
            counted_at=past.counted_at,
            goal=asked.version.goal,
        )
        return _of_account(asked, condition, account, past)
    if condition.kind is ConditionKind.FIELD:
        said = explanations.fields_of(tx, frame.subscriber_id).get(condition.name)
        known = (
            say("their {field} is {value}", field=condition.name, value=said)
            if said is not None
            else say("nothing is known")
        )
        return known, say("person {id}", id=frame.subscriber_id)
    if condition.kind is ConditionKind.REPLAY_AVAILABLE:
        return _replay(asked)
    return _room(tx, asked, past.seat)


def _of_account(
    asked: AskedConditions, condition: Condition, account: ConditionAccount, past: _Past
) -> tuple[str, str]:
    moment = asked.reading.moment
    records = [past.record(each) for each in account.told_by]
    evidence = "; ".join(_fact(each, asked.reading) for each in records)
    if not account.can_happen:
        return _cannot_happen(condition), ""
    if records:
        first, last = records[0], records[-1]
        named = f"{say(first.kind)}{f' “{first.name}”' if first.name else ''}"
        if account.at is None:
            named = say("{fact}, and {end}", fact=named, end=say(_ENDED[FactKind(last.kind)]))
        return say("{fact} on {moment}", fact=named, moment=moment(last.at)), evidence
    if account.at is not None:
        return _without_record(asked, condition, account.at, past)
    return _missing(asked, condition, account.counts_until), ""


def _cannot_happen(condition: Condition) -> str:
    return say("they do not get that email") if condition.step_key else say("they hold no seat")


def _without_record(
    asked: AskedConditions, condition: Condition, at: datetime, past: _Past
) -> tuple[str, str]:
    """Say what no fact of its own tells: a press on "Watch", a goal that was reported."""
    seat = past.seat
    if condition.kind is ConditionKind.REPLAY_WATCHED and seat is not None:
        watched = say("watched on {moment}", moment=asked.reading.moment(at))
        return watched, say("registration {id}", id=seat.id)
    pattern = mark("reported on {moment}") if at == past.reported_at else mark("so since {moment}")
    return say(pattern, moment=asked.reading.moment(at)), ""


def _missing(asked: AskedConditions, condition: Condition, counts_until: datetime | None) -> str:
    until = asked.asked_at
    missing = say(_MISSING.get(_asked_kind(asked, condition), mark("nothing of the kind came")))
    moment = asked.reading.moment
    if counts_until is None or counts_until <= until:
        return say("{what} until {moment}", what=missing, moment=moment(counts_until or until))
    said = say("{what} until {moment}", what=missing, moment=moment(until))
    if asked.decided_at is None:
        return say("{said}; one counts until {moment}", said=said, moment=moment(counts_until))
    return said


def _asked_kind(asked: AskedConditions, condition: Condition) -> ConditionKind:
    goal = asked.version.goal
    if condition.kind is ConditionKind.GOAL_REACHED and len(goal) == 1:
        return goal[0].kind
    return condition.kind


def _room(tx: Transaction, asked: AskedConditions, seat: SeatRecord | None) -> tuple[str, str]:
    if seat is None:
        return say("they hold no seat"), ""
    known = say(_ATTENDED[Attendance(seat.attendance)])
    if seat.left_at is not None:
        moment = asked.reading.moment(seat.left_at)
        known = say("{known}, and left {moment}", known=known, moment=moment)
    words = [
        each
        for each in explanations.facts_of(tx, asked.run_id, _ROOM_WORDS)
        if each.session_id == seat.session_id
    ]
    rows = (
        say("registration {id}", id=seat.id),
        *(_fact(each, asked.reading) for each in words[:3]),
    )
    return known, "; ".join(rows)


def _replay(asked: AskedConditions) -> tuple[str, str]:
    session = asked.session
    if session is None or not session.replay_url:
        return say("no link is entered"), ""
    since, moment = session.replay_known_at, asked.reading.moment
    evidence = say("session {id}", id=session.id)
    if since:
        evidence = say("{row}, entered {moment}", row=evidence, moment=moment(since))
    return say("there is one until {moment}", moment=moment(session.replay_closes_at)), evidence


def _fact(fact: FactRecord, reading: Reading) -> str:
    return say(
        "fact {id}: {kind} on {moment}, by {source}",
        id=fact.id,
        kind=say(fact.kind),
        moment=reading.moment(fact.at),
        source=fact.source,
    )


def _past(tx: Transaction, asked: AskedConditions, frame: RunFrame) -> _Past:
    seat = explanations.held_seat(tx, asked.run_id)
    registration = _registration(frame, seat)
    reported_at = explanations.goal_reached_at(tx, asked.run_id)
    if reported_at is not None and reported_at > asked.asked_at:
        reported_at = None
    records = tuple(
        (_happening(each), each)
        for each in explanations.facts_of(tx, asked.run_id, _HAPPENED)
        if max(each.at, each.known_at) <= asked.asked_at
    )
    enrollment = Enrollment(enrolled_at=frame.enrolled_at, zone=frame.zone)
    facts = Facts(
        registration=registration,
        goal_reached_at=reported_at,
        happened=tuple(each for each, _ in records),
        fields={
            name: str(value)
            for name, value in explanations.fields_of(tx, frame.subscriber_id).items()
        },
    )
    rows = _rows(tx, asked.run_id)
    known = Known(enrollment, facts, asked.version, rows)
    for line in asked.lines:
        if line.is_ahead and line.at is not None:
            known.plan_email(line.key, line.at)
    return _Past(
        known=known,
        records=records,
        seat=seat,
        reported_at=reported_at,
        counted_at=_counted_at(asked, enrollment, registration, rows),
    )


def _registration(frame: RunFrame, seat: SeatRecord | None) -> Registration | None:
    if frame.registration is None or seat is None:
        return None
    return replace(
        frame.registration,
        attendance=Attendance(seat.attendance),
        attendance_known_at=seat.attendance_known_at,
        watched_at=seat.watched_at,
        left_at=seat.left_at,
    )


def _happening(record: FactRecord) -> Happening:
    return Happening(
        kind=FactKind(record.kind),
        at=record.at,
        name=record.name,
        step_key=record.step_key,
        reference=record.reference,
        replaces=record.replaces,
    )


def _rows(tx: Transaction, run_id: UUID) -> dict[str, list[PassedStep]]:
    found: dict[str, list[PassedStep]] = {}
    for row in sorted(calendar_rows.rows_of_run(tx, run_id), key=lambda each: each.copy):
        if not row.is_notice:
            passed = PassedStep(
                key=row.key,
                copy=row.copy,
                status=row.status,
                moment=row.due_at,
                settled_at=row.settled_at,
            )
            found.setdefault(row.key, []).append(passed)
    return found


def _counted_at(
    asked: AskedConditions,
    enrollment: Enrollment,
    registration: Registration | None,
    rows: dict[str, list[PassedStep]],
) -> datetime:
    """Return what the step's timing counts from; for one that counts from nothing, the run."""
    counted_from = {line.key: line.at for line in asked.lines if line.at is not None}
    counted_from |= {
        key: settled_moment(copies[0])
        for key, copies in rows.items()
        if copies[0].status.is_settled
    }
    timing = timing_for(asked.step, registration)
    at = timing and anchor_at(timing.anchor, enrollment, registration, counted_from)
    return at or enrollment.enrolled_at
