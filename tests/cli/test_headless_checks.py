"""The second telling of the sequence: it must notice every way in which the first can be wrong."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from funnel.cli.headless_checks import (
    Sent,
    Story,
    faults_of,
    letters,
    percentile,
    promises,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# A Tuesday, 18:00 in Berlin; signed up the Tuesday before.
START = datetime(2026, 12, 1, 17, tzinfo=UTC)
BERLIN = Story(
    email="bruno@example.com",
    name="Bruno",
    zone=ZoneInfo("Europe/Berlin"),
    word="missed",
    starts_at=START,
    ends_at=START + 1.5 * HOUR,
    registered_at=datetime(2026, 11, 24, 12, tzinfo=UTC),
)
WITHOUT_SEAT = replace(BERLIN, word="", starts_at=None, ends_at=None)
LETTER_DAYS = (
    "25 11",
    "27 11",
    "30 11",
    "03 12",
    "07 12",
    "10 12",
    "14 12",
    "17 12",
    "21 12",
    "24 12",
)


def sent(key, moment, *, late=timedelta(seconds=0.3)):
    return Sent(id=uuid4(), key=key, due_at=moment, accepted_at=moment + late)


def nine(day, zone=BERLIN.zone):
    return datetime.combine(datetime.strptime(f"{day} 2026", "%d %m %Y"), time(9), zone)  # noqa: DTZ007


def everything(story=BERLIN):
    services = [sent(each.key, each.moment) for each in promises(story)]
    days = zip(letters(story), LETTER_DAYS, strict=True)
    return [*services, *(sent(key, nine(day)) for key, day in days)]


def changed(key, **changes):
    return [replace(each, **changes) if each.key == key else each for each in everything()]


def moment_of(key):
    return next(each.due_at for each in everything() if each.key == key)


def test_what_came_as_promised_has_no_fault():
    assert faults_of(BERLIN, everything()) == []
    assert faults_of(WITHOUT_SEAT, everything(WITHOUT_SEAT)) == []


@pytest.mark.parametrize(
    ("case", "zone", "word", "keys"),
    [
        (
            "Berlin, missed",
            "Europe/Berlin",
            "missed",
            {"your-seat", "tomorrow", "today", "one-hour", "doors-open", "missed", "replay-ends"},
        ),
        (
            "Los Angeles, 09:00 there: no email at 08:00",
            "America/Los_Angeles",
            "",
            {"your-seat", "tomorrow", "one-hour", "doors-open", "replay-open", "replay-ends"},
        ),
        (
            "Auckland, 06:00 there: it is over at 08:00",
            "Pacific/Auckland",
            "attended",
            {"your-seat", "tomorrow", "one-hour", "doors-open", "thank-you", "replay-ends"},
        ),
    ],
)
def test_who_gets_which_service_email(case, zone, word, keys):
    story = replace(BERLIN, zone=ZoneInfo(zone), word=word)
    assert {each.key for each in promises(story)} == keys


def test_only_who_attended_gets_the_first_invitation():
    assert "invitation-first" in letters(replace(BERLIN, word="attended"))
    assert "invitation-first" not in letters(BERLIN)


def test_the_next_morning_is_the_day_after_the_sessions_end_on_their_clocks():
    auckland = replace(BERLIN, zone=ZoneInfo("Pacific/Auckland"), word="missed")
    missed = next(each for each in promises(auckland) if each.key == "missed")
    assert auckland.local(missed.moment).isoformat() == "2026-12-03T09:00:00+13:00"


@pytest.mark.parametrize(
    ("case", "got", "fault"),
    [
        ("missing", [each for each in everything() if each.key != "bias"], '"bias" is missing'),
        ("double", [*everything(), sent("bias", nine("03 12"))], '"bias" was sent 2 times'),
        ("not theirs", [*everything(), sent("thank-you", START)], "is not for them"),
        (
            "planned wrongly",
            changed("one-hour", due_at=START - 2 * HOUR),
            '"one-hour" was planned for',
        ),
        (
            "too late for its grace",
            changed("one-hour", accepted_at=START - 0.4 * HOUR),
            "outside its window",
        ),
        (
            "a reminder after the start",
            changed("doors-open", accepted_at=START + timedelta(seconds=1)),
            "after the session had begun",
        ),
        (
            "before its moment",
            changed("today", accepted_at=moment_of("today") - HOUR),
            "left before its moment",
        ),
        (
            "letters out of order",
            changed("shift-one", due_at=nine("11 12"), accepted_at=nine("11 12")),
            "letters came out of order",
        ),
        (
            "a letter in the evening",
            changed("bias", accepted_at=nine("30 11") + 9 * HOUR),
            "outside its window",
        ),
        (
            "a letter on a Sunday",
            changed("bias", due_at=nine("29 11"), accepted_at=nine("29 11")),
            "left at Sunday 09:00, outside its window",
        ),
        (
            "a letter planned for another hour",
            changed("bias", due_at=nine("30 11") + HOUR, accepted_at=nine("30 11") + HOUR),
            'the letter "bias" was planned for 10:00',
        ),
        (
            "a letter on the session's day",
            changed("bias", due_at=nine("01 12"), accepted_at=nine("01 12")),
            "on the session's day",
        ),
        (
            "a letter on the day after it",
            changed("bias", due_at=nine("02 12"), accepted_at=nine("02 12")),
            "on the session's day",
        ),
        (
            "two letters on a day",
            changed("shift-two", due_at=nine("07 12"), accepted_at=nine("07 12") + HOUR),
            "two letters left on 2026-12-07",
        ),
        (
            "letters on two days running",
            changed("shift-two", due_at=nine("08 12"), accepted_at=nine("08 12")),
            "less than two days apart",
        ),
        (
            "a letter on the day of the sign-up",
            changed("tables-turned", due_at=nine("24 11"), accepted_at=nine("24 11") + 5 * HOUR),
            "before the day after the sign-up",
        ),
        (
            "handed over out of order",
            changed("replay-ends", accepted_at=moment_of("replay-ends") + 2 * DAY + 20 * HOUR),
            '"replay-ends" left after',
        ),
    ],
)  # fmt: skip
def test_each_fault_is_noticed_and_named(case, got, fault):
    assert any(fault in each for each in faults_of(BERLIN, got)), faults_of(BERLIN, got)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.99, 0), ([3], 0.5, 3), ([1, 2, 3, 4], 0.5, 2), (list(range(1, 101)), 0.99, 99),
     ([1, 2, 3], 1.0, 3)],
)  # fmt: skip
def test_percentile(values, share, expected):
    durations = [timedelta(seconds=each) for each in values]
    assert percentile(durations, share) == timedelta(seconds=expected)
