"""The studio's people, found and asked about, on a phone and a wide screen, in both looks."""

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

PEOPLE = (
    ("Ana", "Muster", "muster@example.org"),
    ("Bartholomew", "Featherstonehaugh", "featherstonehaugh@example.org"),
    ("مريم", "حداد", "maryam@example.org"),
)


@pytest.mark.parametrize(("width", "look"), [(360, "dark"), (1280, "light")], ids=str)
def test_somebody_is_found_and_one_learns_why_they_got_it(
    own_served: Served, browser: Browser, photos: Path, width: int, look: str
) -> None:
    for first, last, address in PEOPLE:
        own_served.seat_of(address, first_name=first, last_name=last)
    own_served.sign_up("not-yet@a-rather-long-name-of-a-company.example.org")
    own_served.work()
    admin = hire(own_served, Role.ADMIN, is_logged_in=False)
    # Without a script: the pages have none of their own.
    visitor = Visitor(browser, width=width, look=look, has_scripts=False)
    page = visitor.visit(f"{own_served.url}/studio")
    log_in(page, admin.email, PASSWORD)

    def look_at(name: str) -> None:
        check(page)
        photograph(page, photos, f"studio-{name}-{width}-{look}")

    page.get_by_role("link", name="People", exact=True).click()
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    look_at("people")
    _find(page, look_at)
    _ask_why(page, look_at)
    _pause(page, look_at)
    visitor.close()
    assert visitor.complaints == []


def _find(page: Page, look_at: Callable[[str], None]) -> None:
    field = page.get_by_label("Name or email address, as it begins")
    field.fill("feath")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Bartholomew Featherstonehaugh")).to_be_visible()
    expect(page.get_by_role("link", name="Ana Muster")).to_have_count(0)
    look_at("people-found")
    field.fill("nobody")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("Nobody begins with “nobody”.")).to_be_visible()
    look_at("people-none")
    page.get_by_role("link", name="Everybody").click()


def _ask_why(page: Page, look_at: Callable[[str], None]) -> None:
    page.get_by_role("link", name="Ana Muster").click()
    expect(page.get_by_role("heading", name="Ana Muster")).to_be_visible()
    expect(page.get_by_role("heading", name="Next")).to_be_visible()
    look_at("person")
    page.get_by_role("link", name="why? Your seat").click()
    expect(page.get_by_role("heading", name="Why this email, or why not")).to_be_visible()
    look_at("why")
    page.get_by_role("link", name="People", exact=True).first.click()
    page.get_by_role("link", name="not-yet@").click()
    expect(page.get_by_text("Nothing is planned for them.")).to_be_visible()
    look_at("person-unconfirmed")


def _pause(page: Page, look_at: Callable[[str], None]) -> None:
    page.get_by_role("link", name="People", exact=True).first.click()
    page.get_by_role("link", name="Ana Muster").click()
    page.get_by_label("No letter leaves to them for").select_option("a month")
    page.get_by_role("button", name="Pause the letters").click()
    expect(page.get_by_role("status")).to_contain_text("The letters are paused.")
    page.get_by_text("Stop sending to them").click()
    expect(page.get_by_role("button", name="Stop everything")).to_be_visible()
    look_at("person-paused")
    page.get_by_role("button", name="Let the letters go on").click()
    expect(page.get_by_role("status")).to_contain_text("The letters go on")
