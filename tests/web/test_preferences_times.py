"""When things come, as their person changes it: the zone, and a pause of the letters."""

import re

from tests.web.served import Person, Served
from tests.web.test_preferences import press, wants


def zone_of(served: Served, person: Person) -> str:
    return str(served.ask("select zone from subscribers where id = :id", id=person.id)[0])


def test_the_zone_is_changed_and_proved_by_its_hour(served: Served, address: str) -> None:
    person = served.seat_of(address)
    page = press(served, person, "change-zone", time_zone="pacific/auckland")
    assert "Your times are in Auckland from now on." in page
    assert re.search(r"<p>Auckland, now \d\d:\d\d\.</p>", page)
    assert 'value="Pacific/Auckland"' in page
    assert zone_of(served, person) == "Pacific/Auckland"


def test_an_unknown_zone_is_refused_and_the_nearest_put_in_the_field(
    served: Served, address: str
) -> None:
    person = served.seat_of(address)
    for given, says, value in (
        ("Berln", "“Berln” is no time zone. Did you mean Europe/Berlin?", "Europe/Berlin"),
        ("<qqq>", "“&lt;qqq&gt;” is no time zone. Write it like Europe/Berlin.", ""),
        ("", "No time zone was given. Write it like Europe/Berlin.", ""),
    ):
        answer = served.post(
            f"/p/{person.preferences}", data={"do": "change-zone", "time_zone": given}
        )
        assert answer.status_code == 422
        assert says in answer.text
        assert f'list="zones" value="{value}"' in answer.text
        assert 'aria-invalid="true" aria-describedby="zone-fault"' in answer.text
    assert zone_of(served, person) == "Europe/Berlin"


def test_the_letters_pause_and_go_on_again(served: Served, address: str) -> None:
    person = served.seat_of(address)
    page = press(served, person, "pause-letters", length="2 weeks")
    weekday = r"(Monday|Tuesday|Wednesday|Thursday|Friday)"
    assert re.search(rf"Your letters go on {weekday} \d+ \w+( \d{{4}})?\. The emails about", page)
    assert re.search(rf"Paused. Your letters go on {weekday}", page)
    assert "Stop the letters" in page and "Pause the letters" not in page
    assert wants(served, person) == (True, True)
    page = press(served, person, "end-pause")
    assert "The letters go on." in page
    assert "Pause the letters" in page


def test_a_pause_is_not_claimed_by_the_address_alone(served: Served, address: str) -> None:
    person = served.seat_of(address)
    page = served.get(f"/p/{person.preferences}?done=pause-letters").text
    assert "Your letters go on" not in page


def test_no_length_is_no_pause(served: Served, address: str) -> None:
    person = served.seat_of(address)
    for fields in ({}, {"length": "a century"}):
        answer = served.post(f"/p/{person.preferences}", data={"do": "pause-letters", **fields})
        assert answer.status_code == 422
        assert "No length of a pause was chosen. Choose one" in answer.text
    paused = served.ask("select letters_paused_until from subscribers where id = :id", id=person.id)
    assert paused == (None,)


def test_looking_changes_nothing(served: Served, address: str) -> None:
    person = served.seat_of(address)
    before = served.ask("select plan_revision from enrollments where id = :id", id=person.run_id)
    served.get(f"/p/{person.preferences}")
    after = served.ask("select plan_revision from enrollments where id = :id", id=person.run_id)
    assert before == after
