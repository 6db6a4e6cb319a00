"""The studio speaks the language that was chosen, or that the browser asks for."""

import re

import pytest
from starlette.datastructures import Headers

from funnel.domain.access import Role
from funnel.domain.speech import number, say, say_many, speaking
from funnel.web.languages import catalogue, chosen_language
from tests.web.colleagues import browser_at, hire


@pytest.mark.parametrize(
    ("wished", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr;q=0.9, de;q=0.4, en;q=0.5", "en"),
        ("pt-BR", "en"),
        ("en;q=0, de;q=0.1", "de"),
        ("de;q=wrong, en", "en"),
        (";;,,=;q", "en"),
    ],
)
def test_the_browser_s_wish_is_followed(wished, language):
    assert chosen_language(Headers({"accept-language": wished})) == language


def test_what_was_chosen_here_goes_before_the_browser_s_wish():
    asked = {"accept-language": "de", "cookie": "funnel=x; language=en"}
    assert chosen_language(Headers(asked)) == "en"
    assert chosen_language(Headers({**asked, "cookie": "language=xx"})) == "de"
    assert chosen_language(Headers({**asked, "cookie": 'language="; \\'})) == "de"


def test_a_page_speaks_german_and_says_so(served):
    mira = hire(served, Role.VIEWER)
    page = mira.get("/studio/account", headers={"accept-language": "de"}).text
    assert '<html lang="de">' in page
    assert "Sprache dieser Seiten" in page
    assert "Language of these pages" in mira.get("/studio/account").text


def test_the_choice_stays_and_comes_back_with_the_next_log_in(served):
    mira = hire(served, Role.VIEWER)
    assert mira.press("/studio/account/language", language="de").status_code == 303
    assert "Sprache dieser Seiten" in mira.get("/studio/account").text
    mira.browser = browser_at(served)
    assert mira.log_in().status_code == 303
    assert "Sprache dieser Seiten" in mira.get("/studio/account").text
    mira.press("/studio/account/language", language="")
    assert "Language of these pages" in mira.get("/studio/account").text


def test_a_language_that_is_not_there_is_refused(served):
    mira = hire(served, Role.VIEWER)
    assert mira.press("/studio/account/language", language="../en").status_code == 422


def test_numbers_have_their_thousands_apart_as_the_language_wants():
    with speaking(catalogue("de")):
        assert number(1204) == "1.204"
        assert say_many("{count} thing", "{count} things", 1204) == "1.204 things"
        assert say("Not in any catalogue") == "Not in any catalogue"


@pytest.mark.parametrize(
    ("cookie", "where"),
    [("Europe%2FBerlin", "in Berlin"), ("", "UTC"), ("../etc", "UTC"), ("%ff%00", "UTC")],
)
def test_moments_are_told_in_the_zone_that_the_browser_said(served, cookie, where):
    mira = hire(served, Role.VIEWER)
    mira.browser.session.cookies.set("zone", cookie)
    versions = mira.get("/studio/sequences/disruption-masterclass/versions").text
    (told,) = set(re.findall(r"<time [^>]*>[^<]*, \d\d:\d\d ([^<]+)</time>", versions))
    assert told == where
