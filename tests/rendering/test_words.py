# ruff: noqa: E501 # a table reads best with one case a line
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import pytest

from funnel.domain.session import Session
from funnel.rendering.words import (
    greeting_in_words,
    moment_in_words,
    place_in_words,
    replay_context,
    session_context,
)

STARTS_AT = datetime(2026, 11, 12, 17, 0, tzinfo=UTC)
SESSION = Session(
    id=UUID(int=1),
    title="The three shifts",
    starts_at=STARTS_AT,
    ends_at=STARTS_AT + timedelta(minutes=90),
    zone="Europe/Berlin",
)


@pytest.mark.parametrize(
    ("zone", "day", "hour", "ends", "opens", "moment"),
    [
        ("Europe/Berlin", "Thursday 12 November", "18:00", "19:30", "17:50", "Thursday 18:00 in Berlin"),
        ("America/Los_Angeles", "Thursday 12 November", "09:00", "10:30", "08:50", "Thursday 09:00 in Los Angeles"),
        ("Pacific/Auckland", "Friday 13 November", "06:00", "07:30", "05:50", "Friday 06:00 in Auckland"),
        ("Asia/Kolkata", "Thursday 12 November", "22:30", "00:00", "22:20", "Thursday 22:30 in Kolkata"),
        ("UTC", "Thursday 12 November", "17:00", "18:30", "16:50", "Thursday 17:00 UTC"),
    ],
)  # fmt: skip
def test_a_session_is_told_in_the_reader_s_zone(zone, day, hour, ends, opens, moment):
    told = session_context(SESSION, zone=ZoneInfo(zone), seats_left=3, url="https://a.org")
    assert (told.day, told.hour, told.ends_hour, told.opens_hour) == (day, hour, ends, opens)
    assert (told.moment, told.weekday) == (moment, day.split()[0])
    assert (told.minutes, told.seats_left, told.url) == (90, 3, "https://a.org")
    assert told.starts_at == STARTS_AT


def test_the_hour_follows_summer_time():
    berlin = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 10, 24, 16, 0, tzinfo=UTC)
    assert moment_in_words(before, zone=berlin) == "Saturday 18:00 in Berlin"
    assert moment_in_words(before + timedelta(days=1), zone=berlin) == "Sunday 17:00 in Berlin"


@pytest.mark.parametrize(
    ("zone", "place"),
    [
        ("America/Argentina/Buenos_Aires", "Buenos Aires"),
        ("America/Sao_Paulo", "São Paulo"),
        ("America/Port-au-Prince", "Port-au-Prince"),
        ("Asia/Calcutta", "Kolkata"),
        ("US/Pacific", "Los Angeles"),
        ("Etc/UTC", "UTC"),
        ("Etc/GMT", "UTC"),
        ("GMT0", "UTC"),
        ("Etc/GMT-0", "UTC"),
        ("Etc/GMT+5", "UTC\N{MINUS SIGN}5"),
        ("Etc/GMT-14", "UTC+14"),
    ],
)
def test_a_zone_is_told_by_its_place(zone, place):
    assert place_in_words(ZoneInfo(zone)) == place


def test_every_zone_has_a_place_that_can_be_read():
    for name in available_timezones():
        place = place_in_words(ZoneInfo(name))
        assert place and "_" not in place and "/" not in place


def test_a_zone_without_a_place_is_told_without_in():
    assert moment_in_words(STARTS_AT, zone=ZoneInfo("Etc/GMT-2")) == "Thursday 19:00 UTC+2"


@pytest.mark.parametrize(
    ("name", "greeting"), [("Ana", "Hello Ana,"), ("", "Hello,"), ("  ", "Hello,")]
)
def test_nobody_is_greeted_by_a_blank(name, greeting):
    assert greeting_in_words(name) == greeting


def test_a_replay_s_end_is_told_in_the_reader_s_zone():
    told = replay_context(STARTS_AT, zone=ZoneInfo("Pacific/Auckland"), url="https://a.org")
    assert (told.ends_day, told.ends_hour) == ("Friday 13 November", "06:00")
