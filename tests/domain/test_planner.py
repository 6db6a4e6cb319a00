"""Single plans: what a line says, when to ask again, and what rows in every state mean."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from funnel.domain.enrollment import PassedStep
from funnel.domain.message import MessageStatus
from funnel.domain.planner import Decision, PlannedStep, SkipReason
from funnel.domain.sequence import (
    Anchor,
    AnchorKind,
    Condition,
    ConditionKind,
    SequenceDefinition,
    Step,
    StepKind,
    Timing,
)
from funnel.domain.session import Attendance
from funnel.domain.timing import Delay, SendWindow
from tests.domain.simulate import Person, goal, word
from tests.domain.stories import ENDS, local, moment, person, session, story

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)


def line(somebody: Person, now: str, key: str) -> PlannedStep:
    """The current line of a step: the last copy."""
    return [each for each in somebody.plan(moment(now)).steps if each.key == key][-1]


def row(
    key: str, status: MessageStatus, at: str, *, settled: str | None = None, **details: object
) -> PassedStep:
    return PassedStep(
        key=key,
        copy=details.pop("copy", 0),
        status=status,
        moment=moment(at),
        settled_at=moment(settled) if settled else None,
        **details,
    )


def with_rows(somebody: Person, *rows: PassedStep) -> Person:
    return replace(somebody, facts=replace(somebody.facts, passed=rows))


def test_a_fresh_plan_has_a_line_for_every_step_and_asks_again_at_the_first():
    somebody = person(seat=session())
    planned = somebody.plan(somebody.enrollment.enrolled_at)
    assert [each.key for each in planned.steps] == [step.key for step in somebody.version.steps]
    assert planned.next_due_at == somebody.enrollment.enrolled_at
    assert not planned.is_complete
    assert len(planned.letter_days) == 11
    assert date(2026, 11, 3) in planned.letter_days


def test_open_steps_say_so_and_name_the_condition():
    somebody = person(seat=session())
    open_lines = {
        each.key: each for each in somebody.plan(moment("2026-11-03T10:00Z")).steps if each.is_open
    }
    assert set(open_lines) == {
        *("thank-you", "missed", "replay-open", "replay-ends", "invitation-first"),
    }
    thank_you = open_lines["thank-you"]
    assert thank_you.decision is Decision.SEND
    assert thank_you.ask_at == thank_you.moment == moment("2026-11-12T20:30Z")
    assert "not known yet: attended" in thank_you.reasons


def test_a_wait_names_its_end_and_how_long_it_may_leave():
    somebody = person(seat=session())
    waiting = line(somebody, "2026-11-12T21:00Z", "thank-you")
    assert waiting.decision is Decision.WAIT
    assert waiting.is_open
    assert waiting.moment == moment("2026-11-12T20:30Z")
    assert waiting.ask_at == moment("2026-11-13T08:00Z")
    assert waiting.valid_until == moment("2026-11-14T04:00Z")


def test_a_word_during_the_wait_becomes_the_moment():
    somebody = person(seat=session())
    told = word(Attendance.ATTENDED, moment("2026-11-12T22:15Z"))[1](somebody.facts)
    sending = line(replace(somebody, facts=told), "2026-11-12T22:16Z", "thank-you")
    assert sending.decision is Decision.SEND
    assert sending.moment == moment("2026-11-12T22:15Z")
    assert sending.valid_until == moment("2026-11-13T18:15Z")


def test_a_wait_that_ends_without_a_word_is_skipped_at_its_end():
    ended = line(person(seat=session()), "2026-11-13T08:00Z", "thank-you")
    assert (ended.decision, ended.skip) == (Decision.SKIP, SkipReason.NO_WORD)
    assert ended.moment == moment("2026-11-13T08:00Z")


def test_a_step_of_a_session_is_not_counted_without_a_seat():
    tomorrow = line(person(), "2026-11-03T10:00Z", "tomorrow")
    assert tomorrow.decision is Decision.NOT_COUNTED
    assert tomorrow.skip is SkipReason.NO_SESSION
    assert tomorrow.moment is None


def test_a_step_that_counts_from_one_that_is_not_counted_is_not_counted():
    steps = (
        Step(
            key="seat",
            kind=StepKind.SERVICE,
            timing=Timing(anchor=Anchor(kind=AnchorKind.REGISTRATION)),
        ),
        Step(
            key="after",
            kind=StepKind.SERVICE,
            timing=Timing(
                anchor=Anchor(kind=AnchorKind.STEP, step_key="seat"), delay=Delay(elapsed=SECOND)
            ),
        ),
    )
    version = SequenceDefinition(slug="x", title="X", brand="default", steps=steps)
    planned = person(version=version).plan(moment("2026-11-03T10:00Z"))
    assert [each.decision for each in planned.steps] == [Decision.NOT_COUNTED] * 2
    assert planned.is_complete
    assert planned.next_due_at is None


def test_reasons_say_how_a_moment_came_about():
    somebody = person(seat=session(), enrolled="2026-11-11T11:00Z")
    assert line(somebody, "2026-11-11T12:00Z", "tables-turned").reasons == (
        "1 day after enrollment, 09:00",
        "not on the session's day or the day after it",
        "its weekdays leave that day out",
    )
    somebody = person(seat=session(), had_letters={"bias": date(2026, 9, 14)})
    assert line(somebody, "2026-11-03T10:00Z", "bias").reasons[-1] == "had it on 14 September"
    assert line(somebody, "2026-11-03T10:00Z", "invitation-first").reasons == (
        "3 days after session end, 09:00",
        "its weekdays leave that day out",
        "keeps 2 days apart from shift-one",
        "not known yet: attended",
    )


LETTER_ROW = ("tables-turned", "2026-11-03T08:00Z")


@pytest.mark.parametrize(
    ("status", "settled", "listening"),
    [
        (MessageStatus.ACCEPTED, "2026-11-03T08:00:01Z", "Thu 5 Nov 09:00"),
        (MessageStatus.FAILED, "2026-11-03T08:00:01Z", "Thu 5 Nov 09:00"),
        (MessageStatus.UNKNOWN, "2026-11-03T08:00:01Z", "Thu 5 Nov 09:00"),
        (MessageStatus.SKIPPED, "2026-11-03T08:00:00Z", "Thu 5 Nov 09:00"),
        (MessageStatus.SKIPPED, "2026-11-01T08:00:00Z", "Thu 5 Nov 09:00"),
        (MessageStatus.SKIPPED, "2026-11-04T08:00:00Z", "Fri 6 Nov 09:00"),
        (MessageStatus.FAILED, "2026-11-04T08:00:00Z", "Fri 6 Nov 09:00"),
        (MessageStatus.QUEUED, None, "Thu 5 Nov 09:00"),
        (MessageStatus.SENDING, None, "Thu 5 Nov 09:00"),
    ],
)
def test_counting_from_a_step_means_from_its_settling(status, settled, listening):
    somebody = with_rows(person(), row(LETTER_ROW[0], status, LETTER_ROW[1], settled=settled))
    planned = line(somebody, "2026-11-03T08:05Z", "listening")
    assert planned.moment
    assert local(planned.moment, BERLIN) == listening


def test_a_step_never_leaves_before_the_one_it_counts_from_is_settled():
    # "first" has been on its way for hours; "second" counts from it, and is not late meanwhile.
    steps = tuple(
        Step(
            key=key,
            kind=StepKind.SERVICE,
            timing=Timing(anchor=anchor, delay=Delay(elapsed=elapsed), at=at),
            grace=timedelta(hours=20),
        )
        for key, anchor, elapsed, at in (
            ("first", Anchor(kind=AnchorKind.ENROLLMENT), timedelta(0), None),
            ("second", Anchor(kind=AnchorKind.STEP, step_key="first"), 60 * SECOND, None),
            ("third", Anchor(kind=AnchorKind.STEP, step_key="first"), SECOND, time(0)),
        )
    )
    version = SequenceDefinition(slug="x", title="X", brand="default", steps=steps)
    queued = row("first", MessageStatus.SENDING, "2026-11-02T11:00Z")
    somebody = with_rows(person(version=version), queued)
    now = moment("2026-11-02T13:00Z")
    planned = somebody.plan(now)
    first, second, third = planned.steps
    assert first.decision is Decision.PASSED
    assert second.moment
    assert second.moment >= now + 60 * SECOND
    assert third.moment
    assert third.moment > now
    # Nobody is woken for what cannot be due before something else happens.
    assert planned.next_due_at
    assert planned.next_due_at >= now + SECOND


def test_a_message_in_the_queue_keeps_its_place_and_wakes_nobody_until_it_is_too_late():
    queued = row("tables-turned", MessageStatus.QUEUED, "2026-11-03T08:00Z")
    planned = with_rows(person(), queued).plan(moment("2026-11-03T08:00:01Z"))
    first = planned.steps[1]
    assert (first.decision, first.moment) == (Decision.SEND, queued.moment)
    assert planned.next_due_at == moment("2026-11-03T16:00Z") + MICROSECOND
    assert date(2026, 11, 3) in planned.letter_days


def test_a_message_in_the_queue_that_is_too_late_takes_its_next_day():
    queued = row("tables-turned", MessageStatus.QUEUED, "2026-11-03T08:00Z")
    now = moment("2026-11-03T16:00Z") + MICROSECOND
    planned = with_rows(person(), queued).plan(now)
    assert planned.steps[1].moment == moment("2026-11-04T08:00Z")
    assert planned.next_due_at == now, "somebody must move the message"


@pytest.mark.parametrize(
    ("change", "skip"),
    [
        ({"wants_letters": False}, SkipReason.NO_LETTERS),
        ({"had_letters": {"tables-turned": date(2026, 9, 14)}}, SkipReason.HAD_IT),
    ],
)
def test_a_message_in_the_queue_that_is_not_wanted_any_more_is_given_up_at_once(change, skip):
    queued = row("tables-turned", MessageStatus.QUEUED, "2026-11-03T08:00Z")
    now = moment("2026-11-03T08:00:01Z")
    planned = with_rows(person(**change), queued).plan(now)
    first = planned.steps[1]
    assert (first.decision, first.skip, first.copy) == (Decision.SKIP, skip, 0)
    assert planned.next_due_at == now
    assert date(2026, 11, 3) not in planned.letter_days


def test_a_queued_reminder_of_a_seat_that_was_given_up_is_skipped():
    queued = row("tomorrow", MessageStatus.QUEUED, "2026-11-11T17:00Z")
    given_up = line(with_rows(person(), queued), "2026-11-11T17:00:01Z", "tomorrow")
    assert (given_up.decision, given_up.skip) == (Decision.SKIP, SkipReason.NO_SESSION)
    assert given_up.moment == queued.moment


def test_a_message_in_somebodys_hands_has_passed_and_is_asked_for_again():
    sending = row("tables-turned", MessageStatus.SENDING, "2026-11-03T08:00Z")
    now = moment("2026-11-03T08:00:01Z")
    planned = with_rows(person(wants_letters=False), sending).plan(now)
    assert planned.steps[1].decision is Decision.PASSED
    assert not planned.is_complete
    assert planned.next_due_at
    assert now < planned.next_due_at <= now + timedelta(minutes=10)
    assert date(2026, 11, 3) in planned.letter_days


def test_a_letter_that_a_person_sends_again_is_left_alone():
    first = row(*LETTER_ROW[:1], MessageStatus.FAILED, LETTER_ROW[1], settled="2026-11-03T08:00Z")
    again = row("tables-turned", MessageStatus.QUEUED, "2026-11-06T10:00Z", copy=1)
    planned = with_rows(person(), first, again).plan(moment("2026-11-06T10:00Z"))
    lines = [each for each in planned.steps if each.key == "tables-turned"]
    assert [(each.copy, each.decision) for each in lines] == [
        (0, Decision.PASSED),
        (1, Decision.PASSED),
    ]
    # Others count from the first copy, and its day stays free for no other letter.
    assert [each.moment for each in planned.steps if each.key == "listening"] == [
        moment("2026-11-09T08:00Z")
    ]


def test_a_run_is_complete_when_all_that_counts_is_settled():
    somebody = person()
    settled = [
        row(step.key, MessageStatus.ACCEPTED, "2026-11-03T08:00Z", settled="2026-11-03T08:00Z")
        for step in somebody.version.steps
        if step.kind is StepKind.LETTER and step.key != "invitation-first"
    ]
    planned = with_rows(somebody, *settled).plan(moment("2026-12-03T08:00Z"))
    assert planned.is_complete
    assert planned.next_due_at is None
    assert planned.letter_days == frozenset()
    not_counted = [each.key for each in planned.steps if each.decision is Decision.NOT_COUNTED]
    assert len(not_counted) == 10
    # One letter less, and the run is not over.
    again = with_rows(somebody, *settled[:-1]).plan(moment("2026-12-03T08:00Z"))
    assert not again.is_complete


def test_a_row_of_a_step_that_the_version_no_longer_has_does_no_harm():
    gone = row("gone", MessageStatus.ACCEPTED, "2026-11-02T08:00Z", settled="2026-11-02T08:00Z")
    planned = with_rows(person(), gone).plan(moment("2026-11-02T11:00Z"))
    assert len(planned.steps) == 20


def test_a_letter_without_an_hour_leaves_as_soon_as_its_window_opens():
    step = Step(
        key="soon",
        kind=StepKind.LETTER,
        timing=Timing(
            anchor=Anchor(kind=AnchorKind.ENROLLMENT), delay=Delay(elapsed=timedelta(hours=3))
        ),
        window=SendWindow(weekdays=frozenset(range(5))),
    )
    version = SequenceDefinition(slug="x", title="X", brand="default", steps=(step,))
    for enrolled, expected in (
        ("2026-11-02T03:00Z", "Mon 2 Nov 09:00"),  # 07:00 in Berlin: before it opens
        ("2026-11-02T09:30Z", "Mon 2 Nov 13:30"),
        ("2026-11-02T13:30Z", "Tue 3 Nov 09:00"),  # 17:30: after it closed
        ("2026-11-06T13:30Z", "Mon 9 Nov 09:00"),
    ):
        assert story(person(version=version, enrolled=enrolled))["soon"] == expected


def test_a_letter_at_an_hour_before_its_anchor_waits_for_the_anchor():
    step = Step(
        key="soon",
        kind=StepKind.LETTER,
        timing=Timing(anchor=Anchor(kind=AnchorKind.ENROLLMENT), at=time(9)),
        window=SendWindow(),
    )
    version = SequenceDefinition(slug="x", title="X", brand="default", steps=(step,))
    assert story(person(version=version))["soon"] == "Mon 2 Nov 12:00"


def test_a_fixed_date_is_that_day_for_every_reader():
    fixed_at = datetime(2026, 12, 1, 8, tzinfo=UTC)
    step = Step(
        key="date",
        kind=StepKind.LETTER,
        timing=Timing(anchor=Anchor(kind=AnchorKind.FIXED, fixed_at=fixed_at), at=time(9)),
        window=SendWindow(),
    )
    version = SequenceDefinition(slug="x", title="X", brand="default", steps=(step,))
    for zone in ("Europe/Berlin", "Pacific/Auckland", "America/New_York"):
        assert story(person(version=version, zone=zone))["date"] == "Tue 1 Dec 09:00"


def test_two_of_a_group_that_hold_at_once_give_one_email():
    steps = tuple(
        Step(
            key=key,
            kind=StepKind.SERVICE,
            timing=Timing(anchor=Anchor(kind=AnchorKind.SESSION_END)),
            conditions=(Condition(kind=ConditionKind.REGISTERED),),
            one_of="group",
        )
        for key in ("one", "other")
    )
    version = SequenceDefinition(slug="x", title="X", brand="default", steps=steps)
    told = story(person(version=version, seat=session()))
    assert told == {"one": "Thu 12 Nov 19:30", "other": "ONE_OF"}


def test_a_group_counts_again_for_another_session():
    had_one = row(
        "missed",
        MessageStatus.ACCEPTED,
        "2026-11-06T08:00Z",
        settled="2026-11-06T08:00Z",
        session_id=session(number=7).id,
    )
    somebody = with_rows(person(seat=session()), had_one)
    told = word(Attendance.ATTENDED, moment(ENDS))[1](somebody.facts)
    thank_you = line(replace(somebody, facts=told), "2026-11-12T20:30Z", "thank-you")
    assert thank_you.decision is Decision.SEND


def test_a_goal_reached_while_the_invitation_waits_in_the_queue_stops_it():
    somebody = person()
    queued = row("invitation-last", MessageStatus.QUEUED, "2026-11-30T08:00Z")
    reached = goal(moment("2026-11-30T08:00:01Z"))[1](with_rows(somebody, queued).facts)
    stopped = line(replace(somebody, facts=reached), "2026-11-30T08:00:02Z", "invitation-last")
    assert (stopped.decision, stopped.skip) == (Decision.SKIP, SkipReason.GOAL)


def test_moments_are_told_in_utc_whatever_zone_the_facts_came_in():
    tokyo = ZoneInfo("Asia/Tokyo")
    somebody = person(seat=session())
    enrolled_at = somebody.enrollment.enrolled_at
    abroad = replace(
        somebody,
        enrollment=replace(somebody.enrollment, enrolled_at=enrolled_at.astimezone(tokyo)),
    )
    assert abroad.plan(enrolled_at.astimezone(tokyo)) == somebody.plan(enrolled_at)
    for each in abroad.plan(enrolled_at.astimezone(tokyo)).steps:
        assert each.moment
        assert each.moment.tzinfo is UTC
