"""A sequence's page: every email in words, a card in its place, each change kept in the draft."""

import re
from html import unescape
from typing import Any

import pytest

from funnel.domain.access import Role
from funnel.services.continue_replans import continue_replans
from tests.web.colleagues import Colleague, hire
from tests.web.served import Served

PATH = "/studio/sequences/disruption-masterclass"
LISTENING: dict[str, Any] = {
    "name": "Listening",
    "kind": "letter",
    "timing.days": "2",
    "timing.side": "after",
    "timing.anchor": "tables-turned",
    "timing.at": "09:00",
    "weekdays": ["mon", "tue", "wed", "thu", "fri"],
    "opens": "09:00",
    "closes": "17:00",
}


@pytest.fixture
def marketer(own_served: Served) -> Colleague:
    return hire(own_served, Role.MARKETER)


def seen(colleague: Colleague) -> str:
    found = re.search(r'data-seen="([^"]*)"', colleague.get(PATH).text)
    assert found
    return found.group(1)


def draft(served: Served) -> str | None:
    row = served.ask("select source from sequence_drafts where slug = 'disruption-masterclass'")
    return str(row[0]) if row else None


def press(colleague: Colleague, path: str, **fields: Any) -> str:
    answer = colleague.press(PATH + path, **{"seen": seen(colleague), **fields})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_every_email_stands_in_words_and_numbers_with_somebody_beside_it(
    own_served: Served, marketer: Colleague, address: str
) -> None:
    own_served.seat_of(address)
    own_served.work()
    page = marketer.get(PATH).text
    assert "2 days after The tables have turned, at 09:00" in page
    assert re.search(r'data-row="your-seat".*?data-count="sent">1<', page, re.DOTALL)
    assert "live v1" in page
    assert "Calendar of" in page
    assert "Ana Muster" in page
    assert "There is no draft." in page
    numbers = marketer.get(f"{PATH}/numbers", headers={"accept": "application/json"}).json()
    assert numbers["emails"]["your-seat"]["sent"] == {"says": "1", "zero": False}


def test_a_changed_timing_is_kept_in_the_draft_and_shown_beside_what_is_live(
    own_served: Served, marketer: Colleague, address: str
) -> None:
    own_served.seat_of(address)
    card = marketer.get(f"{PATH}?step=listening").text
    assert 'name="timing.days" value="2"' in card
    where = press(marketer, "/steps/listening", **{**LISTENING, "timing.days": "6"})
    assert "done=saved" in where
    source = draft(own_served)
    assert source is not None
    assert "timing: 6 days after tables-turned, 09:00" in source
    assert "# The seat, and what such leaders do." in source, "comments stay"
    page = marketer.get(PATH).text
    assert "draft differs" in page
    assert "live: 2 days after The tables have turned" in page
    assert '<span class="was">was ' in page
    press(marketer, "/steps/listening/back")
    assert "draft says the same" in marketer.get(PATH).text


def test_what_is_typed_is_previewed_and_kept_nowhere(
    own_served: Served, marketer: Colleague, address: str
) -> None:
    own_served.seat_of(address)
    typed = {**LISTENING, "timing.days": "9"}
    answer = marketer.press(f"{PATH}/steps/listening/preview", **typed)
    assert answer.status_code == 200
    assert '<span class="was">was ' in answer.text
    wrong = marketer.press(f"{PATH}/steps/listening/preview", **{**typed, "timing.days": "x"})
    assert 'data-fault="timing.days"' in wrong.text
    assert "“x” is no number" in wrong.text
    assert draft(own_served) is None


def test_a_mistake_stands_at_its_field_and_nothing_typed_is_lost(
    own_served: Served, marketer: Colleague
) -> None:
    typed = {**LISTENING, "timing.at": "25:00", "name": "Listening well"}
    answer = marketer.press(f"{PATH}/steps/listening", seen="", **typed)
    assert answer.status_code == 422
    assert 'value="Listening well"' in answer.text
    assert 'value="25:00"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "is not a time of day" in answer.text
    asks = {**LISTENING, "only_if": "nonsense"}
    answer = marketer.press(f"{PATH}/steps/listening", seen="", **asks)
    assert 'data-fault="only_if"' in answer.text
    assert 'value="nonsense"' in answer.text
    assert draft(own_served) is None


