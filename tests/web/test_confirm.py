"""The page behind the confirmation mail: a GET shows, a press takes the seat."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from funnel.domain.signing import LinkPurpose
from tests.web.served import Served


def seats_of(served: Served, address: str) -> int:
    found = served.ask(
        "select count(*) from registrations r join subscribers p on p.id = r.subscriber_id "
        "where p.email = :address and r.status = 'registered'",
        address=address,
    )
    return int(found[0])


def test_opening_the_page_shows_all_and_changes_nothing(served: Served, address: str) -> None:
    served.sign_up(address)
    token = served.person(address).confirm
    before = served.ask("select count(*) from enrollments")[0]
    page = served.get(f"/c/{token}").text
    assert "Take my seat" in page and "18:00" in page and "in Berlin" in page
    assert "Leading through disruption" in page
    assert address in page
    assert seats_of(served, address) == 0
    assert served.ask("select count(*) from enrollments")[0] == before
    assert served.ask(
        "select count(*) from evidence where signup_id = :id", id=served.person(address).signup_id
    ) == (1,)


def test_a_press_takes_the_seat_and_says_what_comes_next(served: Served, address: str) -> None:
    served.sign_up(address)
    token = served.person(address).confirm
    answer = served.post(f"/c/{token}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/c/{token}?now=1")
    page = served.get(answer.headers["location"]).text
    assert "The seat is yours, Ana" in page and "What comes next" in page
    assert re.search(r'href="/cal/[^"]+\.ics"', page)
    assert seats_of(served, address) == 1


def test_a_second_press_is_answered_kindly_and_does_nothing(served: Served, address: str) -> None:
    person = served.seat_of(address)
    assert served.post(f"/c/{person.confirm}").status_code == 303
    assert "You have this seat already" in served.get(f"/c/{person.confirm}").text
    assert seats_of(served, address) == 1


def test_date_zone_and_letters_can_be_corrected(served: Served, address: str) -> None:
    served.sign_up(address)
    token = served.person(address).confirm
    last = served.dates()[-1]
    served.post(f"/c/{token}", data={"session": str(last), "time_zone": "Pacific/Auckland"})
    assert served.ask(
        "select e.session_id, p.zone, p.wants_letters from enrollments e "
        "join subscribers p on p.id = e.subscriber_id where p.email = :address",
        address=address,
    ) == (last, "Pacific/Auckland", False)
    assert "in Auckland" in served.get(f"/c/{token}").text


def test_no_date_but_the_letters_is_a_choice(served: Served, address: str) -> None:
    served.sign_up(address)
    token = served.person(address).confirm
    answer = served.post(f"/c/{token}", data={"session": "", "letters": "yes"})
    assert "The letters begin" in served.get(answer.headers["location"]).text
    assert seats_of(served, address) == 0


def test_neither_a_date_nor_the_letters_is_refused(served: Served, address: str) -> None:
    served.sign_up(address)
    token = served.person(address).confirm
    answer = served.post(f"/c/{token}", data={"session": ""})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert served.person(address).run_id is None


def test_a_letters_only_signup_has_a_button_of_its_own(served: Served, address: str) -> None:
    served.sign_up(address, session="")
    page = served.get(f"/c/{served.person(address).confirm}").text
    assert "Send me the letters" in page and "Take my seat" not in page


def test_a_date_that_has_filled_up_offers_the_next_ones(own_served: Served) -> None:
    own_served.sign_up("ana@example.org")
    token = own_served.person("ana@example.org").confirm
    first = own_served.dates()[0]
    own_served.execute("update sessions set seats = 0 where id = :id", id=first)
    page = own_served.get(f"/c/{token}").text
    assert "That date has filled up in the meantime" in page
    assert f'value="{first}"' not in page and page.count('name="session"') == 3
    pressed = own_served.post(f"/c/{token}")
    assert pressed.status_code == 409
    assert "Choose another date" in pressed.text
    assert seats_of(own_served, "ana@example.org") == 0


def test_the_last_seat_that_went_meanwhile_is_said_at_the_press(own_served: Served) -> None:
    first, second = own_served.dates()[:2]
    own_served.sign_up("ana@example.org")
    token = own_served.person("ana@example.org").confirm
    assert "has filled up" not in own_served.get(f"/c/{token}").text
    own_served.execute("update sessions set seats = 0 where id = :id", id=first)
    pressed = own_served.post(f"/c/{token}", data={"session": str(first), "letters": "yes"})
    assert pressed.status_code == 409
    assert f'value="{second}"' in pressed.text
    taken = own_served.post(f"/c/{token}", data={"session": str(second), "letters": "yes"})
    assert taken.status_code == 303


def test_a_date_that_is_over_or_called_off_is_said(own_served: Served) -> None:
    own_served.sign_up("ana@example.org")
    token = own_served.person("ana@example.org").confirm
    first = own_served.dates()[0]
    own_served.execute("update sessions set cancelled_at = plan_now() where id = :id", id=first)
    assert "will not be held" in own_served.get(f"/c/{token}").text
    own_served.execute(
        "update sessions set cancelled_at = null, starts_at = plan_now() - interval '2 h', "
        "ends_at = plan_now() - interval '1 h' where id = :id",
        id=first,
    )
    assert "That date is over" in own_served.get(f"/c/{token}").text


def test_after_seven_days_the_link_has_run_out(own_served: Served) -> None:
    own_served.sign_up("ana@example.org")
    token = own_served.person("ana@example.org").confirm
    own_served.travel_to(own_served.now() + timedelta(days=7, minutes=1))
    assert "This link has run out" in own_served.get(f"/c/{token}").text
    assert own_served.post(f"/c/{token}").status_code == 410
    assert seats_of(own_served, "ana@example.org") == 0


def test_a_link_of_nobody_is_no_page(served: Served, address: str) -> None:
    person = served.seat_of(address)
    tokens = served.deps.tokens
    for token in (
        "nonsense",
        "A" * 36,
        "%00",
        tokens.make(LinkPurpose.CONFIRM, uuid4()),
        person.preferences,
        person.confirm[:-1] + ("A" if person.confirm[-1] != "A" else "B"),
    ):
        for answer in (served.get(f"/c/{token}"), served.post(f"/c/{token}")):
            assert answer.status_code == 404
            assert "There is no page here" in answer.text


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "\x85"])
def test_a_zone_that_does_not_exist_is_refused(served: Served, address: str, zone: str) -> None:
    served.sign_up(address)
    token = served.person(address).confirm
    fields = {"session": str(served.dates()[0]), "time_zone": zone}
    assert served.post(f"/c/{token}", data=fields).status_code == 422
    assert seats_of(served, address) == 0


def test_a_name_from_the_form_is_shown_as_text(served: Served, address: str) -> None:
    served.sign_up(address, first_name='<img src=x onerror="alert(1)">')
    person = served.person(address)
    served.post(f"/c/{person.confirm}")
    page = served.get(f"/c/{person.confirm}").text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
