"""Logging in, with a real database: guessed at, slowed down, raced."""

import threading
from datetime import timedelta

import pytest

from funnel.domain.access import Role
from funnel.domain.login import (
    WrongPasswordError,
)
from funnel.domain.throttle import BY_ACCOUNT, BY_NETWORK, TooManyTriesError
from funnel.services.manage_users import (
    add_user,
)
from tests.fixtures.staff import HOME, MIRA, WRONG, elsewhere


def test_who_knows_the_password_is_let_in_and_it_is_written_down(house):
    house.hire()
    made = house.log_in(email=" MIRA@example.org ".strip())
    assert house.who(made).user.email == MIRA
    assert house.acts() == ["user added", "password chosen", "logged in"]


@pytest.mark.parametrize("email", ["nobody@example.org", "no address", "", "x" * 5000, "a\nb@c.d"])
def test_nobody_else_is_let_in(house, email):
    house.hire()
    with pytest.raises(WrongPasswordError):
        house.log_in(email=email)
    with pytest.raises(WrongPasswordError):
        house.log_in(WRONG)
    assert house.acts()[-2:] == ["log-in refused", "log-in refused"]


def test_whoever_was_invited_cannot_log_in_before_choosing_a_password(house):
    add_user(MIRA, Role.OPS, house.transactions, by="test")
    for password in ("", "nobody's", WRONG):
        with pytest.raises(WrongPasswordError):
            house.log_in(password)


def test_guessing_at_an_account_from_everywhere_is_slowed_down(house):
    house.hire()
    for number in range(BY_ACCOUNT.free):
        with pytest.raises(WrongPasswordError):
            house.log_in(WRONG, browser=elsewhere(number))
    with pytest.raises(TooManyTriesError) as caught:
        house.log_in(browser=elsewhere(99))
    assert timedelta(0) < caught.value.wait <= BY_ACCOUNT.first
    house.later(BY_ACCOUNT.first)
    assert house.is_in(house.log_in(browser=elsewhere(99)))


def test_who_came_in_from_a_place_before_is_not_locked_out_by_guesses_from_elsewhere(house):
    house.hire()
    for number in range(BY_ACCOUNT.free):
        with pytest.raises(WrongPasswordError):
            house.log_in(WRONG, browser=elsewhere(number))
    assert house.is_in(house.log_in(browser=HOME))


def test_an_unknown_address_is_slowed_down_alike(house):
    for _ in range(BY_ACCOUNT.free):
        with pytest.raises(WrongPasswordError):
            house.log_in(email="nobody@example.org", browser=elsewhere())
    with pytest.raises(TooManyTriesError):
        house.log_in(email="NOBODY@example.org", browser=elsewhere(2))


def test_one_network_guessing_at_many_accounts_is_slowed_down(house):
    house.hire()
    for number in range(BY_NETWORK.free):
        with pytest.raises(WrongPasswordError):
            house.log_in(email=f"nobody-{number}@example.org")
    with pytest.raises(TooManyTriesError):
        house.log_in()


def test_an_account_of_ones_own_does_not_make_guessing_at_others_free(house):
    house.hire()
    for number in range(BY_NETWORK.free):
        with pytest.raises(WrongPasswordError):
            house.log_in(email=f"nobody-{number}@example.org")
        if number < BY_NETWORK.free - 1:
            house.log_in()
    with pytest.raises(TooManyTriesError):
        house.log_in(email="nobody@example.org")


def test_right_ones_cost_nothing_however_many(house):
    house.hire()
    for _ in range(BY_NETWORK.free + 2):
        house.log_in()
    assert house.world.ask("select coalesce(sum(failures), 0) from log_in_tries") == 0


def test_tries_at_the_same_time_are_counted_one_by_one(house):
    house.hire()
    answers = []

    def guess():
        try:
            house.log_in(WRONG, browser=elsewhere())
        except (WrongPasswordError, TooManyTriesError) as error:
            answers.append(type(error))

    threads = [threading.Thread(target=guess) for _ in range(BY_ACCOUNT.free + 4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers.count(WrongPasswordError) == BY_ACCOUNT.free
    assert answers.count(TooManyTriesError) == 4


def test_counts_of_yesterday_are_dropped(house):
    with pytest.raises(WrongPasswordError):
        house.log_in(email="nobody@example.org", browser=elsewhere())
    house.later(timedelta(days=2))
    house.hire()
    house.log_in()
    assert (
        house.world.ask(
            "select count(*) from log_in_tries where last_at < now() - '1 day'::interval"
        )
        == 0
    )
