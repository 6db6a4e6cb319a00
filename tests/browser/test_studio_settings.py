"""Settings as who sets them meets them: each page looked at, judged by axe, and used."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from funnel.domain.access import Role
from tests.browser.axe import axe_faults
from tests.browser.test_studio import SCREENS, check, log_in, open_place
from tests.browser.visitor import Visitor, photograph
from tests.web.colleagues import PASSWORD, hire
from tests.web.served import Served

pytestmark = pytest.mark.browser

PAGES = (
    ("Brands", "brands", "Brands"),
    ("Landing pages", "landing-pages", "Landing pages"),
    ("Going live", "going-live", "Going live"),
    ("Forms", "forms", "Forms"),
    ("Programs", "programs", "Programs"),
    ("Who changed what", "audit", "Who changed what"),
)


def let_in(visitor: Visitor, served: Served) -> Page:
    admin = hire(served, Role.ADMIN, is_logged_in=False)
    page = visitor.visit(f"{served.url}/studio")
    log_in(page, admin.email, PASSWORD)
    expect(page.get_by_role("heading", name="Sequences")).to_be_visible()
    return page


@pytest.mark.parametrize(("width", "look"), SCREENS, ids=str)
def test_every_page_of_the_settings_can_be_read_and_reached(
    served: Served, browser: Browser, photos: Path, width: int, look: str
) -> None:
    visitor = Visitor(browser, width=width, look=look)
    page = let_in(visitor, served)

    def look_at(name: str) -> None:
        check(page)
        assert axe_faults(page) == []
        photograph(page, photos, f"studio-settings-{name}-{width}-{look}")

    open_place(page, "Settings", width=width)
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    look_at("all")
    for link, name, heading in PAGES:
        page.get_by_role("link", name=link, exact=True).click()
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        look_at(name)
        open_place(page, "Settings", width=width)
    page.get_by_role("link", name="Brands", exact=True).click()
    page.get_by_role("link", name="Muster Coaching").click()
    expect(page.get_by_role("heading", name="Muster Coaching", level=1)).to_be_visible()
    look_at("brand")
    page.goto(f"{served.url}/studio/forms/landing")
    look_at("form")
    visitor.close()
    assert visitor.complaints == []


def test_the_landing_page_changes_beside_its_texts_and_on_the_phone_too(
    own_served: Served, browser: Browser, photos: Path
) -> None:
    visitor = Visitor(browser)
    page = let_in(visitor, own_served)
    page.goto(f"{own_served.url}/studio/landing/disruption-masterclass")
    shown = page.frame_locator("iframe")
    expect(shown.get_by_role("heading", level=1)).to_have_text(
        "Leading through disruption: the three shifts"
    )
    page.get_by_label("Title", exact=True).fill("Another title")
    expect(shown.get_by_role("heading", level=1)).to_have_text("Another title")
    assert axe_faults(page, within="main form") == []
    photograph(page, photos, "studio-settings-landing-1280-light")
    page.get_by_role("button", name="Save and show it").click()
    expect(page.get_by_role("status")).to_contain_text("The next visitor sees it")
    page.get_by_role("button", name="Put the texts from before back").click()
    expect(page.get_by_label("Title", exact=True)).to_have_value(
        "Leading through disruption: the three shifts"
    )
    page.set_viewport_size({"width": 360, "height": 740})
    check(page)
    photograph(page, photos, "studio-settings-landing-360-light")
    visitor.close()
    assert visitor.complaints == []


def test_the_studio_speaks_german_once_it_is_chosen(
    served: Served, browser: Browser, photos: Path
) -> None:
    visitor = Visitor(browser)
    page = let_in(visitor, served)
    open_place(page, "My account", width=1280)
    page.get_by_label("Emails and public pages keep the language").select_option("de")
    page.get_by_role("button", name="Speak it").click()
    expect(page.get_by_role("heading", name="Mein Konto")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "de"
    assert axe_faults(page) == []
    photograph(page, photos, "studio-german-account")
    visitor.close()
    assert visitor.complaints == []
