"""The people of a date in the studio: seats, who came by hand and by file, whom to write to."""

import csv
import html
import io
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import requests

from funnel.domain.access import Role
from funnel.services.read_report import MOST_BYTES
from tests.web.colleagues import Colleague, hire
from tests.web.served import Person, Served

BERLIN = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A date that three people held, an hour after its end, and who looks after it."""

    coach: Colleague
    path: str
    starts_at: datetime
    people: dict[str, Person]

    def send(self, content: bytes, **fields: str) -> requests.Response:
        """Give a file as the page's form would."""
        data = {"form_token": self.coach.form_token(), **fields}
        return self.coach.browser.post(
            f"{self.path}/report", data=data, files={"file": ("who came.csv", content)}
        )

    def attendance(self) -> dict[str, str]:
        with self.coach.browser.deps.transactions.begin() as tx:
            rows = tx.connection.exec_driver_sql(
                "select p.email, r.attendance from registrations r "
                "join subscribers p on p.id = r.subscriber_id where r.status = 'registered'"
            )
            return {email.partition("@")[0]: word for email, word in rows}


@pytest.fixture
def held(own_served: Served) -> Held:
    people = {
        name: own_served.seat_of(f"{name}@example.org", first_name=name.title())
        for name in ("ana", "ben", "cleo")
    }
    date = own_served.dates()[0]
    starts_at, ends_at = own_served.ask(
        "select starts_at, ends_at from sessions where id = :id", id=date
    )
    own_served.travel_to(ends_at + timedelta(hours=1))
    return Held(
        coach=hire(own_served, Role.MARKETER),
        path=f"/studio/dates/{date}",
        starts_at=starts_at.astimezone(BERLIN),
        people=people,
    )


def read(answer: requests.Response, status: int = 200) -> str:
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


def seat_of(page: str, address: str) -> str:
    row = next(each for each in page.split("<tr>") if address in each)
    found = re.search(r'name="seat" value="([^"]+)"', row)
    assert found
    return found[1]


def test_who_came_is_said_by_hand_and_taken_back(held: Held) -> None:
    page = read(held.coach.get(f"{held.path}/seats"))
    for name, person in held.people.items():
        assert f"{name}@example.org" in page and f"/studio/people/{person.id}?run=" in page
    seat = seat_of(page, "ben@example.org")
    said = held.coach.press(
        f"{held.path}/seats", seat=seat, attendance="missed", seen="unknown", q="be"
    )
    assert said.status_code == 303
    assert held.attendance() == {"ana": "unknown", "ben": "missed", "cleo": "unknown"}
    after = read(held.coach.get(said.headers["location"]))
    assert "Ben Muster: missed it." in after and "Undo" in after
    assert f"/studio/people/{held.people['ana'].id}" not in after
    stale = held.coach.press(f"{held.path}/seats", seat=seat, attendance="attended", seen="unknown")
    assert "changed meanwhile" in read(stale, status=409)
    back = held.coach.press(f"{held.path}/seats", seat=seat, attendance="unknown", seen="missed")
    assert back.status_code == 303
    assert held.attendance()["ben"] == "unknown"


