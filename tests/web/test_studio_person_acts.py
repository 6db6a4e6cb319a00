"""More that a marketer does to a person: each act says what it did, and how it is taken back."""

import html
import json
import re

import pytest

from funnel.domain.access import Role
from tests.web.colleagues import Colleague, hire
from tests.web.served import Person, Served
from tests.web.test_studio_follower_acts import audited, press


@pytest.fixture(scope="module")
def marketer(served: Served) -> Colleague:
    return hire(served, Role.MARKETER)


@pytest.fixture
def person(served: Served, address: str) -> Person:
    person = served.seat_of(address, letters="yes")
    served.work()
    return person


def refused(colleague: Colleague, person: Person, act: str, **fields: str) -> str:
    answer = colleague.press(f"/studio/people/{person.id}/{act}", **fields)
    assert answer.status_code == 422, answer.status_code
    return html.unescape(answer.text)


def undo_of(page: str) -> tuple[str, dict[str, str]]:
    """Return where the button "Undo" posts, and what."""
    found = re.search(r'role="status">.*?action="([^"]+)">(.*?)<button[^>]*>Undo', page, re.DOTALL)
    assert found, page
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', found[2]))
    del fields["form_token"]
    return found[1].rpartition(f"{found[1].split('/')[3]}/")[2], fields


def test_a_zone_is_set_and_set_back(served: Served, marketer: Colleague, person: Person) -> None:
    page = press(marketer, person, "zone", zone="America/New_York")
    assert "follows the clocks in New York now" in page and "written down here" in page
    act, fields = undo_of(page)
    page = press(marketer, person, act, **fields)
    assert "All times are local, in Berlin" in page
    assert "is no time zone" in refused(marketer, person, "zone", zone="Nowhere/Land")
    assert audited(served, person, marketer) == ["zone changed", "zone changed"]


def test_an_email_is_skipped_and_put_back(
    served: Served, marketer: Colleague, person: Person
) -> None:
    run = str(person.run_id)
    page = press(marketer, person, "skip", run=run, email="bias")
    assert "is not sent to them." in page and "the host took it out" in page
    why = html.unescape(marketer.get(f"/studio/people/{person.id}/why/bias").text)
    assert "It will not be sent: the host took it out." in why
    assert "Nothing of this email is to come" in refused(
        marketer, person, "skip", run=run, email="bias"
    )
    act, fields = undo_of(page)
    assert "The email is back where it was." in press(marketer, person, act, **fields)
    assert "nothing to put back" in refused(marketer, person, "skip/undo", run=run, email="bias")
    assert audited(served, person, marketer) == ["email skipped", "email put back"]


def test_an_email_is_sent_again_after_it_was_asked(
    served: Served, marketer: Colleague, person: Person, address: str
) -> None:
    path = f"/studio/people/{person.id}/resend?run={person.run_id}&email=your-seat"
    page = html.unescape(marketer.get(path).text)
    assert "Send “Your seat” again?" in page and "It leaves at once" in page, page
    assert "<li>sent " in page, page
    fields = {"run": str(person.run_id), "email": "your-seat", "seen": "1"}
    assert "It is sent to them again" in press(marketer, person, "resend", **fields)
    assert "sent again meanwhile" in refused(marketer, person, "resend", **fields)
    assert len([each for each in served.mails_to(address) if "seat" in each.subject]) >= 2
    assert f"by {marketer.email}" in html.unescape(marketer.get(path).text)
    other = path.replace("your-seat", "bias")
    assert "was never sent to them" in html.unescape(marketer.get(other).text)
    assert marketer.get(path.replace("your-seat", "nonsense")).status_code == 404
    for seen in ("", "x", "99999999999999999999"):
        refused(marketer, person, "resend", **{**fields, "seen": seen})


def test_tags_and_notes_come_and_go(served: Served, marketer: Colleague, person: Person) -> None:
    page = press(marketer, person, "tag", tag="<b>VIP & co")
    assert "They are tagged “<b>VIP & co” now." in page and "Tagged: <b>VIP & co" in page
    assert "<b>VIP" not in marketer.get(f"/studio/people/{person.id}").text
    act, fields = undo_of(page)
    assert act == "untag"
    assert "was taken off" in press(marketer, person, act, tag=html.unescape(fields["tag"]))
    assert "The tag has no name." in refused(marketer, person, "tag", tag=" ")
    page = press(marketer, person, "note", note="Called.\nWants <i>Thursdays.")
    assert "The note is kept." in page and "Wants <i>Thursdays." in page
    note = re.search(r'name="note" value="([\w-]+)"', page)
    assert note
    other = hire(served, Role.MARKETER)
    assert "wrote this note" in refused(other, person, "note/remove", note=note[1])
    assert "The note is gone." in press(marketer, person, "note/remove", note=note[1])
    assert "The note is empty." in refused(marketer, person, "note", note=" ")


