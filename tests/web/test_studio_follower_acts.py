"""What a marketer does to a person: each act is done, written down, and taken back where it can."""

import html
from uuid import uuid4

import pytest

from funnel.domain.access import Role
from tests.web.colleagues import Colleague, hire
from tests.web.served import Person, Served


@pytest.fixture(scope="module")
def marketer(served: Served) -> Colleague:
    return hire(served, Role.MARKETER)


@pytest.fixture
def person(served: Served, address: str) -> Person:
    return served.seat_of(address, letters="yes")


def press(colleague: Colleague, person: Person, act: str, **fields: str) -> str:
    """Press a button of the person's page, and return the page that comes."""
    answer = colleague.press(f"/studio/people/{person.id}/{act}", **fields)
    assert answer.status_code == 303, answer.text
    page = colleague.get(answer.headers["location"])
    assert page.status_code == 200
    return html.unescape(page.text)


def audited(served: Served, person: Person, by: Colleague) -> list[str]:
    row = served.ask(
        "select array_agg(action order by id) from audit where target = :id and by = :by",
        id=str(person.id),
        by=by.email,
    )
    return list(row[0] or ())


def test_letters_are_paused_and_go_on(served: Served, marketer: Colleague, person: Person) -> None:
    page = press(marketer, person, "pause", length="2 weeks")
    assert "The letters are paused." in page and "<dt>Letters paused</dt>" in page
    assert "Pause the letters" not in page
    page = press(marketer, person, "resume")
    assert "The letters go on" in page and "<dt>Letters paused</dt>" not in page
    assert audited(served, person, marketer) == ["letters paused", "letters resumed"]


def test_letters_are_stopped_and_the_seat_stays(
    served: Served, marketer: Colleague, person: Person
) -> None:
    page = press(marketer, person, "stop", what="letters")
    assert "No letter leaves to them any more." in page
    assert "Stop the letters" not in page and "Stop everything" in page
    wants = served.ask(
        "select wants_letters, wants_seat_emails from subscribers where id = :id", id=person.id
    )
    assert tuple(wants) == (False, True)
    word = served.ask(
        "select source, ip, is_given from consents where subscriber_id = :id "
        "and topic = 'letters' order by at desc",
        id=person.id,
    )
    assert tuple(word) == ("studio", None, False)
    assert audited(served, person, marketer) == ["letters stopped"]


def test_everything_is_stopped(
    served: Served, marketer: Colleague, person: Person, address: str
) -> None:
    page = press(marketer, person, "stop", what="everything")
    assert "Nothing is sent to them any more." in page and "They left" in page
    assert "On the do-not-email list" in page and "Stop everything" not in page
    reason = served.ask(
        "select reason, source from suppressions where email_key = :key", key=address
    )
    assert tuple(reason) == ("unsubscribed", "studio")
    assert audited(served, person, marketer) == ["everything stopped"]


def test_what_no_button_says_changes_nothing(
    served: Served, marketer: Colleague, person: Person
) -> None:
    for act, fields in (("pause", {"length": "for ever"}), ("stop", {"what": ""})):
        answer = marketer.press(f"/studio/people/{person.id}/{act}", **fields)
        assert answer.status_code == 422
    for nobody in (str(uuid4()), "nonsense"):
        for act, fields in (("pause", {"length": "a month"}), ("stop", {"what": "everything"})):
            answer = marketer.press(f"/studio/people/{nobody}/{act}", **fields)
            assert answer.status_code == 404
    assert audited(served, person, marketer) == []


def test_a_viewer_sees_no_button(served: Served, person: Person) -> None:
    viewer = hire(served, Role.VIEWER)
    page = viewer.get(f"/studio/people/{person.id}").text
    assert "Stop everything" not in page and "form_token" not in page
