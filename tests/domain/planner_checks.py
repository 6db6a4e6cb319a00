"""What must be true of every plan and of every finished run, whatever happened on the way."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from funnel.domain.enrollment import PassedStep
from funnel.domain.message import MessageStatus
from funnel.domain.planner import Decision, Plan, PlannedStep, SkipReason
from funnel.domain.sequence import AnchorKind, SequenceDefinition, Step, StepKind
from funnel.domain.step_moments import timing_for
from funnel.domain.timing import SendWindow, local_day
from tests.domain.simulate import Person

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)


def check_plan(person: Person, planned: Plan, now: datetime) -> None:
    """A plan says everything about everybody, and nothing that contradicts itself."""
    order = [step.key for step in person.version.steps]
    seen = [(order.index(line.key), line.copy) for line in planned.steps]
    assert seen == sorted(set(seen)), "list order, copies in order, nothing twice"
    assert {line.key for line in planned.steps} == set(order)
    for row in person.facts.passed:
        assert (order.index(row.key), row.copy) in seen
    assert planned.is_complete == (planned.next_due_at is None)
    assert planned.next_due_at is None or planned.next_due_at >= now
    for line in planned.steps:
        _check_line(line, now)
    _check_letter_days(person, planned)


def _check_line(line: PlannedStep, now: datetime) -> None:
    decision = line.decision
    assert (line.moment is None) == (decision is Decision.NOT_COUNTED)
    assert (line.valid_until is not None) == (decision in {Decision.SEND, Decision.WAIT})
    assert line.reasons
    if decision is Decision.SEND:
        assert line.moment is not None
        assert line.valid_until is not None
        assert line.moment <= line.valid_until
        assert now <= line.valid_until
    if decision is Decision.WAIT:
        assert line.moment is not None
        assert line.ask_at is not None
        assert line.moment <= now < line.ask_at
    if decision in {Decision.SKIP, Decision.NOT_COUNTED}:
        assert line.skip is not None
    assert line.is_open == (line.ask_at is not None)
    assert not line.is_open or decision in {Decision.SEND, Decision.WAIT}


def _check_letter_days(person: Person, planned: Plan) -> None:
    unsettled = {(row.key, row.copy) for row in person.facts.passed if not row.status.is_settled}
    spans = sorted(
        _span(person, line)
        for line in planned.steps
        if line.kind is StepKind.LETTER
        and (line.decision is Decision.SEND or (line.key, line.copy) in unsettled)
        and line.decision is not Decision.SKIP
    )
    assert planned.letter_days == {day for span in spans for day in span}
    apart = max(1, person.version.days_between_letters)
    for earlier, later in pairwise(spans):
        assert (later[0] - earlier[1]).days >= apart


def _span(person: Person, line: PlannedStep) -> tuple[date, date]:
    """The first and the last local day on which a letter may leave: two days for a night."""
    assert line.moment is not None
    zone, window = person.enrollment.zone, person.version.step(line.key).window
    first = local_day(line.moment, zone)
    if line.valid_until is not None:
        return first, local_day(line.valid_until, zone)
    assert window is not None
    goes_on = window.is_over_midnight and window.closes != time(0)
    is_evening = line.moment.astimezone(zone).time() >= window.opens
    return first, first + DAY if goes_on and is_evening else first


def check_quiet(person: Person, planned: Plan, now: datetime) -> None:
    """Until ``next_due_at`` the plan stays as it is: nobody has to look in between."""
    if planned.next_due_at is None or planned.next_due_at <= now:
        return
    rows = {(row.key, row.copy) for row in person.facts.passed}
    shortly_before = planned.next_due_at - MICROSECOND
    after = person.plan(shortly_before).steps
    assert after == planned.steps, [
        x for x in zip(planned.steps, after, strict=True) if x[0] != x[1]
    ]
    for line in planned.steps:
        if (line.key, line.copy) not in rows and line.decision in {Decision.SEND, Decision.SKIP}:
            assert line.moment is not None
            assert line.moment >= planned.next_due_at


def check_monotone(earlier: Plan, later: Plan, later_at: datetime) -> None:
    """With the same facts, time makes what is overdue later, and turns hopes into decisions.

    What is not due yet may come earlier, where an overdue letter that stood in its way makes room.
    A letter for which no word came on its day is no decision, if nobody settled it on that day.
    """
    assert len(earlier.steps) == len(later.steps)
    for before, after in zip(earlier.steps, later.steps, strict=True):
        assert (before.key, before.copy) == (after.key, after.copy)
        _check_line_monotone(before, after, later_at)
    if earlier.next_due_at is not None:
        assert later.next_due_at is not None
        assert later.next_due_at >= earlier.next_due_at


def _check_line_monotone(before: PlannedStep, after: PlannedStep, after_at: datetime) -> None:
    is_hope = before.decision in {Decision.SEND, Decision.WAIT}
    if is_hope and before.moment is not None and before.moment <= after_at:
        assert after.moment is not None
        assert after.moment >= before.moment, (before, after)
    is_lapsed = (
        before.decision is Decision.SKIP
        and before.kind is StepKind.LETTER
        and before.skip is SkipReason.NO_WORD
    )
    if is_lapsed and after.decision is not Decision.SKIP:
        assert after.moment is not None
        assert before.moment is not None
        assert after.moment > before.moment
    elif before.decision in {Decision.PASSED, Decision.NOT_COUNTED, Decision.SKIP}:
        assert after.decision is before.decision, (before, after)
    if before.decision is Decision.WAIT:
        assert after.decision in {Decision.WAIT, Decision.SKIP}
    if after.is_open:
        assert before.is_open or is_lapsed


def check_hand_over(person: Person, row: PassedStep) -> None:
    """What leaves, leaves in its time; ``person`` is as known at that moment."""
    step = person.version.step(row.key)
    assert row.settled_at is not None
    assert row.moment <= row.settled_at
    if step.kind is StepKind.LETTER:
        _check_letter(person, step, row.settled_at)
    else:
        _check_service(person, step, row)
    _check_after_anchor(person, step, row.settled_at)


def _check_letter(person: Person, step: Step, left_at: datetime) -> None:
    zone = person.enrollment.zone
    day = local_day(left_at, zone)
    assert step.window is not None
    assert _is_in_window(step.window, left_at, zone)
    assert day not in person.taken_days
    assert day not in person.version.blackout_dates
    facts = person.facts
    assert facts.letters_paused_until is None or left_at >= facts.letters_paused_until
    if facts.registration is not None:
        session = facts.registration.session
        first = local_day(session.starts_at, zone)
        assert not first <= day <= local_day(session.ends_at - MICROSECOND, zone) + DAY


def _is_in_window(window: SendWindow, left_at: datetime, zone: ZoneInfo) -> bool:
    """A night belongs to the day on which it begins."""
    day = local_day(left_at, zone)
    for opened_on in (day, day - DAY):
        opens_at, closes_at = window.hours_on(opened_on, zone)
        if opened_on.weekday() in window.weekdays and opens_at <= left_at <= closes_at:
            return True
    return False


def _check_service(person: Person, step: Step, row: PassedStep) -> None:
    assert row.settled_at is not None
    assert row.settled_at <= row.moment + step.grace
    registration = person.facts.registration
    timing = timing_for(step, registration)
    if registration is None or timing is None:
        return
    starts_at = registration.session.starts_at
    if timing.anchor.kind is AnchorKind.SESSION_START and row.moment < starts_at:
        assert row.settled_at <= starts_at


def _check_after_anchor(person: Person, step: Step, left_at: datetime) -> None:
    timing = timing_for(step, person.facts.registration)
    assert timing is not None
    kind = timing.anchor.kind
    if kind is AnchorKind.ENROLLMENT:
        assert left_at >= person.enrollment.enrolled_at
    elif kind is AnchorKind.STEP:
        others = [row for row in person.facts.passed if row.key == timing.anchor.step_key]
        assert others, "nothing leaves before the step that it counts from"
        first = min(others, key=lambda row: row.copy)
        assert first.settled_at is not None
        assert first.settled_at <= left_at


def check_run(version: SequenceDefinition, person: Person) -> None:
    """A finished run: all is settled, letters apart, one of a group, copies where allowed."""
    rows = person.facts.passed
    assert all(row.status.is_settled for row in rows)
    assert len({(row.key, row.copy) for row in rows}) == len(rows)
    left = [row for row in rows if row.status is MessageStatus.ACCEPTED]
    _check_apart(version, person, left)
    groups = [
        (step.one_of, row.session_id) for row in left if (step := version.step(row.key)).one_of
    ]
    assert len(groups) == len(set(groups))
    for row in rows:
        assert row.copy == 0 or version.step(row.key).repeats_when_moved


def _check_apart(version: SequenceDefinition, person: Person, left: Sequence[PassedStep]) -> None:
    days = sorted(
        local_day(row.settled_at, person.enrollment.zone)
        for row in left
        if row.settled_at and version.step(row.key).kind is StepKind.LETTER
    )
    for earlier, later in pairwise(days):
        assert (later - earlier).days >= max(1, version.days_between_letters)
