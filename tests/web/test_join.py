"""The join link, the replay and the calendar file, before, during and after."""

from datetime import datetime, timedelta

import pytest
from icalendar import Calendar

from tests.web.served import Person, Served


def session_of(served: Served, person: Person) -> tuple[datetime, datetime]:
    found = served.ask(
        "select s.starts_at, s.ends_at from sessions s join enrollments e on e.session_id = s.id "
        "where e.id = :id",
        id=person.run_id,
    )
    return found[0], found[1]


def attendance(served: Served, person: Person) -> str:
    return str(
        served.ask(
            "select attendance from registrations where enrollment_id = :id", id=person.run_id
        )[0]
    )


def test_before_the_door_opens_the_page_tells_the_time(served: Served, address: str) -> None:
    person = served.seat_of(address)
    page = served.get(f"/j/{person.join}").text
    assert "The door opens at <b>17:50</b>" in page
    assert "Go into the room" not in page
    assert f"/cal/{person.calendar}.ics" in page
    assert "data-changes-at" in page


def test_in_its_window_it_leads_to_the_room_and_nobody_has_attended(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    starts_at, _ = session_of(own_served, person)
    own_served.travel_to(starts_at - timedelta(minutes=9))
    page = own_served.get(f"/j/{person.join}").text
    assert f'href="{own_served.url}/demo/room"' in page and "Go into the room" in page
    assert attendance(own_served, person) == "unknown"
    assert own_served.ask(
        "select count(*) from evidence where enrollment_id = :id", id=person.run_id
    ) == (1,)


@pytest.mark.parametrize("word", ["attended", "missed"])
def test_the_visitor_of_the_demo_says_whether_they_came(own_served: Served, word: str) -> None:
    person = own_served.seat_of("ana@example.org")
    _, ends_at = session_of(own_served, person)
    own_served.travel_to(ends_at + timedelta(minutes=1))
    assert "I attended" in own_served.get(f"/j/{person.join}").text
    answer = own_served.post(f"/j/{person.join}", data={"word": word})
    assert answer.status_code == 303
    assert attendance(own_served, person) == word
    assert "Noted" in own_served.get(answer.headers["location"]).text


def test_a_word_before_the_session_is_refused(served: Served, address: str) -> None:
    person = served.seat_of(address)
    answer = served.post(f"/j/{person.join}", data={"word": "attended"})
    assert answer.status_code == 422
    assert attendance(served, person) == "unknown"


def test_afterwards_the_replay_is_offered_and_watched_by_a_press(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    _, ends_at = session_of(own_served, person)
    own_served.travel_to(ends_at + timedelta(hours=1))
    assert f"/r/{person.replay}" in own_served.get(f"/j/{person.join}").text
    page = own_served.get(f"/r/{person.replay}").text
    assert "Watch" in page and "/demo/replay" not in page
    watched = "select watched_at is not null from registrations where enrollment_id = :id"
    assert own_served.ask(watched, id=person.run_id) == (False,)
    pressed = own_served.post(f"/r/{person.replay}")
    assert pressed.status_code == 200
    assert f'href="{own_served.url}/demo/replay"' in pressed.text
    assert own_served.ask(watched, id=person.run_id) == (True,)


def test_a_replay_that_has_closed_says_so(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    _, ends_at = session_of(own_served, person)
    own_served.travel_to(ends_at + timedelta(days=7, hours=1))
    assert "The replay has closed" in own_served.get(f"/r/{person.replay}").text
    assert own_served.post(f"/r/{person.replay}").status_code == 404
    assert "This masterclass is over" in own_served.get(f"/j/{person.join}").text


def test_before_the_session_there_is_no_replay(served: Served, address: str) -> None:
    person = served.seat_of(address)
    page = served.get(f"/r/{person.replay}").text
    assert "There is no replay yet" in page and "It comes after the masterclass" in page
    assert served.post(f"/r/{person.replay}").status_code == 404


def test_without_a_seat_the_link_offers_the_dates(served: Served, address: str) -> None:
    person = served.seat_of(address)
    served.post(f"/p/{person.preferences}", data={"do": "give-up", "run": str(person.run_id)})
    page = served.get(f"/j/{person.join}").text
    assert "You have no seat at the moment" in page
    assert f"/p/{person.preferences}#date" in page


def test_a_date_called_off_is_said(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    own_served.execute("update sessions set cancelled_at = plan_now()")
    assert "This date will not be held" in own_served.get(f"/j/{person.join}").text


def test_the_calendar_entry_keeps_its_name_when_the_date_moves(
    served: Served, address: str
) -> None:
    person = served.seat_of(address)
    answer = served.get(f"/cal/{person.calendar}.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    first = Calendar.from_ical(answer.content).walk("VEVENT")[0]
    served.post(
        f"/p/{person.preferences}",
        data={
            "do": "choose",
            "run": str(person.run_id),
            "session": str(served.dates()[-1]),
        },
    )
    second = Calendar.from_ical(served.get(f"/cal/{person.calendar}.ics").content).walk("VEVENT")[0]
    assert first["UID"] == second["UID"]
    assert second["SEQUENCE"] > first["SEQUENCE"]
    assert second["DTSTART"].dt > first["DTSTART"].dt
    assert f"/j/{person.join}" in str(second) or f"/j/{person.join}" in answer.text


def test_the_entry_is_the_one_that_the_email_carries(served: Served, address: str) -> None:
    person = served.seat_of(address)
    mail = served.mails_to(address)[0]
    attached = served.deps.mailbox.parts(mail.id).attachments[0]
    by_mail = Calendar.from_ical(attached.content).walk("VEVENT")[0]
    by_link = Calendar.from_ical(served.get(f"/cal/{person.calendar}.ics").content).walk("VEVENT")[
        0
    ]
    assert {key: value.to_ical() for key, value in by_mail.items() if key != "DTSTAMP"} == {
        key: value.to_ical() for key, value in by_link.items() if key != "DTSTAMP"
    }


@pytest.mark.parametrize("path", ["/j/{}", "/r/{}", "/cal/{}.ics"])
def test_a_link_of_nobody_is_no_page(served: Served, address: str, path: str) -> None:
    person = served.seat_of(address)
    for token in ("A" * 36, person.preferences, "x"):
        assert served.get(path.format(token)).status_code == 404
