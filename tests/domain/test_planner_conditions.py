# ruff: noqa: E501 (a table is read by its rows)
"""What somebody clicked, booked, said and stayed for, and within which time: told as stories."""

from dataclasses import replace
from datetime import timedelta

import pytest

from funnel.domain.facts import FactKind
from funnel.domain.message import MessageStatus
from funnel.domain.planner import Decision, SkipReason
from funnel.domain.sequence_file import parse_sequence
from funnel.domain.session import Attendance
from tests.domain.simulate import (
    Event,
    closing,
    field_said,
    goal,
    happening,
    leaving_room,
    watching,
    word,
)
from tests.domain.stories import ENDS, STARTS, line, moment, person, row, session, story, with_rows

Kind = FactKind
END, START = moment(ENDS), moment(STARTS)
MINUTE = timedelta(minutes=1)


def version(*steps: str, head: str = ""):
    """A sequence of an email on registration, a letter on Tuesday, and these steps."""
    text = f"""title: x
{head}
steps:
  - {{key: seat, kind: service, timing: on registration, only_if: registered}}
  - {{key: first, kind: letter, timing: "1 day after enrollment, 09:00"}}
"""
    return parse_sequence(text + "".join(f"  - {{{each}}}\n" for each in steps), file_name="s.yaml")


def click(at: str, *, name: str = "", step_key: str = "first") -> Event:
    return happening(moment(at), Kind.CLICKED, name=name, step_key=step_key)


def said(at: str, kind: FactKind, name: str = "") -> Event:
    return happening(moment(at), kind, name=name)


def fate(condition: str, *events: Event, timing: str = "2 days after first, 09:00") -> str:
    """What becomes of a letter with this condition, due on Thursday 5 November at 09:00."""
    kept = version(f'key: last, kind: letter, timing: "{timing}", {condition}')
    return story(person(version=kept, seat=session()), *events)["last"]


# ``first`` leaves on Tuesday 3 November, 09:00 in Berlin (08:00Z); the run began on Monday noon.
CLICKS = [
    ("any click", "only_if: clicked", [click("2026-11-04T10:00Z")], "Thu 5 Nov 09:00"),
    ("no click by its moment", "only_if: clicked", [], "NOT_IN_TIME"),
    ("a click after its moment is too late", "only_if: clicked", [click("2026-11-05T09:00Z")], "NOT_IN_TIME"),
    ("skipped for a click", "skip_if: clicked", [click("2026-11-04T10:00Z")], "CONDITION"),
    ("the named link", "only_if: clicked link book", [click("2026-11-04T10:00Z", name="Book")], "Thu 5 Nov 09:00"),
    ("another link", "only_if: clicked link book", [click("2026-11-04T10:00Z", name="notes")], "NOT_IN_TIME"),
    ("in the named email", "only_if: clicked in first", [click("2026-11-04T10:00Z")], "Thu 5 Nov 09:00"),
    ("in another email", "only_if: clicked in first", [click("2026-11-04T10:00Z", step_key="seat")], "NOT_IN_TIME"),
]  # fmt: skip

LIMITS = [
    ("clicked within a day of it: the letter leaves on its day", "only_if: clicked in first within 1 day", [click("2026-11-04T07:59Z")], "Thu 5 Nov 09:00"),
    ("a minute later it is not within a day", "only_if: clicked in first within 1 day", [click("2026-11-04T08:01Z")], "CONDITION"),
    ("the limit is longer than the delay: the letter waits for it", "skip_if: clicked in first within 4 days", [], "Sat 7 Nov 09:00"),
    ("and is skipped if the click comes meanwhile", "skip_if: clicked in first within 4 days", [click("2026-11-06T10:00Z")], "CONDITION"),
    ("it leaves once the click has come, on that day", "only_if: clicked in first within 4 days", [click("2026-11-06T10:00Z")], "Fri 6 Nov 11:00"),
    ("or the next, if the click came at night", "only_if: clicked in first within 4 days", [click("2026-11-05T21:00Z")], "Fri 6 Nov 09:00"),
    ("without an email it counts from what the timing counts from", "skip_if: booked within 3 days", [], "Fri 6 Nov 09:00"),
    ("a booking in that time", "skip_if: booked within 3 days", [said("2026-11-05T12:00Z", Kind.BOOKED)], "CONDITION"),
    ("a booking before it counts as well", "skip_if: booked within 3 days", [said("2026-11-02T12:00Z", Kind.BOOKED)], "CONDITION"),
    ("a click before it does not", "skip_if: clicked within 3 days", [click("2026-11-02T12:00Z", step_key="seat")], "Fri 6 Nov 09:00"),
    ("hours are hours", "skip_if: replied within 36 h", [said("2026-11-04T19:59Z", Kind.REPLIED)], "CONDITION"),
    ("and end to the minute", "skip_if: replied within 36 h", [said("2026-11-04T20:01Z", Kind.REPLIED)], "Thu 5 Nov 09:00"),
]  # fmt: skip

