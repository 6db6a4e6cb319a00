"""A person's own calendar of the shipped sequence, read aloud."""

import re
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from funnel.domain.calendar import (
    CalendarLine,
    CalendarSubject,
    EmailRow,
    LineState,
    PersonCalendar,
    draw_calendar,
)
from funnel.domain.message import MessageStatus
from funnel.domain.plan import SkipReason
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
from funnel.domain.timing import Delay
from tests.domain.calendars import all_reasons, calendar_at, read_aloud, said_of
from tests.domain.simulate import closing, consent, goal, moving, replay_link, word
from tests.domain.stories import DEFAULT, ENROLLED, moment, person, session

CAME = word(Attendance.ATTENDED, moment("2026-11-12T18:45Z"))
CLOSED = closing(moment("2026-11-12T20:00Z"))
REPLAY = replay_link(moment("2026-11-12T21:00Z"))
BOOKED = goal(moment("2026-11-20T12:00Z"))
LATER = session("2026-11-19T17:00Z", number=2)

# Words of the machinery: none of them is a reader's.
JARGON = re.compile(
    r"\b(sessions?|enrol\w*|anchor\w*|steps?|runs?|conditions?|window|grace|plan\w*|registr\w*"
    r"|attend\w*|one_of|goal|copy|None|kind|service|sequence)\b|[a-z]+-[a-z]+|_",
    re.IGNORECASE,
)


def test_the_shipped_sequence_reads_well_from_its_first_minute() -> None:
    assert read_aloud(calendar_at(person(seat=session()), ENROLLED)) == [
        "Mon 2 Nov 12:00 | queued | Your seat | when you took your seat",
        "Tue 3 Nov 09:00 | coming | The tables have turned | 1 day after you took your seat",
        "Thu 5 Nov 09:00 | coming | Listening | 2 days after The tables have turned",
        "Mon 9 Nov 09:00 | coming | Bias | "
        "2 days after Listening is a Saturday; letters leave on weekdays",
        "Wed 11 Nov 09:00 | coming | Systems | 2 days after Bias",
        "Wed 11 Nov 18:00 | coming | Tomorrow | 24 hours before the masterclass",
        "Thu 12 Nov 08:00 | coming | Today | on the morning of the masterclass",
        "Thu 12 Nov 17:00 | coming | In one hour | 1 hour before the masterclass",
        "Thu 12 Nov 17:50 | coming | Doors open | 10 minutes before the masterclass",
        "Thu 12 Nov 21:30 | open | Thank you | 2 hours after the masterclass, if you came",
        "Fri 13 Nov 09:00 | open | We missed you | "
        "on the morning after the masterclass, if you could not come",
        "Fri 13 Nov 09:00 | open | The replay is open | on the morning after the masterclass, "
        "if we do not know whether you came and if there is a replay",
        "Mon 16 Nov 09:00 | coming | The first shift | "
        "2 days after the masterclass is a Saturday; letters leave on weekdays",
        "Wed 18 Nov 09:00 | open | First invitation | if you came, unless you booked a call; "
        "from Sun 15: letters leave on weekdays and stay two days apart",
        "Wed 18 Nov 19:30 | open | Replay ends | "
        "24 hours before the replay ends, if there is a replay, unless you watched the replay",
        "Fri 20 Nov 09:00 | coming | The second shift | from Thu 19: letters stay two days apart",
        "Mon 23 Nov 09:00 | coming | The third shift | 3 days after The second shift",
        "Thu 26 Nov 09:00 | coming | Mutual learning | 3 days after The third shift",
        "Mon 30 Nov 09:00 | coming | The long work | "
        "3 days after Mutual learning is a Sunday; letters leave on weekdays",
        "Thu 3 Dec 09:00 | coming | Last invitation | "
        "3 days after The long work, unless you booked a call",
    ]


def test_what_was_sent_says_what_let_it_come_and_what_was_not_says_why() -> None:
    calendar = calendar_at(person(seat=session()), "2026-12-30T12:00Z", CAME, BOOKED)

    assert said_of(calendar, "thank-you") == ["sent: 2 hours after the masterclass, as you came"]
    assert said_of(calendar, "missed") == ["skipped: skipped: you came"]
    assert said_of(calendar, "replay-open") == ["skipped: skipped: we know whether you came"]
    assert said_of(calendar, "replay-ends") == ["skipped: skipped: there is no replay"]
    assert said_of(calendar, "invitation-last") == ["skipped: skipped: you booked a call"]
    assert calendar.is_complete
    assert not any(line.is_ahead for line in calendar.lines)


def test_who_could_not_come_reads_so() -> None:
    calendar = calendar_at(person(seat=session()), "2026-11-14T12:00Z", CLOSED, REPLAY)

    assert said_of(calendar, "thank-you") == ["skipped: skipped: you did not come"]
    assert said_of(calendar, "missed") == [
        "sent: on the morning after the masterclass, as you could not come"
    ]
    assert said_of(calendar, "invitation-first") == ["skipped: skipped: you did not come"]
    assert said_of(calendar, "replay-ends") == [
        "coming: 24 hours before the replay ends, unless you watched the replay"
    ]


