# ruff: noqa: E501 (a table is read by its rows)
"""Every sentence of PRODUCT, "Rules of the sequence", told as what happens to somebody."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from funnel.domain.enrollment import LettersEnd
from funnel.domain.session import Attendance
from tests.domain.simulate import (
    closing,
    consent,
    giving_up_seat,
    goal,
    replay_link,
    taking_seat,
    watching,
    word,
)
from tests.domain.stories import DEFAULT, ENDS, moment, person, session, story

HOUR = timedelta(hours=1)
END = moment(ENDS)

ATTENDED = word(Attendance.ATTENDED, END + HOUR / 4)
MISSED = word(Attendance.MISSED, END + HOUR / 4)
LINK = replay_link(END + 3 * HOUR)

LETTERS = (
    *("tables-turned", "listening", "bias", "systems", "shift-one", "invitation-first"),
    *("shift-two", "shift-three", "mutual-learning", "long-work", "invitation-last"),
)


def test_a_whole_run_in_berlin_of_somebody_who_attended():
    assert story(person(seat=session()), ATTENDED, LINK) == {
        "your-seat": "Mon 2 Nov 12:00",
        "tables-turned": "Tue 3 Nov 09:00",
        "listening": "Thu 5 Nov 09:00",
        "bias": "Mon 9 Nov 09:00",
        "systems": "Wed 11 Nov 09:00",
        "tomorrow": "Wed 11 Nov 18:00",
        "today": "Thu 12 Nov 08:00",
        "one-hour": "Thu 12 Nov 17:00",
        "doors-open": "Thu 12 Nov 17:50",
        "thank-you": "Thu 12 Nov 21:30",
        "missed": "CONDITION",
        "replay-open": "CONDITION",
        "shift-one": "Mon 16 Nov 09:00",
        "invitation-first": "Wed 18 Nov 09:00",
        "replay-ends": "Wed 18 Nov 19:30",
        "shift-two": "Fri 20 Nov 09:00",
        "shift-three": "Mon 23 Nov 09:00",
        "mutual-learning": "Thu 26 Nov 09:00",
        "long-work": "Mon 30 Nov 09:00",
        "invitation-last": "Thu 3 Dec 09:00",
    }


DAYS = [
    ("2 days after a letter of Tuesday 09:00:01 is Thursday 09:00, and nothing drifts", {}, {"tables-turned": "Tue 3 Nov 09:00", "listening": "Thu 5 Nov 09:00"}),
    ("over a weekend: Monday", {}, {"bias": "Mon 9 Nov 09:00"}),
    ("a day is the reader's: enrolled late on Monday in Berlin", {"enrolled": "2026-11-02T22:59Z"}, {"tables-turned": "Tue 3 Nov 09:00"}),
    ("a day is the reader's: a minute later it is Tuesday there", {"enrolled": "2026-11-02T23:01Z"}, {"tables-turned": "Wed 4 Nov 09:00"}),
    ("the same moment is still Monday in Los Angeles", {"enrolled": "2026-11-02T23:01Z", "zone": "America/Los_Angeles"}, {"tables-turned": "Tue 3 Nov 09:00"}),
    ("and long Tuesday in Auckland", {"enrolled": "2026-11-02T23:01Z", "zone": "Pacific/Auckland"}, {"tables-turned": "Wed 4 Nov 09:00"}),
    ("09:00 stays 09:00 when the clocks go back", {"enrolled": "2026-10-23T10:00Z"}, {"tables-turned": "Mon 26 Oct 09:00", "listening": "Wed 28 Oct 09:00"}),
    ("09:00 stays 09:00 when the clocks go forward", {"enrolled": "2026-03-26T10:00Z"}, {"tables-turned": "Fri 27 Mar 09:00", "listening": "Mon 30 Mar 09:00"}),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "who", "expected"), DAYS)
def test_days_are_the_readers(sentence, who, expected):
    told = story(person(**who))
    assert told == told | expected


MORNINGS = [
    ("next morning is 09:00 on the day after the session's end", "Europe/Berlin", {"missed": "Fri 13 Nov 09:00"}),
    ("in Auckland the session ends on Friday 07:30, so Saturday", "Pacific/Auckland", {"missed": "Sat 14 Nov 09:00"}),
    ("in Los Angeles it ends on Thursday 10:30, so Friday", "America/Los_Angeles", {"missed": "Fri 13 Nov 09:00"}),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "zone", "expected"), MORNINGS)
def test_next_morning(sentence, zone, expected):
    told = story(person(zone=zone, seat=session()), MISSED)
    assert told == told | expected


# Registered long before; the reminders' own moments are Wed 18:00, Thu 08:00, 17:00 and 17:50.
LATE = [
    ("a reminder within its grace", ("2026-11-11T16:59Z", "2026-11-11T19:00Z"), {"tomorrow": "Wed 11 Nov 20:00"}),
    ("a microsecond past its grace", ("2026-11-11T16:59Z", "2026-11-11T19:00:00.000001Z"), {"tomorrow": "LATE"}),
    ("one-hour has half an hour", ("2026-11-12T15:59Z", "2026-11-12T16:31Z"), {"one-hour": "LATE", "doors-open": "Thu 12 Nov 17:50"}),
    ("doors-open may leave until the session begins", ("2026-11-12T16:49Z", "2026-11-12T17:00Z"), {"doors-open": "Thu 12 Nov 18:00"}),
    ("and not after it", ("2026-11-12T16:49Z", "2026-11-12T17:00:01Z"), {"doors-open": "LATE"}),
    ("the others may leave within 20 h", ("2026-11-12T20:00Z", "2026-11-13T16:00Z"), {"thank-you": "Fri 13 Nov 17:00"}),
    ("and not later", ("2026-11-12T20:00Z", "2026-11-13T16:30:01Z"), {"thank-you": "LATE"}),
    ("a letter may leave until 17:00 of its day", ("2026-11-03T07:00Z", "2026-11-03T15:59Z"), {"tables-turned": "Tue 3 Nov 16:59", "listening": "Thu 5 Nov 09:00"}),
    ("then it takes the next allowed one", ("2026-11-03T07:00Z", "2026-11-03T16:01Z"), {"tables-turned": "Wed 4 Nov 09:00", "listening": "Fri 6 Nov 09:00"}),
    ("after days without service letters come one by one", ("2026-11-03T07:00Z", "2026-11-10T16:01Z"), {"tables-turned": "Wed 11 Nov 09:00", "listening": "Mon 16 Nov 09:00", "bias": "Wed 18 Nov 09:00"}),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "outage", "expected"), LATE)
def test_late(sentence, outage, expected):
    told = story(person(seat=session()), ATTENDED, outage=outage, latency=timedelta(0))
    assert told == told | expected


def test_no_reminder_leaves_after_the_start_whatever_its_grace():
    steps = tuple(
        replace(step, grace=timedelta(days=1)) if step.key == "one-hour" else step
        for step in DEFAULT.steps
    )
    somebody = person(seat=session(), version=replace(DEFAULT, steps=steps))
    outage = ("2026-11-12T15:59Z", "2026-11-12T17:00:01Z")
    assert story(somebody, outage=outage)["one-hour"] == "LATE"


# The session is on Thursday 12 November, 18:00 in Berlin.
APART = [
    ("not on the session's day: the first letter follows after it", {"enrolled": "2026-11-11T11:00Z"}, {"tables-turned": "Mon 16 Nov 09:00", "listening": "Wed 18 Nov 09:00"}),
    ("not on the day after it", {"enrolled": "2026-11-12T11:00Z"}, {"tables-turned": "Mon 16 Nov 09:00"}),
    ("the day before it is free", {"enrolled": "2026-11-10T11:00Z"}, {"tables-turned": "Wed 11 Nov 09:00", "listening": "Mon 16 Nov 09:00"}),
    ("what is earlier in the list keeps its day: shift-one comes after systems", {"enrolled": "2026-11-10T11:00Z"}, {"bias": "Wed 18 Nov 09:00", "systems": "Fri 20 Nov 09:00", "shift-one": "Mon 23 Nov 09:00"}),
    ("two days apart: the invitation gives way to shift-one", {}, {"shift-one": "Mon 16 Nov 09:00", "invitation-first": "Wed 18 Nov 09:00"}),
    ("shift-two gives way to the invitation", {}, {"invitation-first": "Wed 18 Nov 09:00", "shift-two": "Fri 20 Nov 09:00"}),
    ("another run's days are taken", {"taken_days": [date(2026, 11, 3), date(2026, 11, 4)]}, {"tables-turned": "Thu 5 Nov 09:00", "listening": "Mon 9 Nov 09:00"}),
    ("another run's letter does not keep two days apart", {"taken_days": [date(2026, 11, 4)]}, {"tables-turned": "Tue 3 Nov 09:00", "listening": "Thu 5 Nov 09:00"}),
    ("a date on which no letter leaves", {"version": replace(DEFAULT, blackout_dates=frozenset({date(2026, 11, 3)}))}, {"tables-turned": "Wed 4 Nov 09:00"}),
    ("never two on one day, whatever the sequence says", {"version": replace(DEFAULT, days_between_letters=0)}, {"shift-one": "Mon 16 Nov 09:00", "invitation-first": "Tue 17 Nov 09:00"}),
    ("three days apart where the sequence says so", {"version": replace(DEFAULT, days_between_letters=3)}, {"listening": "Fri 6 Nov 09:00", "systems": "Mon 16 Nov 09:00", "shift-one": "Thu 19 Nov 09:00", "invitation-first": "Mon 23 Nov 09:00"}),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "who", "expected"), APART)
def test_letters_keep_apart(sentence, who, expected):
    told = story(person(seat=session(), **who), ATTENDED)
    assert told == told | expected


def test_the_session_of_two_days_keeps_both_free_and_the_day_after():
    over_midnight = replace(session("2026-11-09T22:30Z"), ends_at=moment("2026-11-10T00:30Z"))
    # Monday 23:30 to Tuesday 01:30 in Berlin: Monday, Tuesday and Wednesday stay free.
    assert story(person(seat=over_midnight))["bias"] == "Thu 12 Nov 09:00"


RESERVED = [
    ("while attendance is open, the invitation keeps Wednesday", (), {"shift-two": "Fri 20 Nov 09:00", "invitation-first": "NO_WORD"}),
    ("decided against earlier, it frees it", (MISSED,), {"shift-two": "Thu 19 Nov 09:00", "invitation-first": "CONDITION"}),
    ("decided against by the closing", (closing(END + HOUR),), {"shift-two": "Thu 19 Nov 09:00", "invitation-first": "CONDITION"}),
    ("decided against by the goal", (ATTENDED, goal(END + 2 * HOUR)), {"shift-two": "Thu 19 Nov 09:00", "invitation-first": "GOAL"}),
    ("a word after its moment changes nothing", (word(Attendance.ATTENDED, moment("2026-11-18T08:00:30Z")),), {"shift-two": "Fri 20 Nov 09:00", "invitation-first": "NO_WORD"}),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "events", "expected"), RESERVED)
def test_an_open_letter_reserves_its_day(sentence, events, expected):
    told = story(person(seat=session()), *events)
    assert told == told | expected


# Seats taken shortly before the session on Thursday 18:00 in Berlin.
CLOSE = [
    ("tomorrow would follow within two hours", "2026-11-11T15:30Z", {"your-seat": "Wed 11 Nov 16:30", "tomorrow": "TOO_CLOSE"}),
    ("a second more than two hours later is far enough", "2026-11-11T14:59:30Z", {"your-seat": "Wed 11 Nov 15:59", "tomorrow": "Wed 11 Nov 18:00"}),
    ("tomorrow's moment has just passed", "2026-11-11T17:30Z", {"tomorrow": "TOO_CLOSE", "today": "Thu 12 Nov 08:00"}),
    ("tomorrow's grace has passed", "2026-11-11T19:01Z", {"tomorrow": "LATE", "today": "Thu 12 Nov 08:00"}),
    ("today would follow within two hours", "2026-11-12T05:30Z", {"today": "TOO_CLOSE", "one-hour": "Thu 12 Nov 17:00"}),
    ("one-hour would follow within two hours", "2026-11-12T14:30Z", {"one-hour": "TOO_CLOSE", "doors-open": "Thu 12 Nov 17:50"}),
    ("its moment has just passed", "2026-11-12T16:20Z", {"one-hour": "TOO_CLOSE"}),
    ("doors-open comes all the same", "2026-11-12T16:45Z", {"one-hour": "LATE", "doors-open": "Thu 12 Nov 17:50"}),
    ("even to somebody five minutes before", "2026-11-12T16:55Z", {"your-seat": "Thu 12 Nov 17:55", "doors-open": "Thu 12 Nov 17:55"}),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "enrolled", "expected"), CLOSE)
def test_reminders_give_way_to_the_seat(sentence, enrolled, expected):
    told = story(person(seat=session(), enrolled=enrolled))
    assert told == told | expected


def test_exactly_two_hours_later_is_far_enough():
    somebody = person(seat=session(), enrolled="2026-11-11T15:00Z")
    assert story(somebody, latency=timedelta(0))["tomorrow"] == "Wed 11 Nov 18:00"


def test_what_counts_is_when_the_seats_email_really_left():
    # Queued at 14:00, but it left at 17:50: ten minutes before "tomorrow".
    somebody = person(seat=session(), enrolled="2026-11-11T13:00Z")
    told = story(somebody, outage=("2026-11-11T13:00:01Z", "2026-11-11T16:50Z"))
    assert told["your-seat"] == "Wed 11 Nov 17:50"
    assert told["tomorrow"] == "TOO_CLOSE"


LEAD = [
    ("it starts ten hours after 08:00", "2026-11-12T17:00Z", "Thu 12 Nov 08:00"),
    ("it starts three hours after 08:00", "2026-11-12T10:00Z", "Thu 12 Nov 08:00"),
    ("it starts a minute earlier", "2026-11-12T09:59Z", "NO_LEAD"),
    ("it starts before 08:00", "2026-11-12T06:00Z", "NO_LEAD"),
]


@pytest.mark.parametrize(("sentence", "starts", "expected"), LEAD)
def test_today_comes_if_the_session_starts_three_hours_later(sentence, starts, expected):
    assert story(person(seat=session(starts)))["today"] == expected


# End: Thursday 19:30 in Berlin; thank-you at 21:30; the next morning is Friday 09:00.
AFTERMATH = [
    ("attended", (ATTENDED,), "Thu 12 Nov 21:30", "CONDITION", "CONDITION"),
    ("attended, the word comes at night", (word(Attendance.ATTENDED, moment("2026-11-13T01:00Z")),), "Fri 13 Nov 02:00", "CONDITION", "CONDITION"),
    ("a word at the very moment counts", (word(Attendance.ATTENDED, moment("2026-11-12T20:30Z")),), "Thu 12 Nov 21:30", "CONDITION", "CONDITION"),
    ("so does a word at the very end of the wait", (word(Attendance.MISSED, moment("2026-11-13T08:00Z")),), "CONDITION", "Fri 13 Nov 09:00", "CONDITION"),
    ("and a closing", (closing(moment("2026-11-13T08:00Z")),), "CONDITION", "Fri 13 Nov 09:00", "CONDITION"),
    ("attended, the word comes just in time", (word(Attendance.ATTENDED, moment("2026-11-13T07:59:59Z")),), "Fri 13 Nov 09:00", "CONDITION", "CONDITION"),
    ("attended, the word comes too late: who was unknown got the replay", (word(Attendance.ATTENDED, moment("2026-11-13T08:00:05Z")),), "NO_WORD", "NO_WORD", "Fri 13 Nov 09:00"),
    ("missed", (MISSED,), "CONDITION", "Fri 13 Nov 09:00", "CONDITION"),
    ("missed, by the closing", (closing(END + 3 * HOUR),), "CONDITION", "Fri 13 Nov 09:00", "CONDITION"),
    ("a word the same evening outlives a closing before it", (closing(END + HOUR), word(Attendance.ATTENDED, END + 3 * HOUR)), "Thu 12 Nov 22:30", "CONDITION", "CONDITION"),
    ("the closing comes after the morning", (closing(moment("2026-11-13T09:00Z")),), "NO_WORD", "NO_WORD", "Fri 13 Nov 09:00"),
    ("a word about one person outlives the closing", (ATTENDED, closing(END + 3 * HOUR)), "Thu 12 Nov 21:30", "CONDITION", "CONDITION"),
    ("nobody knows", (), "NO_WORD", "NO_WORD", "Fri 13 Nov 09:00"),
    ("a word that is corrected after thank-you left", (ATTENDED, word(Attendance.MISSED, END + 4 * HOUR)), "Thu 12 Nov 21:30", "ONE_OF", "CONDITION"),
    ("a word that is corrected before anything left", (MISSED, word(Attendance.ATTENDED, END + HOUR)), "Thu 12 Nov 21:30", "CONDITION", "CONDITION"),
    ("a word before the session has even begun", (word(Attendance.MISSED, moment("2026-11-10T08:00Z")),), "CONDITION", "Fri 13 Nov 09:00", "CONDITION"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "events", "thank_you", "missed", "replay_open"), AFTERMATH)
def test_everybody_gets_one_of_three_by_what_was_known_in_time(
    sentence, events, thank_you, missed, replay_open
):
    told = story(person(seat=session()), LINK, *events)
    assert (told["thank-you"], told["missed"], told["replay-open"]) == (
        thank_you,
        missed,
        replay_open,
    )


REPLAY = [
    ("the link was there", (LINK,), {"replay-open": "Fri 13 Nov 09:00", "replay-ends": "Wed 18 Nov 19:30"}),
    ("the link comes in the afternoon", (replay_link(moment("2026-11-13T15:00Z")),), {"replay-open": "Fri 13 Nov 16:00"}),
    ("the link comes on the third day", (replay_link(moment("2026-11-16T07:59Z")),), {"replay-open": "Mon 16 Nov 08:59"}),
    ("the link comes after three days", (replay_link(moment("2026-11-16T08:01Z")),), {"replay-open": "NO_REPLAY", "replay-ends": "Wed 18 Nov 19:30"}),
    ("no link at all", (), {"replay-open": "NO_REPLAY", "replay-ends": "NO_REPLAY"}),
    ("missed leaves without one", (MISSED,), {"missed": "Fri 13 Nov 09:00", "replay-ends": "NO_REPLAY"}),
    ("who has watched it is not reminded", (LINK, watching(moment("2026-11-14T10:00Z"))), {"replay-ends": "CONDITION"}),
    ("who attended and has not watched it is", (LINK, ATTENDED), {"replay-ends": "Wed 18 Nov 19:30"}),
    ("a word that comes while the link is awaited withdraws nothing", (word(Attendance.MISSED, moment("2026-11-13T12:00Z")), replay_link(moment("2026-11-13T15:00Z"))), {"missed": "NO_WORD", "replay-open": "Fri 13 Nov 16:00"}),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "events", "expected"), REPLAY)
def test_replay(sentence, events, expected):
    told = story(person(seat=session()), *events)
    assert told == told | expected


def test_a_replay_with_an_end_of_its_own():
    seat = session(replay_ends_at=moment("2026-11-15T20:00Z"))
    assert story(person(seat=seat), LINK)["replay-ends"] == "Sat 14 Nov 21:00"


def test_a_replay_that_has_closed_is_not_announced():
    seat = session(replay_ends_at=moment("2026-11-14T20:00Z"))
    told = story(person(seat=seat), replay_link(moment("2026-11-15T10:00Z")))
    assert told["replay-open"] == "NO_REPLAY"


def test_without_a_session_only_the_letters_come_and_shift_one_counts_from_systems():
    assert story(person()) == {
        "tables-turned": "Tue 3 Nov 09:00",
        "listening": "Thu 5 Nov 09:00",
        "bias": "Mon 9 Nov 09:00",
        "systems": "Wed 11 Nov 09:00",
        "shift-one": "Fri 13 Nov 09:00",
        "shift-two": "Mon 16 Nov 09:00",
        "shift-three": "Thu 19 Nov 09:00",
        "mutual-learning": "Mon 23 Nov 09:00",
        "long-work": "Thu 26 Nov 09:00",
        "invitation-last": "Mon 30 Nov 09:00",
    }


def test_who_registers_later_is_planned_anew():
    late = taking_seat(moment("2026-11-06T10:00Z"), session())
    told = story(person(), late, ATTENDED)
    assert told == told | {
        "your-seat": "Fri 6 Nov 11:00",
        "bias": "Mon 9 Nov 09:00",
        "tomorrow": "Wed 11 Nov 18:00",
        "thank-you": "Thu 12 Nov 21:30",
        "shift-one": "Mon 16 Nov 09:00",
        "invitation-first": "Wed 18 Nov 09:00",
    }


def test_who_gives_up_the_seat_goes_on_without_a_session():
    told = story(person(seat=session()), giving_up_seat(moment("2026-11-11T18:00Z")))
    assert told == {
        "your-seat": "Mon 2 Nov 12:00",
        "tables-turned": "Tue 3 Nov 09:00",
        "listening": "Thu 5 Nov 09:00",
        "bias": "Mon 9 Nov 09:00",
        "systems": "Wed 11 Nov 09:00",
        "tomorrow": "Wed 11 Nov 18:00",
        "shift-one": "Fri 13 Nov 09:00",
        "shift-two": "Mon 16 Nov 09:00",
        "shift-three": "Thu 19 Nov 09:00",
        "mutual-learning": "Mon 23 Nov 09:00",
        "long-work": "Thu 26 Nov 09:00",
        "invitation-last": "Mon 30 Nov 09:00",
    }


def test_after_a_newer_run_began_the_letters_end_and_the_service_emails_go_on():
    told = story(person(seat=session(), letters_end=LettersEnd.SUPERSEDED), ATTENDED, LINK)
    assert {told[key] for key in LETTERS} == {"SUPERSEDED"}
    assert told["tomorrow"] == "Wed 11 Nov 18:00"
    assert told["thank-you"] == "Thu 12 Nov 21:30"


def test_a_letter_that_the_person_had_is_skipped_and_the_next_counts_from_its_moment():
    told = story(person(seat=session(), had_letters={"tables-turned": date(2026, 9, 14)}))
    assert told["tables-turned"] == "HAD_IT"
    assert told["listening"] == "Thu 5 Nov 09:00"


def test_the_goal_concerns_the_invitations_only():
    told = story(person(seat=session()), ATTENDED, LINK, goal(END))
    assert {key for key, fate in told.items() if fate == "GOAL"} == {
        "invitation-first",
        "invitation-last",
    }
    assert told["shift-two"] == "Thu 19 Nov 09:00"
    assert told["replay-ends"] == "Wed 18 Nov 19:30"


def test_who_does_not_want_letters_gets_the_emails_of_the_seat():
    told = story(person(seat=session(), wants_letters=False), ATTENDED, LINK)
    assert {told[key] for key in LETTERS} == {"NO_LETTERS"}
    assert told["thank-you"] == "Thu 12 Nov 21:30"


def test_who_stops_the_letters_and_comes_back_gets_the_rest():
    stops = consent(moment("2026-11-04T10:00Z"), wants_letters=False)
    returns = consent(moment("2026-11-10T10:00Z"), wants_letters=True)
    told = story(person(), stops, returns)
    assert told == told | {
        "tables-turned": "Tue 3 Nov 09:00",
        "listening": "NO_LETTERS",
        "bias": "NO_LETTERS",
        "systems": "Wed 11 Nov 09:00",
        "shift-one": "Fri 13 Nov 09:00",
    }


def test_who_stops_the_emails_of_the_seat_keeps_the_letters():
    stops = consent(moment("2026-11-11T18:00Z"), wants_seat_emails=False)
    told = story(person(seat=session()), stops, ATTENDED, LINK)
    assert told["tomorrow"] == "Wed 11 Nov 18:00"
    after = ("today", "one-hour", "doors-open", "thank-you", "missed", "replay-open", "replay-ends")
    assert {told[key] for key in after} == {"NO_SEAT_EMAILS"}
    # The letters still keep away from the session: the seat itself is held.
    assert told["shift-one"] == "Mon 16 Nov 09:00"


def test_nobody_gets_all_twenty():
    for events in ((ATTENDED, LINK), (MISSED, LINK), (LINK,), ()):
        told = story(person(seat=session()), *events)
        assert len(told) == 20
        assert sum(":" in fate for fate in told.values()) < 20
