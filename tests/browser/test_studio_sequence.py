"""The sequence's page in a browser: a card in its place, the calendar beside, the list by hand."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from funnel.domain.access import Role
from funnel.services.continue_replans import continue_replans
from tests.browser.axe import axe_faults
from tests.browser.test_studio import check, log_in
from tests.browser.visitor import Visitor, middle, photograph
from tests.web.colleagues import PASSWORD, hire
from tests.web.served import Served

pytestmark = pytest.mark.browser

# By its name: the word beside it goes by the number.
DAYS = "input[name$='.days']"
PATH = "/studio/sequences/disruption-masterclass"


def opened(
    served: Served, browser: Browser, role: Role = Role.MARKETER, **how: object
) -> tuple[Visitor, Page]:
    colleague = hire(served, role, is_logged_in=False)
    visitor = Visitor(browser, **how)  # type: ignore[arg-type]  # as it takes them
    page = visitor.visit(f"{served.url}/studio/login?next={PATH}")
    log_in(page, colleague.email, PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return visitor, page


def look_at(page: Page, photos: Path, name: str) -> None:
    check(page)
    assert axe_faults(page) == []
    photograph(page, photos, f"studio-sequence-{name}")


@pytest.mark.parametrize(("width", "look"), [(360, "light"), (1280, "dark")], ids=str)
def test_the_timing_of_a_letter_is_changed_published_and_undone(
    own_served: Served, browser: Browser, photos: Path, width: int, look: str
) -> None:
    own_served.seat_of("muster@example.org")
    own_served.work()
    visitor, page = opened(own_served, browser, width=width, look=look)
    shot = f"{width}-{look}"
    look_at(page, photos, f"list-{shot}")
    _change_timing(page, photos, shot)
    _publish(own_served, page, photos, shot)
    page.get_by_role("link", name="Go back to v1").click()
    expect(page.get_by_role("heading", name="Go back to version 1")).to_be_visible()
    page.get_by_role("button", name="Publish it as v3").click()
    expect(page.get_by_role("status").filter(has_text="Version 3 is live.")).to_be_visible()
    page.get_by_role("link", name="Versions").click()
    expect(page.get_by_role("heading", name="Versions", level=1)).to_be_visible()
    look_at(page, photos, f"versions-{shot}")
    visitor.close()
    assert visitor.complaints == []


def _change_timing(page: Page, photos: Path, shot: str) -> None:
    page.get_by_role("link", name="The tables have turned").first.click()
    card = page.locator("form[data-card]")
    expect(card).to_be_visible()
    days = card.locator(DAYS).first
    days.fill("6")
    beside = page.get_by_role("complementary")
    expect(beside.locator(".was").first).to_contain_text("was ")
    expect(beside.get_by_text("The draft changes")).to_be_visible()
    look_at(page, photos, f"card-{shot}")
    days.fill("six")
    expect(card.get_by_text("“six” is no number")).to_be_visible()
    days.fill("6")
    card.get_by_role("button", name="Keep in the draft").click()
    expect(page.get_by_role("status").filter(has_text="Kept in the draft.")).to_be_visible()
    expect(page.get_by_text("live: 1 day after")).to_be_visible()
    look_at(page, photos, f"draft-{shot}")


def _publish(served: Served, page: Page, photos: Path, shot: str) -> None:
    page.get_by_role("link", name="See who is affected").click()
    expect(page.get_by_role("heading", name="Who is affected")).to_be_visible()
    look_at(page, photos, f"affected-{shot}")
    page.get_by_role("radio", name="Keep", exact=False).first.check()
    expect(page.get_by_text("keeps the version they have")).to_be_visible()
    page.get_by_role("radio", name="Move", exact=False).first.check()
    moved = page.get_by_role("link", name="gets it at another moment").first
    moved.click()
    expect(page.get_by_role("link", name="Ana Muster")).to_be_visible()
    look_at(page, photos, f"names-{shot}")
    page.go_back()
    page.get_by_label("Why, for whoever").fill("More time to settle in")
    page.get_by_role("button", name="Publish it as v2").click()
    expect(page.get_by_role("status").filter(has_text="Version 2 is live.")).to_be_visible()
    continue_replans(served.deps.transactions)
    expect(page.get_by_text("Everybody who was in it follows.")).to_be_visible()


@pytest.mark.parametrize(("width", "look"), [(360, "dark"), (1280, "light")], ids=str)
def test_a_rehearsal_a_file_and_a_copy_look_like_the_rest(
    own_served: Served, browser: Browser, photos: Path, width: int, look: str
) -> None:
    own_served.seat_of("muster@example.org")
    visitor, page = opened(own_served, browser, width=width, look=look)
    page.get_by_role("link", name="Rehearse (sends nothing)").click()
    expect(page.get_by_role("heading", name="Day by day")).to_be_visible()
    look_at(page, photos, f"rehearsal-{width}-{look}")
    page.get_by_label("Name or email address").fill("mus")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("button", name="Add Ana Muster").click()
    expect(page.locator(".grid thead")).to_contain_text("Ana")
    cell = page.locator(".cell a:visible").first
    cell.focus()
    expect(page.locator(f"#{cell.get_attribute('aria-describedby')}")).to_be_visible()
    page.goto(f"{own_served.url}{PATH}/as-file")
    text = page.get_by_label("Or the text itself")
    text.fill(text.input_value().replace("kind: letter", "kind: postcard", 1))
    page.get_by_role("button", name="Save it as the draft").click()
    expect(page.get_by_role("list", name="Mistakes")).to_contain_text("kind: postcard")
    look_at(page, photos, f"file-{width}-{look}")
    visitor.close()
    assert visitor.complaints == []


def test_the_list_is_put_in_order_by_keys_and_by_hand(own_served: Served, browser: Browser) -> None:
    visitor, page = opened(own_served, browser)
    handle = page.get_by_role("button", name="Move Tomorrow")
    handle.focus()
    page.keyboard.press("Space")
    said = page.locator("[data-say]")
    expect(said).to_contain_text("Tomorrow is lifted, email 6 of 20.")
    page.keyboard.press("ArrowDown")
    expect(said).to_contain_text("Tomorrow, email 7 of 20.")
    page.keyboard.press("Escape")
    expect(said).to_contain_text("Tomorrow is back as email 6.")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Moved in the draft.")).to_be_visible()
    expect(page.get_by_role("button", name="Move Tomorrow, email 7")).to_be_attached()
    _drag(page)
    visitor.close()
    assert visitor.complaints == []


def _drag(page: Page) -> None:
    handle = page.get_by_role("button", name="Move Tomorrow")
    handle.scroll_into_view_if_needed()
    x, y = middle(handle)
    _, target = middle(page.locator("tr[data-row=today]"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, target - 8, steps=6)
    page.mouse.up()
    expect(page.get_by_role("button", name="Move Tomorrow, email 6")).to_be_attached()


def test_two_tabs_are_shown_both_and_a_removed_email_comes_back(
    own_served: Served, browser: Browser, photos: Path
) -> None:
    visitor, page = opened(own_served, browser)
    page.goto(f"{own_served.url}{PATH}?step=listening")
    other = visitor.context.new_page()
    other.goto(f"{own_served.url}{PATH}?step=listening")
    for tab, days in ((other, "3"), (page, "5")):
        tab.locator("form[data-card]").locator(DAYS).first.fill(days)
        tab.get_by_role("button", name="Keep in the draft").click()
    expect(page.get_by_role("heading", name="Both are here")).to_be_visible()
    expect(page.get_by_text("yours: 5 days after tables-turned, 09:00")).to_be_visible()
    look_at(page, photos, "conflict")
    page.get_by_role("button", name="Keep mine").click()
    expect(page.get_by_text("Kept in the draft.")).to_be_visible()
    page.get_by_role("link", name="Replay ends").first.click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("“Replay ends” is taken out of the draft.")).to_be_visible()
    page.get_by_role("button", name="Put it back").click()
    expect(page.get_by_text("The draft says again what it said before.")).to_be_visible()
    expect(page.get_by_role("link", name="Replay ends").first).to_be_visible()
    visitor.close()
    assert visitor.complaints == []