WORDS = [
    ("a tag", "only_if: tag vip", [said("2026-11-04T10:00Z", Kind.TAGGED, "VIP")], "Thu 5 Nov 09:00"),
    ("a tag from long before", "only_if: tag vip", [said("2025-11-04T10:00Z", Kind.TAGGED, "vip")], "Thu 5 Nov 09:00"),
    ("a tag that was taken off", "only_if: tag vip", [said("2026-11-03T10:00Z", Kind.TAGGED, "vip"), said("2026-11-04T10:00Z", Kind.UNTAGGED, "vip")], "NOT_IN_TIME"),
    ("on and off in the same moment: on", "only_if: tag vip", [said("2026-11-03T10:00Z", Kind.TAGGED, "vip"), said("2026-11-03T10:00Z", Kind.UNTAGGED, "vip")], "Thu 5 Nov 09:00"),
    ("the words come in the other order", "only_if: tag vip", [said("2026-11-04T10:00Z", Kind.UNTAGGED, "vip"), said("2026-11-03T10:00Z", Kind.TAGGED, "vip")], "NOT_IN_TIME"),
    ("a field says something", "only_if: field company", [field_said(moment("2026-11-02T12:00Z"), "company", "Ours")], "Thu 5 Nov 09:00"),
    ("a field says nothing", "only_if: field company", [field_said(moment("2026-11-02T12:00Z"), "company", " ")], "CONDITION"),
    ("a field says it", "only_if: field country is New Zealand", [field_said(moment("2026-11-02T12:00Z"), "country", "new zealand")], "Thu 5 Nov 09:00"),
    ("a field says something else", "only_if: field country is New Zealand", [field_said(moment("2026-11-02T12:00Z"), "country", "Peru")], "CONDITION"),
    ("bought", "only_if: bought", [said("2026-11-04T10:00Z", Kind.BOUGHT, "book")], "Thu 5 Nov 09:00"),
    ("bought six days before the run", "only_if: bought", [said("2026-10-27T11:00Z", Kind.BOUGHT)], "Thu 5 Nov 09:00"),
    ("bought eight days before the run", "only_if: bought", [said("2026-10-25T10:00Z", Kind.BOUGHT)], "NOT_IN_TIME"),
    ("booked something else", "only_if: booked intro call", [said("2026-11-04T10:00Z", Kind.BOOKED, "coffee")], "NOT_IN_TIME"),
    ("booked and cancelled", "only_if: booked", [said("2026-11-03T10:00Z", Kind.BOOKED), said("2026-11-04T10:00Z", Kind.BOOKING_CANCELLED)], "NOT_IN_TIME"),
    ("booked two and cancelled one", "only_if: booked", [said("2026-11-03T10:00Z", Kind.BOOKED, "a"), said("2026-11-03T11:00Z", Kind.BOOKED, "b"), said("2026-11-04T10:00Z", Kind.BOOKING_CANCELLED, "a")], "Thu 5 Nov 09:00"),
    ("booking is the goal unless the sequence says otherwise", "skip_if: goal reached", [said("2026-11-04T10:00Z", Kind.BOOKED)], "GOAL"),
    ("a goal reported as such", "skip_if: goal reached", [goal(moment("2026-11-04T10:00Z"))], "GOAL"),
    ("only for whom the goal is reached", "only_if: goal reached", [], "NOT_IN_TIME"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "condition", "events", "expected"), CLICKS + LIMITS + WORDS)
def test_letters_ask(sentence, condition, events, expected):
    assert fate(condition, *events) == expected


