"""The lists of people: of one kind, as a table, and the addresses that nothing is sent to."""

import csv
import html
import io
import re

import pytest

from funnel.domain.access import Role
from funnel.services.export_people import harmless
from tests.web.colleagues import Colleague, hire
from tests.web.served import Served

DO_NOT = "/studio/people/do-not-email"


@pytest.fixture(scope="module")
def marketer(served: Served) -> Colleague:
    return hire(served, Role.MARKETER)


def listed(colleague: Colleague, show: str) -> str:
    answer = colleague.get("/studio/people", params={"show": show})
    assert answer.status_code == 200
    return html.unescape(answer.text)


def test_each_kind_of_people_is_shown(served: Served, marketer: Colleague, address: str) -> None:
    person = served.seat_of(address)
    pending, gone = f"p-{address}", f"l-{address}"
    served.sign_up(pending)
    left = served.seat_of(gone)
    marketer.press(f"/studio/people/{left.id}/stop", what="everything")
    marketer.press(f"/studio/people/{person.id}/tag", tag=f"T {address}")
    sequence = served.ask("select id from sequences")[0]
    expected = {
        f"sequence:{sequence}": {address},
        f"session:{served.dates()[0]}": {address},
        f"tag:t {address}": {address},
        "left": {gone},
        "unconfirmed": {pending},
    }
    for show, addresses in expected.items():
        page = listed(marketer, show)
        assert "the newest first" in page
        for each in (address, pending, gone):
            is_there = f"<bdi>{each}</bdi>" in page
            held = show.startswith("session") and each == gone  # leaving keeps the registration
            assert is_there is (each in addresses) or held, (show, each)
    marketer.press(f"/studio/people/{person.id}/untag", tag=f"t {address}")
    assert f"<bdi>{address}</bdi>" not in listed(marketer, f"tag:T {address}")


@pytest.mark.parametrize(
    "query",
    [
        "show=nonsense",
        "show=sequence:x",
        "show=tag:",
        "show=tag:%00",
        "show=left&at=2031-01-01T00:00:00Z&key=%00",
        "show=left&at=yesterday&key=x",
        "show=unconfirmed&at=2031-01-01T00:00:00Z&key=x",
        "show=unconfirmed&at=2031-01-01&key=2c9f2a2e-7d0e-4b4c-9d5e-8d8f3f0a5b11",
    ],
)
def test_an_address_that_was_cut_or_made_up_still_shows_a_page(
    marketer: Colleague, query: str
) -> None:
    assert marketer.get(f"/studio/people?{query}").status_code == 200
    assert marketer.get(f"{DO_NOT}?{query}").status_code == 200


def test_a_kind_goes_on_page_by_page(served: Served, marketer: Colleague) -> None:
    served.execute(
        "insert into subscribers (id, email, email_key, created_at) select gen_random_uuid(), "
        "'uq' || n || '@example.org', 'uq' || n || '@example.org', plan_now() "
        "from generate_series(1, 60) n"
    )
    seen, path = [], "/studio/people?show=unconfirmed"
    for _ in range(20):
        page = html.unescape(marketer.get(path).text)
        seen += re.findall(r"<bdi>(uq\d+@example\.org)</bdi>", page)
        more = re.search(r'href="([^"]+)" rel="next"', page)
        if not more:
            break
        path = more[1]
    assert len(seen) == len(set(seen)) == 60


def test_the_list_is_given_out_as_a_harmless_table(
    served: Served, marketer: Colleague, address: str
) -> None:
    formula = '=HYPERLINK("https://evil.example","x")'
    person = served.seat_of(address, first_name=formula, last_name="Özge")
    answer = marketer.press("/studio/people/export", q=address)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert row["email"] == address
    assert row["first_name"] == f"'{formula}"
    assert (row["last_name"], row["wants_letters"]) == ("Özge", "yes")
    assert row["date"] and row["sequence"]
    everybody = marketer.press("/studio/people/export").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(everybody)))
    known = served.ask("select count(*) from subscribers where email <> ''")[0]
    assert len(rows) == len({each["email"] for each in rows}) == known
    of_kind = marketer.press("/studio/people/export", show=f"session:{served.dates()[0]}")
    assert address in of_kind.text
    assert served.ask(
        "select count(*) from audit where action = 'people exported' and by = :by",
        by=marketer.email,
    ) == (3,)
    assert person.id


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\uff1d1"])
def test_no_cell_begins_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless(f"x{cell}") == f"x{cell}"


def test_an_address_comes_on_the_list_and_off_it(
    served: Served, marketer: Colleague, address: str
) -> None:
    answer = marketer.press(DO_NOT, address=f" {address.upper()} ", why="asked on the phone")
    assert answer.headers["location"] == f"{DO_NOT}?done=added"
    assert (
        "already"
        in marketer.get(marketer.press(DO_NOT, address=address, why="x").headers["location"]).text
    )
    page = marketer.get(DO_NOT, params={"q": address[:6]}).text
    assert address in page and f"{marketer.email}: asked on the phone" in page
    assert marketer.press(f"{DO_NOT}/off", address=address).status_code == 303
    assert address not in marketer.get(DO_NOT).text
    assert marketer.press(f"{DO_NOT}/off", address=address).status_code == 404
    for fields in ({"address": "nonsense", "why": "x"}, {"address": address, "why": ""}):
        answer = marketer.press(DO_NOT, **fields)
        assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text


def test_who_left_stays_on_it_and_it_is_said_why(
    served: Served, marketer: Colleague, address: str
) -> None:
    left = served.seat_of(address)
    marketer.press(f"/studio/people/{left.id}/stop", what="everything")
    page = marketer.get(DO_NOT, params={"q": address}).text
    assert "they left everything" in page and f"/studio/people/{left.id}" in page
    assert f'value="{address}"' not in page.partition("<table")[2].partition("</table>")[0]
    answer = marketer.press(f"{DO_NOT}/off", address=address)
    assert answer.status_code == 422
    assert "only a new signup of their own takes that back" in html.unescape(answer.text)
