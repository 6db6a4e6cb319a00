"""Each zone by one name: what lists show, and the older names that browsers still say."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from funnel.domain.zones import listed_zone, listed_zones, older_names

_YEAR = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days) for days in range(0, 366, 7)]


@pytest.mark.parametrize(
    ("older", "name"),
    [
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Asia/Saigon", "Asia/Ho_Chi_Minh"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("US/Eastern", "America/New_York"),
        ("Africa/Asmera", "Africa/Asmara"),
        ("Iceland", "Atlantic/Reykjavik"),
        ("Zulu", "UTC"),
        ("GMT", "UTC"),
        ("Europe/Oslo", "Europe/Oslo"),
        ("EST", "EST"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("Mars/Phobos", "Mars/Phobos"),
    ],
)
def test_a_zone_is_listed_by_one_name(older: str, name: str) -> None:
    assert listed_zone(older) == name


@pytest.mark.parametrize(
    "older", sorted(each for names in older_names().values() for each in names)
)
def test_an_older_name_has_the_rules_of_the_listed_one(older: str) -> None:
    former, listed = ZoneInfo(older), ZoneInfo(listed_zone(older))
    assert listed.key in listed_zones()
    assert [moment.astimezone(former).utcoffset() for moment in _YEAR] == [
        moment.astimezone(listed).utcoffset() for moment in _YEAR
    ]


def test_what_no_list_has_names_no_place() -> None:
    names = {each for each in available_timezones() if not each.startswith(("posix/", "right/"))}
    rest = {each for each in names if listed_zone(each) not in listed_zones()}
    assert {each for each in rest if not each.startswith("Etc/GMT")} <= {
        *("CET", "CST6CDT", "EET", "EST", "EST5EDT", "HST", "MET", "MST", "MST7MDT", "PST8PDT"),
        *("WET", "Factory", "localtime"),
    }
