"""Ways in and whose they are: how they end, who is shut out, links that work once."""

import threading
from datetime import timedelta

import pytest

from funnel.domain.access import Role
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.login import (
    LinkUnusableError,
    WrongPasswordError,
)
from funnel.domain.password import hash_password
from funnel.domain.throttle import BY_ACCOUNT, TooManyTriesError
from funnel.services import use_one_time_link as one_time_link_module
from funnel.services.authenticate import log_out
from funnel.services.keep_demo_login import DEMO_EMAIL, keep_demo_login
from funnel.services.manage_logins import (
    change_password,
    end_login,
    end_other_logins,
    list_logins,
)
from funnel.services.manage_users import (
    add_user,
    change_role,
    disable_user,
    enable_user,
    reset_user,
)
from funnel.services.use_one_time_link import (
    Chosen,
    offer_first_admin,
    read_one_time_link,
    use_one_time_link,
)
from tests.fixtures.staff import ANOTHER, HOME, MIRA, PASSWORD, WRONG, elsewhere


def test_a_way_in_is_over_after_a_week_unseen_and_after_a_month_at_all(house):
    house.hire()
    made = house.log_in()
    for _ in range(5):
        house.later(timedelta(days=5))
        assert house.is_in(made)
    house.later(timedelta(days=5))
    assert not house.is_in(made)
    second = house.log_in()
    house.later(timedelta(days=7))
    assert not house.is_in(second)


def test_last_seen_is_written_once_a_minute_at_most(house):
    house.hire()
    made = house.log_in()
    seen = "select last_seen_at from logins where id = :id"
    login = house.who(made)
    first = house.world.ask(seen, id=login.id)
    house.who(made)
    assert house.world.ask(seen, id=login.id) == first
    house.later(timedelta(minutes=2))
    house.who(made)
    assert house.world.ask(seen, id=login.id) > first


def test_a_changed_password_ends_every_way_in_but_gives_a_new_one(house):
    house.hire()
    here, there = house.log_in(), house.log_in(browser=elsewhere())
    link = reset_user(here.user.id, house.transactions, by="test").token
    new = change_password(house.who(here), PASSWORD, ANOTHER, HOME, house.transactions)
    assert not house.is_in(here)
    assert not house.is_in(there)
    assert house.is_in(new)
    with pytest.raises(WrongPasswordError):
        house.log_in()
    with pytest.raises(LinkUnusableError):
        read_one_time_link(link, house.transactions)


def test_a_password_is_changed_by_who_knows_the_old_one_to_another_good_one(house):
    house.hire()
    login = house.who(house.log_in())
    for old, new, error in (
        (WRONG, ANOTHER, WrongPasswordError),
        (PASSWORD, PASSWORD, InvalidInputError),
        (PASSWORD, "short", InvalidInputError),
    ):
        with pytest.raises(error):
            change_password(login, old, new, HOME, house.transactions)
    assert house.is_in(house.log_in())


def test_an_open_browser_is_no_place_to_guess_the_password(house):
    house.hire()
    login = house.who(house.log_in())
    for _ in range(BY_ACCOUNT.free):
        with pytest.raises(WrongPasswordError):
            change_password(login, WRONG, ANOTHER, HOME, house.transactions)
    with pytest.raises(TooManyTriesError):
        change_password(login, PASSWORD, ANOTHER, HOME, house.transactions)


def test_own_ways_in_are_ended_and_nobody_elses(house):
    house.hire()
    house.hire("ops@example.org", Role.OPS)
    mine, other = house.log_in(), house.log_in(email="ops@example.org")
    with pytest.raises(NotFoundError):
        end_login(house.who(mine), house.who(other).id, house.transactions)
    assert house.is_in(other)
    second = house.log_in(browser=elsewhere())
    end_login(house.who(mine), house.who(second).id, house.transactions)
    assert not house.is_in(second)
    third = house.log_in()
    assert end_other_logins(house.who(mine), house.transactions) == 2  # with the invitation's
    assert not house.is_in(third)
    assert [each.id for each in list_logins(mine.user.id, house.transactions)] == [
        house.who(mine).id
    ]
    log_out(house.who(mine), house.transactions)
    assert not house.is_in(mine)


def test_who_is_shut_out_is_out_at_once_and_may_come_back(house):
    house.hire()
    house.hire("boss@example.org")
    made = house.log_in()
    link = reset_user(made.user.id, house.transactions, by="test").token
    disable_user(made.user.id, house.transactions, by="boss@example.org")
    assert not house.is_in(made)
    with pytest.raises(WrongPasswordError):
        house.log_in()
    with pytest.raises(LinkUnusableError):
        use_one_time_link(link, Chosen(password=ANOTHER), HOME, house.transactions)
    enable_user(made.user.id, house.transactions, by="boss@example.org")
    assert not house.is_in(made)
    assert house.is_in(house.log_in())


def test_another_role_counts_from_the_next_request_on(house):
    house.hire()
    house.hire("boss@example.org")
    made = house.log_in()
    change_role(made.user.id, Role.VIEWER, house.transactions, by="boss@example.org")
    assert house.who(made).user.role is Role.VIEWER