def test_what_would_be_late_says_by_how_much() -> None:
    # It moves to the day after: 18:00 of today was two hours and a quarter ago.
    sooner = session("2026-11-10T17:00Z")
    calendar = calendar_at(
        person(seat=session()),
        "2026-11-09T19:15Z",
        moving(moment("2026-11-09T19:15Z"), sooner),
    )

    assert said_of(calendar, "tomorrow") == ["skipped: skipped: would be late, by 2 h 15 min"]


def test_reminders_for_another_date_stand_beside_those_that_were_sent() -> None:
    calendar = calendar_at(
        person(seat=session()),
        "2026-11-11T19:00Z",
        moving(moment("2026-11-11T18:30Z"), LATER),
    )

    assert said_of(calendar, "tomorrow") == [
        "sent: 24 hours before the masterclass",
        "coming: 24 hours before the masterclass",
    ]
    assert calendar.session == LATER


def test_a_letter_kept_from_the_days_of_the_masterclass_says_from_where() -> None:
    soon = session("2026-11-05T17:00Z")
    calendar = calendar_at(person(seat=soon), ENROLLED)

    assert said_of(calendar, "listening") == [
        "coming: from Thu 5: no letter on the day of the masterclass or the next"
        "; letters leave on weekdays"
    ]


def test_days_taken_by_other_letters_and_closed_dates_are_named() -> None:
    closed = replace(DEFAULT, blackout_dates=frozenset({date(2026, 11, 6)}))
    busy = person(version=closed, taken_days=[date(2026, 11, 3)])
    calendar = calendar_at(busy, ENROLLED)

    assert said_of(calendar, "tables-turned") == [
        "coming: from Tue 3: you never get two letters in a day"
    ]
    assert said_of(calendar, "listening") == [
        "coming: from Fri 6: no letters leave on that date; letters leave on weekdays"
    ]


def test_without_a_seat_what_needs_one_stands_last_and_has_no_moment() -> None:
    calendar = calendar_at(person(), ENROLLED)
    uncounted = [each for each in calendar.lines if each.state is LineState.NOT_COUNTED]

    assert said_of(calendar, "tables-turned") == ["coming: 1 day after you asked for the letters"]
    assert {each.why for each in uncounted} == {"only with a seat"}
    assert calendar.lines[-len(uncounted) :] == tuple(uncounted)
    assert calendar.session is None


def test_days_are_the_readers() -> None:
    # 18:00 in Berlin is 06:00 of the next day in Auckland: the morning after is Saturday there.
    calendar = calendar_at(person(zone="Pacific/Auckland", seat=session()), ENROLLED)
    first = next(each for each in calendar.lines if each.key == "invitation-first")

    assert first.why.startswith("if you came, unless you booked a call; from Mon 16: ")


def _situations() -> list[PersonCalendar]:
    seat, nobody = person(seat=session()), person()
    stopped = consent(moment("2026-11-04T12:00Z"), wants_letters=False)
    no_reminders = consent(moment("2026-11-04T12:00Z"), wants_seat_emails=False)
    return [
        calendar_at(somebody, now, *events)
        for somebody, events in (
            (seat, ()),
            (seat, (CAME,)),
            (seat, (CLOSED, REPLAY)),
            (seat, (CAME, BOOKED)),
            (seat, (stopped,)),
            (seat, (no_reminders,)),
            (nobody, ()),
            (person(seat=session("2026-11-03T17:00Z")), ()),
            (person(seat=session("2026-11-02T12:00Z")), (REPLAY,)),
            (person(seat=session(), had_letters={"bias": date(2026, 9, 14)}), ()),
        )
        for now in (ENROLLED, "2026-11-09T10:00Z", "2026-11-13T10:00Z", "2026-12-30T10:00Z")
    ]


def test_no_sentence_speaks_the_language_of_the_machinery() -> None:
    said = all_reasons(_situations())

    assert len(said) > 30
    assert [each for each in sorted(said) if JARGON.search(each) or not each] == []


def test_what_was_had_before_says_on_which_day() -> None:
    had = person(seat=session(), had_letters={"bias": date(2026, 9, 14)})

    assert said_of(calendar_at(had, ENROLLED), "bias") == [
        "skipped: skipped: you had it on 14 September"
    ]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Condition(kind=ConditionKind.LEFT_BEFORE, elapsed=timedelta(minutes=45)), "within 45 min"),
        (Condition(kind=ConditionKind.STAYED_UNTIL, elapsed=timedelta(hours=1)), "for 1 h"),
        (Condition(kind=ConditionKind.TAG, name="vip"), "you are marked “vip”"),
        (
            Condition(kind=ConditionKind.FIELD, name="team_size", value="12"),
            "your team size is 12",
        ),
        (Condition(kind=ConditionKind.BOOKED, name="intro"), "you booked “intro”"),
        (Condition(kind=ConditionKind.BOUGHT), "you bought something"),
        (Condition(kind=ConditionKind.REPLIED), "you replied"),
        (
            Condition(
                kind=ConditionKind.CLICKED,
                name="booking",
                step_key="first",
                limit=Delay(days=2),
            ),
            "you opened the link “booking” in First within 2 days",
        ),
    ],
)
def test_every_condition_has_words_for_its_reader(condition: Condition, expected: str) -> None:
    from funnel.domain.calendar_conditions import open_text, statement

    version = _one_letter(condition)
    step = version.steps[-1]

    assert expected in open_text(step, version)
    assert statement(condition, version, is_so=False) != statement(condition, version, is_so=True)


