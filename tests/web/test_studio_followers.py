"""The studio's people: found, looked at, and asked why they got an email or did not."""

import html
import re
from uuid import UUID, uuid4

import pytest

from funnel.domain.access import Role
from tests.web.colleagues import Colleague, hire
from tests.web.served import Served

# Of nobody; the same in each process, for it stands in names of tests.
SOMEBODYS_ID = UUID("2c9f2a2e-7d0e-4b4c-9d5e-8d8f3f0a5b11")


@pytest.fixture(scope="module")
def viewer(served: Served) -> Colleague:
    return hire(served, Role.VIEWER)


def read(colleague: Colleague, path: str) -> str:
    answer = colleague.get(path)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def test_a_person_is_found_with_what_comes_next(
    served: Served, viewer: Colleague, address: str
) -> None:
    person = served.seat_of(address, first_name="Zdenka", last_name="Quist")
    served.work()
    for asked in ("zdenka q", "QUI", address[:8]):
        page = viewer.get("/studio/people", params={"q": asked}).text
        row = re.search(
            rf'<th scope="row"><a href="/studio/people/{person.id}">.*?</tr>', page, re.DOTALL
        )
        assert row, asked
        assert "Zdenka Quist" in row[0] and address in row[0]
        assert "Berlin" in row[0] and "<time" in row[0]


def test_the_newest_come_first_and_a_list_has_an_end(served: Served, viewer: Colleague) -> None:
    served.execute(
        "insert into subscribers (id, email, email_key, first_name) select gen_random_uuid(), "
        "'xq' || n || '@example.org', 'xq' || n || '@example.org', 'Xq' "
        "from generate_series(1, 60) n"
    )
    seen, path = [], "/studio/people?q=xq"
    for _ in range(3):
        page = read(viewer, path)
        seen += re.findall(r"xq\d+@example\.org", page)
        more = re.search(r'href="([^"]+)" rel="next"', page)
        path = more[1] if more else ""
    assert len(seen) == len(set(seen)) == 60
    assert path == ""
    assert "Back to the first page" in page
    newest = read(viewer, "/studio/people")
    assert "xq" in newest
    following = re.search(r'href="([^"]+)" rel="next"', newest)
    assert following
    assert not set(re.findall(r"xq\d+@", newest)) & set(
        re.findall(r"xq\d+@", read(viewer, following[1]))
    )


@pytest.mark.parametrize(
    "query",
    [
        "q=%00%E2%80%AE",
        "way=9&key=x&id=nonsense",
        f"q=xq&way=0&key=%00&id={SOMEBODYS_ID}",
        f"way=0&key=yesterday&id={SOMEBODYS_ID}",
        f"way=0&key=2031-01-01&id={SOMEBODYS_ID}",
        f"q=xq&way=%C2%B2&key=x&id={SOMEBODYS_ID}",
        f"q=%00&way=0&key=x&id={SOMEBODYS_ID}",
        "q=" + "x" * 3000,
    ],
)
def test_an_address_that_was_cut_or_made_up_still_shows_a_page(
    viewer: Colleague, query: str
) -> None:
    assert viewer.get(f"/studio/people?{query}").status_code == 200


def test_empty_pages_say_what_to_do(viewer: Colleague) -> None:
    assert "Type two characters or more." in read(viewer, "/studio/people?q=x")
    gone = viewer.get("/studio/people", params={"q": "gone+x@example.org"}).text
    assert 'href="/studio/people/do-not-email?q=gone%2Bx%40example.org"' in gone
    assert 'href="/studio/people/import?q=gone%2Bx%40example.org"' in gone
    part = viewer.get("/studio/people/import", params={"q": "gone"})
    assert part.status_code == 200 and "Type the whole address" in part.text
    nobody = viewer.get("/studio/people", params={"q": "<b>nobody"}).text
    assert "Nobody begins with “&lt;b&gt;nobody”." in nobody


def test_a_person_has_past_and_future_each_with_its_why(
    served: Served, viewer: Colleague, address: str
) -> None:
    person = served.seat_of(address, first_name="<i>Ana", last_name="O'Neill")
    served.work()
    answer = viewer.get(f"/studio/people/{person.id}")
    assert "<i>Ana" not in answer.text
    page = html.unescape(answer.text)
    assert "<i>Ana O'Neill" in page
    assert "Next" in page and "now<i>" in page
    assert page.index("is-past") < page.index("cal-now") < page.index("is-coming")
    assert "“landing”" in page and "confirmed" in page and "wanted" in page
    reasons = re.findall(r'"cal-why">(.*?)</span> <a', page)
    assert len(reasons) > 5
    assert not [each for each in reasons if re.search(r"\byour?\b", each)]
    steps = re.findall(rf"/studio/people/{person.id}/why/([\w-]+)", page)
    assert len(steps) > 5
    for step in (steps[0], steps[-1]):
        why = read(viewer, f"/studio/people/{person.id}/why/{step}")
        assert "Consent" in why and "Do-not-email list" in why and address in why
        # Ids and the words of those who run the service are a press away, not in the way.
        seen, hidden = re.subn(r"<summary>.*?</details>", "", why, flags=re.DOTALL)
        assert hidden and not re.search(r"(?i)throttle|lane\b|window|provider|version", seen)
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", seen.replace(str(person.id), ""))