def test_a_condition_is_put_together_from_pickers(own_served: Served, marketer: Colleague) -> None:
    picked = {
        "new.side": "only_if",
        "new.kind": "clicked",
        "new.name": "book a call",
        "new.email": "tables-turned",
        "new.time": "2 days",
    }
    press(marketer, "/steps/listening", **LISTENING, **picked)
    source = draft(own_served)
    assert source is not None
    assert "clicked link book a call in tables-turned within 2 days" in source


def test_two_tabs_do_not_overwrite_each_other(own_served: Served, marketer: Colleague) -> None:
    other = hire(own_served, Role.MARKETER)
    before = seen(marketer)
    press(other, "/steps/listening", **{**LISTENING, "timing.days": "3"})
    mine = {**LISTENING, "timing.days": "5"}
    answer = marketer.press(f"{PATH}/steps/listening", seen=before, **mine)
    assert answer.status_code == 409
    assert other.email in answer.text
    assert "theirs: 3 days after tables-turned, 09:00" in answer.text
    assert "yours: 5 days after tables-turned, 09:00" in answer.text
    source = draft(own_served)
    assert source is not None and "timing: 3 days after tables-turned" in source
    press(marketer, "/steps/listening", **mine)
    assert "timing: 5 days after tables-turned" in (draft(own_served) or "")


def test_emails_are_added_copied_moved_and_taken_out(
    own_served: Served, marketer: Colleague
) -> None:
    where = press(marketer, "/steps", name="A word between", after="listening")
    assert "step=a-word-between" in where
    assert "no text yet" in marketer.get(PATH).text
    press(marketer, "/steps/a-word-between/duplicate")
    assert keys(marketer)[3:5] == ["a-word-between", "a-word-between-copy"]
    press(marketer, "/steps/a-word-between-copy/place", position="5")
    assert keys(marketer).index("a-word-between-copy") == 5
    refused = marketer.press(f"{PATH}/steps/bias/place", seen=seen(marketer), position="0")
    assert refused.status_code == 422
    assert "which would stand below it" in refused.text
    nameless = marketer.press(f"{PATH}/steps", seen=seen(marketer), name=" ")
    assert nameless.status_code == 422


def keys(colleague: Colleague) -> list[str]:
    return re.findall(r'<tr data-row="([^"]+)"', colleague.get(PATH).text)


def test_a_removed_email_can_be_put_back(own_served: Served, marketer: Colleague) -> None:
    was = keys(marketer)
    refused = marketer.press(f"{PATH}/steps/listening/remove", seen="")
    assert refused.status_code == 422
    assert "Remove it, and let them count from what it counts from" in refused.text
    assert draft(own_served) is None
    gone = marketer.press(f"{PATH}/steps/listening/remove", seen="", recount="yes")
    assert gone.status_code == 200
    assert "Put it back" in gone.text
    assert "listening" not in keys(marketer)
    answer = marketer.press(f"{PATH}/draft/put-back", **notice_fields(gone.text))
    assert answer.status_code == 303
    assert keys(marketer) == was
    assert draft(own_served) is None, "there was no draft before"


def notice_fields(html: str) -> dict[str, str]:
    notice = html.split('/draft/put-back"', 1)[1].split("</form>", 1)[0]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', notice))
    source = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", notice, re.DOTALL)
    assert source
    return {**fields, "source": unescape(source.group(1)).replace("\n", "\r\n")}


def test_a_discarded_draft_can_be_put_back(own_served: Served, marketer: Colleague) -> None:
    press(marketer, "/steps/listening", **{**LISTENING, "timing.days": "3"})
    former = draft(own_served)
    stale = marketer.press(f"{PATH}/draft/discard", seen="something else")
    assert stale.status_code == 409
    gone = marketer.press(f"{PATH}/draft/discard", seen=seen(marketer))
    assert draft(own_served) is None
    fields = notice_fields(gone.text)
    answer = marketer.press(f"{PATH}/draft/put-back", **fields)
    assert answer.status_code == 303
    assert draft(own_served) == former