def _one_letter(*conditions: Condition) -> SequenceDefinition:
    first = Timing(anchor=Anchor(kind=AnchorKind.ENROLLMENT), delay=Delay(days=1))
    return SequenceDefinition(
        slug="one",
        title="One",
        brand="default",
        steps=(
            Step(key="first", kind=StepKind.LETTER, timing=first),
            Step(key="second", kind=StepKind.LETTER, timing=first, conditions=conditions),
        ),
    )


def _row(key: str, status: MessageStatus, reason: str = "", *, is_notice: bool = False) -> EmailRow:
    return EmailRow(
        key=key,
        is_notice=is_notice,
        copy=0,
        status=status,
        reason=reason,
        reasons=("1 day after enrollment",),
        due_at=moment("2026-11-03T08:00Z"),
        settled_at=moment("2026-11-03T08:00Z"),
        attempts=1,
    )


@pytest.mark.parametrize("skip", SkipReason)
def test_every_reason_not_to_send_has_words_for_its_reader(skip: SkipReason) -> None:
    row = _row("second", MessageStatus.SKIPPED, f"{skip.value}: details of the machinery")
    why = _drawn(row, Condition(kind=ConditionKind.BOUGHT, name="book")).why

    assert why.startswith("skipped: ")
    assert not JARGON.search(why), why
    assert "details" not in why


@pytest.mark.parametrize("said", ["only if bought book", "only if bought"])
def test_the_condition_that_decided_is_found_among_others(said: str) -> None:
    conditions = (
        Condition(kind=ConditionKind.REPLIED),
        Condition(kind=ConditionKind.BOUGHT, name="book"),
    )
    row = replace(
        _row("second", MessageStatus.SKIPPED, SkipReason.CONDITION.value),
        reasons=("1 day after enrollment", said),
    )
    assert _drawn(row, *conditions).why == "skipped: you did not buy “book”"


def test_what_did_not_happen_in_time_says_within_which() -> None:
    clicked = Condition(kind=ConditionKind.CLICKED, limit=Delay(days=2))
    row = _row("second", MessageStatus.SKIPPED, SkipReason.NOT_IN_TIME.value)
    assert _drawn(row, clicked).why == "skipped: you opened no link within 2 days"


def _drawn(row: EmailRow, *conditions: Condition) -> CalendarLine:
    somebody = person(version=_one_letter(*conditions))
    subject = CalendarSubject(
        subscriber_id=UUID(int=1),
        enrollment_id=UUID(int=2),
        sequence_id=UUID(int=3),
        enrollment=somebody.enrollment,
        version=somebody.version,
        facts=somebody.facts,
        began_with_seat=False,
    )
    calendar = draw_calendar(subject, [row], None, moment("2026-11-04T12:00Z"))
    assert calendar.is_complete
    (line,) = calendar.lines
    return line


@pytest.mark.parametrize(
    ("row", "state", "why"),
    [
        (
            _row("first", MessageStatus.FAILED, "550 5.1.1 no such user"),
            LineState.FAILED,
            "failed: the mail system of your address refused it",
        ),
        (
            _row("first", MessageStatus.FAILED, "could not be rendered: no name"),
            LineState.FAILED,
            "failed: it could not be written",
        ),
        (
            _row("first", MessageStatus.UNKNOWN, "reset"),
            LineState.UNKNOWN,
            "handed over, and no answer came back",
        ),
        (
            _row("first", MessageStatus.CANCELLED, "left"),
            LineState.CANCELLED,
            "cancelled: you stopped everything",
        ),
        (
            _row("first", MessageStatus.SKIPPED, "stopped before it left"),
            LineState.SKIPPED,
            "skipped: you stopped these emails before it left",
        ),
        (
            _row("gone", MessageStatus.ACCEPTED),
            LineState.SENT,
            "no longer part of the sequence",
        ),
        (
            _row("confirm", MessageStatus.ACCEPTED, is_notice=True),
            LineState.SENT,
            "when you signed up",
        ),
        (
            _row("confirm-again", MessageStatus.CANCELLED, "left", is_notice=True),
            LineState.CANCELLED,
            "cancelled: you stopped everything",
        ),
    ],
)
def test_rows_alone_make_the_calendar_of_a_run_that_ended(
    row: EmailRow, state: LineState, why: str
) -> None:
    line = _drawn(row)

    assert (line.state, line.why) == (state, why)
