"""Fifty people come from Kit, and one of them gets nothing: why?"""

from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from funnel.domain.access import Role
from funnel.domain.consent import SuppressionReason
from funnel.storage import suppressions
from tests.browser.test_studio import check, log_in
from tests.browser.visitor import Visitor, photograph
from tests.web.colleagues import PASSWORD, hire
from tests.web.served import Served

pytestmark = pytest.mark.browser

NAMES = ("Ana", "Bea", "Cem", "Dörte", "Émile", "Fatou", "Gül", "Håkon", "Ines", "Jörg")


def kit_export(who: str) -> bytes:
    """Fifty lines: one has left there, one is no address, one stands there twice."""
    rows = [
        f"{n},{NAMES[n % 10]},p{n:02}.{who}@example.org,active,"
        f'2025-0{1 + n % 9}-14 09:30:00 UTC,"masterclass, spring",City of Musterstadt'
        for n in range(49)
    ]
    rows[7] = f"7,Mona Left,left.{who}@example.org,cancelled,2024-02-01 08:00:00 UTC,,"
    rows[11] = "11,Nils,nils.example.org,active,2025-01-14 09:30:00 UTC,,"
    rows.append(f"50,{NAMES[3]},P03.{who}@example.org,active,2025-04-14 09:30:00 UTC,,")
    header = "id,first_name,email,state,created_at,tags,organisation"
    return "\n".join([header, *rows, ""]).encode("utf-16")


def _choose(page: Page, folder: Path, content: bytes) -> None:
    file = folder / "kit-subscribers.csv"
    file.write_bytes(content)
    page.get_by_label("File from Kit").set_input_files(str(file))
    page.get_by_role("button", name="Read this file").click()


@pytest.mark.parametrize(("width", "look"), [(360, "dark"), (1280, "light")], ids=str)
def test_fifty_people_come_from_kit_and_one_asks_why_they_get_nothing(  # noqa: PLR0915  (a journey)
    served: Served, browser: Browser, photos: Path, tmp_path: Path, width: int, look: str
) -> None:
    who = uuid4().hex[:6]
    with served.deps.transactions.begin() as tx:
        key = f"p20.{who}@example.org"
        suppressions.add(tx, key, SuppressionReason.COMPLAINED, source="event")
    colleague = hire(served, Role.MARKETER, is_logged_in=False)
    visitor = Visitor(browser, width=width, look=look)
    page = visitor.visit(f"{served.url}/studio/login?next=/studio/people/import")
    log_in(page, colleague.email, PASSWORD)
    expect(page.get_by_role("heading", name="Bring people from another tool")).to_be_visible()

    def look_at(name: str) -> None:
        check(page)
        photograph(page, photos, f"studio-import-{name}-{width}-{look}")

    look_at("files")
    _choose(page, tmp_path, kit_export(who))
    expect(page.get_by_text("It looks like an export from Kit")).to_be_visible()
    expect(page.get_by_label("first_name", exact=True)).to_have_value("first_name")
    expect(page.get_by_label("organisation")).to_have_value("field")
    page.get_by_label("In which words").fill("Send me the letters about disruption.")
    page.get_by_label("Where they begin").select_option(label="At “Bias”")
    look_at("mapping")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("heading", name="What would become of them")).to_be_visible()
    expect(page.get_by_role("heading", name="New here 46")).to_be_visible()
    expect(page.get_by_text("“nils.example.org” is no email address.")).to_be_visible()
    expect(page.get_by_text("Line 5 has the same address, and counts.")).to_be_visible()
    expect(page.get_by_text("Nothing is overwritten there: they reported")).to_be_visible()
    look_at("tried")
    page.get_by_role("button", name="Take 46 people in").click()
    expect(page.get_by_role("heading", name="What became of them")).to_be_visible()
    look_at("done")
    page.get_by_role("link", name=f"left.{who}@example.org").click()
    expect(page.get_by_role("heading", name="Mona Left")).to_be_visible()
    expect(page.get_by_text("they left everything")).to_be_visible()
    expect(page.get_by_text("kit-subscribers.csv, line 9")).to_be_visible()
    expect(page.get_by_text("they had unsubscribed there")).to_be_visible()
    look_at("left")
    page.go_back()
    page.get_by_role("link", name=f"p00.{who}@example.org").click()
    expect(page.get_by_role("heading", name="Ana")).to_be_visible()
    look_at("taken")
    visitor.close()
    assert visitor.complaints == []


def test_it_works_without_a_script_and_by_the_keyboard(
    served: Served, browser: Browser, tmp_path: Path
) -> None:
    colleague = hire(served, Role.MARKETER, is_logged_in=False)
    visitor = Visitor(browser, has_scripts=False)
    page = visitor.visit(f"{served.url}/studio/login?next=/studio/people/import")
    log_in(page, colleague.email, PASSWORD)
    _choose(page, tmp_path, f"E-Mail;Name\n{uuid4().hex}@example.org;Ana\n".encode())
    page.get_by_label("In which words").focus()
    page.keyboard.type("Letters, please.")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Day on which all agreed")).to_be_focused()
    page.get_by_label("Day on which all agreed").fill("2025-02-03")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Take 1 person in").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What became of them")).to_be_visible()
    visitor.close()
    assert visitor.complaints == []
