"""Messages that are queued, or in somebody's hands: what the plan says about them meanwhile."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from funnel.domain.message import MessageStatus
from funnel.domain.planner import Decision, SkipReason
from funnel.domain.session import Attendance
from tests.domain.simulate import goal, word
from tests.domain.stories import ENDS, line, moment, person, row, session, with_rows

MICROSECOND = timedelta(microseconds=1)
LETTER_ROW = ("tables-turned", "2026-11-03T08:00Z")


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


def test_a_message_that_waits_for_a_later_moment_is_given_up_at_once_as_well():
    queued = row("tables-turned", MessageStatus.QUEUED, "2026-11-03T08:00Z")
    now = moment("2026-11-02T12:00Z")
    planned = with_rows(person(wants_letters=False), queued).plan(now)
    assert planned.steps[1].decision is Decision.SKIP
    assert planned.next_due_at == now


def test_a_queued_letter_that_is_decided_against_frees_its_day_in_the_same_plan():
    queued = row("invitation-first", MessageStatus.QUEUED, "2026-11-18T08:00Z")
    sent = {
        "tables-turned": "2026-11-03T08:00Z",
        "listening": "2026-11-05T08:00Z",
        "bias": "2026-11-09T08:00Z",
        "systems": "2026-11-11T08:00Z",
        "shift-one": "2026-11-16T08:00Z",
    }
    rows = [row(key, MessageStatus.ACCEPTED, at, settled=at) for key, at in sent.items()]
    somebody = with_rows(person(seat=session()), *rows, queued)
    told = word(Attendance.MISSED, moment(ENDS))[1](somebody.facts)
    missed = replace(somebody, facts=told)
    assert line(missed, "2026-11-17T08:00Z", "invitation-first").decision is Decision.SKIP
    assert line(missed, "2026-11-17T08:00Z", "shift-two").moment == moment("2026-11-19T08:00Z")


def test_a_queued_email_that_is_decided_against_leaves_room_for_its_counterpart():
    queued = row("thank-you", MessageStatus.QUEUED, "2026-11-12T20:30Z", session_id=session().id)
    somebody = with_rows(person(seat=session()), queued)
    corrected = word(Attendance.MISSED, moment("2026-11-12T21:00Z"))[1](somebody.facts)
    missed = replace(somebody, facts=corrected)
    assert line(missed, "2026-11-13T08:00Z", "thank-you").skip is SkipReason.CONDITION
    assert line(missed, "2026-11-13T08:00Z", "missed").decision is Decision.SEND


def test_a_reminder_in_somebodys_hands_has_no_next_copy_yet():
    old, new = session(), session("2026-11-19T17:00Z", number=2)
    sending = row(
        "tomorrow",
        MessageStatus.SENDING,
        "2026-11-11T17:00Z",
        session_id=old.id,
        session_starts_at=old.starts_at,
    )
    planned = with_rows(person(seat=new), sending).plan(moment("2026-11-11T17:00:01Z"))
    copies = [each.copy for each in planned.steps if each.key == "tomorrow"]
    assert copies == [0]


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


def test_a_goal_reached_while_the_invitation_waits_in_the_queue_stops_it():
    somebody = person()
    queued = row("invitation-last", MessageStatus.QUEUED, "2026-11-30T08:00Z")
    reached = goal(moment("2026-11-30T08:00:01Z"))[1](with_rows(somebody, queued).facts)
    stopped = line(replace(somebody, facts=reached), "2026-11-30T08:00:02Z", "invitation-last")
    assert (stopped.decision, stopped.skip) == (Decision.SKIP, SkipReason.GOAL)
