"""What a person gets from us, and how they end it."""

import re
from datetime import timedelta

from tests.web.served import Person, Served


def press(served: Served, person: Person, act: str, **fields: str) -> str:
    """Press a button and return the page that follows."""
    answer = served.post(f"/p/{person.preferences}", data={"do": act, **fields})
    assert answer.status_code == 303, answer.text
    return served.get(answer.headers["location"]).text


def wants(served: Served, person: Person) -> tuple[bool, bool]:
    found = served.ask(
        "select wants_letters, wants_seat_emails from subscribers where id = :id", id=person.id
    )
    return bool(found[0]), bool(found[1])


def test_opening_it_changes_nothing(served: Served, address: str) -> None:
    person = served.seat_of(address)
    page = served.get(f"/p/{person.preferences}?done=stop-letters").text
    assert address in page and "18:00 to 19:30, in Berlin" in page
    assert "No letter will come any more" not in page
    assert wants(served, person) == (True, True)


def test_the_letters_end_and_come_again(served: Served, address: str) -> None:
    person = served.seat_of(address)
    assert "No letter will come any more" in press(served, person, "stop-letters")
    assert wants(served, person) == (False, True)
    assert "The letters come again" in press(served, person, "resume-letters")
    assert wants(served, person) == (True, True)
    words = served.ask(
        "select count(*) from consents where subscriber_id = :id and source = 'preferences' "
        "and ip = '127.0.0.1' and user_agent like 'python-requests%'",
        id=person.id,
    )
    assert words == (2,)


def test_the_emails_of_a_seat_end_and_the_seat_stays(served: Served, address: str) -> None:
    person = served.seat_of(address)
    assert "have ended" in press(served, person, "stop-seat")
    assert wants(served, person) == (True, False)
    assert served.ask("select session_id from enrollments where id = :id", id=person.run_id)[0]
    assert "come again" in press(served, person, "resume-seat")


def test_a_seat_is_given_up(served: Served, address: str) -> None:
    person = served.seat_of(address)
    page = press(served, person, "give-up", run=str(person.run_id))
    assert "free for somebody else" in page and "Give up my seat" not in page
    assert served.ask("select session_id from enrollments where id = :id", id=person.run_id) == (
        None,
    )
    assert wants(served, person)[0]


def test_a_seat_moves_to_another_date(served: Served, address: str) -> None:
    person = served.seat_of(address)
    last = served.dates()[-1]
    page = served.get(f"/p/{person.preferences}?date={last}").text
    assert re.search(rf'value="{last}" checked', page)
    assert str(served.dates()[0]) not in page  # the date that is held is no change
    said = press(served, person, "choose", run=str(person.run_id), session=str(last))
    assert "The seat is yours" in said
    assert served.ask("select session_id from enrollments where id = :id", id=person.run_id) == (
        last,
    )


def test_who_has_no_date_takes_one(served: Served, address: str) -> None:
    person = served.seat_of(address, session="")
    page = served.get(f"/p/{person.preferences}").text
    assert "Take a date" in page and "Give up my seat" not in page
    press(served, person, "choose", run=str(person.run_id), session=str(served.dates()[0]))
    assert "Give up my seat" in served.get(f"/p/{person.preferences}").text


def test_a_date_that_filled_up_meanwhile_changes_nothing(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    first, second = own_served.dates()[:2]
    own_served.execute("update sessions set seats = 0 where id = :id", id=second)
    answer = own_served.post(
        f"/p/{person.preferences}",
        data={"do": "choose", "run": str(person.run_id), "session": str(second)},
    )
    assert answer.status_code == 409
    assert "Nothing was changed" in answer.text
    assert own_served.ask(
        "select session_id from enrollments where id = :id", id=person.run_id
    ) == (first,)


def test_everything_ends_at_once(served: Served, address: str) -> None:
    person = served.seat_of(address)
    page = press(served, person, "stop-everything")
    assert "Nothing any more" in page and "<form" not in page.split("<main")[1]
    assert wants(served, person) == (False, False)
    assert served.ask("select state from enrollments where id = :id", id=person.run_id) == ("left",)


def test_nobody_reaches_anothers_seat(served: Served, address: str) -> None:
    mine, theirs = served.seat_of(address), served.seat_of(f"other-{address}")
    for act in ("give-up", "choose"):
        fields = {"do": act, "run": str(theirs.run_id), "session": str(served.dates()[-1])}
        assert served.post(f"/p/{mine.preferences}", data=fields).status_code == 404
    assert served.ask("select session_id from enrollments where id = :id", id=theirs.run_id)[0]


def test_a_button_that_does_not_exist_is_refused(served: Served, address: str) -> None:
    person = served.seat_of(address)
    for fields in ({}, {"do": "explode"}, {"do": "choose", "run": str(person.run_id)}):
        assert served.post(f"/p/{person.preferences}", data=fields).status_code in {400, 422}
    assert wants(served, person) == (True, True)


def test_a_date_that_is_over_is_not_shown_as_a_seat(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    own_served.travel_to(own_served.now() + timedelta(days=15))
    page = own_served.get(f"/p/{person.preferences}").text
    assert "Your seat</h2>" not in page
    assert "Emails about your seat" in page  # the replay's are still to come
