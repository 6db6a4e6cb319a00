"""Whoever's browser says an older name of a zone keeps it, on every page and in the mail."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.visitor import Visitor, sign_up
from tests.web.served import Served

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("zone", "kept", "place"),
    [
        ("Asia/Calcutta", "Asia/Kolkata", "Kolkata"),
        ("Asia/Saigon", "Asia/Ho_Chi_Minh", "Ho Chi Minh City"),
    ],
)
def test_a_press_leaves_a_zone_of_two_names_as_it_is(
    browser: Browser, served: Served, address: str, zone: str, kept: str, place: str
) -> None:
    visitor = Visitor(browser, zone=zone)
    page = visitor.page
    sign_up(page, served, address)
    page.goto(f"{served.url}/")
    expect(page.locator("#seat [data-show=where]").first).to_have_text(f"in {place}")
    assert page.locator("#zone").input_value() == kept

    person = served.person(address)
    page.goto(f"{served.url}/c/{person.confirm}")
    hour = page.locator(".moment .hour").inner_text()
    expect(page.locator(".moment .where")).to_contain_text(f"in {place}")
    assert page.locator("#zone").input_value() == kept
    page.get_by_role("button", name="Take my seat").click()
    expect(page.get_by_role("heading", name="What comes next")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(hour)
    expect(page.get_by_role("main")).to_contain_text(f"in {place}")

    assert served.ask("select zone from subscribers where email = :a", a=address) == (kept,)
    mail = next(each for each in served.mails_to(address) if "your seat" in each.subject.lower())
    told = served.deps.mailbox.parts(mail.id).text
    assert re.search(rf"{hour}[^.]*in\s+{place}", told)
    assert visitor.complaints == []
    visitor.close()
