"""The visitor's own calendar: what it shows, what a preview says, and what letting go does."""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from funnel.services.move_session import move_session
from funnel.services.preview_move import preview_move
from funnel.services.read_person_calendar import read_person_calendar
from tests.web.served import Person, Served

BERLIN = ZoneInfo("Europe/Berlin")
_ROWS = (
    "select (select json_agg(e order by e.id) from enrollments e)::text, "
    "(select json_agg(m order by m.id) from messages m)::text, "
    "(select json_agg(r order by r.id) from registrations r)::text, "
    "(select json_agg(s order by s.id) from sessions s)::text, "
    "(select count(*) from replans), (select count(*) from facts)"
)


def words_of(html: str) -> str:
    """Return what a person reads, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def start_of(served: Served, person: Person) -> datetime:
    found: datetime = served.ask(
        "select s.starts_at from sessions s join enrollments e on e.session_id = s.id "
        "where e.id = :id",
        id=person.run_id,
    )[0]
    return found


def days_later(start: datetime, days: int) -> datetime:
    """Return the same hour in Berlin some days later, whatever the clocks do."""
    return start.astimezone(BERLIN) + timedelta(days=days)


def iso(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


def page_of(served: Served, person: Person, **asked: str) -> str:
    query = "".join(f"&{name}={value}" for name, value in asked.items())
    answer = served.get(f"/demo/calendar?run={person.run_id}{query}")
    assert answer.status_code == 200
    return answer.text


def let_go(served: Served, person: Person, to: datetime) -> str:
    answer = served.post("/demo/calendar/move", data={"run": str(person.run_id), "to": iso(to)})
    assert answer.status_code == 303, answer.text
    return served.get(answer.headers["location"]).text


def test_without_anybody_it_leads_to_the_landing_page(own_served: Served) -> None:
    page = own_served.get("/demo/calendar").text
    assert "Nobody has a seat yet" in words_of(page) and 'class="button" href="/"' in page


def test_every_email_stands_there_with_its_hour_and_its_reason(own_served: Served) -> None:
    ana = own_served.seat_of("ana@example.org")
    own_served.work()
    page = words_of(own_served.get("/demo/calendar").text)
    assert "in your time in Berlin" in page
    assert re.search(r"\d\d:\d\d Your seat sent; when you took your seat", page)
    assert "09:00 The tables have turned 1 day after you took your seat" in page
    assert "17:00 In one hour 1 hour before the masterclass" in page
    assert "18:00 The masterclass until 19:30" in page
    assert "You hold a seat." in page
    assert "Show" in page and "The long work" not in page
    everything = words_of(page_of(own_served, ana, all="1"))
    assert "The long work" in everything


def test_the_hours_are_those_of_the_reader(served: Served, address: str) -> None:
    person = served.seat_of(address, time_zone="Pacific/Auckland")
    page = page_of(served, person)
    start = start_of(served, person).astimezone(ZoneInfo("Pacific/Auckland"))
    assert f"{start:%H:%M} The masterclass" in words_of(page)
    # The rows are the reader's days; the hour that it would have is still the host's.
    row = re.search(
        rf'data-to="([^"]+)">\s*<div class="cal-date"><time datetime="{start:%Y-%m-%d}"', page
    )
    assert row is not None and row.group(1) == iso(start)


def test_a_preview_draws_both_plans_and_writes_nothing(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    own_served.seat_of("ben@example.org")
    own_served.work()
    to = days_later(start_of(own_served, person), 1)
    before = own_served.ask(_ROWS)
    page = page_of(own_served, person, to=iso(to))
    part = own_served.get(f"/demo/calendar/plan?run={person.run_id}&to={iso(to)}").text
    assert own_served.ask(_ROWS) == before
    for html in (page, part):
        said = words_of(html)
        assert f"{to:%A} {to.day} {to:%B}" in said and ", instead of Tuesday" in said
        assert "You and 1 other move with it; one email tells each of you." in said
        assert "Nobody gets anything twice for one date, and old join links work." in said
        assert 'data-old="session" data-moved' in html and "As it was" in said
        assert "When you let go" in said and "Move it here" in said
    assert "<html" not in part


def test_what_the_preview_says_is_what_the_move_does(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    own_served.work()
    own_served.execute("update clock set frozen_at = plan_now()")
    assert person.run_id is not None
    to = days_later(start_of(own_served, person), 3)
    preview = preview_move(person.run_id, to, own_served.deps.transactions)
    assert preview.after is not None and preview.people == 1
    assert preview.after.lines != preview.before.lines
    let_go(own_served, person, to)
    after = read_person_calendar(person.run_id, own_served.deps.transactions)
    assert after.session is not None and after.session.starts_at == to
    told = [each for each in after.lines if each.key != "session-moved"]
    assert told == list(preview.after.lines)


def test_what_would_be_late_says_so_and_by_how_much(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    own_served.work()
    start = start_of(own_served, person)
    evening = days_later(start, -3).replace(hour=20, minute=15)
    own_served.travel_to(evening)
    own_served.execute("update clock set frozen_at = :now", now=evening)
    own_served.work()
    page = words_of(page_of(own_served, person, to=iso(days_later(start, -2))))
    assert "18:00 Tomorrow skipped: would be late, by 2 h 15 min" in page
    assert "“Tomorrow” is skipped: would be late, by 2 h 15 min." in page
    moved = words_of(let_go(own_served, person, days_later(start, -2)))
    assert "18:00 Tomorrow skipped: would be late, by 2 h 15 min" in moved


def test_a_day_that_cannot_be_says_why_and_is_not_offered(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    dates = own_served.dates()
    taken = own_served.ask("select starts_at from sessions where id = :id", id=dates[1])[0]
    past = own_served.now() - timedelta(hours=2)
    reasons = {taken: "Another date of this masterclass is held", past: "That moment has passed"}
    for to, why in reasons.items():
        page = page_of(own_served, person, to=iso(to))
        assert why in words_of(page) and "Move it here" not in page
        assert "It cannot be held here" in page and "f you let go here" not in page
        answer = own_served.post(
            "/demo/calendar/move", data={"run": str(person.run_id), "to": iso(to)}
        )
        assert answer.status_code == 409 and "Not " in words_of(answer.text)
    assert start_of(own_served, person) not in (taken, past)


def test_letting_go_tells_everybody_once_and_can_be_undone(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    own_served.seat_of("ben@example.org")
    own_served.work()
    start = start_of(own_served, person)
    page = words_of(let_go(own_served, person, days_later(start, 1)))
    assert "Moved to " in page and "You and 1 other moved with it." in page
    assert "On its way" in page and "One email tells each of you" in page
    for address in ("ana@example.org", "ben@example.org"):
        subjects = [each.subject for each in own_served.mails_to(address)]
        assert sum("new date" in each for each in subjects) == 1
    where = f"run={person.run_id}&moved={iso(start)}"
    arrived = own_served.get(f"/demo/calendar?{where}").text
    assert "One email has told each of you" in words_of(arrived)
    assert f'value="{iso(start)}" data-focus="undo">Move it back to Tuesday' in arrived
    assert "Moved to Tuesday" in words_of(let_go(own_served, person, start))
    assert start_of(own_served, person) == start


def test_a_second_move_is_told_by_its_own_email_and_not_by_the_one_before(
    own_served: Served,
) -> None:
    person = own_served.seat_of("ana@example.org")
    own_served.work()
    own_served.execute("update clock set frozen_at = plan_now()")  # all at one plan time
    start = start_of(own_served, person)
    former = start
    for days in (1, 3, 2, 4, 1):
        to = days_later(start, days)
        page = words_of(let_go(own_served, person, to))
        assert "One email tells you, and arrives in a moment" in page
        own_served.work()
        arrived = words_of(page_of(own_served, person, moved=iso(former)))
        assert "One email has told you" in arrived
        former = to


def test_before_the_rest_has_followed_an_earlier_email_has_told_nothing(
    own_served: Served,
) -> None:
    person = own_served.seat_of("ana@example.org")
    own_served.work()
    start = start_of(own_served, person)
    let_go(own_served, person, days_later(start, 1))
    own_served.work()
    session_id = own_served.dates()[0]
    transactions = own_served.deps.transactions
    move_session(session_id, days_later(start, 3), by="elsewhere", transactions=transactions)
    page = words_of(page_of(own_served, person, moved=iso(start)))
    assert "One email tells you, and arrives in a moment" in page


def test_a_move_in_another_window_is_told_from_the_date_before_it(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    own_served.work()
    start = start_of(own_served, person)
    let_go(own_served, person, days_later(start, 1))
    let_go(own_served, person, days_later(start, 3))  # elsewhere
    here = own_served.get(f"/demo/calendar?run={person.run_id}&moved={iso(start)}").text
    assert re.search(r"Moved to Friday \d+ \w+, from Wednesday \d+", words_of(here))
    assert f'value="{iso(days_later(start, 1))}" data-focus="undo"' in here


def test_a_reminder_that_was_sent_is_not_repeated_for_the_date_it_was_for(
    own_served: Served,
) -> None:
    person = own_served.seat_of("ana@example.org")
    own_served.work()
    start = start_of(own_served, person)
    own_served.travel_to(start - timedelta(hours=23))
    own_served.work()
    assert len(own_served.mails_to("ana@example.org")) >= 2
    let_go(own_served, person, days_later(start, 1))
    let_go(own_served, person, start)
    own_served.work()
    reminders = own_served.ask(
        "select count(*) from messages where step_key = 'tomorrow' and status = 'accepted'"
    )
    assert reminders == (1,)
    assert words_of(page_of(own_served, person)).count(" Tomorrow ") == 1


def test_the_calendar_entry_and_the_join_link_follow(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    first = entry_in_mail(own_served, "your seat")
    start = start_of(own_served, person)
    to = days_later(start, 1)
    let_go(own_served, person, to)
    second = entry_in_mail(own_served, "new date")
    saved = entry(own_served.get(f"/cal/{person.calendar}.ics").content)
    assert second["UID"] == first["UID"] == saved["UID"]
    assert second["SEQUENCE"] == saved["SEQUENCE"] == first["SEQUENCE"] + 1
    assert first["DTSTART"].dt == start
    assert second["DTSTART"].dt == saved["DTSTART"].dt == to
    assert second["URL"] == first["URL"]
    # The link that the first email gave still leads to the door, which opens at the new hour.
    joined = words_of(own_served.get(str(first["URL"])).text)
    assert f"{to:%A} {to.day}" in joined and "The door opens at 17:50" in joined


def test_the_email_names_the_date_that_was_in_both_of_its_parts(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    start = start_of(own_served, person).astimezone(BERLIN)
    to = days_later(start, 1)
    let_go(own_served, person, to)
    mail = next(
        each for each in own_served.mails_to("ana@example.org") if "new date" in each.subject
    )
    assert mail.subject == f"{to:%A} 18:00 in Berlin: new date"
    parts = own_served.deps.mailbox.parts(mail.id)
    for text in (words_of(parts.html), " ".join(parts.text.split())):
        assert f"moved here from {start:%A} {start.day} {start:%B}, 18:00" in text
        assert f"{to:%A} {to.day} {to:%B}" in text
    assert [each.content_type for each in parts.attachments] == ["text/calendar"]
    assert ("method", "PUBLISH") in parts.attachments[0].params


def entry_in_mail(served: Served, about: str) -> Any:
    mail = next(each for each in served.mails_to("ana@example.org") if about in each.subject)
    return entry(served.deps.mailbox.parts(mail.id).attachments[0].content)


def entry(content: bytes) -> Any:
    return Calendar.from_ical(content).walk("VEVENT")[0]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"to": "tomorrow"}, 400),
        ({"to": "2031-03-04T18:00:00"}, 400),
        ({"to": "0001-01-01T00:00:00Z"}, 400),
        ({"run": "nonsense"}, 404),
        ({"run": "7e0d7a4e-7a6c-4a8f-9a55-8b8f3f6c0000"}, 404),
    ],
)
def test_what_cannot_be_read_is_refused(
    served: Served, address: str, asked: dict[str, str], status: int
) -> None:
    person = served.seat_of(address)
    to = iso(days_later(start_of(served, person), 1))
    answer = served.post("/demo/calendar/move", data={"run": str(person.run_id), "to": to} | asked)
    assert answer.status_code == status
    shown = served.get("/demo/calendar", params={"run": str(person.run_id)} | asked)
    assert shown.status_code == (200 if "to" in asked else status)


def test_another_site_cannot_move_it(served: Served, address: str) -> None:
    person = served.seat_of(address)
    start = start_of(served, person)
    answer = served.post(
        "/demo/calendar/move",
        data={"run": str(person.run_id), "to": iso(days_later(start, 1))},
        headers={"sec-fetch-site": "cross-site"},
    )
    assert answer.status_code == 403 and start_of(served, person) == start


def test_an_address_alone_does_not_claim_that_it_was_moved(served: Served, address: str) -> None:
    person = served.seat_of(address)
    page = page_of(served, person, moved=iso(days_later(start_of(served, person), -1)))
    assert "Moved to" not in page and "Move it back" not in page


def test_one_that_has_begun_stays_where_it_is(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    own_served.work()
    start = start_of(own_served, person)
    own_served.travel_to(start + timedelta(minutes=5))
    own_served.work()
    for page in (page_of(own_served, person), page_of(own_served, person, to=iso(start))):
        assert "It has begun, so it stays where it is." in words_of(page)
        assert "data-seat" not in page
    answer = own_served.post(
        "/demo/calendar/move",
        data={"run": str(person.run_id), "to": iso(days_later(start, 1))},
    )
    assert answer.status_code == 409


def test_who_holds_no_seat_and_who_has_left_have_a_calendar_too(
    served: Served, address: str
) -> None:
    lettered = served.seat_of(address, session="")
    page = words_of(page_of(served, lettered))
    assert "No seat in a masterclass" in page and "The tables have turned" in page
    served.post(f"/p/{lettered.preferences}", data={"do": "stop-everything"})
    assert "These emails have ended" in words_of(page_of(served, lettered))


def test_it_is_somebodys_and_the_others_are_a_link_away(own_served: Served) -> None:
    own_served.seat_of("ana@example.org")
    ben = own_served.seat_of("ben@example.org", first_name="Ben")
    page = own_served.get("/demo/calendar").text
    assert re.search(rf'href="/demo/calendar\?run={ben.run_id}"[^>]*aria-current="page"', page)
    assert "ana@example.org" in page
    assert 'href="/demo/calendar"' in own_served.get("/inbox").text
