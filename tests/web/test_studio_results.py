"""The studio's results: real people counted on the page, and the tables as files."""

import csv
import html
import io
import re
from datetime import timedelta

import pytest
import requests

from funnel.domain.access import Role
from funnel.domain.facts import FactKind, FactReport
from funnel.services.record_facts import record_facts
from tests.web.colleagues import Colleague, hire
from tests.web.served import Served

SLUG = "disruption-masterclass"
PATH = "/studio/results"


@pytest.fixture
def viewer(own_served: Served) -> Colleague:
    return hire(own_served, Role.VIEWER)


def read(answer: requests.Response, status: int = 200) -> str:
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


def row(page: str, beginning: str) -> str:
    """Return the words of the row whose first cell has these, one space apart."""
    found = next(each for each in re.findall(r"<tr.*?</tr>", page, re.DOTALL) if beginning in each)
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def table(viewer: Colleague, name: str) -> list[list[str]]:
    answer = viewer.get(f"{PATH}/{name}.csv?sequence={SLUG}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}-{SLUG}.csv"'
    text = answer.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_what_people_did_is_counted_on_the_page(own_served: Served, viewer: Colleague) -> None:
    served = own_served
    ana = served.seat_of("ana@example.org", utm_campaign="=spring()", utm_source="newsletter")
    served.seat_of("ben@example.org")
    served.sign_up("cleo@example.org")
    served.work()
    served.post(f"/u/{ana.stop_seat}", data={"List-Unsubscribe": "One-Click"})
    date = served.dates()[0]
    start = served.ask("select starts_at from sessions where id = :id", id=date)[0]
    served.travel_to(start + timedelta(hours=3))
    report = FactReport(kind=FactKind.ATTENDED, source="zoom", enrollment_id=ana.run_id)
    click = FactReport(
        kind=FactKind.CLICKED, source="link", enrollment_id=ana.run_id, step_key="your-seat"
    )
    booked = FactReport(kind=FactKind.BOOKED, source="cal", email="ana@example.org")
    record_facts([report, click, booked], served.deps.transactions)
    page = read(viewer.get(PATH))
    assert row(page, "Your seat") == "1 Your seat 2 not known 1 50 % 1 50 %"
    assert "of 1 it is not known" in row(page, str(date))
    assert row(page, str(date)).endswith("3 2 67 % 2 1 50 % 0 0 1")
    assert row(page, "=spring()").endswith("1 1 100 % 1 1")
    assert row(page, "landing").endswith("3 2 67 % 1 1")
    upcoming = served.dates()[0]
    assert "not yet" in row(page, str(upcoming))
    assert table(viewer, "emails")[1][1:] == [
        "Your seat",
        "2",
        "not known",
        "1",
        "1",
        "not known",
        "not known",
    ]
    # A spreadsheet must not run what somebody wrote into a link.
    assert ["utm campaign", "'=spring()", "1", "1", "1", "1"] in table(viewer, "places")
    assert table(viewer, "dates")[-1][3:] == ["no", "3", "2", "2", "1", "0", "1", "0", "1"]


def test_a_sequence_without_anybody_says_so_and_an_unknown_one_is_not_there(
    own_served: Served, viewer: Colleague
) -> None:
    page = read(viewer.get(f"{PATH}?sequence={SLUG}&at=nonsense&id=7"))
    assert row(page, "Your seat") == "1 Your seat 0 not known 0 0"
    assert 'aria-current="page"' in page
    read(viewer.get(f"{PATH}?sequence=none"), 404)
    read(viewer.get(f"{PATH}/nothing.csv"), 404)
    own_served.execute("update sequences set live_version_id = null")
    assert "Nothing has been sent yet." in read(viewer.get(PATH))


def test_dates_go_page_by_page_the_latest_first(own_served: Served, viewer: Colleague) -> None:
    own_served.execute(
        """
        insert into sessions (id, sequence_id, title, starts_at, ends_at, zone)
        select gen_random_uuid(), s.id, 'x', plan_now() - n * interval '7 days',
          plan_now() - n * interval '7 days' + interval '1 hour', 'UTC'
        from sequences s, generate_series(1, 20) n
        """
    )
    address, seen = PATH, []
    while address:
        page = read(viewer.get(address))
        seen += re.findall(r'<time datetime="([^"]+)"', page)
        found = re.search(r'href="([^"]+)" rel="next"', page)
        address = found[1].partition("#")[0] if found else ""
    assert len(seen) == 23 and seen == sorted(seen, reverse=True)
    assert len(table(viewer, "dates")) == 24
