"""Dates set in the studio: added, dragged by mouse and by keyboard, marked, announced."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from funnel.domain.access import Role
from tests.browser.calendars import BERLIN, answered, day_words, seat, verdict
from tests.browser.test_calendar import carried_to
from tests.browser.test_studio import SCREENS, check, log_in
from tests.browser.visitor import Visitor, middle, photograph
from tests.web.colleagues import PASSWORD, hire
from tests.web.served import Served

pytestmark = pytest.mark.browser

DAY = timedelta(days=1)
REPORT = "Name,Email,Join time,Leave time\nAna,ana@example.org,{on} 18:01,{on} 19:20\nX,nobody,,\n"


def first_date(served: Served) -> tuple[str, datetime]:
    date = served.dates()[0]
    start: datetime = served.ask("select starts_at from sessions where id = :id", id=date)[0]
    return f"/studio/dates/{date}", start.astimezone(BERLIN)


def start_of(served: Served, path: str) -> datetime:
    found: datetime = served.ask(
        "select starts_at from sessions where id = :id", id=path.rpartition("/")[2]
    )[0]
    return found.astimezone(BERLIN)


def enter(served: Served, visitor: Visitor) -> Page:
    coach = hire(served, Role.MARKETER, is_logged_in=False)
    page = visitor.visit(f"{served.url}/studio")
    log_in(page, coach.email, PASSWORD)
    return page


@pytest.fixture
def full(own_served: Served) -> Served:
    """Three people hold a seat in the next date."""
    for name in ("Ana", "Ben", "Cleo"):
        own_served.seat_of(f"{name.lower()}@example.org", first_name=name)
    own_served.work()
    return own_served


@pytest.mark.parametrize(("width", "look"), SCREENS, ids=str)
def test_a_date_is_added_held_and_written_to(
    full: Served, browser: Browser, photos: Path, width: int, look: str
) -> None:
    visitor = Visitor(browser, width=width, look=look)
    page = enter(full, visitor)
    path, _ = first_date(full)

    def look_at(name: str) -> None:
        check(page)
        photograph(page, photos, f"studio-dates-{name}-{width}-{look}")

    _add(page, full, look_at)
    page.goto(f"{full.url}{path}/move")
    page.get_by_role("button", name="Move it to another day").click()
    expect(page.locator(".cal.is-lifted")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".impact")).to_contain_text("When you let go")
    answered(page)
    look_at("move")
    page.keyboard.press("Escape")
    _announce(page, full, path, look_at)
    _hold(page, full, path, look_at)
    visitor.close()
    assert visitor.complaints == []


def _add(page: Page, served: Served, look_at: Callable[[str], None]) -> None:
    page.get_by_role("link", name="Dates", exact=True).first.click()
    expect(page.get_by_role("heading", name="Dates", level=1)).to_be_visible()
    look_at("list")
    page.get_by_role("link", name="Add a date").click()
    page.get_by_label("Title, as people read it").fill("An evening for leaders of schools")
    page.get_by_label("Day", exact=True).fill((served.now() + 4 * DAY).date().isoformat())
    page.get_by_label("Hour").fill("19:30")
    look_at("new")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("status").filter(has_text="The date is there")).to_be_visible()
    expect(page.get_by_text("no join link yet, 4 days to go")).to_be_visible()
    look_at("date")
    page.goto(f"{served.url}/studio/dates/series")
    page.get_by_label("Rule").fill("every first Thursday, 18:00")
    page.get_by_label("Title, as people read it").fill("First Thursdays")
    page.get_by_role("button", name="Show the next dates").click()
    expect(page.get_by_text("These dates are made now")).to_be_visible()
    look_at("series")


def _announce(page: Page, served: Served, path: str, look_at: Callable[[str], None]) -> None:
    page.goto(f"{served.url}{path}/announce")
    page.get_by_label("Subject").fill("We start 15 minutes late")
    text = page.get_by_label("Text", exact=True)
    found, frame = page.locator("[data-part=findings]"), page.frame_locator("iframe.as-email")
    text.fill("{{ person.firstname }}")  # looked at as it is written, no button pressed
    expect(found).to_contain_text("Line 1")
    text.fill("{{ person.first_name }}, the doors open at the same hour.")
    expect(found).to_contain_text("{% if person.first_name %}")
    expect(frame.get_by_text("Ana, the doors open")).to_be_visible()
    text.fill("The doors open at the same hour. We begin a quarter later.")
    expect(frame.get_by_text("We begin a quarter later.")).to_be_visible()
    expect(found).to_be_hidden()
    look_at("announcement")
    page.get_by_role("button", name="Send it to 3 people").click()
    expect(page.get_by_role("status").filter(has_text="It is on its way")).to_be_visible()
    mails = served.mails_to("ben@example.org")
    assert any("We start 15 minutes late" in each.subject for each in mails)
    expect(page.get_by_text("3 sent")).to_be_visible()
    page.goto(f"{served.url}/inbox")
    expect(page.get_by_text("We start 15 minutes late").first).to_be_visible()


def _hold(page: Page, served: Served, path: str, look_at: Callable[[str], None]) -> None:
    start = start_of(served, path)
    served.travel_to(start + timedelta(hours=3))
    page.goto(f"{served.url}{path}/seats")
    row = page.get_by_role("row").filter(has_text="cleo@example.org")
    row.get_by_role("button", name="Missed it").click()
    expect(page.get_by_role("status").filter(has_text="Cleo Muster: missed it.")).to_be_visible()
    look_at("seats")
    page.get_by_role("button", name="Undo").click()
    expect(row).to_contain_text("not known")
    page.get_by_role("link", name="Who came, from a file").click()
    table = REPORT.format(on=f"{start:%Y-%m-%d}").encode("utf-16-le")
    page.get_by_label("File").set_input_files(
        {"name": "report.csv", "mimeType": "text/csv", "buffer": table}
    )
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("heading", name="What report.csv says")).to_be_visible()
    look_at("report")
    page.get_by_role("button", name="Take it").click()
    expect(page.get_by_role("status").filter(has_text="The report is taken.")).to_be_visible()
    page.get_by_role("link", name="The date", exact=True).click()
    expect(page.get_by_text("Of 2 people nothing is known.")).to_be_visible()
    look_at("held")
    page.get_by_role("button", name="Close the date").click()
    expect(page.get_by_text("The date is closed")).to_be_visible()
    page.get_by_role("link", name="To write to").click()
    expect(page.get_by_text("Nobody to write to yet.")).to_be_visible()
    look_at("write-to")


def test_it_is_dragged_by_mouse_and_moved_back(full: Served, browser: Browser) -> None:
    visitor = Visitor(browser)
    page = enter(full, visitor)
    path, start = first_date(full)
    page.goto(f"{full.url}{path}/move")
    to = start - DAY
    # Away from the edges of the window, where the page scrolls on by itself.
    seat(page).evaluate("each => each.scrollIntoView({ block: 'center', behavior: 'instant' })")
    x, y = middle(seat(page))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 10, steps=2)
    expect(page.locator(".cal-threads .old")).to_be_attached()
    carried_to(page, (x, y - 10), to)
    expect(verdict(page)).to_contain_text(f"{day_words(to)}, {start:%H:%M} in Berlin, instead of")
    expect(verdict(page)).to_contain_text("3 people move with it; one email tells each of them.")
    expect(page.locator(".impact")).to_contain_text("3 emails tell about the new date")
    assert start_of(full, path) == start
    page.mouse.up()
    expect(verdict(page)).to_contain_text(f"Moved to {day_words(to)}")
    assert start_of(full, path) == to
    page.get_by_role("button", name=re.compile("Move it back to")).click()
    expect(verdict(page)).to_contain_text(f"Moved to {day_words(start)}")
    assert start_of(full, path) == start
    visitor.close()
    assert visitor.complaints == []


def test_it_is_moved_by_keyboard_alone_and_by_a_form_without_a_script(
    full: Served, browser: Browser
) -> None:
    visitor = Visitor(browser)
    page = enter(full, visitor)
    path, start = first_date(full)
    page.goto(f"{full.url}{path}/move")
    seat(page).focus()
    page.keyboard.press("Space")
    expect(page.locator(".cal.is-lifted")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".impact")).to_contain_text("When you let go")
    expect(page.locator("[data-say]")).to_contain_text("3 people move with it")
    page.keyboard.press("Enter")
    expect(verdict(page)).to_contain_text(f"Moved to {day_words(start + DAY)}")
    assert start_of(full, path) == start + DAY
    visitor.close()
    plain = Visitor(browser, has_scripts=False)
    page = enter(full, plain)
    page.goto(f"{full.url}{path}/move")
    page.get_by_label("Day", exact=True).fill((start + 2 * DAY).date().isoformat())
    page.get_by_role("button", name="Show what it does").click()
    expect(verdict(page)).to_contain_text("3 people move with it")
    page.get_by_role("button", name="Move it here").click()
    expect(verdict(page)).to_contain_text(f"Moved to {day_words(start + 2 * DAY)}")
    assert start_of(full, path) == start + 2 * DAY
    plain.close()
    assert visitor.complaints == plain.complaints == []
