"""Somebody writes emails: sees them as their readers do, publishes, takes it back, tests them."""

import re
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, FrameLocator, Page, expect

from funnel.domain.access import Role
from funnel.services.edit_template import read_template
from funnel.services.send_test_emails import send_test_emails
from tests.browser.axe import axe_faults
from tests.browser.visitor import PATIENCE, Visitor, photograph, sideways
from tests.web.colleagues import Colleague, hire
from tests.web.served import Served

pytestmark = pytest.mark.browser

SEQUENCE = "disruption-masterclass"
SCREENS = [(360, "dark"), (1280, "light")]


def visiting(browser: Browser, served: Served, colleague: Colleague, **options: object) -> Visitor:
    visitor = Visitor(browser, **options)  # type: ignore[arg-type]
    visitor.context.add_cookies([{"name": "funnel", "value": colleague.cookie, "url": served.url}])
    return visitor


@pytest.fixture(scope="module")
def mira(served: Served) -> Colleague:
    return hire(served, Role.MARKETER)


@pytest.fixture
def desk(browser: Browser, served: Served, mira: Colleague) -> Iterator[Visitor]:
    """Somebody who may write, at a wide screen; nothing may go wrong in the page."""
    visitor = visiting(browser, served, mira)
    yield visitor
    visitor.close()
    assert visitor.complaints == []


def editor(page: Page, served: Served, name: str) -> Page:
    page.goto(f"{served.url}/studio/templates/{SEQUENCE}/{name}")
    expect(page.locator("[data-editor] .cm-content")).to_be_visible()
    return page


def at_the_end(page: Page, text: str) -> None:
    page.locator("[data-editor] .cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(text)


def mail(page: Page) -> FrameLocator:
    """Return the newest frame of the preview."""
    return page.frame_locator("[data-frames] iframe >> nth=-1")


def saved(page: Page) -> None:
    expect(page.locator("span[data-saved]")).to_have_text(
        re.compile(r"^saved at \d\d:\d\d in Berlin$")
    )


def source(served: Served, name: str) -> str:
    return read_template(f"{SEQUENCE}/{name}", served.deps.transactions).source


def test_the_second_email_is_changed_published_and_taken_back(
    desk: Visitor, served: Served, address: str
) -> None:
    served.seat_of(address, first_name="Ottilie")
    was = source(served, "tables-turned")
    page = editor(desk.page, served, "tables-turned")
    page.get_by_label("Subject", exact=False).first.fill("Tables: turned")
    at_the_end(
        page, "\n\nP.S. Only typed{% if person.first_name %}, {{ person.first_name }}{% endif %}."
    )
    page.get_by_label("Or somebody real").press_sequentially(address[:8])
    page.get_by_role("button", name="Ottilie Muster").click()
    expect(mail(page).get_by_text("P.S. Only typed, Ottilie.")).to_be_visible()
    expect(page.locator("[data-preview=subject]")).to_have_text("Tables: turned")
    saved(page)
    page.reload()
    # The editor draws the lines that are in sight; the field behind it has them all.
    expect(page.locator("#source")).to_have_value(re.compile("P.S. Only typed"))
    expect(page.get_by_label("Subject", exact=False).first).to_have_value("Tables: turned")
    page.get_by_role("link", name="Check and publish").click()
    expect(page.locator(".lead")).to_contain_text("still to get this")
    page.get_by_label("A note").fill("A shorter subject")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".notice").first).to_contain_text("Version 2 is live")
    assert source(served, "tables-turned") != was
    page.get_by_role("link", name="Versions").click()
    expect(page.locator(".lines").first).to_contain_text("Tables: turned")
    page.get_by_role("button", name="Make it live again v1").click()
    expect(page.locator(".notice").first).to_contain_text("live again")
    assert source(served, "tables-turned") == was


def test_findings_lead_to_their_line_and_completion_offers_fields(
    desk: Visitor, served: Served
) -> None:
    page = editor(desk.page, served, "systems")
    at_the_end(page, "\n\n{{ person.nickname }}")
    finding = page.locator("[data-findings] .is-bad")
    expect(finding).to_contain_text("nickname")
    page.locator("[data-editor] .cm-content").press("Control+Home")
    finding.get_by_role("link").click()
    expect(page.locator("[data-editor] .cm-activeLine")).to_contain_text("person.nickname")
    page.keyboard.press("Control+End")
    for _ in "nickname }}":
        page.keyboard.press("Backspace")
    page.keyboard.type("gre")
    option = page.locator("[data-editor] .cm-tooltip-autocomplete li", has_text="greeting")
    expect(option).to_contain_text("Ana")
    option.click()
    page.keyboard.type(" }}")
    expect(page.locator("[data-findings] .is-bad")).to_have_count(0)
    page.get_by_role("button", name="Divider").click()
    # What was saved before the last key says "saved" as well.
    deadline = time.monotonic() + PATIENCE / 1000
    while not source(served, "systems").rstrip().endswith("{{ person.greeting }}\n\n---"):
        assert time.monotonic() < deadline, source(served, "systems")
        page.wait_for_timeout(100)
    saved(page)


