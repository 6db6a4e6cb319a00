"""The studio as somebody who works there meets it, on a phone and a wide screen, in both looks."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from funnel.domain.access import Role
from funnel.services.use_one_time_link import offer_first_admin
from tests.browser.test_pages import AUDIT, CONTRAST
from tests.browser.visitor import Visitor, photograph, sideways
from tests.web.colleagues import PASSWORD, hire
from tests.web.served import Served

pytestmark = pytest.mark.browser

PHONE = 760  # pixels: up to there the rail is a bar
# Journeys are gone on these; the pages themselves are judged on the other two (test_every_page.py).
SCREENS = [(360, "light"), (1280, "dark")]


def check(page: Page) -> None:
    """What every page keeps to."""
    assert page.evaluate(AUDIT) + page.evaluate(CONTRAST) == []
    assert sideways(page) <= 0


def log_in(page: Page, email: str, password: str) -> None:
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def open_place(page: Page, name: str, *, width: int) -> None:
    """Open a place of the rail; a phone's bar keeps those beyond its fifth behind "More"."""
    if width <= PHONE and not page.get_by_role("link", name=name, exact=True).first.is_visible():
        page.get_by_role("button", name="More").click()
    page.get_by_role("link", name=name, exact=True).locator("visible=true").first.click()


@pytest.mark.parametrize(("width", "look"), SCREENS, ids=str)
def test_one_logs_in_looks_around_and_logs_out(
    served: Served, browser: Browser, photos: Path, width: int, look: str
) -> None:
    colleague = hire(served, Role.ADMIN, is_logged_in=False)
    visitor = Visitor(browser, width=width, look=look)
    page = visitor.visit(f"{served.url}/studio")

    def look_at(title: str) -> None:
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        check(page)
        photograph(page, photos, f"studio-{title.lower().replace(' ', '-')}-{width}-{look}")

    look_at("Log in")
    log_in(page, colleague.email, "not this one, but long")
    expect(page.get_by_role("alert")).to_contain_text("The address or the password is wrong")
    look_at("Log in")
    log_in(page, colleague.email, PASSWORD)
    look_at("Sequences")
    open_place(page, "Settings", width=width)
    page.get_by_role("link", name="Who may log in").click()
    look_at("Who may log in")
    open_place(page, "My account", width=width)
    look_at("Where you are logged in")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("status")).to_contain_text("You are logged out.")
    page.goto(f"{served.url}/studio/account")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    visitor.close()
    assert visitor.complaints == []


def test_all_of_it_works_without_a_script_and_without_a_mouse(
    own_served: Served, browser: Browser, photos: Path
) -> None:
    visitor = Visitor(browser, has_scripts=False)
    token = offer_first_admin(own_served.deps.transactions)
    page = visitor.visit(f"{own_served.url}/studio/welcome/{token}")
    photograph(page, photos, "studio-first-admin")
    check(page)
    page.get_by_label("Your name").focus()
    for typed, key in (("Mira", "Tab"), ("mira@example.org", "Tab"), (PASSWORD, "Enter")):
        page.keyboard.type(typed)
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="Sequences")).to_be_visible()
    page.get_by_role("link", name="Settings").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Who may log in").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Email address").fill("ana@example.org")
    page.get_by_role("radio", name=re.compile("^marketer")).focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Send this link to ana@example.org")).to_have_value(
        re.compile("/welcome/")
    )
    check(page)
    photograph(page, photos, "studio-invited")
    visitor.close()
    assert visitor.complaints == []


@pytest.mark.parametrize(("width", "look"), [(360, "dark"), (1280, "light")], ids=str)
def test_what_is_refused_and_what_is_empty_looks_like_the_rest(
    own_served: Served, browser: Browser, photos: Path, width: int, look: str
) -> None:
    viewer = hire(own_served, Role.VIEWER, is_logged_in=False)
    own_served.execute("update sequences set live_version_id = null")
    visitor = Visitor(browser, width=width, look=look)
    page = visitor.visit(f"{own_served.url}/studio/login?next=/studio")
    log_in(page, viewer.email, PASSWORD)
    expect(page.get_by_text("No sequence is live yet.")).to_be_visible()
    check(page)
    photograph(page, photos, f"studio-empty-{width}-{look}")
    for path, title in (
        ("/studio/users", "Your role does not open this"),
        ("/studio/nowhere", "There is no such page"),
        ("/studio/welcome/nonsense", "This link works no more"),
    ):
        page.goto(own_served.url + path)
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        check(page)
    photograph(page, photos, f"studio-refused-{width}-{look}")
    visitor.close()
