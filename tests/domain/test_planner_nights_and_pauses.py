# ruff: noqa: E501 (a table is read by its rows)
"""Windows over midnight, pauses, sessions that end at midnight, replays before their time."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from funnel.domain.message import MessageStatus
from funnel.domain.planner import Decision, SkipReason
from funnel.domain.sequence_file import parse_sequence
from funnel.domain.session import Attendance
from tests.domain.simulate import moving, pausing, word
from tests.domain.stories import (
    DEFAULT,
    ENDS,
    line,
    moment,
    person,
    row,
    session,
    story,
    with_rows,
)

HOUR = timedelta(hours=1)
NIGHT = parse_sequence(
    """title: x
steps:
  - {key: first, kind: letter, timing: "1 day after enrollment, 21:00", hours: 20:00-02:00, weekdays: mon-fri}
  - {key: second, kind: letter, timing: "2 days after first, 01:00", hours: 20:00-02:00, weekdays: mon-fri}
  - {key: third, kind: letter, timing: "2 days after second, 21:00", hours: 20:00-02:00, weekdays: mon-fri}
""",
    file_name="night.yaml",
)


# Enrolled on Monday 2 November, noon.
NIGHTS = [
    ("the hour may stand on either side of midnight", {}, {"first": "Tue 3 Nov 21:00", "second": "Fri 6 Nov 01:00", "third": "Mon 9 Nov 21:00"}),
    ("a letter that may leave on two days keeps both from others", {"taken_days": [date(2026, 11, 4)]}, {"first": "Thu 5 Nov 21:00"}),
    ("a letter after midnight needs its own day only", {"taken_days": [date(2026, 11, 5)]}, {"first": "Tue 3 Nov 21:00", "second": "Fri 6 Nov 01:00"}),
    ("no letter on either side of a date without letters", {"version": replace(NIGHT, blackout_dates=frozenset({date(2026, 11, 4)}))}, {"first": "Thu 5 Nov 21:00"}),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "who", "expected"), NIGHTS)
def test_a_night_belongs_to_the_day_on_which_it_begins(sentence, who, expected):
    told = story(person(**({"version": NIGHT} | who)))
    assert told == told | expected


def test_a_letter_may_leave_until_the_night_ends_and_then_takes_the_next():
    just_before = ("2026-11-03T19:00Z", "2026-11-04T00:59Z")
    told = story(person(version=NIGHT), outage=just_before, latency=timedelta(0))
    assert told["first"] == "Wed 4 Nov 01:59"
    assert told["second"] == "Fri 6 Nov 01:00"
    just_after = ("2026-11-03T19:00Z", "2026-11-04T01:01Z")
    assert story(person(version=NIGHT), outage=just_after)["first"] == "Wed 4 Nov 21:00"


def test_a_night_on_friday_goes_on_early_on_saturday():
    friday = person(version=NIGHT, enrolled="2026-11-05T11:00Z")
    outage = ("2026-11-06T19:00Z", "2026-11-07T00:30Z")
    assert story(friday, outage=outage, latency=timedelta(0))["first"] == "Sat 7 Nov 01:30"


def test_a_queued_letter_of_a_night_keeps_both_days_for_other_runs():
    queued = row("first", MessageStatus.QUEUED, "2026-11-03T20:00Z")
    planned = with_rows(person(version=NIGHT), queued).plan(moment("2026-11-03T20:00:01Z"))
    assert {date(2026, 11, 3), date(2026, 11, 4)} <= planned.letter_days
    sending = replace(queued, status=MessageStatus.SENDING)
    planned = with_rows(person(version=NIGHT), sending).plan(moment("2026-11-03T20:00:01Z"))
    assert {date(2026, 11, 3), date(2026, 11, 4)} <= planned.letter_days


def test_hours_until_midnight_leave_the_next_day_alone():
    text = """title: x
steps:
  - {key: first, kind: letter, timing: "1 day after enrollment, 23:00", hours: 20:00-00:00}
