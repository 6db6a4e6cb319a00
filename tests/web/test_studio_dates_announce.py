"""An announcement written in the studio: seen before it leaves, sent once, stopped."""

import html
import re

import pytest
import requests

from funnel.domain.access import Role
from tests.web.colleagues import Colleague, hire
from tests.web.served import Served

WORDS = {"subject": "We start 15 minutes late", "text": "{{ person.first_name }}, wait for us."}


@pytest.fixture
def coach(own_served: Served) -> Colleague:
    for name in ("ana", "ben"):
        own_served.seat_of(f"{name}@example.org", first_name=name.title())
    own_served.work()
    return hire(own_served, Role.MARKETER)


def read(answer: requests.Response, status: int = 200) -> str:
    assert answer.status_code == status, answer.text
    return html.unescape(answer.text)


def of_first_date(served: Served) -> str:
    return f"/studio/dates/{served.dates()[0]}/announce"


def test_it_is_seen_counted_sent_and_listed(own_served: Served, coach: Colleague) -> None:
    path = of_first_date(own_served)
    shown = read(coach.press(path, act="preview", **WORDS))
    assert "As 2 people would get it" in shown and "Send it to 2 people" in shown
    assert "Ana, wait for us." in shown
    assert own_served.ask("select count(*) from announcements")[0] == 0
    frame = coach.press(f"{path}/frame", **WORDS)
    assert frame.status_code == 200 and "Ana, wait for us." in frame.text
    assert "script" not in frame.headers["content-security-policy"].partition("sandbox")[0]
    sent = coach.press(path, act="send", **WORDS)
    assert sent.status_code == 303
    assert [each.subject for each in own_served.mails_to("ben@example.org")].count(
        WORDS["subject"]
    ) == 1
    listed = read(coach.get(path))
    assert WORDS["subject"] in listed and "2 sent" in listed and coach.email in listed


def test_it_is_stopped_before_it_leaves(own_served: Served, coach: Colleague) -> None:
    path = of_first_date(own_served)
    assert coach.press(path, act="send", **WORDS).status_code == 303
    page = read(coach.get(path))
    assert "2 waiting" in page
    found = re.search(rf"{path}/([0-9a-f-]+)/stop", page)
    assert found
    assert coach.press(f"{path}/{found[1]}/stop").status_code == 303
    own_served.work()
    mails = own_served.mails_to("ben@example.org")
    assert WORDS["subject"] not in [each.subject for each in mails]
    assert f"{path}/{found[1]}/stop" not in read(coach.get(path))
    assert coach.press(f"{path}/x/stop").status_code == 404


UNFIT = (
    {"subject": "", "text": "Hello."},
    {"subject": "Late", "text": ""},
    {"subject": "Late", "text": "{{ nothing.such }}"},
    {"subject": "Late", "text": "{% for x in"},
    {"subject": "Late", "text": "{% for a in range(9999999) %}x{% endfor %}"},
)


def test_what_cannot_be_sent_says_why_and_keeps_the_text(
    own_served: Served, coach: Colleague
) -> None:
    for words in UNFIT:
        for act in ("preview", "send"):
            page = read(coach.press(of_first_date(own_served), act=act, **words), status=422)
            assert 'role="alert"' in page
            assert words["text"] in page
    assert own_served.ask("select count(*) from announcements")[0] == 0


def test_without_a_seat_nobody_would_get_it(served: Served) -> None:
    coach = hire(served, Role.MARKETER)
    path = f"/studio/dates/{served.dates()[2]}/announce"
    if served.ask(
        "select count(*) from registrations where session_id = :id", id=served.dates()[2]
    )[0]:
        pytest.skip("somebody of another test took a seat there")
    assert "Nobody would get this" in read(coach.press(path, act="preview", **WORDS), status=422)
