"""The preferences page as people use it: without a script, on a phone, in the dark."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_pages import AUDIT, CONTRAST
from tests.browser.visitor import Visitor, photograph, sideways
from tests.web.served import Served

pytestmark = pytest.mark.browser

SCREENS = [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")]


@pytest.mark.parametrize(("width", "look"), SCREENS, ids=str)
def test_zone_and_pause_work_without_a_script_on_every_screen(
    own_served: Served, browser: Browser, photos: Path, width: int, look: str
) -> None:
    person = own_served.seat_of("ana@example.org")
    visitor = Visitor(browser, width=width, look=look, has_scripts=False)
    page = visitor.visit(f"{own_served.url}/p/{person.preferences}")
    page.get_by_label("Where are you?").fill("Aukland")
    page.get_by_role("button", name="Use this time zone").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile("Did you mean Pacific/Auckland"))
    photograph(page, photos, f"preferences-zone-fault-{width}-{look}")
    # The nearest zone stands in the field already.
    page.get_by_role("button", name="Use this time zone").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("in Auckland from now on"))
    page.get_by_label("Or pause them for").select_option("a month")
    page.get_by_role("button", name="Pause the letters").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("Your letters go on"))
    photograph(page, photos, f"preferences-paused-{width}-{look}")
    page.get_by_role("button", name="End the pause").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("The letters go on"))
    visitor.close()


@pytest.mark.parametrize(("width", "look"), SCREENS, ids=str)
def test_a_fault_and_a_pause_keep_the_rules_of_every_page(
    own_served: Served, browser: Browser, width: int, look: str
) -> None:
    person = own_served.seat_of("ana@example.org")
    visitor = Visitor(browser, width=width, look=look)
    page = visitor.visit(f"{own_served.url}/p/{person.preferences}")
    page.get_by_label("Where are you?").fill("Aukland")
    page.get_by_role("button", name="Use this time zone").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.evaluate(AUDIT) + page.evaluate(CONTRAST) == []
    assert sideways(page) <= 0
    page.get_by_role("button", name="Pause the letters").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert page.evaluate(AUDIT) + page.evaluate(CONTRAST) == []
    assert sideways(page) <= 0
    visitor.close()