# The session: Thursday 12 November, 18:00 to 19:30 in Berlin (17:00Z to 18:30Z).
ATTENDED = word(Attendance.ATTENDED, END)
ROOM = [
    ("left after half an hour", "left before 45 min", [ATTENDED, leaving_room(START + 30 * MINUTE)], "Thu 12 Nov 20:30"),
    ("left on the minute", "left before 45 min", [ATTENDED, leaving_room(START + 45 * MINUTE)], "CONDITION"),
    ("stayed until then", "stayed until 45 min", [ATTENDED, leaving_room(START + 45 * MINUTE)], "Thu 12 Nov 20:30"),
    ("did not stay until then", "stayed until 45 min", [ATTENDED, leaving_room(START + 44 * MINUTE)], "CONDITION"),
    ("nobody knows when they left: no word", "left before 45 min", [ATTENDED], "NO_WORD"),
    ("the word comes within the wait", "left before 45 min", [word(Attendance.ATTENDED, END + 90 * MINUTE), leaving_room(START + 30 * MINUTE)], "Thu 12 Nov 21:00"),
    ("missed", "stayed until 45 min", [word(Attendance.MISSED, END)], "CONDITION"),
    ("nobody knows whether they came", "stayed until 45 min", [], "NO_WORD"),
    ("closed as missed, but a word comes", "stayed until 45 min", [closing(END), word(Attendance.ATTENDED, END + 90 * MINUTE), leaving_room(END)], "Thu 12 Nov 21:00"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "condition", "events", "expected"), ROOM)
def test_how_long_somebody_stayed(sentence, condition, events, expected):
    step = f"key: last, kind: service, timing: 1 h after session end, late: within 2 h, only_if: {condition}, wait: until 1 day after session end"
    told = story(person(version=version(step), seat=session()), *events, latency=timedelta(0))
    assert told["last"] == expected


def service(condition: str, *events: Event) -> str:
    step = f"key: last, kind: service, timing: 1 h after first, late: within 2 h, {condition}"
    return story(person(version=version(step)), *events, latency=timedelta(0))["last"]


SERVICE = [
    ("it leaves when the time has passed without a click", "skip_if: clicked in first within 6 h", [], "Tue 3 Nov 15:00"),
    ("it leaves when the click has come", "only_if: clicked in first within 6 h", [click("2026-11-03T11:00Z")], "Tue 3 Nov 12:00"),
    ("the click came before its own moment", "only_if: clicked in first within 6 h", [click("2026-11-03T08:20Z")], "Tue 3 Nov 10:00"),
    ("no click in that time", "only_if: clicked in first within 6 h", [], "CONDITION"),
    ("a click in time keeps it back", "skip_if: clicked in first within 6 h", [click("2026-11-03T13:59Z")], "CONDITION"),
    ("a click after the time does not", "skip_if: clicked in first within 6 h", [click("2026-11-03T14:01Z")], "Tue 3 Nov 15:00"),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "condition", "events", "expected"), SERVICE)
def test_service_emails_wait_for_a_limit(sentence, condition, events, expected):
    assert service(condition, *events) == expected


def test_who_waits_for_a_click_is_asked_again_when_its_time_has_passed():
    step = "key: last, kind: service, timing: 1 h after first, only_if: clicked in first within 6 h"
    sent = row("first", MessageStatus.ACCEPTED, "2026-11-03T08:00Z", settled="2026-11-03T08:00Z")
    somebody = with_rows(person(version=version(step)), sent)
    waiting = line(somebody, "2026-11-03T10:00Z", "last")
    assert (waiting.decision, waiting.ask_at) == (Decision.WAIT, moment("2026-11-03T14:00Z"))
    assert waiting.reasons[-1] == "not known yet: clicked in first within 6 h"
    assert somebody.next_due_at(moment("2026-11-03T10:00Z")) == waiting.ask_at
    before = line(somebody, "2026-11-03T08:30Z", "last")
    assert (before.decision, before.is_open) == (Decision.SEND, True)


@pytest.mark.parametrize(
    ("status", "skip"),
    [
        (MessageStatus.FAILED, None),
        (MessageStatus.SKIPPED, SkipReason.NO_LETTERS),
        (MessageStatus.CANCELLED, None),
    ],
)
def test_nobody_clicks_in_an_email_that_they_did_not_get(status, skip):
    step = 'key: last, kind: letter, timing: "2 days after first, 09:00", skip_if: clicked in first within 9 days'
    asked = 'key: other, kind: letter, timing: "2 days after first, 09:00", only_if: clicked in first within 9 days'
    gone = row("first", status, "2026-11-03T08:00Z", settled="2026-11-03T08:00Z", skip=skip)
    somebody = with_rows(person(version=version(step, asked)), gone)
    sent = line(somebody, "2026-11-03T09:00Z", "last")
    assert (sent.decision, sent.moment, sent.is_open) == (
        Decision.SEND,
        moment("2026-11-05T08:00Z"),
        False,
    )
    assert line(somebody, "2026-11-03T09:00Z", "other").skip is SkipReason.CONDITION