def test_two_who_write_at_once_lose_nothing(
    desk: Visitor, browser: Browser, served: Served, mira: Colleague
) -> None:
    mine = editor(desk.page, served, "long-work")
    page = editor(visiting(browser, served, hire(served, Role.MARKETER)).page, served, "long-work")
    at_the_end(page, "\n\nTheirs.")
    saved(page)
    page.context.close()
    mine.get_by_label("Subject", exact=False).first.fill("Mine")
    expect(mine.locator("div[data-conflict]")).to_be_visible()
    mine.get_by_role("button", name="See both texts and choose").click()
    mine.get_by_role("radio", name="Theirs Theirs.").check()
    mine.get_by_role("button", name="Save it like this").click()
    expect(mine.locator(".notice").first).to_contain_text("put together")
    text = source(served, "long-work")
    assert "subject: Mine" in text and "Theirs." in text
    mine.get_by_role("button", name="Discard the draft").click()
    mine.get_by_role("button", name="Put the draft back").click()
    expect(mine.locator(".notice").first).to_contain_text("saved")
    assert source(served, "long-work") == text


def test_a_picture_that_is_dropped_stands_in_the_email(desk: Visitor, served: Served) -> None:
    page = editor(desk.page, served, "shift-one")
    made = BytesIO()
    Image.new("RGB", (60, 40), "teal").save(made, "PNG")
    page.locator("[data-editor] .cm-content").evaluate(
        """(place, bytes) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "teal.png", { type: "image/png" }));
          const { x, y, height } = place.getBoundingClientRect();
          const where = { bubbles: true, cancelable: true, composed: true };
          place.dispatchEvent(
            new DragEvent("drop", { ...where, dataTransfer: data, clientX: x + 9, clientY: y + 8 }),
          );
        }""",
        list(made.getvalue()),
    )
    page.keyboard.insert_text("A teal field")
    page.get_by_role("button", name="Add the picture").click()
    expect(page.locator("[data-image-said]")).to_have_text("The picture is in the text.")
    saved(page)
    assert re.search(r"!\[A teal field\]\(\S+/images/\w+\.png\)", source(served, "shift-one"))


def test_a_test_arrives_in_the_inbox(desk: Visitor, served: Served, mira: Colleague) -> None:
    page = editor(desk.page, served, "shift-two")
    page.get_by_label("Subject", exact=False).first.fill("Not saved yet")
    page.get_by_text("Send a test").click()
    expect(page.get_by_label("To", exact=True)).to_have_value(mira.email)
    page.get_by_role("button", name="Send me one now").click()
    expect(page.locator(".notice").first).to_contain_text("on its way")
    send_test_emails(served.deps.delivery, most=5)
    assert served.mails_to(mira.email)[0].subject == "[Test] Not saved yet"
    page.get_by_role("link", name="Templates").first.click()
    expect(page.locator(".tests")).to_contain_text("[Test] Not saved yet")


def test_what_cannot_be_saved_is_said_and_tried_again(desk: Visitor, served: Served) -> None:
    page = editor(desk.page, served, "shift-three")
    page.route("**/shift-three", lambda route: route.abort())
    at_the_end(page, "\n\nKept.")
    expect(page.locator("span[data-saved]")).to_contain_text("not saved")
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="People").click()
    expect(page.locator("[data-editor]")).to_be_visible()
    assert asked == ["beforeunload"]
    page.unroute("**/shift-three")
    saved(page)
    desk.complaints[:] = [each for each in desk.complaints if "ERR_FAILED" not in each]
    assert "Kept." in source(served, "shift-three")


def _on_paper(page: Page) -> None:
    """The letter by its text, whole; nothing to press."""
    page.emulate_media(media="print")
    expect(page.locator("[data-preview=text]")).to_contain_text("Let me begin with mine.")
    expect(page.locator("main :is(button, input, select, iframe):visible")).to_have_count(0)
    page.emulate_media(media="screen")


