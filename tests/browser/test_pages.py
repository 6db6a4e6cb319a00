"""Every page on a phone and a wide screen, light and dark: for rules here, for eyes in a folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.visitor import Visitor, let_time_pass, photograph, sideways
from tests.web.served import Served

pytestmark = pytest.mark.browser

# What a person who hears the page, or uses no mouse, cannot do without. Each line that comes back
# names an element that lacks something.
AUDIT = """() => {
  const faults = [];
  const name = (each) => (each.getAttribute("aria-label") || each.getAttribute("title")
    || each.textContent || "").trim();
  const isShown = (each) => each.checkVisibility() && !each.closest("[aria-hidden=true]");
  if (!document.documentElement.lang) faults.push("no language");
  if (!document.title.trim()) faults.push("no title");
  if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  for (const each of document.querySelectorAll("button, a[href]")) {
    if (isShown(each) && !name(each)) faults.push("no name: " + each.outerHTML);
  }
  for (const each of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (isShown(each) && !each.labels.length) faults.push("no label: " + each.outerHTML);
  }
  for (const each of document.querySelectorAll("img:not([alt])")) faults.push("no alt");
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  for (const id of ids) if (ids.filter((x) => x === id).length > 1) faults.push("twice: #" + id);
  let level = 0;
  for (const each of document.querySelectorAll("h1, h2, h3, h4")) {
    if (!isShown(each)) continue;
    const own = Number(each.tagName[1]);
    if (own > level + 1) faults.push("jumps to " + each.outerHTML);
    level = own;
  }
  return faults;
}"""

# WCAG 2.2, 1.4.3, of every word that is shown: at least 4.5 to 1, or 3 to 1 where it is large.
CONTRAST = """() => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const painted = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const each of colours) { canvas.fillStyle = each; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const grounds = (each) => {
    const found = [];
    for (let at = each; at; at = at.parentElement) {
      found.unshift(getComputedStyle(at).backgroundColor);
    }
    return found;
  };
  const faults = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const each = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !each.checkVisibility()) continue;
    if (each.closest(".unseen, .skip, .only-for-machines, option, :disabled")) continue;
    const style = getComputedStyle(each);
    const under = grounds(each);
    const [one, other] = [light(painted([...under, style.color])), light(painted(under))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const isLarge = parseFloat(style.fontSize) >= 24;
    if (ratio < (isLarge ? 3 : 4.5)) {
      faults.push(ratio.toFixed(2) + " " + walker.currentNode.textContent.trim().slice(0, 40));
    }
  }
  return faults;
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The addresses of all pages, by name."""

    paths: dict[str, str]


@pytest.fixture(scope="module")
def places(served: Served) -> Places:
    """Somebody in every state that has a page of its own."""
    seated = served.seat_of("page-seat@example.org")
    lettered = served.seat_of("page-letters@example.org", session="")
    gone = served.seat_of("page-gone@example.org")
    served.post(f"/p/{gone.preferences}", data={"do": "stop-everything"})
    served.sign_up("page-open@example.org")
    served.sign_up("page-letters-open@example.org", session="")
    opened = served.person("page-open@example.org")
    only_letters = served.person("page-letters-open@example.org")
    mail = served.mails_to("page-seat@example.org")[0]
    served.execute(
        "insert into sources (id, slug, sequence_id, letters) "
        "select gen_random_uuid(), 'asked', sequence_id, 'asked' from sources "
        "where slug = 'landing' on conflict do nothing"
    )
    return Places(
        paths={
            "landing": "/",
            "landing-asked": "/signup/asked",
            "confirm": f"/c/{opened.confirm}",
            "confirm-letters": f"/c/{only_letters.confirm}",
            "confirmed": f"/c/{seated.confirm}?now=1",
            "confirmed-letters": f"/c/{lettered.confirm}?now=1",
            "preferences": f"/p/{seated.preferences}",
            "preferences-left": f"/p/{gone.preferences}",
            "unsubscribe": f"/u/{seated.stop_letters}",
            "unsubscribed": f"/u/{gone.stop_letters}",
            "join": f"/j/{seated.join}",
            "replay-before": f"/r/{seated.replay}",
            "no-page": "/c/nonsense",
            "inbox": "/inbox",
            "mail": f"/inbox/{mail.id}",
            "mail-text": f"/inbox/{mail.id}?show=text",
            "mail-headers": f"/inbox/{mail.id}?show=headers",
            "mail-raw": f"/inbox/{mail.id}?show=raw",
            "mail-dark": f"/inbox/{mail.id}?look=dark&width=phone",
            "room": "/demo/room",
        }
    )


@pytest.fixture(params=[(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")], ids=str)
def screen(request: pytest.FixtureRequest, browser: Browser) -> Iterator[tuple[Visitor, str]]:
    width, look = request.param
    visitor = Visitor(browser, width=width, look=look)
    yield visitor, f"{width}-{look}"
    visitor.close()


def test_every_page_keeps_the_rules_on_every_screen(
    served: Served, places: Places, screen: tuple[Visitor, str], photos: Path
) -> None:
    visitor, name = screen
    faults: dict[str, object] = {}
    for place, path in places.paths.items():
        page = visitor.visit(served.url + path)
        if place in {"inbox", "mail", "mail-dark"}:
            page.locator(".preview iframe[style]").wait_for(state="attached")
        found = page.evaluate(AUDIT) + page.evaluate(CONTRAST)
        if sideways(page) > 0:
            found.append(f"scrolls sideways by {sideways(page)} px")
        if found:
            faults[place] = found
        photograph(page, photos, f"{place}-{name}")
    assert faults == {}
    assert visitor.complaints == []


def test_nothing_scrolls_sideways_on_the_smallest_phone(
    served: Served, places: Places, browser: Browser
) -> None:
    visitor = Visitor(browser, width=320)
    wide = {
        place: sideways(visitor.visit(served.url + path)) for place, path in places.paths.items()
    }
    visitor.close()
    assert {place: pixels for place, pixels in wide.items() if pixels > 0} == {}


def test_a_form_with_faults_keeps_the_rules(served: Served, browser: Browser, photos: Path) -> None:
    for width in (360, 1280):
        visitor = Visitor(browser, width=width)
        page = visitor.visit(f"{served.url}/")
        page.get_by_label("Email address").fill("ana")
        let_time_pass(page, served)
        page.locator("button.large").click()
        page.locator(".fault").wait_for()
        assert _described(page) == "An email address must have an @-sign. " + (
            "Give one address such as name@example.com."
        )
        assert page.evaluate(AUDIT) + page.evaluate(CONTRAST) == []
        assert sideways(page) <= 0
        photograph(page, photos, f"landing-fault-{width}-light")
        visitor.close()


def _described(page: Page) -> str:
    field = page.get_by_label("Email address")
    described = field.get_attribute("aria-describedby")
    return page.locator(f"#{described}").inner_text().strip()
