"""The visitor's whole way, in a real browser."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.visitor import Visitor, let_time_pass, play_until, sign_up
from tests.web.served import Served

pytestmark = pytest.mark.browser


def test_from_the_landing_page_to_the_end_of_the_letters(
    own_served: Served, visitor: Visitor, address: str
) -> None:
    inbox = visitor.page
    sign_up(inbox, own_served, address)
    # The inbox is open before the mail is there: it appears by itself.
    inbox.get_by_role("main").get_by_role("link", name="Open the inbox").click()
    expect(inbox.get_by_role("heading", name="No email yet")).to_be_visible()
    own_served.work()
    expect(inbox.locator(".mails")).to_contain_text(address)
    expect(inbox.locator(".mail .title")).to_contain_text("to confirm")

    confirmation = visitor.opened_by(link_in_mail(inbox, "Take my seat").click)
    expect(confirmation.locator(".moment .hour")).to_have_text("18:00")
    confirmation.get_by_role("button", name="Take my seat").click()
    expect(confirmation.get_by_role("heading", name="What comes next")).to_be_visible()

    own_served.work()
    expect(inbox.locator(".mail .title")).to_contain_text("your seat")
    turn_letters_off_and_on(visitor.opened_by(link_in_mail(inbox, "Preferences").click))

    inbox.get_by_role("button", name="To the next email").click()
    title = inbox.locator(".mail .title")
    play_until(own_served, lambda: "tables have turned" in title.inner_text(), "the first letter")
    leaving = visitor.opened_by(link_in_mail(inbox, "Unsubscribe").click)
    leaving.get_by_role("button", name="Stop everything").click()
    expect(leaving.get_by_role("heading", name="That was the last of it")).to_be_visible()
    assert own_served.ask("select state from enrollments") == ("left",)


def link_in_mail(page: Page, name: str) -> Locator:
    return page.frame_locator(".preview iframe").get_by_role("link", name=name, exact=True)


def turn_letters_off_and_on(page: Page) -> None:
    said = page.get_by_role("main").get_by_role("status")
    page.get_by_role("button", name="Stop the letters").click()
    expect(said).to_contain_text("No letter will come any more")
    page.get_by_role("button", name="Send me the letters again").click()
    expect(said).to_contain_text("The letters come again")


def test_the_bar_plays_to_the_session_and_waits_for_a_word(
    own_served: Served, visitor: Visitor, address: str
) -> None:
    person = own_served.seat_of(address)
    page = visitor.visit(f"{own_served.url}/inbox")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Paused")).to_be_visible()
    page.get_by_role("button", name="Paused").click()

    join = visitor.context.new_page()
    join.goto(f"{own_served.url}/j/{person.join}")
    expect(join.locator("main")).to_contain_text("The door opens at 17:50")
    page.get_by_role("button", name="To the session").click()
    room = join.get_by_role("link", name="Go into the room")
    play_until(own_served, room.is_visible, "the door opens on the page that was open")
    room.click()
    expect(join.get_by_role("heading", name="Here the room would open")).to_be_visible()
    join.go_back()

    page.get_by_role("button", name="Play all").click()
    waiting = page.locator("#waiting")
    play_until(own_served, waiting.is_visible, "the demo waits for a word")
    expect(waiting).to_contain_text("say whether you came")
    expect(join.get_by_role("heading", name="This masterclass is over")).to_be_visible()
    join.get_by_role("button", name="I attended").click()
    expect(join.get_by_role("status").filter(has_text="Noted")).to_be_visible()
    title = page.locator(".mail .title")
    play_until(own_served, lambda: "thank you" in title.inner_text(), "the thank-you")


def test_the_bar_says_why_a_button_leads_nowhere(own_served: Served, visitor: Visitor) -> None:
    page = visitor.visit(f"{own_served.url}/inbox")
    expect(page.get_by_role("button", name="To the session")).to_be_disabled()
    page.get_by_role("button", name="Play all").click()
    expect(page.locator("#waiting")).to_contain_text("nothing lies ahead")


def test_dates_are_in_the_visitors_own_time_or_wherever_they_say(
    served: Served, browser: Browser
) -> None:
    visitor = Visitor(browser, zone="America/Los_Angeles")
    page = visitor.visit(f"{served.url}/")
    first = page.locator(".choice").first
    expect(page.locator(".zone")).to_contain_text("Times are yours, in Los Angeles")
    expect(first).to_contain_text("09:00 to 10:30")
    page.get_by_text("Somewhere else?").click()
    page.get_by_label("Your time zone").select_option(label="Auckland")
    expect(page.locator(".zone")).to_contain_text("in Auckland")
    expect(first).to_contain_text("06:00 to 07:30")
    expect(page.get_by_role("button", name="Show these times")).to_be_hidden()
    visitor.close()
    assert visitor.complaints == []


def test_the_confirmation_page_follows_what_is_corrected(
    served: Served, visitor: Visitor, address: str
) -> None:
    served.sign_up(address)
    page = visitor.visit(f"{served.url}/c/{served.person(address).confirm}")
    page.get_by_text("Date:").click()
    page.locator("label.choice").nth(1).click()
    page.get_by_text("Time zone:").click()
    page.get_by_label("Time zone").select_option("Pacific/Auckland")
    expect(page.locator(".moment .where")).to_contain_text("in Auckland")
    page.get_by_text("Letters:").click()
    page.get_by_label("Send me the letters").uncheck()
    expect(page.get_by_text("Letters: no")).to_be_visible()
    page.get_by_role("button", name="Take my seat").click()
    expect(page.locator(".moment .where")).to_contain_text("in Auckland")
    chosen = served.ask(
        "select e.session_id, p.wants_letters from enrollments e "
        "join subscribers p on p.id = e.subscriber_id where p.email = :address",
        address=address,
    )
    assert chosen == (served.dates()[1], False)


def test_all_works_without_scripts(served: Served, browser: Browser, address: str) -> None:
    visitor = Visitor(browser, has_scripts=False, width=360)
    page = visitor.visit(f"{served.url}/")
    expect(page.locator(".zone")).to_contain_text("Times are the host\u2019s, in Berlin")
    page.get_by_label("Email address").fill(address)
    page.get_by_text("Somewhere else?").click()
    page.get_by_label("Your time zone").select_option(label="Auckland")
    page.get_by_role("button", name="Show these times").click()
    expect(page.locator(".choice").first).to_contain_text("06:00 to 07:30")
    expect(page.get_by_label("Email address")).to_have_value(address)
    served.execute("select pg_sleep(2)")
    # Enter presses the form's own button, not the one beside the time zone.
    page.get_by_label("Email address").press("Enter")
    expect(page.get_by_role("heading", name="Look into your inbox")).to_be_visible()
    served.work()
    page.get_by_role("main").get_by_role("link", name="Open the inbox").click()
    page.get_by_role("link", name=address).click()
    expect(page.locator(".mail .title")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Paused")).to_be_visible()
    page.get_by_role("button", name="Paused").click()
    page.goto(f"{served.url}/c/{served.person(address).confirm}")
    page.get_by_role("button", name="Take my seat").click()
    expect(page.get_by_role("heading", name="What comes next")).to_be_visible()
    visitor.close()


def test_the_form_can_be_filled_by_keyboard_alone(
    served: Served, visitor: Visitor, address: str
) -> None:
    page = visitor.visit(f"{served.url}/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the text")).to_be_focused()
    page.get_by_label("First name").focus()
    page.keyboard.type("Ana")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type(address)
    let_time_pass(page, served)
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_text("Save me a seat")
    assert focused.evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Look into your inbox")).to_be_visible()


def test_a_mail_is_as_high_as_its_text(served: Served, visitor: Visitor, address: str) -> None:
    served.seat_of(address)
    mail = served.mails_to(address)[0]
    page = visitor.visit(f"{served.url}/inbox/{mail.id}")
    inside = page.frame_locator(".preview iframe").locator("body")
    expect(inside).to_contain_text("Keep this email")
    frame = page.locator(".preview iframe")
    expect(frame).to_have_attribute("style", re.compile("height"))
    box = frame.bounding_box()
    text = inside.evaluate("each => each.getBoundingClientRect().height")
    assert box is not None and abs(box["height"] - text) <= 1


def test_the_script_names_the_year_of_a_date_in_another_one_as_the_server_does(
    own_served: Served, visitor: Visitor
) -> None:
    own_served.execute(
        "update sessions set starts_at = starts_at + :year, ends_at = ends_at + :year",
        year=timedelta(days=366),
    )
    year = own_served.ask("select extract(year from min(starts_at))::int from sessions")[0]
    page = visitor.visit(f"{own_served.url}/")
    expect(page.locator("[data-show=whose]").first).to_have_text("yours")
    expect(page.locator("[data-show=day]").first).to_contain_text(str(year))