def test_a_name_is_changed(served: Served, marketer: Colleague, person: Person) -> None:
    page = press(marketer, person, "name", first_name="Anna", last_name="Müller-O'Hara")
    assert "<h1><bdi>Anna Müller-O'Hara</bdi></h1>" in page
    assert "so already" in press(
        marketer, person, "name", first_name="Anna", last_name="Müller-O'Hara"
    )


def test_the_seat_is_changed_back_and_given_up(
    served: Served, marketer: Colleague, person: Person
) -> None:
    first, second = served.dates()[:2]
    run = str(person.run_id)
    page = press(marketer, person, "seat", run=run, date=str(second))
    assert "They have another date now" in page
    act, fields = undo_of(page)
    assert (act, fields) == ("seat", {"run": run, "date": str(first)})
    press(marketer, person, act, **fields)
    assert "seat is free again" in press(marketer, person, "seat/give-up", run=run)
    assert audited(served, person, marketer) == ["seat changed", "seat changed", "seat given up"]
    served.execute("update sessions set seats = 0 where id = :id", id=second)
    try:
        assert "no seat any more" in refused(marketer, person, "seat", run=run, date=str(second))
    finally:
        served.execute("update sessions set seats = null where id = :id", id=second)


def test_nobody_changes_one_person_by_the_page_of_another(
    served: Served, marketer: Colleague, person: Person, address: str
) -> None:
    other = served.seat_of(f"other-{address}")
    run = str(other.run_id)
    date = str(served.dates()[1])
    for act, fields in (
        ("skip", {"email": "bias"}),
        ("skip/undo", {"email": "bias"}),
        ("resend", {"email": "your-seat", "seen": "1"}),
        ("seat", {"date": date}),
        ("seat/give-up", {}),
    ):
        answer = marketer.press(f"/studio/people/{person.id}/{act}", run=run, **fields)
        assert answer.status_code == 404, act
    assert marketer.press(f"/studio/people/{person.id}/skip", run="x").status_code == 404


def test_only_with_their_word_are_they_put_into_a_sequence(
    served: Served, marketer: Colleague, person: Person
) -> None:
    press(marketer, person, "stop", what="letters")
    page = press(marketer, person, "seat/give-up", run=str(person.run_id))
    into = re.search(r'name="into">.*?<option value="([\w-]+)">', page, re.DOTALL)
    assert into
    page = refused(marketer, person, "enroll", into=into[1], letters="yes", wording="yes please")
    assert "by which words they agreed" in page and ">yes please</textarea>" in page
    served.execute(
        "update enrollments set state = 'left', next_due_at = null, waiting_for = null, "
        "ended_at = plan_now() where id = :id",
        id=person.run_id,
    )
    page = press(
        marketer,
        person,
        "enroll",
        into=into[1],
        letters="yes",
        wording="yes please",
        source="by phone",
    )
    assert "They are in the sequence now" in page and "by somebody here: by phone" in page
    assert marketer.press(f"/studio/people/{person.id}/enroll", into="x").status_code == 404


def test_seat_emails_are_stopped(served: Served, marketer: Colleague, person: Person) -> None:
    page = press(marketer, person, "stop", what="seat")
    assert "get no more emails about it" in page
    wants = served.ask("select wants_seat_emails from subscribers where id = :id", id=person.id)
    assert wants[0] is False


def test_all_that_is_kept_is_given_out_and_then_erased(
    served: Served, marketer: Colleague, person: Person, address: str
) -> None:
    path = f"/studio/people/{person.id}"
    answer = marketer.press(f"{path}/export")
    assert (
        answer.headers["content-disposition"] == f'attachment; filename="person-{person.id}.json"'
    )
    assert answer.headers["cache-control"] == "no-store"
    assert json.loads(answer.content)["profile"][0]["email"] == address
    assert "cannot be taken back" in marketer.get(f"{path}/erase").text
    assert "not the address of this person" in refused(marketer, person, "erase", address="ana")
    answer = marketer.press(f"{path}/erase", address=address.upper())
    assert answer.headers["location"] == "/studio/people?done=erased"
    assert "They are erased" in marketer.get(answer.headers["location"]).text
    assert marketer.get(path).status_code == 404
    for act, fields in (("erase", {"address": address}), ("tag", {"tag": "x"}), ("export", {})):
        assert marketer.press(f"{path}/{act}", **fields).status_code == 404
    assert "Nobody begins with" in marketer.get("/studio/people", params={"q": address}).text


def test_a_viewer_sees_no_button(served: Served, person: Person) -> None:
    viewer = hire(served, Role.VIEWER)
    for path in ("", "/erase", f"/resend?run={person.run_id}&email=your-seat"):
        page = viewer.get(f"/studio/people/{person.id}{path}")
        assert page.status_code == 200
        main = page.text.partition("<main")[2].partition("</main>")[0]
        assert "<button" not in main, path