def test_who_left_and_who_paused_is_said_so(
    served: Served, viewer: Colleague, address: str
) -> None:
    person = served.seat_of(address)
    served.execute(
        "update subscribers set letters_paused_until = plan_now() + interval '9 days' "
        "where id = :id",
        id=person.id,
    )
    assert "Letters paused" in read(viewer, f"/studio/people/{person.id}")
    served.post(f"/u/{person.stop_letters}", data={"what": "everything"})
    served.execute(
        "insert into suppressions (email_key, reason, source) "
        "values (:key, 'complained', 'resend') on conflict do nothing",
        key=address,
    )
    page = read(viewer, f"/studio/people/{person.id}")
    assert "On the do-not-email list" in page


def test_who_has_not_confirmed_has_no_calendar_and_says_why(
    served: Served, viewer: Colleague, address: str
) -> None:
    served.sign_up(address)
    person = served.person(address)
    page = read(viewer, f"/studio/people/{person.id}")
    assert "have not confirmed" in page and "not confirmed yet" in page
    assert "has not confirmed yet" in viewer.get("/studio/people", params={"q": address}).text
    why = read(viewer, f"/studio/people/{person.id}/why/your-seat")
    assert "they have not confirmed their signup" in why
    served.work()
    page = read(viewer, f"/studio/people/{person.id}")
    assert f"/studio/people/{person.id}/why/confirm" in page
    assert "it asks if it is them" in read(viewer, f"/studio/people/{person.id}/why/confirm")
    asked = read(hire(served, Role.MARKETER), f"/studio/people/{person.id}")
    assert "nobody here can put them into a sequence" in asked
    assert "Put them into a sequence" not in asked


def test_what_else_is_known_is_shown_by_its_name(
    served: Served, viewer: Colleague, address: str
) -> None:
    person = served.seat_of(address)
    served.execute(
        "update subscribers set fields = cast(:fields as jsonb) where id = :id",
        fields='{"company": "<b>Xylander & Co", "seats": 3}',
        id=person.id,
    )
    page = read(viewer, f"/studio/people/{person.id}")
    assert re.search(r"<dt>company</dt>\s*<dd>&lt;b&gt;Xylander &amp; Co", page) or (
        "<dt>company</dt>" in page and "Xylander & Co" in page
    )
    assert "<dt>seats</dt>" in page


def test_of_two_runs_one_is_picked(served: Served, viewer: Colleague, address: str) -> None:
    person = served.seat_of(address)
    old = person.run_id
    served.execute(
        "insert into enrollments (id, subscriber_id, sequence_id, version_id, run, lane, state, "
        "enrolled_at, ended_at) select gen_random_uuid(), subscriber_id, sequence_id, version_id, "
        "run + 1, lane, 'completed', enrolled_at + interval '1 s', plan_now() "
        "from enrollments where id = :id",
        id=old,
    )
    together = read(viewer, f"/studio/people/{person.id}")
    assert "Next: " in together and "; in the time before, “" in together
    assert f"?run={old}" in together
    new = served.ask(
        "select id from enrollments where subscriber_id = :id and run = 2", id=person.id
    )
    newest = read(viewer, f"/studio/people/{person.id}?run={new[0]}")
    assert "Nothing more is to come" in newest
    assert "Next: " in read(viewer, f"/studio/people/{person.id}?run={old}")
    assert viewer.get(f"/studio/people/{person.id}?run={SOMEBODYS_ID}").status_code == 404
    assert viewer.get(f"/studio/people/{person.id}?run=x").status_code == 404


def test_who_or_what_is_unknown_is_404_in_the_studios_look(
    served: Served, viewer: Colleague, address: str
) -> None:
    person = served.seat_of(address)
    for path in (str(uuid4()), "nonsense", f"{SOMEBODYS_ID}/why/first", f"{person.id}/why/nothing"):
        answer = viewer.get(f"/studio/people/{path}")
        assert answer.status_code == 404
        assert "There is no such page" in answer.text
    served.execute(
        "update subscribers set email = '', email_key = 'forgotten' where id = :id", id=person.id
    )
    assert viewer.get(f"/studio/people/{person.id}").status_code == 404
