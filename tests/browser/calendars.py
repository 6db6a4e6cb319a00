"""A person with a calendar, and the parts of its page that the tests take hold of."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.served import Person, Served

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def ana(own_served: Served) -> Person:
    """Somebody with a seat, beside two others; it is ten in the morning, and time stands still."""
    own_served.sign_up("ana@example.org")
    own_served.work()  # so that her confirmation has left, as it does for a person
    person = own_served.person("ana@example.org")
    own_served.post(f"/c/{person.confirm}")
    person = own_served.person("ana@example.org")
    own_served.seat_of("ben@example.org", first_name="Ben")
    own_served.seat_of("cleo@example.org", first_name="Cleo")
    own_served.work()
    ten = own_served.now().astimezone(BERLIN).replace(hour=10, minute=0, second=0, microsecond=0)
    tomorrow = ten + timedelta(days=1)
    own_served.travel_to(tomorrow)
    own_served.work()
    own_served.execute("update clock set frozen_at = :now", now=tomorrow)
    return person


def start_of(served: Served, person: Person) -> datetime:
    found: datetime = served.ask(
        "select s.starts_at from sessions s join enrollments e on e.session_id = s.id "
        "where e.id = :id",
        id=person.run_id,
    )[0]
    return found.astimezone(BERLIN)


def day_words(moment: datetime) -> str:
    return f"{moment:%A} {moment.day} {moment:%B}"


def seat(page: Page) -> Locator:
    return page.locator("[data-seat]")


def verdict(page: Page) -> Locator:
    return page.locator(".cal-verdict")


def answered(page: Page) -> None:
    """Wait until the page shows the day over which the masterclass is held."""
    expect(page.locator("[data-calendar]:not([data-busy])")).to_be_attached()
