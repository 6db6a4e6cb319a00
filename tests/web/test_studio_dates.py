"""The studio's dates: listed with what they lack, added, changed, moved, called off, closed."""

import html
import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import requests

from funnel.domain.access import Role
from tests.web.colleagues import Colleague, hire
from tests.web.served import Served

DAY = timedelta(days=1)


@pytest.fixture
def coach(own_served: Served) -> Colleague:
    return hire(own_served, Role.MARKETER)


def read(answer: requests.Response, status: int = 200) -> str:
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


def add(coach: Colleague, **fields: str) -> requests.Response:
    day = (coach.browser.now() + 5 * DAY).date().isoformat()
    return coach.press(
        "/studio/dates/new",
        **{
            "title": "An extra <b>evening</b>",
            "sequence": "disruption-masterclass",
            "day": day,
            "hour": "19:00",
            "minutes": "90",
            "zone": "Europe/Berlin",
            **fields,
        },
    )


def added(coach: Colleague, **fields: str) -> str:
    answer = add(coach, **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, name
    return found[1]


def audited(served: Served, action: str) -> tuple[str, str]:
    found = served.ask(
        "select by, target from audit where action = :action order by id desc limit 1",
        action=action,
    )
    return str(found[0]), str(found[1])


def test_a_date_is_added_and_stands_in_the_list_with_what_it_lacks(
    own_served: Served, coach: Colleague
) -> None:
    path = added(coach, seats="30")
    listed = read(coach.get("/studio/dates"))
    assert "An extra <b>evening</b>" in listed and "<b>evening</b>" not in (
        coach.get("/studio/dates").text
    )
    assert "0 of 30 seats taken" in listed
    assert "no join link yet, 5 days to go" in listed
    assert path in listed
    page = read(coach.get(path))
    assert "19:00 to 20:30 in Berlin" in page
    assert audited(own_served, "session.add") == (coach.email, path.rpartition("/")[2])


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"day": "soon"}, "“soon” is not a day"),
        ({"day": ""}, "The day is missing"),
        ({"hour": "late"}, "“late” is not an hour"),
        ({"day": "2020-01-01"}, "The start is in the past"),
        ({"seats": "many"}, "“many” is not a number"),
        ({"seats": "0"}, "one seat or more"),
        ({"zone": "Mars/Phobos"}, "is not known"),
        ({"join_url": "javascript:alert(1)"}, "not a web address"),
        ({"sequence": "none"}, "There is no such sequence"),
        ({"title": " "}, "The title is empty"),
        ({"title": "a\u202eb"}, "not plain text"),
    ],
    ids=str,
)
def test_what_cannot_be_held_says_why_and_keeps_what_was_typed(
    served: Served, fields: dict[str, str], says: str
) -> None:
    page = read(add(hire(served, Role.MARKETER), **fields), status=422)
    assert says in page
    assert 'aria-invalid="true"' in page
    typed = {"title": "An extra <b>evening</b>", **fields}["title"]
    assert typed in page


def test_all_mistakes_of_a_form_are_named_at_once(served: Served) -> None:
    coach = hire(served, Role.MARKETER)
    wrong = {"title": "", "day": "soon", "hour": "late", "seats": "many", "join_url": "x y"}
    page = read(add(coach, **wrong, minutes="0"), status=422)
    for each in (
        "The title is empty",
        "“soon” is not a day",
        "“late” is not an hour",
        "“many” is not a number",
        "The session has no length",
        "The join link is not a web address",
    ):
        assert each in page
    assert page.count('aria-invalid="true"') == len(wrong) + 1
    assert page.count(" autofocus") <= 1
    series = {"rule": "now and then", "ahead": "99", "ends": "soon", **wrong, "zone": "UTC"}
    page = read(coach.press("/studio/dates/series", act="try", **series), 422)
    for each in ("names no hour", "99 sessions", "“soon” is not a day", "“many”", "The title"):
        assert each in page