def test_an_email_of_unknown_outcome_may_have_been_clicked():
    step = 'key: last, kind: letter, timing: "2 days after first, 09:00", only_if: clicked in first within 9 days'
    unknown = row("first", MessageStatus.UNKNOWN, "2026-11-03T08:00Z", settled="2026-11-03T08:00Z")
    open_line = line(with_rows(person(version=version(step)), unknown), "2026-11-03T09:00Z", "last")
    assert open_line.is_open
    assert open_line.moment == moment("2026-11-12T08:00Z")


def test_a_letter_that_waits_for_a_limit_frees_its_day_when_it_is_decided_against():
    waits = 'key: waits, kind: letter, timing: "2 days after first, 09:00", only_if: clicked in first within 2 days'
    after = 'key: after, kind: letter, timing: "2 days after first, 09:00"'
    told = story(person(version=version(waits, after)))
    assert told["waits"] == "CONDITION"
    assert told["after"] == "Thu 5 Nov 09:00"


def test_a_letter_without_its_click_keeps_its_day():
    asks = 'key: asks, kind: letter, timing: "2 days after first, 09:00", only_if: clicked'
    after = 'key: after, kind: letter, timing: "2 days after first, 09:00"'
    told = story(person(version=version(asks, after)))
    assert (told["asks"], told["after"]) == ("NOT_IN_TIME", "Sat 7 Nov 09:00")


def test_the_goal_is_any_of_what_the_sequence_says():
    head = "goal: [bought course, tag client]"
    step = 'key: last, kind: letter, timing: "2 days after first, 09:00", skip_if: goal reached'
    kept = version(step, head=head)
    for event, expected in (
        (said("2026-11-04T10:00Z", Kind.BOUGHT, "course"), "GOAL"),
        (said("2026-11-04T10:00Z", Kind.TAGGED, "client"), "GOAL"),
        (said("2026-11-04T10:00Z", Kind.BOOKED), "Thu 5 Nov 09:00"),
        (said("2026-11-04T10:00Z", Kind.BOUGHT, "book"), "Thu 5 Nov 09:00"),
        (goal(moment("2026-11-04T10:00Z")), "GOAL"),
    ):
        assert story(person(version=kept), event)["last"] == expected


ENDINGS = [
    ("bought", said("2026-11-04T10:00Z", Kind.BOUGHT)),
    ("missed", word(Attendance.MISSED, moment("2026-11-04T10:00Z"))),
    ("field stop", field_said(moment("2026-11-04T10:00Z"), "stop", "yes")),
    ("clicked link enough in first within 2 days", click("2026-11-04T10:00Z", name="enough")),
    ("left before 45 min", leaving_room(moment("2026-11-04T10:00Z"))),
    ("goal reached", goal(moment("2026-11-04T10:00Z"))),
]


@pytest.mark.parametrize(("condition", "event"), ENDINGS)
def test_what_ends_the_letters_leaves_the_emails_of_the_seat(condition, event):
    steps = (
        'key: last, kind: letter, timing: "2 days after first, 09:00"',
        "key: hour, kind: service, timing: 1 h before session start",
    )
    kept = version(*steps, head=f"exit_if: {condition}")
    seat = replace(session(), starts_at=START, ends_at=END)
    events = [event]
    if condition.startswith("left"):
        events.append(word(Attendance.ATTENDED, moment("2026-11-04T10:00Z")))
    told = story(person(version=kept, seat=seat), *events)
    assert told["first"] == "Tue 3 Nov 09:00"
    assert told["last"] == "EXIT"
    assert told["hour"] == "Thu 12 Nov 17:00"
    assert story(person(version=kept, seat=seat))["last"] == "Thu 5 Nov 09:00"


def test_an_end_says_what_ended_the_letters():
    kept = version(head="exit_if: bought course")
    somebody = person(version=kept)
    facts = said("2026-11-02T12:00Z", Kind.BOUGHT, "course")[1](somebody.facts)
    ended = line(replace(somebody, facts=facts), "2026-11-02T13:00Z", "first")
    assert (ended.skip, ended.reasons[-1]) == (SkipReason.EXIT, "ended by bought course")
    assert ended.moment == moment("2026-11-02T13:00Z"), "at once, not on its day"


def test_a_replay_is_watched_after_the_session_only():
    step = 'key: last, kind: letter, timing: "3 days after session end, 09:00", only_if: replay watched'
    somebody = person(version=version(step), seat=session())
    assert story(somebody, watching(END + 5 * MINUTE))["last"] == "Sun 15 Nov 09:00"
    assert story(somebody, watching(START))["last"] == "NOT_IN_TIME"
