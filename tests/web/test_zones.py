"""The list of time zones holds and selects the zone that is known, by whichever name it came."""

import re
from typing import Any
from zoneinfo import available_timezones

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from funnel.bootstrap import SHIPPED_DEFINITIONS
from funnel.domain.zones import listed_zone
from funnel.web.moments import place_of
from funnel.web.zones import zone_regions
from tests.web.served import Served


def selected(page: str) -> list[str]:
    return re.findall(r'<option value="([^"]+)"[^>]* selected>', page)


def stored_zone(served: Served, address: str) -> tuple[str, str]:
    zone, source = served.ask(
        "select zone, zone_source from subscribers where email = :address", address=address
    )
    return zone, source


@pytest.fixture(scope="module")
def parts() -> Any:
    """The building stones of the pages, as the service loads them."""
    loader = FileSystemLoader(SHIPPED_DEFINITIONS / "web")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    environment.globals.update(zone_regions=zone_regions, listed_zone=listed_zone)
    return environment.get_template("parts.html").module


@pytest.mark.parametrize("name", sorted(available_timezones() - {"localtime", "Factory"}))
def test_a_list_holds_every_zone_that_anybody_may_have(parts: Any, name: str) -> None:
    (chosen,) = selected(parts.zone_options(name))
    (place,) = (
        each.place for region in zone_regions(name) for each in region.zones if each.name == chosen
    )
    assert place == place_of(name)


@pytest.mark.parametrize(
    ("said", "kept", "place"),
    [
        ("Asia/Calcutta", "Asia/Kolkata", "Kolkata"),
        ("Europe/Kiev", "Europe/Kyiv", "Kyiv"),
        ("Etc/GMT+5", "Etc/GMT+5", "UTC\N{MINUS SIGN}5"),
        ("EST5EDT", "EST5EDT", "EST5EDT"),
    ],
)
def test_the_untouched_list_of_the_confirmation_changes_nothing(
    served: Served, address: str, said: str, kept: str, place: str
) -> None:
    served.sign_up(address, time_zone=said)
    token = served.person(address).confirm
    page = served.get(f"/c/{token}").text
    assert selected(page) == [kept]
    assert f"{place}, now " in page
    (shown,) = re.findall(r'name="zone_shown" value="([^"]+)"', page)
    data = {"session": str(served.dates()[0]), "time_zone": kept, "zone_shown": shown}
    served.post(f"/c/{token}", data=data)
    assert stored_zone(served, address) == (kept, "form")
    assert place in served.get(f"/c/{token}").text


def test_an_older_name_kept_before_is_shown_and_left_as_it_is(served: Served, address: str) -> None:
    served.sign_up(address)
    person = served.person(address)
    served.execute("update signups set zone = 'Asia/Calcutta' where id = :id", id=person.signup_id)
    page = served.get(f"/c/{person.confirm}").text
    assert selected(page) == ["Asia/Kolkata"]
    assert "in Kolkata" in page
    data = {"session": str(served.dates()[0]), "time_zone": "Asia/Kolkata"}
    served.post(f"/c/{person.confirm}", data=data)
    assert stored_zone(served, address) == ("Asia/Calcutta", "form")
    preferences = served.get(f"/p/{person.preferences}").text
    assert 'name="time_zone" list="zones" value="Asia/Kolkata"' in preferences
    assert "Kolkata, now " in preferences


def test_a_list_that_was_left_alone_does_not_undo_another_tab(served: Served, address: str) -> None:
    served.sign_up(address, time_zone="Asia/Tokyo")
    token = served.person(address).confirm
    data = {
        "session": str(served.dates()[0]),
        "time_zone": "Europe/Berlin",
        "zone_shown": "Europe/Berlin",
    }
    served.post(f"/c/{token}", data=data)
    assert stored_zone(served, address) == ("Asia/Tokyo", "form")


def test_a_choice_survives_a_press_that_was_refused(served: Served, address: str) -> None:
    served.sign_up(address, time_zone="Asia/Tokyo")
    token = served.person(address).confirm
    data = {"session": "", "time_zone": "America/Lima", "zone_shown": "Asia/Tokyo"}
    answer = served.post(f"/c/{token}", data=data)
    assert answer.status_code == 422
    assert selected(answer.text) == ["America/Lima"]
    assert 'name="zone_shown" value="Asia/Tokyo"' in answer.text


def test_the_landing_page_tells_its_script_the_older_names(served: Served) -> None:
    page = served.get("/").text
    (kolkata,) = re.findall(r'<option value="Asia/Kolkata"[^>]*>', page)
    assert 'data-older="Asia/Calcutta"' in kolkata


@pytest.mark.parametrize("host", ["Asia/Calcutta", "EST5EDT"])
def test_a_hosts_zone_that_was_only_shown_says_nothing_of_the_visitor(
    own_served: Served, host: str
) -> None:
    own_served.execute("update sessions set zone = :zone", zone=host)
    page = own_served.get("/").text
    (shown,) = selected(page)
    (not_chosen,) = re.findall(r'name="zone_not_chosen" value="([^"]+)"', page)
    own_served.sign_up("ana@example.org", time_zone=shown, zone_not_chosen=not_chosen)
    own_served.post(f"/c/{own_served.person('ana@example.org').confirm}")
    assert stored_zone(own_served, "ana@example.org")[1] == "default"
    times = {"only": "times", "zone_not_chosen": not_chosen}
    shown_again = own_served.sign_up("b@example.org", time_zone="Asia/Calcutta", **times).text
    assert selected(shown_again) == ["Asia/Kolkata"]


def test_an_older_name_written_by_hand_is_the_same_zone(served: Served, address: str) -> None:
    person = served.seat_of(address, time_zone="Asia/Kolkata")
    data = {"do": "change-zone", "time_zone": "Asia/Calcutta"}
    served.post(f"/p/{person.preferences}", data=data)
    assert stored_zone(served, address) == ("Asia/Kolkata", "person")
    refused = served.post(
        f"/p/{person.preferences}", data={"do": "change-zone", "time_zone": "calcuta"}
    )
    assert "Did you mean Asia/Kolkata?" in refused.text