def test_a_change_is_written_and_a_stale_form_changes_nothing(
    own_served: Served, coach: Colleague
) -> None:
    path = added(coach)
    seen = field(read(coach.get(path)), "seen")
    first = {"title": "Renamed", "seats": "20", "join_url": "https://room.example.org/1"}
    assert coach.press(f"{path}/change", seen=seen, **first).status_code == 303
    page = read(coach.get(path))
    assert "0 of 20 seats taken" in page and "no join link yet" not in page
    # The other tab still shows what was: it is told what it says now, and loses nothing.
    stale = read(coach.press(f"{path}/change", seen=seen, title="Mine", seats="7"), status=409)
    assert "changed meanwhile" in stale
    assert "Renamed" in stale and 'value="Mine"' in stale and 'value="7"' in stale
    again = field(stale, "seen")
    assert coach.press(f"{path}/change", seen=again, title="Mine").status_code == 303
    assert "Mine" in read(coach.get(path))


def test_another_end_of_the_replay_plans_anew_and_may_be_taken_back(
    own_served: Served, coach: Colleague, address: str
) -> None:
    person = own_served.seat_of(address)
    date = own_served.ask("select session_id from enrollments where id = :id", id=person.run_id)[0]
    path = f"/studio/dates/{date}"
    starts_at = own_served.ask("select starts_at from sessions where id = :id", id=date)[0]
    late = (starts_at + 12 * DAY).date().isoformat()
    page = read(coach.get(path))
    values = {
        "title": field(page, "title"),
        "join_url": field(page, "join_url"),
        "replay_url": "https://video.example.org/1",
    }

    def revision() -> int:
        found = own_served.ask(
            "select plan_revision from enrollments where id = :id", id=person.run_id
        )
        return int(found[0])

    before = revision()
    answer = coach.press(f"{path}/change", seen="", replay_day=late, **values)
    assert answer.status_code == 303, answer.text
    assert revision() > before
    assert own_served.ask("select replay_ends_at from sessions where id = :id", id=date)[0]
    assert coach.press(f"{path}/change", seen="", replay_day="", **values).status_code == 303
    assert own_served.ask("select replay_ends_at from sessions where id = :id", id=date)[0] is None
    early = read(coach.press(f"{path}/change", replay_day="2021-01-01", **values), status=422)
    assert "before the session does" in early


def test_a_move_says_what_it_does_to_whom_and_is_undone(
    own_served: Served, coach: Colleague, address: str
) -> None:
    person = own_served.seat_of(address)
    own_served.work()
    date, starts_at = own_served.ask(
        "select s.id, s.starts_at from sessions s join enrollments e on e.session_id = s.id "
        "where e.id = :id",
        id=person.run_id,
    )
    path = f"/studio/dates/{date}/move"
    to = starts_at + DAY
    rest = read(coach.get(path))
    assert "1 person holds a seat." in rest
    lifted = read(coach.get(path, params={"to": to.isoformat()}))
    assert "1 person moves with it; one email tells them." in lifted
    assert "1 email tells about the new date" in lifted
    assert "moves with it, for 1 person" in lifted
    assert "instead of" in lifted
    assert own_served.ask("select starts_at from sessions where id = :id", id=date)[0] == starts_at
    # No token of a form stands in an address that is only looked at.
    assert not re.search(
        r'<form[^>]*method="get"[^>]*>(?:(?!</form>).)*form_token', lifted, re.DOTALL
    )
    seen = field(lifted, "seen")
    stale = coach.press(path, to=to.isoformat(), seen=(starts_at + 2 * DAY).isoformat())
    assert "It was changed meanwhile" in read(stale, status=409)
    assert coach.press(path, to=to.isoformat(), seen=seen).status_code == 303
    assert own_served.ask("select starts_at from sessions where id = :id", id=date)[0] == to
    moved = read(coach.get(f"{path}?done=moved"))
    assert "Moved to" in moved and "Move it back to" in moved
    assert audited(own_served, "session.move") == (coach.email, str(date))
    back = coach.press(path, to=starts_at.isoformat(), seen=to.isoformat())
    assert back.status_code == 303
    assert own_served.ask("select starts_at from sessions where id = :id", id=date)[0] == starts_at


