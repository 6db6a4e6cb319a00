"""`funnel user` and `funnel audit`, as somebody at a terminal uses them."""

import re

import pytest

from funnel.domain.login import Browser
from funnel.services.use_one_time_link import Chosen, use_one_time_link

MIRA = "mira@example.org"
PASSWORD = "lantern gravel otter nine"  # noqa: S105  (of nobody)


def link_in(output):
    return re.search(r"/studio/welcome/([\w-]{43})\b", output).group(1)


def choose(world, token):
    browser = Browser(network="192.0.2.1")
    return use_one_time_link(token, Chosen(password=PASSWORD), browser, world.transactions)


def test_somebody_is_added_reset_shut_out_and_let_in_again(funnel, installed):
    assert "Nobody yet." in funnel("user", "list").output
    added = funnel("user", "add", MIRA, "--role", "admin", "--name", "Mira")
    assert added.exit_code == 0, added.output
    assert "has not chosen a password yet" in funnel("user", "list").output
    choose(installed, link_in(added.output))
    assert "has not chosen" not in funnel("user", "list").output
    assert link_in(funnel("user", "reset", MIRA).output) != link_in(added.output)
    other = funnel("user", "add", "ops@example.org", "--role", "admin")
    choose(installed, link_in(other.output))
    assert funnel("user", "role", MIRA, "viewer").exit_code == 0
    assert funnel("user", "disable", MIRA).exit_code == 0
    assert "shut out" in funnel("user", "list").output
    assert "is shut out" in funnel("user", "reset", MIRA).output
    assert funnel("user", "enable", MIRA).exit_code == 0


def test_the_only_admin_stays_one(funnel, installed):
    choose(installed, link_in(funnel("user", "add", MIRA, "--role", "admin").output))
    for words in (("disable", MIRA), ("role", MIRA, "viewer")):
        refused = funnel("user", *words)
        assert refused.exit_code == 2
        assert "is the only admin" in refused.output
        assert "Make somebody else an admin first" in refused.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "no address", "--role", "admin"), "Give one address such as"),
        (("add", MIRA, "--role", "king"), "king"),
        (("reset", MIRA), "funnel user list"),
        (("disable", MIRA), "funnel user list"),
    ],
)
def test_wrong_words_are_answered(funnel, installed, words, said):
    answer = funnel("user", *words)
    assert answer.exit_code == 2
    assert said in answer.output


def test_an_address_has_one_account(funnel, installed):
    assert funnel("user", "add", MIRA, "--role", "ops").exit_code == 0
    again = funnel("user", "add", "MIRA@EXAMPLE.ORG", "--role", "ops")
    assert again.exit_code == 2
    assert "has an account already" in again.output


def test_the_audit_names_who_did_what(funnel, installed):
    assert "Nothing was changed" in funnel("audit").output
    token = link_in(funnel("user", "add", MIRA, "--role", "admin").output)
    choose(installed, token)
    listed = funnel("audit").output
    assert listed.index("password chosen") < listed.index("user added")
    assert token not in listed
    of_mira = funnel("audit", "--by", MIRA).output
    assert "password chosen" in of_mira
    assert "user added" not in of_mira
    first_page = funnel("audit", "--limit", "1").output
    before = re.search(r"funnel audit --before (\d+)", first_page).group(1)
    assert "user added" in funnel("audit", "--before", before).output


@pytest.fixture
def serve(funnel, settings, monkeypatch):
    """Run `funnel web` up to the moment in which it would listen."""
    monkeypatch.setattr("uvicorn.run", lambda *_, **__: None)
    return lambda: funnel("web").output


def test_the_first_start_prints_a_link_for_the_first_admin_until_there_is_one(installed, serve):
    first, second = serve(), serve()
    token = link_in(first)
    assert link_in(second) != token
    chosen = Chosen(password=PASSWORD, email=MIRA, name="Mira")
    use_one_time_link(token, chosen, Browser(network="x"), installed.transactions)
    assert "/studio/welcome/" not in serve()


def test_a_demo_prints_no_such_link(installed, serve, settings):
    settings.setenv("FUNNEL_IS_DEMO", "true")
    assert "/studio/welcome/" not in serve()


def test_a_schema_of_yesterday_is_said_and_keeps_nothing_from_starting(
    serve, settings, empty_database_url
):
    settings.setenv("FUNNEL_DATABASE_URL", empty_database_url)
    assert "funnel db upgrade" in serve()


def test_a_database_that_is_away_is_said_and_keeps_nothing_from_starting(serve, settings):
    settings.setenv("FUNNEL_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    assert "does not answer" in serve()
