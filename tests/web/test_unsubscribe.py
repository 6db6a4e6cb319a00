"""The page behind "Unsubscribe", and the one click of mail services."""

from pathlib import Path
from uuid import uuid4

import pytest

from funnel.domain.signing import LinkPurpose
from tests.fixtures.servers import Databases
from tests.web.served import Person, Served, serving

FORM = "application/x-www-form-urlencoded"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def state(served: Served, person: Person) -> tuple[bool, bool, str]:
    found = served.ask(
        "select p.wants_letters, p.wants_seat_emails, e.state from subscribers p "
        "join enrollments e on e.subscriber_id = p.id where p.id = :id",
        id=person.id,
    )
    return bool(found[0]), bool(found[1]), str(found[2])


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing(served: Served, address: str, method: str) -> None:
    person = served.seat_of(address)
    served._ask(method, f"/u/{person.stop_letters}")
    assert state(served, person) == (True, True, "active")


def test_the_page_has_two_buttons_the_emails_own_topic_first(served: Served, address: str) -> None:
    person = served.seat_of(address)
    letters = served.get(f"/u/{person.stop_letters}").text
    assert letters.index("Stop the letters</button>") < letters.index("Stop everything</button>")
    seat = served.get(f"/u/{person.stop_seat}").text
    assert seat.index("Stop these emails</button>") < seat.index("Stop everything</button>")


@pytest.mark.parametrize(
    "body",
    [
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {"data": b""},
        {"data": b"rubbish", "headers": {"content-type": "text/plain"}},
        {"data": b"a=%00&\xff\xfe", "headers": {"content-type": FORM}},
        {"data": b"--x\r\nbroken", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"data": b"--x", "headers": {"content-type": "multipart/form-data"}},
        {
            "data": b"--x\r\n" + b'content-disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--',
            "headers": {"content-type": "multipart/form-data; boundary=x; charset=utf-8"},
        },
        {
            "data": b"--x\r\n" + b'content-disposition: form-data; name="a"\r\n\r\nb\r\n--x--',
            "headers": {"content-type": "multipart/form-data; boundary=x; charset=nonsense"},
        },
        {"data": ONE_CLICK, "headers": {"origin": "https://mail.example.com"}},
        {"data": ONE_CLICK, "headers": {"sec-fetch-site": "cross-site", "accept": "*/*"}},
    ],
)
def test_one_click_ends_the_emails_topic_each_time_alike(
    served: Served, address: str, body: dict[str, object]
) -> None:
    person = served.seat_of(address)
    for _ in range(3):
        answer = served.post(f"/u/{person.stop_letters}", **body)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert state(served, person) == (False, True, "active")
    assert served.ask(
        "select count(*) from consents where subscriber_id = :id and source = 'one-click'",
        id=person.id,
    ) == (1,)


def test_one_click_in_a_service_email_keeps_the_seat(served: Served, address: str) -> None:
    person = served.seat_of(address)
    assert served.post(f"/u/{person.stop_seat}", data=ONE_CLICK).status_code == 200
    assert state(served, person) == (True, False, "active")
    assert served.ask("select session_id from enrollments where id = :id", id=person.run_id)[0]


def test_a_setting_makes_one_click_mean_everything(
    postgres_server: Databases, loaded_database: str, tmp_path: Path
) -> None:
    with (
        postgres_server.temporary(template=loaded_database) as url,
        serving(url, tmp_path, one_click_ends_everything=True) as site,
    ):
        person = site.seat_of("ana@example.org")
        assert site.post(f"/u/{person.stop_letters}", data=ONE_CLICK).status_code == 200
        assert state(site, person) == (False, False, "left")


@pytest.mark.parametrize(
    ("button", "expected", "words"),
    [
        ("topic", (False, True, "active"), "No letter will come any more"),
        ("everything", (False, False, "left"), "You will get nothing more from us"),
    ],
)
def test_the_buttons_do_what_they_say(
    served: Served,
    address: str,
    button: str,
    expected: tuple[bool, bool, str],
    words: str,
) -> None:
    person = served.seat_of(address)
    answer = served.post(f"/u/{person.stop_letters}", data={"end": button})
    assert answer.status_code == 200
    assert words in answer.text
    assert state(served, person) == expected


def test_who_has_left_is_told_so(served: Served, address: str) -> None:
    person = served.seat_of(address)
    served.post(f"/u/{person.stop_letters}", data={"end": "everything"})
    page = served.get(f"/u/{person.stop_letters}").text
    assert "You will get nothing more from us" in page
    assert "<button" not in page.split("<main")[1]
    assert served.post(f"/u/{person.stop_letters}", data=ONE_CLICK).status_code == 200


def test_a_forgotten_person_is_answered_like_any_other(served: Served) -> None:
    token = served.deps.tokens.make(LinkPurpose.UNSUBSCRIBE_LETTERS, uuid4())
    assert served.post(f"/u/{token}", data=ONE_CLICK).status_code == 200
    assert served.get(f"/u/{token}").status_code == 200


def test_a_forged_link_is_no_page(served: Served, address: str) -> None:
    person = served.seat_of(address)
    for token in ("A" * 36, person.preferences, person.stop_letters + "x", person.stop_letters[1:]):
        assert served.get(f"/u/{token}").status_code == 404
        assert served.post(f"/u/{token}", data=ONE_CLICK).status_code == 404
    assert state(served, person) == (True, True, "active")
