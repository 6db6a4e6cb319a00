"""Counted links as a visitor, a scanner and a forger meet them."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from funnel.domain.signing import LinkPurpose, LinkTokens
from funnel.services.judge_evidence import judge_evidence
from tests.web.served import Person, Served

BOOKING = "https://example.org/talk"


def link_id(served: Served, name: str = "booking") -> int:
    found = served.ask("select id from links where name = :name order by id", name=name)
    return int(found[0])


def token_of(served: Served, person: Person, name: str = "booking") -> str:
    assert person.run_id is not None
    made = served.deps.tokens.make_counted(LinkPurpose.CLICK, link_id(served, name), person.run_id)
    return str(made)


def seen(served: Served, person: Person) -> list[tuple[str, str, str | None]]:
    with served.deps.transactions.begin() as tx:
        rows = tx.connection.exec_driver_sql(
            "select kind, method, user_agent from evidence where enrollment_id = %s order by id",
            (person.run_id,),
        )
        return [tuple(row) for row in rows]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_leads_on_and_says_nothing_of_itself(
    served: Served, address: str, method: str
) -> None:
    person = served.seat_of(address)
    answer = served.session.request(
        method,
        f"{served.url}/l/{token_of(served, person)}",
        headers={"user-agent": "A Browser/1.0"},
        allow_redirects=False,
        timeout=15,
    )
    assert answer.status_code == 302
    assert answer.headers["location"] == BOOKING
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    assert answer.content == b""
    assert seen(served, person) == [("link opened", method, "A Browser/1.0")]


def test_a_query_leads_nowhere_else(served: Served, address: str) -> None:
    token = token_of(served, served.seat_of(address))
    answer = served.get(f"/l/{token}?url=https://evil.example.org&to=//evil.example.org")
    assert answer.headers["location"] == BOOKING


def test_what_is_forged_unknown_or_for_another_page_is_no_page_and_no_redirect(
    served: Served, address: str
) -> None:
    person = served.seat_of(address)
    assert person.run_id is not None
    good = token_of(served, person)
    tokens = served.deps.tokens
    other_key = LinkTokens([b"another key of thirty-two letters"])
    forged = (
        "A" * 44,
        "x",
        good[:-1],
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good + "A",
        person.join,
        other_key.make_counted(LinkPurpose.CLICK, link_id(served), person.run_id),
        tokens.make_counted(LinkPurpose.OPEN, link_id(served), person.run_id),
        tokens.make_counted(LinkPurpose.CLICK, 2**40, person.run_id),
        "..%2f..%2fetc",
    )
    for token in forged:
        answer = served.get(f"/l/{token}")
        assert answer.status_code == 404, token
        assert "location" not in answer.headers
    for page in ("j", "p", "u", "r", "c"):
        assert served.get(f"/{page}/{good}").status_code == 404
    assert served.post(f"/l/{good}").status_code == 405
    assert seen(served, person) == []


def test_a_page_taken_down_since_is_said_kindly(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    token = token_of(own_served, person)
    own_served.execute("update brands set booking_url = ''")
    answer = own_served.get(f"/l/{token}")
    assert answer.status_code == 410 and "location" not in answer.headers
    assert "This page is not there any more" in answer.text
    assert "Reply to the email, and Mira will tell you" in answer.text
    own_served.execute("update brands set booking_url = 'https://example.org/new-page'")
    assert own_served.get(f"/l/{token}").headers["location"] == "https://example.org/new-page"


@pytest.mark.parametrize(
    "address_", ["javascript:alert(1)", "data:text/html,x", "//evil.example.org", "ftp://a.b/c"]
)
def test_only_web_addresses_are_led_to(own_served: Served, address_: str) -> None:
    person = own_served.seat_of("ana@example.org")
    token = token_of(own_served, person)
    own_served.execute("update brands set booking_url = :address", address=address_)
    answer = own_served.get(f"/l/{token}")
    assert answer.status_code == 410 and "location" not in answer.headers


def test_who_has_left_and_who_is_forgotten_still_gets_there(served: Served, address: str) -> None:
    person = served.seat_of(address)
    token = token_of(served, person)
    served.post(f"/u/{person.stop_letters}")
    served.post(f"/u/{person.stop_seat}")
    assert served.get(f"/l/{token}").headers["location"] == BOOKING
    nobody = Person(tokens=served.deps.tokens, id=uuid4(), signup_id=uuid4(), run_id=uuid4())
    answer = served.get(f"/l/{token_of(served, nobody)}")
    assert answer.headers["location"] == BOOKING
    assert seen(served, nobody) == []


def test_an_email_of_the_inbox_leads_on_and_the_click_becomes_a_fact(own_served: Served) -> None:
    person = own_served.seat_of("ana@example.org")
    ends_at = own_served.ask("select ends_at from sessions order by starts_at limit 1")[0]
    own_served.travel_to(ends_at + timedelta(minutes=1))
    own_served.post(f"/j/{person.join}", data={"word": "attended"})
    own_served.travel_to(ends_at + timedelta(hours=2, minutes=1))
    mail = next(
        each
        for each in own_served.mails_to("ana@example.org")
        if "thank you for coming" in each.subject
    )
    page = own_served.get(f"/inbox/{mail.id}/html").text
    text = own_served.deps.mailbox.parts(mail.id).text
    (address,) = set(re.findall(r'href="([^"]*/l/[^"]*)"', page))
    assert address in text and "example.org/notes" not in page + text
    own_served.travel_to(own_served.now() + timedelta(minutes=5))
    answer = own_served.get(address, headers={"user-agent": "Mozilla/5.0 Chrome/142.0"})
    assert answer.headers["location"] == "https://example.org/notes"
    own_served.travel_to(own_served.now() + timedelta(seconds=10))
    judge_evidence(own_served.deps.transactions)
    fact = own_served.ask("select name, step_key, enrollment_id from facts where kind = 'clicked'")
    assert tuple(fact) == ("notes", "thank-you", person.run_id)


def test_the_picture_of_an_opening_is_kept_by_nobody_and_seen_as_evidence(
    served: Served, address: str
) -> None:
    person = served.seat_of(address)
    assert person.run_id is not None
    served.execute(
        "insert into links (template_key, name, target) values "
        "('disruption-masterclass/bias', '', 'picture') on conflict do nothing"
    )
    number = served.ask("select id from links where target = 'picture'")[0]
    token = served.deps.tokens.make_counted(LinkPurpose.OPEN, number, person.run_id)
    answer = served.get(f"/o/{token}.gif")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/gif"
    assert answer.content.startswith(b"GIF89a") and len(answer.content) < 60
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert [each[0] for each in seen(served, person)] == ["email opened"]
    assert served.get(f"/o/{token}").status_code == 404
    assert served.get(f"/o/{'A' * 44}.gif").status_code == 404
    click = served.deps.tokens.make_counted(LinkPurpose.OPEN, link_id(served), person.run_id)
    assert served.get(f"/o/{click}.gif").status_code == 404
    as_link = served.deps.tokens.make_counted(LinkPurpose.CLICK, number, person.run_id)
    assert served.get(f"/l/{as_link}").status_code == 404
