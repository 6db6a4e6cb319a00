"""Counting how often somebody asks."""

from datetime import timedelta

import pytest

from funnel.web.limits import SlidingWindow, network_of


class Ticks:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_as_many_as_allowed_within_the_time_that_has_just_passed() -> None:
    ticks = Ticks()
    window = SlidingWindow(timedelta(minutes=1), ticks=ticks)
    taken = []
    for second in (0, 30, 31, 59, 60, 61, 90):
        ticks.now = 1000.0 + second
        taken.append(window.take("a", most=2))
    # The first leaves the window after 60 s, the second after 90.
    assert taken == [None, None, 29, 1, None, 29, None]
    assert window.take("b", most=2) is None


def test_it_does_not_grow_without_end() -> None:
    ticks = Ticks()
    window = SlidingWindow(timedelta(minutes=1), most_keys=10, ticks=ticks)
    for index in range(1000):
        ticks.now += 0.01
        window.take(str(index), most=1)
    assert len(window._taken) <= 10


def test_what_is_still_counted_is_kept_when_room_is_made() -> None:
    ticks = Ticks()
    window = SlidingWindow(timedelta(minutes=1), most_keys=3, ticks=ticks)
    for name in ("old", "older"):
        window.take(name, most=1)
    ticks.now += 61
    window.take("fresh", most=1)
    window.take("new", most=1)
    assert window.take("fresh", most=1) == 60


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        (None, "unknown"),
    ],
)
def test_one_household_counts_as_one(ip: str | None, network: str) -> None:
    assert network_of(ip) == network