def test_a_day_and_an_hour_are_previewed_with_their_warnings(
    own_served: Served, coach: Colleague
) -> None:
    """Without a script: a form of a day and an hour leads to the same page."""
    first = own_served.dates()[0]
    for each in ("ana@example.org", "ben@example.org"):
        own_served.seat_of(each, session=str(first))
    other = own_served.ask(
        "select starts_at at time zone zone from sessions where id = :id", id=own_served.dates()[1]
    )[0]
    path = f"/studio/dates/{first}/move"
    night = read(coach.get(path, params={"day": other.date().isoformat(), "hour": "23:30"}))
    assert "It would begin at night, between 22:00 and 07:00 their time, for 2 people." in night
    assert "is held on the same day" in night
    clash = read(
        coach.get(path, params={"day": other.date().isoformat(), "hour": f"{other:%H:%M}"})
    )
    assert "It cannot be held here" in clash and "held at that time" in clash
    assert "Move it here" not in clash
    assert "is not a day" in read(coach.get(path, params={"day": "x", "hour": "18:00"}))
    past = read(coach.get(path, params={"to": "2020-01-01T00:00:00Z"}))
    assert "Move it here" not in past
    parts = coach.get(f"{path}/plan", params={"to": "2020-01-01T00:00:00Z"})
    assert parts.status_code == 200 and "<html" not in parts.text


def test_a_date_without_seats_has_an_axis_too(own_served: Served, coach: Colleague) -> None:
    path = added(coach)
    to = (own_served.now() + 8 * DAY).isoformat()
    page = read(coach.get(f"{path}/move", params={"to": to}))
    assert "Nobody holds a seat, so nobody is told." in page
    assert "Nobody holds a seat yet, so the axis shows the date alone." in page
    assert coach.press(f"{path}/move", to=to).status_code == 303
    # Not only in the moment after: also when one comes again, there and on the date's own page.
    for again in (path, f"{path}/move"):
        assert "Move it back to" in read(coach.get(again))
    assert read(coach.press(f"{path}/move", to="never"), status=422)


def test_calling_off_says_to_whom_and_cannot_be_done_upon_another_date(
    own_served: Served, coach: Colleague, address: str
) -> None:
    person = own_served.seat_of(address)
    date = own_served.ask("select session_id from enrollments where id = :id", id=person.run_id)[0]
    path = f"/studio/dates/{date}"
    page = read(coach.get(f"{path}/cancel"))
    assert "1 person with a seat" in page and "cannot be taken back" in page
    stale = coach.press(f"{path}/cancel", seen="2021-01-01T00:00:00Z")
    assert "changed meanwhile" in read(stale, status=409)
    assert own_served.ask("select cancelled_at from sessions where id = :id", id=date)[0] is None
    assert coach.press(f"{path}/cancel", seen=field(page, "seen")).status_code == 303
    assert "called off" in read(coach.get("/studio/dates"))
    assert any(
        "off" in each.subject or "not" in each.subject for each in own_served.mails_to(address)
    )
    fixed = read(coach.get(f"{path}/move"))
    assert "It was called off." in fixed and "data-seat" not in fixed


def test_closing_names_who_missed_it_and_is_taken_back(
    own_served: Served, coach: Colleague, address: str
) -> None:
    person = own_served.seat_of(address)
    date, ends_at = own_served.ask(
        "select s.id, s.ends_at from sessions s join enrollments e on e.session_id = s.id "
        "where e.id = :id",
        id=person.run_id,
    )
    path = f"/studio/dates/{date}"
    early = read(coach.press(f"{path}/close"), status=409)
    assert "has not ended" in early
    own_served.travel_to(ends_at + timedelta(minutes=1))
    page = read(coach.get(path))
    assert "Of 1 person nothing is known." in page
    assert "not known yet whether 1 person came" in read(coach.get("/studio/dates?past=1"))
    assert coach.press(f"{path}/close").status_code == 303
    assert "The date is closed" in read(coach.get(path))
    assert "missed it, by closing" in read(coach.get(f"{path}/seats"))
    assert coach.press(f"{path}/reopen").status_code == 303
    assert "Of 1 person nothing is known." in read(coach.get(path))


