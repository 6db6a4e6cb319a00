"""Single plans: what a line says, when to ask again, and what rows in every state mean."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from funnel.domain.enrollment import LettersEnd
from funnel.domain.message import MessageStatus
from funnel.domain.planner import Decision, SkipReason
from funnel.domain.sequence import (
    Anchor,
    AnchorKind,
    Condition,
    ConditionKind,
    SequenceDefinition,
    Step,
    StepKind,
    Timing,
    Wait,
)
from funnel.domain.session import Attendance
from funnel.domain.timing import Delay, SendWindow
from tests.domain.simulate import word
from tests.domain.stories import ENDS, line, local, moment, person, row, session, story, with_rows

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)


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


def test_the_day_on_which_a_letter_really_left_counts():
    late = row(
        "tables-turned", MessageStatus.ACCEPTED, "2026-11-03T08:00Z", settled="2026-11-05T08:00Z"
    )
    somebody = with_rows(person(had_letters={"listening": date(2026, 9, 14)}), late)
    fixed = replace(
        somebody.version.step("bias"),
        timing=Timing(anchor=Anchor(kind=AnchorKind.ENROLLMENT), delay=Delay(days=4), at=time(9)),
    )
    steps = (*somebody.version.steps[:3], fixed)
    version = replace(somebody.version, steps=steps)
    # Four days after Monday is Friday, the day after the letter of Thursday.
    planned = line(replace(somebody, version=version), "2026-11-05T09:00Z", "bias")
    assert planned.moment == moment("2026-11-09T08:00Z")


def test_letters_that_a_newer_run_ends_are_due_at_once():
    now = moment("2026-11-02T12:00Z")
    ended = person(letters_end=LettersEnd.SUPERSEDED).plan(now)
    letters = [each for each in ended.steps if each.skip is SkipReason.SUPERSEDED]
    assert len(letters) == 10
    assert all(each.moment and each.moment <= now for each in letters)


def test_what_was_decided_against_is_settled_at_once_after_an_outage():
    reached = person(goal_reached_at=moment("2026-11-02T12:00Z"))
    rows = [
        row(step.key, MessageStatus.ACCEPTED, "2026-11-26T08:00Z", settled="2026-11-26T08:00Z")
        for step in reached.version.steps
        if step.kind is StepKind.LETTER and not step.key.startswith("invitation")
    ]
    # Its day was Monday; nobody settled it until Tuesday night.
    invitation = line(with_rows(reached, *rows), "2026-12-01T20:00Z", "invitation-last")
    assert (invitation.skip, invitation.moment) == (SkipReason.GOAL, moment("2026-11-30T08:00Z"))


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


def test_a_letter_that_was_called_off_has_no_day():
    called_off = row(
        "tables-turned", MessageStatus.CANCELLED, "2026-11-04T08:00Z", settled="2026-11-02T12:00Z"
    )
    planned = line(with_rows(person(), called_off), "2026-11-02T12:00Z", "listening")
    assert planned.moment == moment("2026-11-04T08:00Z")


def test_a_wait_that_would_end_before_the_step_ends_with_it():
    thank_you = replace(
        person().version.step("thank-you"), wait=Wait(delay=Delay(), at=time(9)), one_of=""
    )
    version = SequenceDefinition(slug="x", title="X", brand="default", steps=(thank_you,))
    somebody = person(version=version, seat=session())
    skipped = line(somebody, "2026-11-12T20:30Z", "thank-you")
    assert (skipped.skip, skipped.moment) == (SkipReason.NO_WORD, moment("2026-11-12T20:30Z"))
    told = word(Attendance.ATTENDED, moment("2026-11-12T19:00Z"))[1](somebody.facts)
    sent = line(replace(somebody, facts=told), "2026-11-12T20:30Z", "thank-you")
    assert (sent.decision, sent.moment) == (Decision.SEND, moment("2026-11-12T20:30Z"))
