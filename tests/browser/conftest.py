"""A real chromium, and the service that it visits."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.calendars import ana
from tests.browser.visitor import Visitor
from tests.web.conftest import address, loaded_database, own_served, served

__all__ = ["address", "ana", "loaded_database", "own_served", "served"]

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHOTOS = Path(__file__).parents[2] / "screenshots"


# One module, not the whole run: while it is open, nothing else in this thread may use asyncio.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's chromium. Without one these tests are skipped, but never in CI."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        reason = "NO CHROMIUM: as root, apt-get install chromium fonts-dejavu-core"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(_SWITCHES))
        yield chromium
        chromium.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    """Somebody with a wide screen in Berlin; at the end nothing may have gone wrong in the page."""
    somebody = Visitor(browser)
    yield somebody
    somebody.close()
    assert somebody.complaints == []


@pytest.fixture(scope="session")
def photos() -> Path:
    """Where pictures for people go."""
    PHOTOS.mkdir(exist_ok=True)
    return PHOTOS