def test_a_series_is_looked_at_before_it_is_made_and_its_end_is_taken_back(
    own_served: Served, coach: Colleague
) -> None:
    rule = {
        "rule": "every first Monday, 07:30",
        "title": "Early bird",
        "sequence": "disruption-masterclass",
        "zone": "Europe/Berlin",
        "minutes": "60",
        "ahead": "2",
    }

    def made() -> int:
        return int(own_served.ask("select count(*) from sessions where title = 'Early bird'")[0])

    tried = read(coach.press("/studio/dates/series", act="try", **rule))
    assert len(re.findall(r"<li>Monday [^<]+, 07:30 in Berlin</li>", tried)) == 2
    assert made() == 0
    wrong = read(
        coach.press("/studio/dates/series", act="try", **{**rule, "rule": "now and then"}), 422
    )
    assert "names no hour" in wrong and "now and then" in wrong
    assert coach.press("/studio/dates/series", act="add", **rule).status_code == 303
    assert made() == 2
    page = read(coach.get("/studio/dates/series"))
    assert "2 dates ahead" in page
    series = re.search(r"/studio/dates/series/([0-9a-f-]+)/end", page)
    assert series
    ended = f"/studio/dates/series/{series[1]}"
    assert coach.press(f"{ended}/end").status_code == 303
    assert "ended: no further date is made" in read(coach.get("/studio/dates/series"))
    assert coach.press(f"{ended}/resume").status_code == 303
    assert "ended: no further" not in read(coach.get("/studio/dates/series"))
    assert made() == 2
    assert coach.press(f"/studio/dates/series/{uuid4()}/end").status_code == 404


def test_the_list_goes_on_page_by_page_and_so_does_the_past(
    own_served: Served, coach: Colleague
) -> None:
    own_served.execute(
        "insert into sessions (id, sequence_id, title, starts_at, ends_at, zone) "
        "select gen_random_uuid(), id, 'Date ' || n, plan_now() + n * interval '1 day', "
        "plan_now() + n * interval '1 day' + interval '1 hour', 'UTC' "
        "from sequences, generate_series(-30, 40) n where slug = 'disruption-masterclass'"
    )

    def all_of(path: str) -> list[str]:
        found: list[str] = []
        while path:
            page = read(coach.get(path))
            found += re.findall(r"<bdi>Date (-?\d+)</bdi>", page)
            following = re.search(r'href="([^"]+)" rel="next"', page)
            path = following[1] if following else ""
        return found

    assert all_of("/studio/dates") == [str(each) for each in range(41)]
    assert all_of("/studio/dates?past=1") == [str(each) for each in range(-1, -31, -1)]
    assert coach.get("/studio/dates?at=x&id=y").status_code == 200
    assert coach.get(f"/studio/dates?at=2031-01-01&id={UUID(int=1)}").status_code == 200


def test_empty_pages_say_what_to_do(own_served: Served, coach: Colleague) -> None:
    own_served.execute("delete from sessions")
    assert "No date lies ahead." in read(coach.get("/studio/dates"))
    assert "No date lies here." in read(coach.get("/studio/dates?past=1"))
    assert "No series yet." in read(coach.get("/studio/dates/series"))


def test_a_viewer_sees_all_and_finds_no_button(served: Served) -> None:
    viewer = hire(served, Role.VIEWER)
    date = served.dates()[0]
    for page in ("", "/move", "/seats", "/report", "/write-to", "/announce", "/cancel"):
        answer = viewer.get(f"/studio/dates/{date}{page}")
        assert answer.status_code == 200
        assert 'name="form_token"' not in answer.text, page
    assert "Add a date" not in viewer.get("/studio/dates").text
