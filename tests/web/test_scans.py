"""A machine that opens every link of an email, and a person who opens some, at the real pages."""

import re
from datetime import timedelta

import pytest

from funnel.services.judge_evidence import judge_evidence
from tests.web.served import Person, Served

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0.0.0 Safari/537.36"


def links_of(served: Served, subject: str) -> list[str]:
    """Return the links of our own in somebody's email, each once."""
    mail = next(each for each in served.mails_to("ana@example.org") if subject in each.subject)
    page = served.get(f"/inbox/{mail.id}/html").text
    found = re.findall(rf'href="({re.escape(served.url)}/[a-z]+/[^"#]*)', page)
    return list(dict.fromkeys(found))


def fetch(served: Served, link: str, method: str = "GET") -> None:
    answer = served.session.request(
        method, link, headers={"user-agent": CHROME}, allow_redirects=False, timeout=15
    )
    assert answer.status_code in {200, 302}, link


def after_the_session(served: Served) -> Person:
    """Let Ana attend, and the email that thanks her leave."""
    person = served.seat_of("ana@example.org")
    ends_at = served.ask("select ends_at from sessions order by starts_at limit 1")[0]
    served.travel_to(ends_at + timedelta(minutes=1))
    served.post(f"/j/{person.join}", data={"word": "attended"})
    served.travel_to(ends_at + timedelta(hours=2, minutes=1))
    return person


def settle(served: Served, after: timedelta = timedelta(seconds=11)) -> None:
    served.travel_to(served.now() + after)
    judge_evidence(served.deps.transactions)


def facts(served: Served, kind: str) -> int:
    found = served.ask(
        "select count(*) from facts where kind = :kind and source in ('link', 'join link')",
        kind=kind,
    )
    return int(found[0])


def test_who_opens_every_link_of_a_letter_is_a_machine_and_who_opens_one_later_is_not(
    own_served: Served,
) -> None:
    after_the_session(own_served)
    links = links_of(own_served, "thank you for coming")
    assert sum("/l/" in each for each in links) == 1, "a letter holds one counted link"
    assert len(links) >= 3, links
    own_served.travel_to(own_served.now() + timedelta(hours=1))
    for link in links:
        fetch(own_served, link)
    settle(own_served)
    verdict = own_served.ask("select is_human, reasons[1] from evidence where link_id is not null")
    assert verdict[0] is False and "different links within" in verdict[1]
    assert facts(own_served, "clicked") == 0
    own_served.travel_to(own_served.now() + timedelta(hours=1))
    fetch(own_served, next(each for each in links if "/l/" in each))
    settle(own_served)
    assert facts(own_served, "clicked") == 1


@pytest.mark.parametrize("is_scan", [True, False])
def test_a_join_link_opened_among_all_the_others_is_no_attendance(
    own_served: Served,
    is_scan: bool,  # noqa: FBT001  (a column of the table above)
) -> None:
    person = own_served.seat_of("ana@example.org")
    own_served.execute("update sessions set clicks_count = true")
    starts_at = own_served.ask("select starts_at from sessions order by starts_at limit 1")[0]
    own_served.travel_to(starts_at + timedelta(minutes=5))
    fetch(own_served, f"{own_served.url}/j/{person.join}")
    if not is_scan:
        # As a person does: into the room, then the date into the calendar.
        own_served.travel_to(own_served.now() + timedelta(seconds=20))
    for path in (f"cal/{person.calendar}.ics", f"u/{person.stop_seat}", f"p/{person.preferences}"):
        fetch(own_served, f"{own_served.url}/{path}")
    settle(own_served)
    assert facts(own_served, "attended") == (0 if is_scan else 1)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_link_that_an_email_holds_leaves_evidence(
    served: Served, address: str, method: str
) -> None:
    person = served.seat_of(address)
    served.execute("delete from evidence where subscriber_id = :person", person=person.id)
    pages = {
        f"c/{person.confirm}": "confirmation page fetched",
        f"j/{person.join}": "join link opened",
        f"cal/{person.calendar}.ics": "calendar file fetched",
        f"r/{person.replay}": "replay page fetched",
        f"p/{person.preferences}": "preferences page fetched",
        f"u/{person.stop_letters}": "page to stop the letters fetched",
        f"u/{person.stop_seat}": "page to stop the seat's emails fetched",
    }
    for path in pages:
        fetch(served, f"{served.url}/{path}", method)
    with served.deps.transactions.begin() as tx:
        seen = tx.connection.exec_driver_sql(
            "select kind, method, user_agent from evidence where subscriber_id = %s order by id",
            (person.id,),
        )
        assert [tuple(row) for row in seen] == [(kind, method, CHROME) for kind in pages.values()]


def test_pressing_a_button_is_no_opening(served: Served, address: str) -> None:
    person = served.seat_of(address)
    served.execute("delete from evidence where subscriber_id = :person", person=person.id)
    served.post(f"/u/{person.stop_letters}", data={"List-Unsubscribe": "One-Click"})
    served.post(f"/u/{person.stop_letters}", data={"end": "topic"})
    served.post(f"/p/{person.preferences}", data={"do": "resume-letters"})
    assert (
        served.ask("select count(*) from evidence where subscriber_id = :id", id=person.id)[0] == 0
    )