"""
    until_midnight = parse_sequence(text, file_name="x.yaml")
    first = line(person(version=until_midnight), "2026-11-02T12:00Z", "first")
    assert first.moment == moment("2026-11-03T22:00Z")
    assert first.valid_until == moment("2026-11-03T23:00Z") - timedelta(microseconds=1)


PAUSES = [
    ("letters wait for the end of the pause, then keep to their days", "2026-11-05T12:00Z", {"tables-turned": "Thu 5 Nov 13:00", "listening": "Mon 9 Nov 09:00"}),
    ("a pause that ends in the evening", "2026-11-05T18:00Z", {"tables-turned": "Fri 6 Nov 09:00", "listening": "Mon 9 Nov 09:00"}),
    ("a long one: no burst afterwards", "2026-11-30T07:00Z", {"tables-turned": "Mon 30 Nov 09:00", "listening": "Wed 2 Dec 09:00", "bias": "Fri 4 Dec 09:00", "systems": "Mon 7 Dec 09:00", "shift-one": "Wed 9 Dec 09:00"}),
    ("one that is over before the first letter", "2026-11-02T20:00Z", {"tables-turned": "Tue 3 Nov 09:00"}),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "until", "expected"), PAUSES)
def test_a_pause_holds_the_letters_and_not_the_emails_of_the_seat(sentence, until, expected):
    pause = pausing(moment("2026-11-02T12:00Z"), moment(until))
    told = story(person(seat=session()), pause, word(Attendance.ATTENDED, moment(ENDS)))
    assert told == told | expected
    assert told["tomorrow"] == "Wed 11 Nov 18:00"
    assert told["thank-you"] == "Thu 12 Nov 21:30"


def test_a_pause_moves_what_is_queued_and_its_end_can_be_brought_forward():
    queued = row("tables-turned", MessageStatus.QUEUED, "2026-11-03T08:00Z")
    until = moment("2026-11-10T08:00Z")
    paused = with_rows(person(letters_paused_until=until), queued)
    moved = line(paused, "2026-11-03T08:00:01Z", "tables-turned")
    assert (moved.decision, moved.moment) == (Decision.SEND, until)
    assert "the letters are paused until then" in moved.reasons
    goes_on = pausing(moment("2026-11-04T07:00Z"), None)[1](paused.facts)
    now = "2026-11-04T07:00Z"
    back = line(replace(paused, facts=goes_on), now, "tables-turned")
    assert back.moment == moment("2026-11-04T08:00Z")


def test_a_pause_that_ends_later_moves_the_letter_again():
    told = story(
        person(),
        pausing(moment("2026-11-02T12:00Z"), moment("2026-11-05T07:00Z")),
        pausing(moment("2026-11-04T12:00Z"), moment("2026-11-09T07:00Z")),
    )
    assert told["tables-turned"] == "Mon 9 Nov 09:00"


# 22:30 to 00:00 in Berlin on Thursday.
AT_MIDNIGHT = replace(session("2026-11-12T21:30Z"), ends_at=moment("2026-11-12T23:00Z"))


def test_the_morning_after_a_session_that_ends_at_midnight_is_the_next_one():
    told = story(person(seat=AT_MIDNIGHT), word(Attendance.MISSED, moment("2026-11-13T00:00Z")))
    assert told["missed"] == "Fri 13 Nov 09:00"
    assert told["shift-one"] == "Mon 16 Nov 09:00"
    known = word(Attendance.ATTENDED, moment("2026-11-13T07:00Z"))
    assert story(person(seat=AT_MIDNIGHT), known)["thank-you"] == "Fri 13 Nov 08:00"


def test_the_day_after_a_session_that_ends_at_midnight_is_the_last_without_letters():
    saturdays = tuple(
        replace(step, window=replace(step.window, weekdays=frozenset(range(7))))
        if step.window
        else step
        for step in DEFAULT.steps
    )
    told = story(person(seat=AT_MIDNIGHT, version=replace(DEFAULT, steps=saturdays)))
    assert told["shift-one"] == "Sat 14 Nov 09:00"


def test_a_moment_later_it_ends_on_the_next_day():
    later = replace(AT_MIDNIGHT, ends_at=AT_MIDNIGHT.ends_at + timedelta(microseconds=1))
    told = story(person(seat=later), word(Attendance.MISSED, moment("2026-11-13T00:00Z")))
    assert told["missed"] == "Sat 14 Nov 09:00"


def test_a_replay_that_was_entered_before_the_session_does_not_end_before_it():
    # The host has entered link and end for the wrong evening: 24 h before it, nothing has begun.
    seat = session(
        replay_url="https://replay.example",
        replay_known_at=moment("2026-11-03T10:00Z"),
        replay_ends_at=moment("2026-11-13T12:00Z"),
    )
    assert story(person(seat=seat))["replay-ends"] == "NO_REPLAY"
    right = replace(seat, replay_ends_at=moment("2026-11-15T20:00Z"))
    assert story(person(seat=right))["replay-ends"] == "Sat 14 Nov 21:00"
    assert story(person(seat=right))["replay-open"] == "Fri 13 Nov 09:00"


def test_a_reminder_that_a_move_makes_late_says_by_how_much():
    soon = session("2026-11-12T15:45Z", number=2)
    moved = moving(moment("2026-11-11T18:00Z"), soon)[1](person(seat=session()).facts)
    tomorrow = line(replace(person(), facts=moved), "2026-11-11T18:00Z", "tomorrow")
    assert (tomorrow.decision, tomorrow.skip) == (Decision.SKIP, SkipReason.LATE)
    assert tomorrow.reasons == ("24 h before session start", "late by 2 h 15 min")


def test_nobody_gets_a_reminder_twice_for_one_date_however_often_it_moves():
    first, second = session(), session("2026-11-19T17:00Z", number=2)
    at = moment("2026-11-12T12:00Z")  # two reminders for the first date have left
    told = story(
        person(seat=first),
        moving(at, second),
        moving(at + HOUR, first),
        moving(at + 2 * HOUR, second),
    )
    assert {key for key in told if key.startswith(("tomorrow", "today"))} == {
        *("tomorrow", "tomorrow+1", "today", "today+1"),
    }
    assert told["tomorrow+1"] == "Wed 18 Nov 18:00"
    assert told["one-hour"] == "Thu 19 Nov 17:00"


@pytest.mark.parametrize("status", [MessageStatus.ACCEPTED, MessageStatus.UNKNOWN])
def test_a_date_that_comes_back_finds_its_reminders_sent(status):
    held = session()
    of_date = {"session_id": held.id, "session_starts_at": held.starts_at}
    sent = row("tomorrow", status, "2026-11-11T17:00Z", settled="2026-11-11T17:00Z", **of_date)
    other = {"session_id": held.id, "session_starts_at": moment("2026-11-19T17:00Z")}
    skipped = row(
        "tomorrow",
        MessageStatus.SKIPPED,
        "2026-11-18T17:00Z",
        settled="2026-11-11T18:00Z",
        copy=1,
        **other,
    )
    somebody = with_rows(person(seat=held), sent, skipped)
    copies = [
        each.copy
        for each in somebody.plan(moment("2026-11-11T19:00Z")).steps
        if each.key == "tomorrow"
    ]
    assert copies == [0, 1]


def test_a_reminder_skipped_before_its_moment_comes_when_nothing_speaks_against_it_any_more():
    held = session()
    of_date = {"session_id": held.id, "session_starts_at": held.starts_at}
    given_up = row(
        "tomorrow",
        MessageStatus.SKIPPED,
        "2026-11-11T17:00Z",
        settled="2026-11-10T10:00Z",
        skip=SkipReason.NO_SEAT_EMAILS,
        **of_date,
    )
    somebody = with_rows(person(seat=held), given_up)
    for now in ("2026-11-10T12:00Z", "2026-11-11T17:00Z", "2026-11-11T18:00Z"):
        last = line(somebody, now, "tomorrow")
        assert (last.copy, last.decision, last.moment) == (
            1,
            Decision.SEND,
            moment("2026-11-11T17:00Z"),
        )
    at_its_moment = replace(given_up, settled_at=moment("2026-11-11T17:00Z"))
    again = with_rows(person(seat=held), at_its_moment).plan(moment("2026-11-11T17:01Z"))
    assert [each.copy for each in again.steps if each.key == "tomorrow"] == [0]
