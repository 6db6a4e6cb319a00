"""What a marketer does to one person, without a script: on a phone and a wide screen."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from funnel.domain.access import Role
from tests.browser.test_studio import check, log_in
from tests.browser.visitor import Visitor, photograph
from tests.web.colleagues import PASSWORD, hire
from tests.web.served import Served

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "look"), [(360, "dark"), (1280, "light")], ids=str)
def test_a_person_is_changed_and_erased(
    own_served: Served, browser: Browser, photos: Path, width: int, look: str
) -> None:
    person = own_served.seat_of("muster@example.org", first_name="Ana", letters="yes")
    own_served.work()
    marketer = hire(own_served, Role.MARKETER, is_logged_in=False)
    visitor = Visitor(browser, width=width, look=look, has_scripts=False)
    page = visitor.visit(f"{own_served.url}/studio")
    log_in(page, marketer.email, PASSWORD)
    path = f"{own_served.url}/studio/people/{person.id}"

    def look_at(name: str) -> None:
        check(page)
        photograph(page, photos, f"studio-{name}-{width}-{look}")

    page.goto(path)
    _tag_note_and_skip(page)
    for summary in page.locator(".acts summary").all():
        summary.click()
    look_at("person-acts")
    _on_paper(page)
    _send_again(page, look_at)
    page.goto(f"{own_served.url}/studio/people?show=tag:alumni")
    look_at("people-tagged")
    page.goto(f"{own_served.url}/studio/people/do-not-email")
    _add_address(page)
    look_at("do-not-email")
    page.goto(f"{path}/erase")
    _erase(page, look_at)
    visitor.close()
    assert visitor.complaints == []


def _tag_note_and_skip(page: Page) -> None:
    page.get_by_label("A new tag").fill("alumni")
    page.get_by_role("button", name="Tag them").click()
    expect(page.get_by_role("status")).to_contain_text("They are tagged “alumni” now.")
    page.get_by_label("A new note").fill("Called on Monday, wants Thursdays.")
    page.get_by_role("button", name="Keep the note").click()
    page.get_by_text("One email", exact=True).click()
    page.get_by_role("button", name="Skip this email").click()
    expect(page.get_by_role("status")).to_contain_text("is not sent to them")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("back where it was")


def _on_paper(page: Page) -> None:
    """What happened and what comes; nothing to press."""
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Ana")).to_be_visible()
    expect(page.locator("main :is(button, input, select, textarea):visible")).to_have_count(0)
    page.emulate_media(media="screen")


def _add_address(page: Page) -> None:
    page.get_by_role("textbox", name="Address").fill("other@example.org")
    page.get_by_role("textbox", name="Why").fill("asked on the phone")
    page.get_by_role("button", name="Send nothing there").click()
    expect(page.get_by_role("button", name="Take it off other@example.org")).to_be_visible()


def _send_again(page: Page, look_at: Callable[[str], None]) -> None:
    page.get_by_role("button", name="Send it again…").click()
    expect(page.get_by_text("What Ana Muster had of it so far:")).to_be_visible()
    look_at("person-resend")
    page.get_by_role("button", name="Send it again").click()
    expect(page.get_by_role("status")).to_contain_text("sent to them again")


def _erase(page: Page, look_at: Callable[[str], None]) -> None:
    page.get_by_label("type their address").fill("muster@example.org")
    look_at("person-erase")
    page.get_by_role("button", name="Erase them for good").click()
    expect(page.get_by_role("status")).to_contain_text("They are erased")
