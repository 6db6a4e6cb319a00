"""Somebody in front of a browser."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    expect,
)

from funnel.services.play_demo import play_demo
from tests.web.served import Served

PATIENCE = 20_000.0  # milliseconds; a busy machine may take long, a defect takes for ever

# An answer that says what to correct is no failure of the page.
_EXPECTED = ("status of 409", "status of 422", "status of 404")

expect.set_options(timeout=PATIENCE)


class Visitor:
    """One browser profile; collects what the browser complains about."""

    def __init__(
        self,
        browser: Browser,
        *,
        width: int = 1280,
        look: str = "light",
        zone: str = "Europe/Berlin",
        has_scripts: bool = True,
    ) -> None:
        self.complaints: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": 900 if width > 600 else 740},
            color_scheme=look,  # type: ignore[arg-type]
            timezone_id=zone,
            locale="en-GB",
            java_script_enabled=has_scripts,
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.on("page", self._listen)
        self.page: Page = self.context.new_page()

    def _listen(self, page: Page) -> None:
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        is_expected = any(each in message.text for each in _EXPECTED)
        if message.type in {"error", "warning"} and not is_expected:
            self.complaints.append(message.text)

    def visit(self, address: str) -> Page:
        self.page.goto(address)
        return self.page

    def opened_by(self, act: Callable[[], object]) -> Page:
        """Return the page that opens in a tab of its own."""
        with self.context.expect_page() as opened:
            act()
        page = opened.value
        page.wait_for_load_state()
        return page

    def close(self) -> None:
        self.context.close()


def sign_up(page: Page, served: Served, address: str, **fields: str) -> None:
    """Fill in the form of the landing page as a person does, and press its button."""
    page.goto(f"{served.url}/")
    page.get_by_label("First name").fill(fields.get("first_name", "Ana"))
    page.get_by_label("Email address").fill(address)
    let_time_pass(page, served)
    page.locator("button.large").click()
    expect(page.get_by_role("heading", name="Look into your inbox")).to_be_visible()


def let_time_pass(page: Page, served: Served) -> None:
    """Let the form be as old as it is when a person has filled it in."""
    stamp = served.deps.form_gate.stamp(served.deps.real_clock.now() - timedelta(minutes=1))
    page.locator("input[name=stamp]").evaluate("(each, stamp) => each.value = stamp", stamp)


def play_until(served: Served, is_so: Callable[[], bool], what: str) -> None:
    """Do the workers' part again and again until the page shows something."""
    for _ in range(400):
        served.work()
        play_demo(served.deps.transactions, base_url=served.url)
        if is_so():
            return
        served.execute("select pg_sleep(0.05)")
    raise AssertionError(f"never: {what}")


def photograph(page: Page, folder: Path, name: str) -> None:
    """Keep a picture of the whole page, where FUNNEL_PHOTOS says that somebody will look at it."""
    if "FUNNEL_PHOTOS" in os.environ:
        page.screenshot(path=folder / f"{name}.png", full_page=True)


def sideways(page: Page) -> int:
    """Return by how many pixels the page can be scrolled sideways."""
    width: Any = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return int(width)


def middle(target: Locator) -> tuple[float, float]:
    """Return where a hand would take hold of something, in the window."""
    # A hand waits until what slides has come to rest.
    target.evaluate(
        "() => Promise.allSettled(document.getAnimations().map((each) => each.finished))"
    )
    box = target.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


class Finger:
    """A finger on a touch screen, as the browser's own protocol moves it."""

    def __init__(self, page: Page, on: Locator) -> None:
        self._page = page
        self._protocol = page.context.new_cdp_session(page)
        self.x, self.y = middle(on)
        self._send("touchStart")

    def move(self, by: float) -> None:
        self.y += by
        self._send("touchMove")
        self._page.wait_for_timeout(20)

    def lift(self) -> None:
        self._send("touchEnd")

    def _send(self, kind: str) -> None:
        points = [] if kind == "touchEnd" else [{"x": self.x, "y": self.y}]
        self._protocol.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