def test_one_sees_who_is_affected_and_by_name(
    own_served: Served, marketer: Colleague, address: str
) -> None:
    own_served.seat_of(address)
    own_served.work()
    press(marketer, "/steps/listening", **{**LISTENING, "timing.days": "6"})
    page = marketer.get(f"{PATH}/affected").text
    assert "1 person gets it at another moment" in page
    for sentence in ("finishes on the version they have", "as soon as it may be", "is not sent to"):
        assert sentence in page
    names = re.search(r'href="([^"]+/affected/people[^"]+change=moves[^"]*)"', page)
    assert names
    people = marketer.get(names.group(1).replace("&amp;", "&")).text
    assert "Ana Muster" in people
    choice = {"seen": seen(marketer), "policy": "keep", "counted": "move", "live": "1"}
    other = marketer.press(f"{PATH}/publish", **choice)
    assert other.status_code == 409, "another choice than the one that was counted"
    assert "Nothing was published yet" in other.text


def test_one_publishes_watches_everybody_follow_and_goes_back(
    own_served: Served, marketer: Colleague, address: str
) -> None:
    own_served.seat_of(address)
    press(marketer, "/steps/listening", **{**LISTENING, "timing.days": "6"})
    choice = {"policy": "move", "counted": "move"}
    where = press(marketer, "/publish", **choice, live="1", note="Slower")
    assert "0 of 1 people follow so far." in marketer.get(where).text
    continue_replans(own_served.deps.transactions)
    shown = marketer.get(where).text
    assert "Version 2 is live." in shown
    assert "Everybody who was in it follows." in shown
    assert f"{PATH}/affected?to=1" in shown
    assert "Slower" in marketer.get(f"{PATH}/versions").text
    assert "Go back to version 1" in marketer.get(f"{PATH}/affected?to=1").text
    assert marketer.press(f"{PATH}/publish", to="1", live="2", **choice).status_code == 303
    assert "live v3" in marketer.get(PATH).text


def test_a_draft_begun_before_another_version_is_not_published_unseen(
    own_served: Served, marketer: Colleague
) -> None:
    press(marketer, "/steps/listening", **{**LISTENING, "timing.days": "6"})
    own_served.execute(
        "update sequence_drafts set base_version_id = null where slug = 'disruption-masterclass'"
    )
    page = marketer.get(f"{PATH}/affected")
    assert page.status_code == 409
    assert "timing: 6 days after tables-turned" in page.text
    press(marketer, "/draft/begin-anew", on="1")
    assert marketer.get(f"{PATH}/affected").status_code == 200


def test_an_email_without_a_text_is_named_with_the_way_to_it_and_holds_the_publish(
    own_served: Served, marketer: Colleague
) -> None:
    press(marketer, "/steps", name="A word between", after="listening")
    page = marketer.get(f"{PATH}/affected")
    assert page.status_code == 200
    way = "/studio/templates/disruption-masterclass/a-word-between"
    assert f'<a href="{way}">Write it: A word between</a>' in page.text
    assert "What it means" in page.text
    assert "Publish it as" not in page.text
    answer = marketer.press(f"{PATH}/publish", policy="move", counted="move", seen=seen(marketer))
    assert answer.status_code == 422
    assert "an email has no text yet" in answer.text
    assert ".md" not in page.text + answer.text
    assert "live v1" in marketer.get(PATH).text


def test_a_viewer_sees_all_of_it_and_changes_nothing(
    own_served: Served, marketer: Colleague
) -> None:
    press(marketer, "/steps/listening", **{**LISTENING, "timing.days": "6"})
    viewer = hire(own_served, Role.VIEWER)
    for path in ("", "?step=listening", "/affected", "/versions", "/as-file", "/rehearsal"):
        page = viewer.get(PATH + path)
        assert page.status_code == 200, path
        for word in ("Keep in the draft", "Publish it", "Remove", "Save it as the draft"):
            assert f">{word}" not in page.text, (path, word)
    refused = viewer.press(f"{PATH}/steps/listening", seen=seen(viewer), **LISTENING)
    assert refused.status_code == 403
