"""The cast and others, played in simulated time around fixed dates."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import funnel
from funnel.domain.rehearsal import Act, ActKind, SessionAct, SessionActKind
from funnel.domain.rehearsal_cast import CAST_LEAD, cast, made_up, sample
from funnel.domain.rehearsal_people import unknown_steps
from funnel.domain.rehearsal_text import email_label, moment_text
from funnel.domain.rehearsal_walk import rehearse_person
from funnel.domain.rehearsal_world import build_world, cast_dates, is_made_up, with_made_up
from funnel.domain.sequence_file import parse_sequence
from funnel.domain.timing_text import read_timing

SHIPPED = Path(funnel.__file__).parent / "templates" / "sequences" / "disruption-masterclass.yaml"
VERSION = parse_sequence(SHIPPED.read_text("utf-8"), file_name=SHIPPED.name)
STARTS = datetime(2025, 2, 17, 9, tzinfo=UTC)  # a Monday
DATES = with_made_up((), "A date", STARTS)
WORLD = build_world(VERSION, DATES, STARTS, days=200)


def act(kind, when, **details):
    return Act(kind=kind, when=read_timing(when), **details)


def told(person, world=WORLD):
    life = rehearse_person(person, world)
    return {
        email_label(email): moment_text(email.moment, person.zone)
        if email.has_left
        else email.reason
        for email in life.emails
    }


def ana(*script):
    return made_up("Ana", "Europe/Berlin", *script)


def test_made_up_dates_are_on_thursdays_at_18_in_berlin_three_weeks_ahead():
    assert [f"{each.starts_at:%a %d %b %H:%M}" for each in DATES] == [
        "Thu 13 Mar 17:00",
        "Thu 10 Apr 16:00",  # summer time
        "Thu 08 May 16:00",
    ]
    assert all(map(is_made_up, DATES))


def test_real_dates_come_first_and_made_up_ones_follow_them():
    real = replace(DATES[0], id=made_up("x", "UTC").id, starts_at=STARTS + timedelta(days=5))
    dates = with_made_up([real], "A date", STARTS)
    assert [is_made_up(each) for each in dates] == [False, True, True]
    assert dates[1].starts_at > real.starts_at + timedelta(weeks=3)


def test_the_same_people_get_the_same_emails_again():
    assert [rehearse_person(each, WORLD) for each in cast()] == [
        rehearse_person(each, WORLD) for each in cast()
    ]
    assert sample(60) == sample(60)
    assert sample(60)[:20] == sample(20)
    assert len({each.zone.key for each in sample(60)}) > 20


def test_everybody_of_cast_and_sample_comes_to_the_end_without_a_complaint():
    for person in (*cast(), *sample(48)):
        life = rehearse_person(person, WORLD)
        assert life.has_ended, person.name
        assert life.findings == (), person.name


@pytest.mark.parametrize("days", [(1, 2, 3), (1, 5, 6), (0.1, 7, 14), (2, 30, 60)], ids=str)
def test_dates_close_by_or_close_together_are_not_what_the_cast_complains_of(days):
    real = [
        replace(
            DATES[0],
            id=made_up(str(each), "UTC").id,
            starts_at=STARTS + timedelta(days=each),
            ends_at=STARTS + timedelta(days=each, hours=1),
        )
        for each in days
    ]
    dates = with_made_up(real, "A date", STARTS, cast_lead=CAST_LEAD)
    chosen = cast_dates(dates, STARTS, CAST_LEAD)
    assert chosen is not None
    assert dates[:3] == tuple(real)
    world = build_world(VERSION, dates, STARTS, days=200)
    lives = [rehearse_person(each, world) for each in cast(VERSION, chosen)]
    assert [each for life in lives for each in life.findings] == []


def test_the_cast_counts_from_the_letters_that_there_are():
    keys = {"your-seat", "bias", "one-hour", "doors-open"}
    steps = tuple(
        replace(each, timing=act(ActKind.GOAL, "1 day after enrollment").when)
        for each in VERSION.steps
        if each.key in keys
    )
    other = replace(VERSION, steps=steps)
    anchors = {
        person.first_name: person.script[0].when.anchor.step_key
        for person in cast(other)
        if person.first_name in {"Ines", "Chloe"}
    }
    assert anchors == {"Ines": "", "Chloe": "bias"}
    assert unknown_steps(cast(other), other) == []


def test_a_confirmation_is_reminded_once_and_no_button_means_nothing_more():
    never = told(replace(ana(), presses_after=None))
    assert never == {"confirm": "Mon 17 Feb 10:00", "confirm-again": "Mon 17 Feb 14:00"}
    late = told(replace(ana(), presses_after=timedelta(days=8)))
    assert late == never
    assert "confirm-again" not in told(ana())


def test_another_date_brings_its_notice_and_the_next_copy_of_what_was_sent():
    moved = told(ana(act(ActKind.CHANGES_DATE, "20 h before session start", session=2)))
    assert moved["session-moved"] == "Wed 12 Mar 22:00"
    assert moved["tomorrow"] == "Wed 12 Mar 18:00"
    assert moved["tomorrow, copy 1"] == "Wed 9 Apr 18:00"
    assert "your-seat, copy 1" not in moved


def test_who_signs_up_again_after_the_date_gets_no_letter_twice():
    again = told(ana(act(ActKind.SIGNS_UP_AGAIN, "6 days after session end, 12:00", session=2)))
    assert again["run 2: bias"] == "had it before"
    assert again["long-work"] == "a newer run has begun"
    assert again["run 2: your-seat"] == "Wed 19 Mar 12:05"


def test_a_pause_ends_the_letters_for_its_days_and_no_email_of_the_seat():
    paused = told(ana(act(ActKind.PAUSES, "3 h after bias", days=14)))
    assert paused["bias"] == "Mon 24 Feb 09:00"
    assert paused["systems"] == "Mon 10 Mar 09:00"
    assert paused["tomorrow"] == "Wed 12 Mar 18:00"


def test_who_leaves_gets_nothing_more():
    left = told(ana(act(ActKind.LEAVES, "1 h after listening")))
    assert list(left) == ["confirm", "your-seat", "tables-turned", "listening"]


@pytest.mark.parametrize(
    ("kind", "key", "before", "after"),
    [
        (ActKind.STOPS_LETTERS, "bias", "Mon 24 Feb 09:00", "did not ask for letters"),
        (ActKind.STOPS_SEAT, "one-hour", "Thu 13 Mar 17:00", "stopped the emails of the seat"),
        (ActKind.GIVES_UP_SEAT, "one-hour", "Thu 13 Mar 17:00", "holds no seat"),
        (ActKind.GOAL, "invitation-last", "Thu 3 Apr 09:00", "the goal is reached"),
        (ActKind.BOOKED, "invitation-last", "Thu 3 Apr 09:00", "the goal is reached"),
    ],
)
def test_what_somebody_does_changes_what_they_get(kind, key, before, after):
    assert told(ana())[key] == before
    assert told(ana(act(kind, "1 h after listening")))[key] == after


def test_who_cancels_one_of_two_bookings_holds_the_other():
    def booked(reference, when):
        return act(ActKind.BOOKED, when, name="call", reference=reference)

    script = [booked("1", "1 h after listening"), booked("2", "2 h after listening")]
    end = act(ActKind.BOOKING_CANCELLED, "3 h after listening", name="call", reference="1")
    assert told(ana(*script, end))["invitation-last"] == "the goal is reached"
    both = [*script, end, replace(end, reference="2")]
    assert told(ana(*both))["invitation-last"] == "Thu 3 Apr 09:00"


def test_the_host_moves_calls_off_closes_and_shows_the_replay():
    first = DATES[0]

    def world(kind, at, **details):
        done = SessionAct(kind=kind, session_id=first.id, at=at, **details)
        return build_world(VERSION, DATES, STARTS, days=200, acts=[done])

    day = timedelta(days=1)
    later = first.starts_at + 7 * day
    moved = told(ana(), world(SessionActKind.MOVES, first.starts_at - 2 * day, starts_at=later))
    assert moved["session-moved"] == "Tue 11 Mar 18:00"
    assert moved["one-hour"] == "Thu 20 Mar 17:00"
    off = told(ana(), world(SessionActKind.CANCELS, first.starts_at - 2 * day))
    assert off["session-cancelled"] == "Tue 11 Mar 18:00"
    assert off["one-hour"] == "holds no seat"
    closed = told(ana(), world(SessionActKind.CLOSES, first.ends_at + day / 24))
    assert closed["missed"] == "Fri 14 Mar 09:00"
    assert told(ana())["replay-open"] == "Fri 14 Mar 09:00"
    never = world(SessionActKind.SHOWS_REPLAY, first.ends_at + 30 * day)
    assert told(ana(), never)["replay-open"] == "there is no replay link"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ([act(ActKind.ATTENDED, "1 h before session start")], "they hold no seat in a date"),
        (
            [act(ActKind.CLICKED, "1 h after nothing-such")],
            "a click was planned for them and never happened: 1 hour after",
        ),
        (
            [
                act(ActKind.LEAVES, "1 h after listening"),
                act(ActKind.CHANGES_DATE, "2 h after listening", session=2),
            ],
            "have left everything by then",
        ),
        ([act(ActKind.CHANGES_DATE, "30 days after session end", session=1)], ""),
    ],
)
def test_what_cannot_happen_is_said_and_stops_nothing(script, words):
    life = rehearse_person(ana(*script), WORLD)
    assert len(life.emails) > 3
    assert words in " ".join(each.message for each in life.findings)


def test_nothing_is_looked_at_beyond_the_horizon():
    life = rehearse_person(ana(), build_world(VERSION, DATES, STARTS, days=10))
    assert not life.has_ended
    assert max(each.moment for each in life.emails) <= STARTS + timedelta(days=10)