@pytest.mark.parametrize(("width", "look"), SCREENS, ids=str)
def test_the_pages_are_for_everybody(
    served: Served, browser: Browser, mira: Colleague, photos: Path, width: int, look: str
) -> None:
    visitor = visiting(browser, served, mira, width=width, look=look)
    page = editor(visitor.page, served, "bias")
    at_the_end(page, "\n\n{{ session.hour }}")
    expect(page.locator("[data-findings] li").first).to_be_visible()
    saved(page)
    # In by a click, out by Tab: the editor keeps nobody.
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.matches('[data-editor]')")
    _on_paper(page)
    pages = ("", "/publish", "/versions")
    for place in (
        *(f"/studio/templates/{SEQUENCE}/bias{each}" for each in pages),
        "/studio/templates",
    ):
        page.goto(served.url + place)
        page.wait_for_load_state("networkidle")
        assert axe_faults(page) == []
        assert sideways(page) <= 0
        name = place.rpartition("/")[2]
        photograph(page, photos, f"studio-email-{name}-{width}-{look}")
        tab = page.get_by_role("button", name="Look at it")
        if tab.is_visible():
            tab.click()
            assert axe_faults(page) == []
            assert sideways(page) <= 0
            photograph(page, photos, f"studio-email-look-{width}-{look}")
    visitor.close()
    assert visitor.complaints == []


def test_without_a_script_one_writes_and_looks(
    served: Served, browser: Browser, mira: Colleague, photos: Path
) -> None:
    visitor = visiting(browser, served, mira, has_scripts=False)
    page = visitor.visit(f"{served.url}/studio/templates/{SEQUENCE}/mutual-learning")
    field = page.get_by_label("The email: its first lines")
    field.fill(source(served, "mutual-learning") + "\nBy hand.\n")
    page.get_by_role("button", name="Look at it").click()
    expect(mail(page).get_by_text("By hand.")).to_be_visible()
    assert "By hand." not in source(served, "mutual-learning")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.locator(".notice").first).to_contain_text("The draft is saved.")
    assert "By hand." in source(served, "mutual-learning")
    photograph(page, photos, "studio-email-plain")
    visitor.close()
    assert visitor.complaints == []


def test_typing_over_several_lines_is_plain_and_a_stale_preview_says_so(
    desk: Visitor, served: Served
) -> None:
    page = editor(desk.page, served, "bias")
    was = page.locator("#source").input_value()
    stale = page.locator("[data-stale]")
    expect(stale).to_be_hidden()
    page.get_by_role("button", name="Show the first lines").click()
    page.locator("[data-editor] .cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("All new")  # the console, which ``desk`` reads, complains of no style
    expect(page.locator("#source")).to_have_value("All new")
    expect(stale).to_be_visible()
    expect(page.locator("[data-findings]")).to_contain_text("first lines")
    for _ in range(20):
        page.keyboard.press("Control+z")
    expect(page.locator("#source")).to_have_value(was)
    expect(stale).to_be_hidden()


def test_no_key_in_the_text_reaches_the_first_lines(desk: Visitor, served: Served) -> None:
    page = editor(desk.page, served, "one-hour")
    field, content = page.locator("#source"), page.locator("[data-editor] .cm-content")
    first, fence, body = field.input_value().partition("\n---\n")
    expect(content).not_to_contain_text("subject:")
    page.locator("[data-editor] .cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Backspace")  # at the very beginning: nothing is there to take away
    page.keyboard.type("One")
    expect(field).to_have_value(first + fence + "One" + body)
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(field).to_have_value(first + fence)
    page.keyboard.type("All new")
    expect(field).to_have_value(first + fence + "All new")
    page.get_by_label("Subject", exact=False).first.fill("Soon: one hour")
    expect(field).to_have_value(re.compile('subject: "Soon: one hour"[^$]*\n---\nAll new'))
    for _ in range(20):
        content.press("Control+z")
    expect(field).to_have_value(first + fence + body)


def test_the_first_lines_can_be_shown_and_then_changed(desk: Visitor, served: Served) -> None:
    page = editor(desk.page, served, "one-hour")
    field, content = page.locator("#source"), page.locator("[data-editor] .cm-content")
    page.get_by_role("button", name="Show the first lines").click()
    expect(content).to_contain_text("subject:")
    page.keyboard.press("Tab")
    content.press("Control+Home")
    page.keyboard.type("x")
    expect(field).to_have_value(re.compile("^x---"))
    page.keyboard.press("Backspace")
    page.get_by_role("button", name="Show the first lines").click()
    expect(content).not_to_contain_text("subject:")
