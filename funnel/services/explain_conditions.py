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
    ConditionKind.CLICKED: "no such click came",
    ConditionKind.TAG: "no such mark was set",
    ConditionKind.BOOKED: "no such booking came",
    ConditionKind.BOUGHT: "no such purchase came",
    ConditionKind.REPLIED: "no reply came",
    ConditionKind.REPLAY_WATCHED: "they did not watch it",
}
_ENDED = {FactKind.UNTAGGED: "taken off", FactKind.BOOKING_CANCELLED: "cancelled"}


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
        yield ExplainedDecision(about="condition", says="It has none.")
        return
    past = _past(tx, asked, frame)
    for each in conditions:
        words = of_person(statement(each, asked.version, is_so=True))
        rule = f"{'Not if' if each.is_negated else 'Only if'} {words}"
        said, evidence = _answer(tx, asked, each, past, frame)
        yield ExplainedDecision(about="condition", says=f"{rule}: {said}.", evidence=evidence)


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
        known = f"their {condition.name} is {said}" if said is not None else "nothing is known"
        return known, f"person {frame.subscriber_id}"
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
        named = f"{first.kind}{f' “{first.name}”' if first.name else ''}"
        if account.at is None:
            named += f", and {_ENDED[FactKind(last.kind)]}"
        return f"{named} on {moment(last.at)}", evidence
    if account.at is not None:
        return _without_record(asked, condition, account.at, past)
    return _missing(asked, condition, account.counts_until), ""


def _cannot_happen(condition: Condition) -> str:
    return "they do not get that email" if condition.step_key else "they hold no seat"


def _without_record(
    asked: AskedConditions, condition: Condition, at: datetime, past: _Past
) -> tuple[str, str]:
    """Say what no fact of its own tells: a press on "Watch", a goal that was reported."""
    seat = past.seat
    if condition.kind is ConditionKind.REPLAY_WATCHED and seat is not None:
        return f"watched on {asked.reading.moment(at)}", f"registration {seat.id}"
    is_reported = at == past.reported_at
    return f"{'reported on' if is_reported else 'so since'} {asked.reading.moment(at)}", ""


def _missing(asked: AskedConditions, condition: Condition, counts_until: datetime | None) -> str:
    until = asked.asked_at
    said = _MISSING.get(_asked_kind(asked, condition), "nothing of the kind came")
    if counts_until is None or counts_until <= until:
        return f"{said} until {asked.reading.moment(counts_until or until)}"
    said += f" until {asked.reading.moment(until)}"
    if asked.decided_at is None:
        said += f"; one counts until {asked.reading.moment(counts_until)}"
    return said


def _asked_kind(asked: AskedConditions, condition: Condition) -> ConditionKind:
    goal = asked.version.goal
    if condition.kind is ConditionKind.GOAL_REACHED and len(goal) == 1:
        return goal[0].kind
    return condition.kind


def _room(tx: Transaction, asked: AskedConditions, seat: SeatRecord | None) -> tuple[str, str]:
    if seat is None:
        return "they hold no seat", ""
    is_unknown = seat.attendance == Attendance.UNKNOWN
    known = "nothing is known yet" if is_unknown else f"they {seat.attendance} it"
    if seat.left_at is not None:
        known += f", and left {asked.reading.moment(seat.left_at)}"
    words = [
        each
        for each in explanations.facts_of(tx, asked.run_id, _ROOM_WORDS)
        if each.session_id == seat.session_id
    ]
    rows = (f"registration {seat.id}", *(_fact(each, asked.reading) for each in words[:3]))
    return known, "; ".join(rows)


def _replay(asked: AskedConditions) -> tuple[str, str]:
    session = asked.session
    if session is None or not session.replay_url:
        return "no link is entered", ""
    since = session.replay_known_at
    entered = f", entered {asked.reading.moment(since)}" if since else ""
    known = f"there is one until {asked.reading.moment(session.replay_closes_at)}"
    return known, f"session {session.id}{entered}"


def _fact(fact: FactRecord, reading: Reading) -> str:
    return f"fact {fact.id}: {fact.kind} on {reading.moment(fact.at)}, by {fact.source}"


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
