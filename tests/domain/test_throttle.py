"""How long whoever guessed wrong has to wait."""

from datetime import UTC, datetime, timedelta

import pytest

from funnel.domain.throttle import BY_ACCOUNT, BY_NETWORK, Limit, Tries, failures_now, wait_left

NOW = datetime(2031, 3, 4, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LIMIT = Limit(free=3, first=30 * SECOND, longest=5 * MINUTE)


def tries(failures, ago=timedelta(0)):
    return Tries(failures=failures, last_at=NOW - ago)


@pytest.mark.parametrize(
    ("case", "counted", "expected"),
    [
        ("nobody tried", None, 0 * SECOND),
        ("once", tries(1), 0 * SECOND),
        ("all the free ones but one", tries(2), 0 * SECOND),
        ("all the free ones", tries(3), 30 * SECOND),
        ("one more", tries(4), 60 * SECOND),
        ("two more", tries(5), 120 * SECOND),
        ("no longer than this", tries(7), 5 * MINUTE),
        ("a million", tries(1_000_000), 5 * MINUTE),
        ("some of it has passed", tries(4, 45 * SECOND), 15 * SECOND),
        ("just passed", tries(4, 60 * SECOND), 0 * SECOND),
        ("long passed", tries(4, 60 * MINUTE), 0 * SECOND),
        ("a day old", tries(1_000, timedelta(days=1)), 0 * SECOND),
    ],
)
def test_the_wait_grows_and_ends(case, counted, expected):
    assert wait_left(counted, LIMIT, NOW) == expected


def test_wrong_ones_are_forgotten_after_a_day():
    assert failures_now(tries(7, timedelta(hours=23)), NOW) == 7
    assert failures_now(tries(7, timedelta(hours=24)), NOW) == 0
    assert failures_now(None, NOW) == 0


def guesses_in_a_day(limit):
    """Return how many passwords one can try in 24 hours, waiting as long as one must."""
    now, counted, made = NOW, None, 0
    while now < NOW + timedelta(days=1):
        made += 1
        counted = Tries(failures=failures_now(counted, now) + 1, last_at=now)
        now += max(wait_left(counted, limit, now), SECOND)
    return made


def test_so_many_passwords_can_be_guessed_in_a_day_and_no_more():
    # SP 800-63B-4, 3.2.2 would stop after 100 in a row; then anybody could lock anybody out. Waits
    # that it names as well ("30 seconds up to an hour") come to about as many in a whole day.
    assert guesses_in_a_day(BY_ACCOUNT) <= 110
    assert guesses_in_a_day(BY_NETWORK) <= 60


def test_nobody_is_kept_out_of_their_account_for_longer_than_a_quarter_of_an_hour():
    assert wait_left(tries(10_000), BY_ACCOUNT, NOW) == 15 * MINUTE
