"""The built-in inbox and the demo's bar."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fixtures.servers import Databases
from tests.web.served import Served, serving


def mail_of(served: Served, address: str) -> str:
    served.sign_up(address)
    return served.mails_to(address)[0].id


def test_an_empty_inbox_says_what_to_do(own_served: Served) -> None:
    page = own_served.get("/inbox").text
    assert "No email yet" in page and 'href="/"' in page


def test_the_list_names_sender_subject_and_reader(served: Served, address: str) -> None:
    mail_id = mail_of(served, address)
    page = served.get("/inbox").text
    row = page[page.index(f'data-mail="{mail_id}"') :][:900]
    assert "Mira Muster" in row and "to confirm" in row and address in row


def test_times_are_in_the_browsers_zone_once_its_script_has_said_so(
    served: Served, address: str
) -> None:
    mail_id = mail_of(served, address)
    assert "UTC" in served.get(f"/inbox/{mail_id}").text
    cookie = {"cookie": "demo_zone=Pacific%2FAuckland"}
    assert "in Auckland" in served.get(f"/inbox/{mail_id}", headers=cookie).text
    rubbish = {"cookie": "demo_zone=..%2F..%2Fetc"}
    assert "UTC" in served.get(f"/inbox/{mail_id}", headers=rubbish).text


def test_the_mail_itself_runs_nothing_and_reaches_nobody(served: Served, address: str) -> None:
    mail_id = mail_of(served, address)
    answer = served.get(f"/inbox/{mail_id}/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'self'" in policy
    assert "script-src" not in policy and "allow-scripts" not in policy
    assert "sandbox allow-same-origin allow-popups" in policy
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert '<base target="_blank">' in answer.text
    frame = re.search(r"<iframe[^>]*>", served.get(f"/inbox/{mail_id}").text)
    assert frame and "allow-scripts" not in frame.group()


@pytest.mark.parametrize("look", ["own", "dark", "light"])
def test_a_mail_is_shown_light_or_dark_whatever_the_browser_prefers(
    served: Served, address: str, look: str
) -> None:
    html = served.get(f"/inbox/{mail_of(served, address)}/html?look={look}").text
    assert ("prefers-color-scheme" in html) == (look == "own")
    assert (f"color-scheme: only {look}" in html) == (look != "own")


def test_text_headers_and_the_raw_message_are_shown(served: Served, address: str) -> None:
    mail_id = mail_of(served, address)
    assert "/c/" in served.get(f"/inbox/{mail_id}?show=text").text
    headers = served.get(f"/inbox/{mail_id}?show=headers").text
    assert "Message-ID" in headers and "Feedback-ID" in headers
    assert "MIME-Version: 1.0" in served.get(f"/inbox/{mail_id}?show=raw").text
    raw = served.get(f"/inbox/{mail_id}/raw")
    assert raw.headers["content-type"] == "message/rfc822"
    assert raw.headers["content-disposition"].startswith("attachment")
    assert raw.content == served.deps.mailbox.parts(mail_id).raw


def test_an_attachment_is_saved_and_never_shown(served: Served, address: str) -> None:
    served.seat_of(address)
    mail_id = served.mails_to(address)[0].id
    assert f"/inbox/{mail_id}/files/0" in served.get(f"/inbox/{mail_id}").text
    answer = served.get(f"/inbox/{mail_id}/files/0")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.content.startswith(b"BEGIN:VCALENDAR")
    assert served.get(f"/inbox/{mail_id}/files/1").status_code == 404
    assert served.get(f"/inbox/{mail_id}/files/-1").status_code == 404


@pytest.mark.parametrize("mail_id", ["nothing", "..%2F..%2Fetc%2Fpasswd", "%00", "." * 60])
@pytest.mark.parametrize("part", ["", "/html", "/raw", "/files/0"])
def test_what_is_no_mail_is_no_page(served: Served, mail_id: str, part: str) -> None:
    assert served.get(f"/inbox/{mail_id}{part}").status_code == 404


def test_the_state_changes_with_every_mail(served: Served, address: str) -> None:
    before = served.get("/demo/state").json()["marker"]
    mail_of(served, address)
    after = served.get("/demo/state").json()
    assert after["marker"] != before
    assert after["clock"] and after["where"] == "UTC" and after["goal"] == "none"
    german = served.get("/demo/state?language=de").json()
    assert german["coming"].startswith("Dann: ") or "E-Mail" in german["coming"]
    assert served.get("/demo/state?language=xx").json()["coming"] == after["coming"]


def test_time_stands_still_and_goes_on(own_served: Served) -> None:
    answer = own_served.post("/demo/pause", headers={"accept": "application/json"})
    assert answer.json()["is_frozen"]
    assert "Paused" in own_served.get("/inbox").text
    answer = own_served.post("/demo/resume", headers={"accept": "application/json"})
    assert not answer.json()["is_frozen"]


@pytest.mark.parametrize(("button", "goal"), [("next", "next"), ("all", "all"), ("go-on", "all")])
def test_a_button_names_the_goal(own_served: Served, button: str, goal: str) -> None:
    own_served.seat_of("ana@example.org")
    answer = own_served.post(f"/demo/{button}", headers={"accept": "application/json"})
    assert answer.json()["goal"] == goal


def test_a_waiting_demo_says_what_for(own_served: Served) -> None:
    own_served.sign_up("ana@example.org")
    own_served.mails_to("ana@example.org")
    own_served.post("/demo/all")
    state = own_served.get("/demo/state").json()
    assert "confirmation email" in state["waiting"] and state["remedy"] == "inbox"
    person = own_served.person("ana@example.org")
    own_served.post(f"/c/{person.confirm}")
    ends_at = own_served.ask("select min(ends_at) from sessions")[0]
    own_served.travel_to(ends_at + timedelta(seconds=1))
    for _ in range(3):
        own_served.work()
    state = own_served.get("/demo/state").json()
    assert "say whether you came" in state["waiting"] and state["remedy"] == "go-on"


def test_no_seat_no_session_to_go_to(own_served: Served) -> None:
    answer = own_served.post("/demo/session", headers={"accept": "application/json"})
    assert answer.status_code == 409
    assert "nobody holds a seat" in answer.json()["detail"]
    answer = own_served.post("/demo/session?language=de", headers={"accept": "application/json"})
    assert answer.json()["detail"].startswith("niemand hat einen Platz")
    assert "disabled" in own_served.get("/inbox").text


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("{url}/inbox?show=raw", "/inbox?show=raw"),
        ("{url}/", "/"),
        ("https://evil.example/inbox", "/inbox"),
        ("{url}//evil.example/x", "/inbox"),
        ("", "/inbox"),
    ],
)
def test_without_a_script_a_button_leads_back_to_its_own_page(
    served: Served, referer: str, back: str
) -> None:
    headers = {"referer": referer.format(url=served.url)}
    answer = served.post("/demo/resume", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, back)


def test_a_button_that_does_not_exist_is_no_page(served: Served) -> None:
    assert served.post("/demo/explode").status_code == 404


def test_outside_the_demo_nothing_of_it_exists(
    postgres_server: Databases, loaded_database: str, tmp_path: Path
) -> None:
    with (
        postgres_server.temporary(template=loaded_database) as url,
        serving(url, tmp_path, is_demo=False) as site,
    ):
        landing = site.get("/")
        assert landing.status_code == 200
        assert "demobar" not in landing.text and "/inbox" not in landing.text
        for path in ("/inbox", "/demo/state", "/demo/room", "/demo/replay"):
            assert site.get(path).status_code == 404
        assert site.post("/demo/next").status_code == 404
        person = site.seat_of("ana@example.org")
        assert "/inbox" not in site.get(f"/c/{person.confirm}").text
        _, ends_at = site.ask("select starts_at, ends_at from sessions order by starts_at limit 1")
        site.travel_to(ends_at + timedelta(minutes=1))
        assert "I attended" not in site.get(f"/j/{person.join}").text
        assert site.post(f"/j/{person.join}", data={"word": "attended"}).status_code == 405


def test_an_email_that_left_late_shows_when_it_left(own_served: Served) -> None:
    own_served.sign_up("ana@example.org")
    planned = own_served.ask("select due_at from messages")[0]
    left = planned + timedelta(hours=3, minutes=1)
    own_served.execute("update clock set frozen_at = :left", left=left)
    (mail,) = own_served.mails_to("ana@example.org")
    assert (mail.left_at, mail.planned_at) == (left, planned)
    page = own_served.get("/inbox").text
    assert f'<span class="at">{left:%H:%M}</span>' in page
    assert f"{left:%H:%M} UTC</dd>" in page


def test_while_time_stands_still_the_newest_email_is_on_top(own_served: Served) -> None:
    own_served.execute("update clock set frozen_at = plan_now()")
    for name in ("ana", "ben", "cleo", "dora", "emil"):
        own_served.sign_up(f"{name}@example.org")
        (mail,) = own_served.mails_to(f"{name}@example.org")
        page = own_served.get("/inbox").text
        assert re.findall(r'<li data-mail="([^"]+)"', page)[0] == mail.id
        assert f'<article class="mail" aria-label="Email" data-mail="{mail.id}"' in page
