# ruff: noqa: E501 (a table is read by its rows)
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from funnel.domain.errors import InvalidInputError
from funnel.domain.timing import WEEKDAYS, Delay, SendWindow, due_at, local_moment

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
NINE = time(9)
OFFICE = SendWindow(weekdays=WEEKDAYS)


@pytest.mark.parametrize(
    ("case", "anchor_at", "delay", "at", "window", "expected"),
    [
        ("inside the window", "2026-03-10T09:00Z", Delay(elapsed=2 * HOUR), None, OFFICE, "2026-03-10T11:00Z"),
        ("as it closes", "2026-03-10T16:00Z", Delay(), None, OFFICE, "2026-03-11T08:00Z"),
        ("two days later at nine, no drift", "2026-03-10T08:00:01Z", Delay(days=2), NINE, OFFICE, "2026-03-12T08:00Z"),
        ("that is a Sunday, and summer time", "2026-03-27T08:00:01Z", Delay(days=2), NINE, OFFICE, "2026-03-30T07:00Z"),
        ("an hour before, on the day of the change", "2026-03-29T16:00Z", Delay(elapsed=-HOUR), None, None, "2026-03-29T15:00Z"),
        ("24 h before, over the autumn change", "2026-10-25T17:00Z", Delay(elapsed=-24 * HOUR), None, None, "2026-10-24T17:00Z"),
        ("a day before, over the autumn change, keeps the hour", "2026-10-25T17:00Z", Delay(days=-1), None, None, "2026-10-24T16:00Z"),
        ("into the gap: the same moment after it", "2026-03-28T01:30Z", Delay(days=1), None, None, "2026-03-29T01:30Z"),
        ("at an hour that the gap swallows", "2026-03-28T12:00Z", Delay(days=1), time(2, 30), None, "2026-03-29T01:30Z"),
        ("at an hour that comes twice: the first time", "2026-10-24T12:00Z", Delay(days=1), time(2, 30), None, "2026-10-25T00:30Z"),
        ("no delay keeps the second 02:30", "2026-10-25T01:30Z", Delay(), None, None, "2026-10-25T01:30Z"),
        ("minutes after the second 02:30", "2026-10-25T01:30Z", Delay(elapsed=HOUR / 4), None, None, "2026-10-25T01:45Z"),
        ("a day after the second 02:30", "2026-10-25T01:30Z", Delay(days=1), None, None, "2026-10-26T01:30Z"),
        ("from the second 02:30 back into a spring gap", "2026-10-25T01:30Z", Delay(days=-210), None, None, "2026-03-29T01:30Z"),
        ("days first, then time", "2026-03-28T08:00Z", Delay(days=1, elapsed=2 * HOUR), NINE, None, "2026-03-29T09:00Z"),
        ("before it opens", "2026-03-10T05:00Z", Delay(), None, OFFICE, "2026-03-10T08:00Z"),
        ("a microsecond before it closes", "2026-03-10T15:59:59.999999Z", Delay(), None, OFFICE, "2026-03-10T15:59:59.999999Z"),
        ("Friday evening", "2026-03-13T18:00Z", Delay(), None, OFFICE, "2026-03-16T08:00Z"),
    ],
)  # fmt: skip
def test_due_at(case, anchor_at, delay, at, window, expected):
    moment = due_at(datetime.fromisoformat(anchor_at), delay, at=at, window=window, zone=BERLIN)
    assert moment == datetime.fromisoformat(expected)
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("case", "zone", "anchor_at", "expected"),
    [
        ("the day is the reader's: already Thursday", "Pacific/Auckland", "2026-11-11T16:30Z", "2026-11-12T20:00Z"),
        ("the day is the reader's: still Wednesday", "America/Los_Angeles", "2026-11-12T04:30Z", "2026-11-12T17:00Z"),
        ("a zone with quarter hours", "Pacific/Chatham", "2026-11-11T16:30Z", "2026-11-12T19:15Z"),
        ("a zone fourteen hours ahead", "Pacific/Kiritimati", "2026-11-11T16:30Z", "2026-11-12T19:00Z"),
        ("half an hour of summer time", "Australia/Lord_Howe", "2026-04-04T03:00Z", "2026-04-04T22:30Z"),
    ],
)  # fmt: skip
def test_next_morning_is_the_readers(case, zone, anchor_at, expected):
    moment = due_at(
        datetime.fromisoformat(anchor_at), Delay(days=1), at=NINE, window=None, zone=ZoneInfo(zone)
    )
    assert moment == datetime.fromisoformat(expected)


def test_an_anchor_in_another_zone_names_the_same_moment():
    anchor_at = datetime(2026, 3, 10, 9, tzinfo=UTC)
    elsewhere = anchor_at.astimezone(ZoneInfo("Asia/Tokyo"))
    given = {"at": NINE, "window": OFFICE, "zone": BERLIN}
    assert due_at(elsewhere, Delay(days=1), **given) == due_at(anchor_at, Delay(days=1), **given)


def test_a_window_that_a_gap_swallows_opens_on_the_next_day():
    night = SendWindow(opens=time(2), closes=time(3))
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    # Berlin has no 02:00 to 03:00 on the 29th: both ends become 03:00 and the window is empty.
    assert local_moment(date(2026, 3, 29), time(2), BERLIN) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert night.first_in(before, BERLIN) == datetime(2026, 3, 30, 0, tzinfo=UTC)


def test_a_window_over_the_hour_that_comes_twice_is_open_both_times():
    night = SendWindow(opens=time(2), closes=time(3))
    second_half_past_two = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert night.first_in(second_half_past_two, BERLIN) == second_half_past_two


@pytest.mark.parametrize(
    "impossible",
    [
        {"weekdays": frozenset()},
        {"weekdays": frozenset({7})},
        {"opens": time(9), "closes": time(9)},
    ],
)
def test_an_impossible_window_is_refused(impossible):
    with pytest.raises(InvalidInputError) as refused:
        SendWindow(**impossible)
    assert refused.value.remedy
