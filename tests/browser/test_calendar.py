"""The two-minute page in a real browser: by mouse, finger, keys and ear, and without scripts."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.calendars import BERLIN, answered, day_words, seat, start_of, verdict
from tests.browser.test_pages import AUDIT, CONTRAST
from tests.browser.visitor import Finger, Visitor, middle, photograph, play_until, sideways
from tests.web.served import Person, Served

pytestmark = pytest.mark.browser


@pytest.fixture
def page(own_served: Served, visitor: Visitor, ana: Person) -> Page:
    return visitor.visit(f"{own_served.url}/demo/calendar?run={ana.run_id}")


def test_it_is_dragged_by_mouse(own_served: Served, page: Page, ana: Person) -> None:
    to = start_of(own_served, ana) - timedelta(days=1)
    x, y = middle(seat(page))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 10, steps=2)
    expect(page.locator(".cal-threads .old")).to_be_attached()
    hand = carried_to(page, (x, y - 10), to)
    expect(verdict(page)).to_contain_text(f"{day_words(to)}, instead of")
    expect(verdict(page)).to_contain_text("You and 2 others move with it; one email tells each")
    # The masterclass is in the hand, the threads lead from the old moments to the new ones.
    assert abs(middle(seat(page))[1] - hand) < 14
    assert page.locator(".cal-threads .session").count() == 1
    assert page.locator(".cal-threads .ribbon").count() == 1
    expect(page.locator(".cal-pending")).to_contain_text("When you let go")
    page.mouse.up()
    expect(verdict(page)).to_contain_text(f"Moved to {day_words(to)}")
    expect(page.locator(".cal.is-lifted")).to_have_count(0)
    assert start_of(own_served, ana) == to


def test_the_mail_arrives_beside_it_and_the_move_can_be_undone(
    own_served: Served, page: Page, ana: Person
) -> None:
    start = start_of(own_served, ana)
    seat(page).press("Enter")
    expect(page.locator(".cal.is-lifted")).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Move it here").click()
    expect(page.locator(".cal-pending")).to_contain_text("On its way")
    expect(verdict(page)).to_contain_text("arrives in a moment")
    page.get_by_role("button", name="Paused").click()
    mails = page.locator(".cal-mails")
    play_until(own_served, lambda: "new date" in mails.inner_text(), "the email of the new date")
    expect(page.locator(".cal-pending")).to_have_count(0)
    expect(verdict(page)).to_contain_text("One email has told each of you")
    page.get_by_role("button", name=re.compile("Move it back to")).click()
    expect(verdict(page)).to_contain_text(f"Moved to {day_words(start)}")
    assert start_of(own_served, ana) == start


def carried_to(page: Page, hand: tuple[float, float], to: datetime) -> float:
    """Move the mouse up or down until the masterclass is held over a day; return where it is."""
    here = page.locator(".cal").get_attribute("data-to") or ""
    up = to < datetime.fromisoformat(here)
    x, y = hand
    for _ in range(120):
        held = page.locator(".cal").get_attribute("data-to") or here
        if datetime.fromisoformat(held) == to:
            return y
        y += -4 if up else 4
        page.mouse.move(x, y)
        answered(page)
    raise AssertionError(f"it never came to {to}")


def test_a_drag_that_is_broken_off_moves_nothing(
    own_served: Served, page: Page, ana: Person
) -> None:
    start = start_of(own_served, ana)
    for leaves_by_key in (True, False):
        x, y = middle(seat(page))
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y + 20, steps=3)
        expect(page.locator(".cal.is-lifted")).to_be_visible()
        y = carried_to(page, (x, y + 20), start + timedelta(days=1))
        if leaves_by_key:
            page.keyboard.press("Escape")
        else:
            carried_to(page, (x, y), start)
        page.mouse.up()
        expect(page.locator(".cal.is-lifted")).to_have_count(0)
        expect(verdict(page)).to_contain_text(f"{day_words(start)}, 18:00")
    assert own_served.ask("select count(*) from replans") == (0,)


def test_it_is_moved_by_keys_alone(own_served: Served, page: Page, ana: Person) -> None:
    start = start_of(own_served, ana)
    seat(page).focus()
    page.keyboard.press("Space")
    expect(page.locator(".cal.is-lifted")).to_be_visible()
    expect(seat(page)).to_be_focused()
    for key, days in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1)):
        page.keyboard.press(key)
        expect(verdict(page)).to_contain_text(day_words(start + timedelta(days=days)))
        expect(seat(page)).to_be_focused()
    page.keyboard.press("Shift+ArrowDown")
    expect(seat(page)).to_contain_text("18:15")
    page.keyboard.press("Escape")
    expect(verdict(page)).to_contain_text("18:00 in Berlin")
    expect(seat(page)).to_be_focused()
    assert start_of(own_served, ana) == start

    page.keyboard.press("Enter")
    expect(page.locator(".cal.is-lifted")).to_be_visible()
    page.keyboard.press("ArrowUp")
    to = start - timedelta(days=1)
    expect(verdict(page)).to_contain_text(day_words(to))
    page.keyboard.press("Enter")
    expect(verdict(page)).to_contain_text(f"Moved to {day_words(to)}")
    expect(seat(page)).to_be_focused()
    assert start_of(own_served, ana) == to
    # Heard after a pause, and once.
    expect(page.locator("[data-say]")).to_contain_text("Moved to")


def test_keys_in_haste_end_where_they_should(own_served: Served, page: Page, ana: Person) -> None:
    start = start_of(own_served, ana)
    seat(page).press("Enter")
    expect(page.locator(".cal.is-lifted")).to_be_visible()
    for _ in range(4):
        page.keyboard.press("ArrowDown")
    expect(verdict(page)).to_contain_text(day_words(start + timedelta(days=4)))
    page.keyboard.press("Enter")
    expect(verdict(page)).to_contain_text("Moved to")
    assert start_of(own_served, ana) == start + timedelta(days=4)


def test_the_buttons_do_the_same(own_served: Served, page: Page, ana: Person) -> None:
    start = start_of(own_served, ana)
    page.get_by_role("button", name="Move it to another day").click()
    expect(seat(page)).to_be_focused()
    page.get_by_role("button", name="A day later").click()
    expect(verdict(page)).to_contain_text(day_words(start + timedelta(days=1)))
    expect(page.get_by_role("button", name="A day later")).to_be_focused()
    page.get_by_role("button", name="A day earlier").click()
    expect(verdict(page)).to_contain_text("where it is")
    expect(page.get_by_role("button", name="Move it here")).to_have_count(0)
    page.get_by_role("button", name="A day earlier").click()
    page.get_by_role("button", name="Move it here").click()
    expect(verdict(page)).to_contain_text("Moved to")
    assert start_of(own_served, ana) == start - timedelta(days=1)


def test_a_day_that_cannot_be_says_why(own_served: Served, page: Page, ana: Person) -> None:
    start = start_of(own_served, ana)
    seat(page).press("Enter")
    expect(page.locator(".cal.is-lifted")).to_be_visible()
    own_served.travel_to(own_served.now().astimezone(BERLIN).replace(hour=19))
    days = (start.date() - own_served.now().astimezone(BERLIN).date()).days
    for _ in range(days):
        page.keyboard.press("ArrowUp")
    expect(verdict(page)).to_contain_text("That moment has passed")
    expect(page.get_by_role("button", name="Move it here")).to_have_count(0)
    page.keyboard.press("ArrowUp")
    expect(page.locator("[data-say]")).to_contain_text("There is no earlier day")
    page.keyboard.press("Enter")
    expect(verdict(page)).to_contain_text("Not ")
    assert start_of(own_served, ana) == start


def test_a_finger_moves_it_on_a_small_phone(
    own_served: Served, ana: Person, browser: Browser
) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        timezone_id="Europe/Berlin",
    )
    page = context.new_page()
    page.goto(f"{own_served.url}/demo/calendar?run={ana.run_id}")
    to = start_of(own_served, ana) + timedelta(days=1)
    seat(page).scroll_into_view_if_needed()
    page.evaluate("scrollBy(0, 120)")
    finger = Finger(page, seat(page))
    finger.move(8)
    expect(page.locator(".cal.is-lifted")).to_be_visible()
    for _ in range(80):
        held = page.locator(".cal").get_attribute("data-to") or ""
        if held and datetime.fromisoformat(held) == to:
            break
        finger.move(4)
        answered(page)
    expect(verdict(page)).to_contain_text(day_words(to))
    assert verdict(page).evaluate("each => getComputedStyle(each).position") == "fixed"
    assert abs(middle(seat(page))[1] - finger.y) < 14  # the page itself does not pan
    assert sideways(page) <= 0
    finger.lift()
    expect(verdict(page)).to_contain_text(f"Moved to {day_words(to)}")
    assert start_of(own_served, ana) == to
    context.close()


def test_all_of_it_works_without_scripts(own_served: Served, ana: Person, browser: Browser) -> None:
    visitor = Visitor(browser, has_scripts=False, width=360)
    page = visitor.visit(f"{own_served.url}/demo/calendar?run={ana.run_id}&all=1")
    start = start_of(own_served, ana)
    seat(page).click()
    expect(verdict(page)).to_contain_text("where it is")
    page.get_by_role("button", name="A day later").click()
    page.get_by_role("button", name="A day later").click()
    page.get_by_role("button", name="A day earlier").click()
    to = start + timedelta(days=1)
    expect(verdict(page)).to_contain_text(f"{day_words(to)}, instead of")
    page.get_by_role("button", name=re.compile("Leave it on")).click()
    expect(page.locator(".cal.is-lifted")).to_have_count(0)
    page.get_by_role("button", name="Move it to another day").click()
    page.get_by_role("button", name="A day later").click()
    page.get_by_role("button", name="Move it here").click()
    expect(verdict(page)).to_contain_text(f"Moved to {day_words(to)}")
    assert start_of(own_served, ana) == to and "all=1" in page.url
    page.get_by_role("button", name=re.compile("Move it back")).click()
    assert start_of(own_served, ana) == start
    visitor.close()


def test_nothing_slides_for_who_asks_for_less_motion(
    own_served: Served, ana: Person, browser: Browser
) -> None:
    for wish, moves in (("reduce", False), ("no-preference", True)):
        visitor = Visitor(browser)
        visitor.page.emulate_media(reduced_motion=wish)  # type: ignore[arg-type]  # a table of both
        page = visitor.visit(f"{own_served.url}/demo/calendar?run={ana.run_id}")
        page.evaluate(
            "() => { window.slides = 0; const own = Element.prototype.animate;"
            " Element.prototype.animate = function (...all)"
            " { window.slides += 1; return own.apply(this, all); }; }"
        )
        seat(page).press("Enter")
        expect(page.locator(".cal.is-lifted")).to_be_visible()
        page.keyboard.press("ArrowDown")
        expect(verdict(page)).to_contain_text("instead of")
        assert (page.evaluate("window.slides") > 0) == moves
        visitor.close()


def test_it_follows_the_demo_without_losing_what_is_in_the_hand(
    own_served: Served, page: Page, ana: Person
) -> None:
    start = start_of(own_served, ana)
    seat(page).press("Enter")
    page.keyboard.press("ArrowDown")
    expect(verdict(page)).to_contain_text(day_words(start + timedelta(days=1)))
    own_served.execute("update clock set frozen_at = frozen_at + interval '1 hour'")
    expect(page.locator(".cal-now")).to_contain_text("11:00")
    expect(seat(page)).to_be_focused()
    expect(verdict(page)).to_contain_text(day_words(start + timedelta(days=1)))
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Open it").focus()
    own_served.execute("update clock set frozen_at = frozen_at + interval '1 hour'")
    expect(page.locator(".cal-now")).to_contain_text("12:00")
    expect(page.get_by_role("link", name="Open it")).to_be_focused()


def spoken(page: Page) -> list[tuple[str, str]]:
    """Return role and name of everything that a screen reader meets, in its order."""
    tree: Any = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    return [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in tree["nodes"]
        if not node.get("ignored")
    ]


def test_a_screen_reader_hears_one_list_and_what_was(
    own_served: Served, page: Page, ana: Person
) -> None:
    start = start_of(own_served, ana)
    name = next(name for role, name in spoken(page) if role == "button" and "masterclass" in name)
    assert name.startswith(f"The masterclass: {day_words(start)}, 18:00 to 19:30")
    seat(page).press("Enter")
    page.keyboard.press("ArrowUp")
    expect(verdict(page)).to_contain_text("instead of")
    heard = spoken(page)
    was = f"was {start:%a} {start.day}"
    lifted = next(name for role, name in heard if role == "button" and "lifted" in name)
    assert day_words(start - timedelta(days=1)) in lifted and was in lifted
    assert "Up and down arrow move it by a day" in lifted
    words = [name for role, name in heard if role == "StaticText"]
    assert words.count("In one hour") == 1 and words.count("Today") == 1  # not the plan that was
    assert any(was in each for each in words)
    assert ("list", "The calendar if you let go here") in heard
    assert "As it was" not in words


@pytest.fixture(params=[(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")], ids=str)
def screen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[Visitor, str]]:
    width, look = request.param
    visitor = Visitor(browser, width=width, look=look)
    yield visitor, f"{width}-{look}"
    visitor.close()
    assert visitor.complaints == []


def test_an_empty_one_leads_to_the_landing_page(
    own_served: Served, screen: tuple[Visitor, str], photos: Path
) -> None:
    visitor, name = screen
    page = visitor.visit(f"{own_served.url}/inbox")
    page.get_by_role("link", name=re.compile("calendar", re.IGNORECASE)).click()
    expect(page.get_by_role("heading", name="Your calendar")).to_be_visible()
    assert page.evaluate(AUDIT) + page.evaluate(CONTRAST) == [] and sideways(page) <= 0
    photograph(page, photos, f"calendar-empty-{name}")
    page.get_by_role("main").get_by_role("link", name="To the landing page").click()
    expect(page.get_by_role("button", name="Save me a seat")).to_be_visible()


def test_every_state_keeps_the_rules_on_every_screen(
    own_served: Served, ana: Person, screen: tuple[Visitor, str], photos: Path
) -> None:
    visitor, name = screen
    page = visitor.visit(f"{own_served.url}/demo/calendar?run={ana.run_id}")
    faults: dict[str, list[object]] = {}

    def look(state: str) -> None:
        page.wait_for_timeout(400)  # what slides has come to rest
        found = page.evaluate(AUDIT) + page.evaluate(CONTRAST)
        faults[state] = [*found, *([f"sideways {sideways(page)}"] if sideways(page) > 0 else [])]
        photograph(page, photos, f"calendar-{state}-{name}")

    look("resting")
    seat(page).press("Enter")
    expect(page.locator(".cal.is-lifted")).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(verdict(page)).to_contain_text("instead of")
    look("lifted")
    page.set_viewport_size({"width": 320, "height": 640})
    assert sideways(page) <= 0
    page.set_viewport_size({"width": int(name.split("-")[0]), "height": 900})
    page.keyboard.press("Enter")
    expect(verdict(page)).to_contain_text("Moved to")
    look("moved")
    assert {state: found for state, found in faults.items() if found} == {}
