"""A publish that concerns many: counted by a worker, waited for on the page; and settings."""

import html

import pytest

from funnel.domain.access import Role
from funnel.services import check_readers, count_affected
from funnel.services.continue_checks import continue_checks
from tests.web.colleagues import Colleague, hire
from tests.web.served import Served
from tests.web.test_studio_sequence import LISTENING, PATH, draft, press

EMAIL = "/studio/templates/disruption-masterclass/listening"


@pytest.fixture(autouse=True)
def one_is_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count_affected, "LOOKED_AT_ONCE", 1)
    monkeypatch.setattr(check_readers, "LOOKED_AT_ONCE", 1)


@pytest.fixture
def marketer(own_served: Served, address: str) -> Colleague:
    own_served.seat_of(address)
    return hire(own_served, Role.MARKETER)


def test_a_sequence_is_published_once_everybody_in_it_is_looked_at(
    own_served: Served, marketer: Colleague
) -> None:
    press(marketer, "/steps/listening", **{**LISTENING, "timing.days": "6"})
    page = marketer.get(f"{PATH}/affected").text
    assert "0 of 1 person is looked at." in page
    assert "Publish it as v2" not in page
    answer = marketer.press(f"{PATH}/publish", policy="move", counted="move")
    assert answer.status_code == 409
    assert "still being counted" in answer.text
    continue_checks(own_served.deps.previewing)
    page = marketer.get(f"{PATH}/affected").text
    assert "1 person gets it at another moment" in page
    answer = marketer.press(f"{PATH}/publish", policy="move", counted="move")
    assert "done=published" in answer.headers["location"]


def test_an_email_is_published_and_taken_back_once_it_was_written_for_everybody(
    own_served: Served, marketer: Colleague
) -> None:
    source = own_served.ask(
        "select source from template_versions where key = 'disruption-masterclass/listening'"
    )
    assert source is not None
    changed = str(source[0]) + "\nOne line more.\n"
    marketer.press(EMAIL, source=changed, seen="0")
    page = marketer.get(f"{EMAIL}/publish").text
    assert "0 of 1 person is looked at." in page
    revision = own_served.ask("select revision from template_drafts")
    assert revision is not None
    refused = marketer.press(f"{EMAIL}/publish", seen=str(revision[0]))
    assert refused.status_code == 409
    continue_checks(own_served.deps.previewing)
    published = marketer.press(f"{EMAIL}/publish", seen=str(revision[0]))
    assert published.status_code == 303, published.text
    waiting = marketer.press(f"{EMAIL}/roll-back", number="1")
    assert waiting.headers["location"].endswith("/versions?back=1")
    assert "v1 is not live yet" in marketer.get(waiting.headers["location"]).text
    continue_checks(own_served.deps.previewing)
    assert "Make v1 live again" in marketer.get(waiting.headers["location"]).text
    assert (
        "done=rolled-back" in marketer.press(f"{EMAIL}/roll-back", number="1").headers["location"]
    )


def test_what_holds_for_the_whole_sequence_is_kept_in_the_draft(
    own_served: Served, marketer: Colleague
) -> None:
    settings = {
        "title": "A calmer masterclass",
        "brand": "default",
        "runs": "once per session",
        "on_unknown": "hold",
        "days_between_letters": "3",
        "no_letters_on": "2026-12-25\r\n2026-12-26\r\n",
        "exit_if": "tag customer\r\n",
    }
    wrong = marketer.press(f"{PATH}/settings", seen="", **{**settings, "no_letters_on": "Xmas"})
    assert wrong.status_code == 422
    assert "A calmer masterclass" in wrong.text
    twice = {**settings, "no_letters_on": "2026-12-25\r\n2026-12-26\r\n2026-12-25"}
    wrong = marketer.press(f"{PATH}/settings", seen="", **twice)
    assert wrong.status_code == 422
    assert '"2026-12-25" is here twice. Keep one.' in html.unescape(wrong.text)
    assert draft(own_served) is None
    assert "done=saved" in press(marketer, "/settings", **settings)
    kept = draft(own_served)
    assert kept is not None
    assert "title: A calmer masterclass" in kept
    assert "no_letters_on: [2026-12-25, 2026-12-26]" in kept
    assert "exit_if: tag customer" in kept or "exit_if: [tag customer]" in kept, kept