def test_somebody_stays_in_charge_even_if_two_shut_each_other_out_at_once(house):
    first = house.hire("one@example.org").user
    second = house.hire("two@example.org").user
    refused = []

    def shut_out(user):
        try:
            disable_user(user.id, house.transactions, by="test")
        except InvalidInputError as error:
            refused.append(error)

    threads = [threading.Thread(target=shut_out, args=(each,)) for each in (first, second)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(refused) == 1
    in_charge = "select count(*) from users where role = 'admin' and disabled_at is null"
    assert house.world.ask(in_charge) == 1


def test_a_link_works_once_for_a_day(house):
    token = add_user(MIRA, Role.OPS, house.transactions, by="test").token
    assert read_one_time_link(token, house.transactions).email == MIRA
    with pytest.raises(InvalidInputError):  # a bad password uses nothing up
        use_one_time_link(token, Chosen(password="short"), HOME, house.transactions)  # noqa: S106
    use_one_time_link(token, Chosen(password=PASSWORD), HOME, house.transactions)
    with pytest.raises(LinkUnusableError):
        use_one_time_link(token, Chosen(password=ANOTHER), HOME, house.transactions)
    late = add_user("late@example.org", Role.OPS, house.transactions, by="test").token
    house.later(timedelta(hours=24))
    with pytest.raises(LinkUnusableError):
        use_one_time_link(late, Chosen(password=PASSWORD), HOME, house.transactions)
    for nonsense in ("", "x" * 43, "x" * 100_000, "\ud800"):
        with pytest.raises(LinkUnusableError):
            read_one_time_link(nonsense, house.transactions)


def test_a_newer_link_takes_the_place_of_an_older_one(house):
    invitation = add_user(MIRA, Role.OPS, house.transactions, by="test")
    newer = reset_user(invitation.user.id, house.transactions, by="test")
    with pytest.raises(LinkUnusableError):
        read_one_time_link(invitation.token, house.transactions)
    assert read_one_time_link(newer.token, house.transactions).email == MIRA


def test_there_is_one_first_admin_though_two_links_are_used_at_once(house, monkeypatch):
    both = threading.Barrier(2, timeout=30)

    def hashed_together(password):
        kept = hash_password(password)
        both.wait()  # from here on each has only its transaction before it
        return kept

    monkeypatch.setattr(one_time_link_module, "hash_password", hashed_together)
    tokens = [offer_first_admin(house.transactions) for _ in range(2)]
    made, refused = [], []

    def claim(token, email):
        chosen = Chosen(password=PASSWORD, email=email)
        try:
            made.append(use_one_time_link(token, chosen, HOME, house.transactions))
        except LinkUnusableError as error:
            refused.append(error)

    threads = [
        threading.Thread(target=claim, args=(token, f"admin-{number}@example.org"))
        for number, token in enumerate(tokens)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(made) == len(refused) == 1
    assert house.who(made[0]).user.role is Role.ADMIN
    assert offer_first_admin(house.transactions) is None


def test_a_password_kept_by_weaker_parameters_is_kept_by_todays_after_a_log_in(house):
    from argon2 import PasswordHasher

    house.hire()
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    house.world.execute("update users set password_hash = :weak", weak=weak)
    house.log_in()
    assert "m=19456,t=2,p=1" in house.world.ask("select password_hash from users")
    assert house.is_in(house.log_in())


def test_a_log_in_that_was_looked_at_before_a_change_does_not_survive_it(house, monkeypatch):
    house.hire()
    from funnel.services import log_in as module

    real = module.verify_password

    def meanwhile(password, kept):
        verdict = real(password, kept)
        house.world.execute("update users set password_hash = 'another'")
        return verdict

    monkeypatch.setattr(module, "verify_password", meanwhile)
    with pytest.raises(WrongPasswordError):
        house.log_in()


def test_the_demos_user_is_let_in_by_a_demo_alone(house):
    assert keep_demo_login(PASSWORD, house.transactions) == DEMO_EMAIL
    with pytest.raises(WrongPasswordError):
        house.log_in(email=DEMO_EMAIL)
    made = house.log_in(email=DEMO_EMAIL, is_demo=True)
    assert house.is_in(made, is_demo=True)
    assert not house.is_in(made, is_demo=False)
    with pytest.raises(InvalidInputError):
        reset_user(made.user.id, house.transactions, by="test")
    # It does not count as somebody in charge: a database that was a demo's gets its first admin.
    assert offer_first_admin(house.transactions) is not None


def test_the_demos_user_keeps_the_password_of_the_folder(house):
    keep_demo_login(PASSWORD, house.transactions)
    made = house.log_in(email=DEMO_EMAIL, is_demo=True)
    keep_demo_login(PASSWORD, house.transactions)
    assert house.is_in(made, is_demo=True)
    keep_demo_login(ANOTHER, house.transactions)
    assert not house.is_in(made, is_demo=True)
    assert house.is_in(house.log_in(ANOTHER, email=DEMO_EMAIL, is_demo=True), is_demo=True)
