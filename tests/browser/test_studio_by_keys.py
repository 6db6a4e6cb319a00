"""A marketer without a mouse: Tab, letters, arrows, Space and Enter do all that there is to do."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from funnel.domain.access import Role
from tests.browser.full_studio import PATH, SEQUENCE
from tests.browser.visitor import Visitor
from tests.web.colleagues import hire
from tests.web.served import Served

pytestmark = pytest.mark.browser

IS_HERE = (
    "each => each.matches(':focus')"  # also the text field of the editor, in a tree of its own
)


class Keys:
    """Ten fingers on a keyboard."""

    def __init__(self, page: Page, served: Served) -> None:
        self.page = page
        self.served = served

    def open(self, path: str) -> None:
        """Past the strip and the rail, by the link that comes first."""
        self.page.goto(self.served.url + path)
        self.page.keyboard.press("Tab")
        expect(self.page.locator("a[href='#main']")).to_be_focused()
        self.page.keyboard.press("Enter")

    def to(self, target: Locator) -> None:
        """Press Tab until it has the focus, however long the way; a page has an end."""
        expect(target).to_be_visible()
        for _ in range(150):
            if target.evaluate(IS_HERE):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {target}")

    def press(self, target: Locator, key: str = "Enter") -> None:
        self.to(target)
        self.page.keyboard.press(key)

    def fill(self, label: str, words: str) -> None:
        self.to(self.page.get_by_label(label, exact=True).first)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(words)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("main").get_by_role("link", name=name).first

    def is_said(self, words: str) -> None:
        expect(self.page.get_by_role("status").filter(has_text=words).first).to_be_visible()


@pytest.mark.timeout(400)  # hundreds of keys, one after the other, perhaps on a busy machine
def test_the_work_of_a_day_is_done_by_keys_alone(own_served: Served, browser: Browser) -> None:
    own_served.seat_of("muster@example.org", first_name="Ana", letters="yes")
    own_served.work()
    admin = hire(own_served, Role.ADMIN)
    visitor = Visitor(browser)
    cookie = {"name": "funnel", "value": admin.cookie, "url": own_served.url}
    visitor.context.add_cookies([cookie])  # type: ignore[list-item]  # as it takes them
    keys = Keys(visitor.page, own_served)
    acts: tuple[Callable[[Keys], None], ...] = (
        _a_date_is_added,
        _an_email_is_published,
        _a_draft_is_published,
        _somebody_is_put_in,
        _the_brand_is_changed,
    )
    for act in acts:
        act(keys)
    said = {each["name"]: each["value"] for each in visitor.context.cookies()}
    assert said["zone"] == "Europe%2FBerlin"
    visitor.close()
    assert visitor.complaints == []


def _a_date_is_added(keys: Keys) -> None:
    keys.open("/studio/dates")
    keys.press(keys.link("Add a date"))
    keys.fill("Title, as people read it", "An evening by keys")
    day = keys.served.now() + timedelta(days=4)
    field = keys.page.get_by_label("Day", exact=True)
    keys.to(field)
    # Its three parts, in the order of the browser's language.
    keys.page.keyboard.type(f"{day:%m%d%Y}")
    expect(field).to_have_value(day.date().isoformat())
    keys.to(keys.page.get_by_label("Hour"))
    keys.page.keyboard.type("0730PM")
    expect(keys.page.get_by_label("Hour")).to_have_value("19:30")
    keys.press(keys.button("Add it"))
    keys.is_said("The date is there")
    assert keys.served.ask("select count(*) from sessions where title = 'An evening by keys'")[0]


def _an_email_is_published(keys: Keys) -> None:
    keys.open(f"/studio/templates/{SEQUENCE}/bias")
    editor = keys.page.locator("[data-editor] .cm-content")
    keys.to(editor)
    keys.page.keyboard.press("Control+End")
    keys.page.keyboard.type("\n\nBy keys alone.")
    expect(keys.page.locator("span[data-saved]")).to_contain_text("saved at")
    keys.press(keys.link("Check and publish"))
    keys.press(keys.button("Publish"))
    expect(keys.page.locator(".notice").first).to_contain_text("Version 2 is live")


def _a_draft_is_published(keys: Keys) -> None:
    keys.open(PATH)
    keys.press(keys.link("The tables have turned"))
    expect(keys.page.locator("form[data-card]")).to_be_visible()
    keys.fill("day", "6")  # as it is: one
    keys.press(keys.button("Keep in the draft"))
    keys.is_said("Kept in the draft.")
    keys.press(keys.link("See who is affected"))
    chosen = keys.page.locator("input[name=policy]:checked")
    keys.to(chosen)
    was = chosen.get_attribute("value")
    keys.page.keyboard.press("ArrowDown")
    expect(chosen).not_to_have_value(str(was))
    keys.page.keyboard.press("ArrowUp")
    expect(chosen).to_have_value(str(was))
    keys.press(keys.button("Publish it as v2"))
    keys.is_said("Version 2 is live.")


def _somebody_is_put_in(keys: Keys) -> None:
    """Their run has ended, as one that somebody left: they may be put in once more."""
    keys.served.execute(
        "update enrollments set state = 'left', next_due_at = null, waiting_for = null, "
        "ended_at = plan_now()"
    )
    keys.open("/studio/people")
    keys.press(keys.link("Ana"))
    keys.press(keys.page.get_by_text("Put them into a sequence"))
    keys.to(keys.page.locator("#into"))
    keys.page.keyboard.press("ArrowDown")
    keys.press(keys.button("Put them in"))
    keys.is_said("They are in the sequence now")


def _the_brand_is_changed(keys: Keys) -> None:
    keys.open("/studio/brands")
    keys.press(keys.link("Muster Coaching"))
    keys.fill("Name of the brand", "Muster by keys")
    keys.press(keys.button("Save"))
    keys.is_said("Saved.")
    expect(keys.page.get_by_role("heading", level=1)).to_have_text("Muster by keys")
