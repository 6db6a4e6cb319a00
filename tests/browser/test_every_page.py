"""Every page of the studio, found among its routes: read by axe, walked by Tab, looked at.

With FUNNEL_PHOTOS set to screens, such as "360-dark 1280-light", nothing is judged: pictures of all
of them are kept for people to look at.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from playwright.sync_api import Browser, Page

from funnel.web.app import create_app
from tests.browser.axe import axe_faults
from tests.browser.full_studio import CARD, PATH, SEQUENCE, FullStudio, fill
from tests.browser.test_pages import AUDIT
from tests.browser.visitor import Visitor, photograph, sideways
from tests.web.colleagues import Colleague
from tests.web.served import Served

pytestmark = pytest.mark.browser

SCREENS = ["1280-light", "360-dark"]
PHOTOS = os.environ.get("FUNNEL_PHOTOS", "").split()

# What is shown within a page: a part of it, or a frame under a policy of its own.
PARTS = {
    "/studio/dates/{session_id}/move/plan",
    "/studio/templates/{folder}/{name}/frame",
    "/studio/landing/{slug}/preview",
}
OUTSIDE = ("/studio/login", "/studio/welcome/{token}")
# The same page in another state, by what follows its address.
STATES = (
    f"{PATH}?step=listening",
    f"{PATH}?person=made-up",
    f"{PATH}?done=saved",
    f"{PATH}/rehearsal?of=live",
    f"{PATH}/affected?to=1",
    f"{PATH}/versions?from=1&to=2",
    "/studio/dates?past=1",
    "/studio/dates?done=removed",
    "/studio/people?q=nobody",
    "/studio/people?show=tag:alumni",
    "/studio/people/import?q=two@elsewhere.example.org",
    f"/studio/templates/{SEQUENCE}/a-word-between",
    "/studio/nowhere",
)
# What a page says to a form that is stale or wrong.
REFUSED = (
    (f"/studio/templates/{SEQUENCE}/bias", {"seen": "7", "source": "Subject: Other\n\nHello"}),
    (f"{PATH}/steps/listening", {**CARD, "seen": "stale", "timing.days": "7"}),
    (f"{PATH}/steps/listening", {**CARD, "seen": "", "timing.days": "x", "opens": "25:00"}),
    (f"{PATH}/as-file", {"seen": "stale", "source": "steps: nonsense"}),
    (f"{PATH}/copy", {"title": "", "slug": "Ü", "first": ""}),
    ("/studio/dates/new", {"day": "", "hour": ""}),
    ("/studio/dates/series", {"rule": "now and then"}),
    ("/studio/dates/{session_id}/change", {"seen": "stale", "title": "Other"}),
    ("/studio/dates/{session_id}/announce", {"subject": "", "text": "Hello {{ nobody }}"}),
    ("/studio/dates/{session_id}/report", {}),
    ("/studio/people/import", {}),
    ("/studio/people/{person_id}/zone", {"zone": "Nowhere"}),
    ("/studio/people/do-not-email", {"address": "nobody"}),
    ("/studio/people/{person_id}/erase", {"address": "other"}),
    ("/studio/brands/{slug}", {"name": "", "accent": "red"}),
    ("/studio/forms", {"slug": "Ü"}),
    ("/studio/users", {"email": "nobody"}),
    ("/studio/tokens", {}),
    ("/studio/account/password", {"old": "wrong", "password": "short"}),
)

POST = """([path, fields]) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = path;
  const token = document.querySelector("[name=form_token]").value;
  for (const [name, value] of Object.entries({ ...fields, form_token: token })) {
    for (const each of [value].flat()) {
      const input = document.createElement("input");
      [input.type, input.name, input.value] = ["hidden", name, each];
      form.append(input);
    }
  }
  document.body.append(form);
  form.submit();
}"""
# WCAG 2.5.8 asks for 24 px, or room around; axe judges the room, this what nobody could hit.
SMALL = """() => [...document.querySelectorAll(
    "main button, main input:not([type=hidden]), main select, summary, .rail a")]
  .filter((each) => each.checkVisibility() && !each.closest(".unseen, label"))
  .map((each) => [each, each.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && box.height < 18)
  .map(([each, box]) => `low, ${Math.round(box.height)} px: ${each.outerHTML.slice(0, 90)}`)"""


@pytest.fixture
def full(own_served: Served) -> FullStudio:
    return fill(own_served)


def pages(served: Served) -> Iterator[str]:
    """Every address of the studio that a browser may open, as its route names it."""
    for context in iter_route_contexts(create_app(served.deps).routes):
        path = context.path or ""
        if path.startswith("/studio") and "GET" in (context.methods or ()) and path not in PARTS:
            yield path


def address(path: str, full: FullStudio) -> str:
    """Put real values where a route has names; a route without them is in nobody's test."""
    for name, value in full.values.items():
        if name.startswith("/") and path.startswith(name):
            path = path.replace("{slug}", value)
        path = path.replace(f"{{{name}}}", value)
    assert "{" not in path, f"say in full_studio.fill what stands for it: {path}"
    return path


@pytest.mark.timeout(400)  # some eighty pages, one after the other
@pytest.mark.parametrize("screen", PHOTOS or SCREENS)
def test_every_page_of_the_studio_keeps_the_rules(
    own_served: Served, full: FullStudio, browser: Browser, photos: Path, screen: str
) -> None:
    found = [address(each, full) for each in pages(own_served)]
    outside = [address(each, full) for each in OUTSIDE]
    shown = [each for each in found if each not in outside and _is_page(full, each)]
    assert len(shown) > 30
    faults: dict[str, list[str]] = {}
    width, _, look = screen.partition("-")
    visitor = Visitor(browser, width=int(width), look=look)
    walk = Walk(visitor=visitor, url=own_served.url, name=screen, faults=faults, photos=photos)
    walk.look_at(*outside)
    walk.enter(full.admin)
    walk.look_at(*shown)
    # What else there is, on the screen that has less room.
    if screen != SCREENS[0]:
        walk.look_at(*STATES)
        for path, fields in REFUSED:
            walk.post(address(path, full), fields)
    visitor.close()
    told = "\n".join(f"{place}: {each}" for place, found in faults.items() for each in found)
    assert not faults, told


def _is_page(full: FullStudio, path: str) -> bool:
    kind = full.admin.browser.get(path).headers.get("content-type", "")
    return kind.startswith("text/html")


@dataclass(slots=True, kw_only=True)
class Walk:
    """Somebody who goes from page to page on one screen, and notes what each lacks."""

    visitor: Visitor
    url: str
    name: str
    faults: dict[str, list[str]]
    photos: Path

    def enter(self, colleague: Colleague) -> None:
        cookies = colleague.browser.session.cookies
        self.visitor.context.add_cookies(
            [{"name": each.name, "value": each.value or "", "url": self.url} for each in cookies]
        )

    def look_at(self, *paths: str) -> None:
        for path in paths:
            self._note(path, self.visitor.visit(self.url + path))

    def post(self, path: str, fields: dict[str, Any]) -> None:
        """Send a form that the page would not: it is stale, or wrong."""
        page = self.visitor.visit(f"{self.url}/studio/account")
        with page.expect_navigation() as answered:
            page.evaluate(POST, [path, fields])
        found = [] if answered.value.status in {409, 422} else [f"is {answered.value.status}"]
        self._note(f"POST {path}", page, found)

    def _note(self, place: str, page: Page, found: Sequence[str] = ()) -> None:
        if PHOTOS:
            short = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=welcome/).*", "id", place.lower())
            words = "-".join(re.findall("[a-z0-9]+", short))
            photograph(page, self.photos, f"every-{words[:80]}-{self.name}")
            return
        found = [*found, *page.evaluate(AUDIT), *axe_faults(page), *page.evaluate(SMALL)]
        if sideways(page) > 0:
            found.append(f"scrolls sideways by {sideways(page)} px")
        found += self.visitor.complaints
        self.visitor.complaints.clear()
        if found:
            self.faults[f"{place} {self.name}"] = found
