from datetime import UTC, datetime

import pytest

from funnel.domain.errors import InvalidInputError
from funnel.domain.session_plan import announced_moment, comes_twice

local = datetime.fromisoformat


def test_a_typed_hour_is_the_zones():
    assert announced_moment(local("2027-07-01 18:00"), "europe/berlin") == datetime(
        2027, 7, 1, 16, tzinfo=UTC
    )


def test_an_hour_that_clocks_skip_is_refused_and_the_next_is_named():
    with pytest.raises(InvalidInputError, match="no 02:30 on that day") as caught:
        announced_moment(local("2027-03-28 02:30"), "Europe/Berlin")
    assert "2027-03-28 03:30" in caught.value.remedy


def test_an_hour_that_comes_twice_is_meant_the_first_time():
    twice = local("2027-10-31 02:30")
    assert announced_moment(twice, "Europe/Berlin") == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert comes_twice(twice, "Europe/Berlin")
    assert not comes_twice(local("2027-10-31 03:30"), "Europe/Berlin")
    assert not comes_twice(local("2027-03-28 02:30"), "Europe/Berlin")


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        (local("9999-12-31 23:00"), "America/Los_Angeles"),
        (local("0001-01-01 00:00"), "Pacific/Auckland"),
    ],
)
def test_a_day_beyond_the_calendar_is_refused(typed, zone):
    with pytest.raises(InvalidInputError, match="no calendar"):
        announced_moment(typed, zone)


def test_an_unknown_zone_is_refused_by_name():
    with pytest.raises(InvalidInputError, match="Mars/Olympus"):
        announced_moment(local("2027-07-01 18:00"), "Mars/Olympus")
