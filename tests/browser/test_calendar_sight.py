"""What one sees of a move by buttons or keys, where the calendar is longer than the window."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.calendars import answered, seat, verdict
from tests.browser.visitor import Visitor, middle
from tests.web.served import Person, Served

pytestmark = pytest.mark.browser

# Between the bar, or the verdict where it stays above, and the verdict that rides below.
_IN_SIGHT = """() => {
  const words = document.querySelector('.cal-verdict-room');
  const card = document.querySelector('.cal-verdict').getBoundingClientRect();
  const isBelow = getComputedStyle(document.querySelector('.cal-verdict')).position === 'fixed';
  const bar = document.querySelector('.demobar').getBoundingClientRect().bottom;
  const top = isBelow ? bar : Math.max(bar, words.getBoundingClientRect().bottom);
  const landing = document.querySelector('.cal-session').getBoundingClientRect();
  return landing.top >= top && landing.bottom <= (isBelow ? card.top : innerHeight);
}"""


@pytest.fixture(params=[(360, "no-preference"), (360, "reduce"), (1280, "no-preference")], ids=str)
def window(
    request: pytest.FixtureRequest, browser: Browser, own_served: Served, ana: Person
) -> Any:
    """The page in a window so low that the masterclass lies below it."""
    width, wish = request.param
    visitor = Visitor(browser, width=width)
    visitor.page.emulate_media(reduced_motion=wish)
    visitor.page.set_viewport_size({"width": width, "height": 740})
    yield visitor.visit(f"{own_served.url}/demo/calendar?run={ana.run_id}")
    visitor.close()
    assert visitor.complaints == []


def is_in_sight(page: Page) -> bool:
    """Say whether the lifted masterclass and its landing place can be seen, once all rests."""
    middle(seat(page))
    page.wait_for_timeout(300)
    found: bool = page.evaluate(_IN_SIGHT)
    return found


def test_buttons_bring_the_move_into_sight(window: Page) -> None:
    before = middle(seat(window))[1]
    window.get_by_role("button", name="Move it to another day").click()
    expect(window.locator(".cal.is-lifted")).to_be_visible()
    assert is_in_sight(window), before
    expect(seat(window)).to_be_focused()
    for _ in range(7):
        window.get_by_role("button", name="A day later").click()
        answered(window)
        assert is_in_sight(window)
        expect(window.get_by_role("button", name="A day later")).to_be_focused()
        expect(window.get_by_role("button", name="A day later")).to_be_in_viewport()
    window.get_by_role("button", name="Leave it on").click()
    expect(window.locator(".cal.is-lifted")).to_have_count(0)
    expect(seat(window)).to_be_in_viewport()
    window.get_by_role("button", name="Move it to another day").click()
    window.get_by_role("button", name="A day later").click()
    window.get_by_role("button", name="Move it here").click()
    expect(verdict(window)).to_contain_text("Moved to")
    window.wait_for_timeout(300)
    expect(seat(window)).to_be_in_viewport()


def test_keys_bring_the_move_into_sight(window: Page) -> None:
    seat(window).evaluate("each => each.focus({ preventScroll: true })")
    window.keyboard.press("Enter")
    expect(window.locator(".cal.is-lifted")).to_be_visible()
    assert is_in_sight(window)
    for key, times in (("ArrowDown", 6), ("ArrowUp", 8)):
        for _ in range(times):
            window.keyboard.press(key)
        answered(window)
        assert is_in_sight(window)
        expect(seat(window)).to_be_focused()
        expect(verdict(window)).to_be_in_viewport()


def test_what_is_in_sight_stays_where_it_is(window: Page) -> None:
    seat(window).evaluate("each => each.scrollIntoView({ block: 'center' })")
    before = middle(seat(window))[1]
    seat(window).press("Enter")
    expect(window.locator(".cal.is-lifted")).to_be_visible()
    assert is_in_sight(window)
    assert abs(middle(seat(window))[1] - before) < 14  # lifted a little, no more
    # What the demo draws anew meanwhile takes nobody away from where they are reading.
    window.evaluate("scrollTo(0, 0)")
    window.evaluate("document.querySelector('main').dispatchEvent(new Event('calendar-refresh'))")
    answered(window)
    window.wait_for_timeout(300)
    assert window.evaluate("scrollY") == 0


def test_on_paper_the_threads_lead_from_sign_to_sign(window: Page) -> None:
    drawn = "[...document.querySelectorAll('.cal-threads path')].map(each => each.outerHTML)"
    window.get_by_role("button", name="Move it to another day").click()
    window.get_by_role("button", name="A day later").click()
    answered(window)
    middle(seat(window))
    window.emulate_media(media="print")
    window.wait_for_timeout(100)
    threads = window.evaluate(drawn)
    window.evaluate("dispatchEvent(new Event('resize'))")  # has them measured again
    assert threads and window.evaluate(drawn) == threads
    assert window.locator(".cal-time").evaluate("each => each.offsetWidth") == 640
    gap = "getComputedStyle(document.querySelector('.cal-verdict-room')).minHeight"
    assert window.evaluate(gap) == "0px"  # on the screen there is room for the longest words


def test_no_empty_band_is_left_where_the_words_were(
    browser: Browser, own_served: Served, ana: Person
) -> None:
    visitor = Visitor(browser, width=360)
    page = visitor.visit(f"{own_served.url}/demo/calendar?run={ana.run_id}")
    page.get_by_role("button", name="Move it to another day").click()
    expect(page.locator(".cal.is-lifted")).to_be_visible()
    assert page.locator(".cal-verdict-room").evaluate("each => each.offsetHeight") < 40
    visitor.close()