@pytest.mark.parametrize("fields", [{}, {"seat": "x"}, {"attendance": "perhaps"}], ids=str)
def test_what_is_no_word_about_a_seat_is_404(served: Served, fields: dict[str, str]) -> None:
    coach = hire(served, Role.MARKETER)
    assert coach.press(f"/studio/dates/{served.dates()[0]}/seats", **fields).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "key=x&id=y",
        "key=2031-01-01&id=2c9f2a2e-7d0e-4b4c-9d5e-8d8f3f0a5b11",
        "q=b",
        "q=zz",
    ],
)
def test_an_address_that_was_made_up_still_shows_a_page(served: Served, query: str) -> None:
    viewer = hire(served, Role.VIEWER)
    assert viewer.get(f"/studio/dates/{served.dates()[0]}/seats?{query}").status_code == 200


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "cp1252"])
def test_a_file_is_tried_line_by_line_and_then_taken(held: Held, encoding: str) -> None:
    day = f"{held.starts_at:%m/%d/%Y}"
    table = (
        "Name;E-Mail;Join time;Leave time\n"
        f"Zoë;ana@example.org;{day} 06:01:00 PM;{day} 07:20:00 PM\n"
        "Jürgen;ben@example.org;yesterday;\n"
        "Rœ;nobody@example.org;;\n"
        "No address;;;\n"
        f"Cleo;CLEO@example.org;{day} 06:05:00 PM;\n"
    )
    tried = read(held.send(table.encode(encoding)))
    assert "What who came.csv says" in tried
    assert set(held.attendance().values()) == {"unknown"}
    lines = re.findall(r'<th scope="row" class="num">(\d+)</th><td>(.*?)</td>', tried)
    assert [int(each) for each, _ in lines] == [3, 4, 5]
    assert "“yesterday” is no moment" in lines[0][1]
    assert "nobody@example.org" in lines[1][1] and "nobody has this address" in lines[1][1]
    assert "there is no address" in lines[2][1]
    form = {
        name: re.search(rf'name="{name}" value="([^"]*)"', tried)
        for name in ("content", "name", "encoding", "zone", "email")
    }
    values = {name: found[1] for name, found in form.items() if found}
    taken = held.coach.press(f"{held.path}/report", act="take", **values)
    assert taken.status_code == 303, taken.text
    assert held.attendance() == {"ana": "attended", "ben": "unknown", "cleo": "attended"}
    again = read(held.send(table.encode(encoding)))
    assert "0 facts are new." in again


NO_REPORTS = (
    (b"", "The file is empty"),
    (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x02\x03\xff", "This is no text"),
    (b"Name,Age\nAna,3\n", "No column holds addresses"),
    (b'Email\n"ana@example.org\n', "Line 2 is broken"),
    (b"x" * (MOST_BYTES + 1), "larger than 700 KB"),
)


def test_what_is_no_report_says_why_and_nothing_is_taken(held: Held) -> None:
    for content, says in NO_REPORTS:
        assert says in read(held.send(content), status=422)
    assert set(held.attendance().values()) == {"unknown"}
    answer = held.coach.press(f"{held.path}/report", act="take", content="%%%")
    assert "changed on its way" in read(answer, status=422)


def test_before_the_date_no_report_is_taken(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    date = own_served.ask("select session_id from enrollments where id = :id", id=person.run_id)[0]
    early = Held(
        coach=hire(own_served, Role.MARKETER),
        path=f"/studio/dates/{date}",
        starts_at=own_served.now(),
        people={},
    )
    answer = early.send(b"Email\nana@example.org\n")
    assert "The session has not begun" in read(answer, status=422)


def test_whom_to_write_to_is_a_list_and_a_table(held: Held) -> None:
    empty = read(held.coach.get(f"{held.path}/write-to"))
    assert "Nobody to write to yet." in empty
    held.send(b"Email\nana@example.org\ncleo@example.org\n")
    held.coach.press(f"{held.path}/report", act="take", content="RW1haWwKYW5hQGV4YW1wbGUub3JnCg==")
    served = held.coach.browser
    ana = held.people["ana"]
    served.execute(
        "insert into facts (id, subscriber_id, enrollment_id, kind, name, source, at) "
        "values (gen_random_uuid(), :person, :run, 'clicked', '=HYPERLINK(1)', 'link', plan_now())",
        person=ana.id,
        run=ana.run_id,
    )
    page = read(held.coach.get(f"{held.path}/write-to"))
    assert '"Ana Muster" <ana@example.org>' in page and "cleo@example.org" not in page
    table = held.coach.get(f"{held.path}/write-to.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert "attachment" in table.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [each["email"] for each in rows] == ["ana@example.org"]
    assert rows[0]["clicked"] == "'=HYPERLINK(1)"
