"""A sequence as a file, rehearsed, and copied: what each page takes, refuses and shows."""

import re

import pytest

from funnel.domain.access import Role
from tests.web.colleagues import Colleague, hire
from tests.web.served import Served
from tests.web.test_studio_sequence import LISTENING, PATH, draft, press, seen


@pytest.fixture
def marketer(own_served: Served) -> Colleague:
    return hire(own_served, Role.MARKETER)


def test_a_file_goes_out_and_comes_back_as_the_draft(
    own_served: Served, marketer: Colleague
) -> None:
    out = marketer.get(f"{PATH}/file")
    assert 'filename="disruption-masterclass-v1.yaml"' in out.headers["content-disposition"]
    source = out.text.replace("timing: 2 days after bias", "timing: 3 days after bias")
    press(marketer, "/as-file", source=source.replace("\n", "\r\n"))
    assert draft(own_served) == source
    assert marketer.get(f"{PATH}/file?of=draft").text == source


def test_every_mistake_of_a_file_is_named_with_its_line_and_nothing_is_lost(
    own_served: Served, marketer: Colleague
) -> None:
    source = marketer.get(f"{PATH}/file").text
    lines = source.split("\n")
    wrong = [number for number, line in enumerate(lines, 1) if "kind: letter" in line][:2]
    for number in wrong:
        lines[number - 1] = lines[number - 1].replace("letter", "postcard")
    answer = marketer.press(f"{PATH}/as-file", seen="", source="\n".join(lines))
    assert answer.status_code == 422
    for number in wrong:
        assert f"Line {number}</b>" in answer.text
    assert answer.text.count("kind: postcard") >= 4, "beside its line, and in the field"
    assert draft(own_served) is None


def test_a_file_that_is_no_text_is_refused(own_served: Served, marketer: Colleague) -> None:
    answer = marketer.browser.post(
        f"{PATH}/as-file",
        data={"form_token": marketer.form_token(), "seen": "", "source": "kept: yes"},
        files={"file": ("cat.png", b"\x89PNG\xff\xfe\x00")},
    )
    assert answer.status_code == 422
    assert "“cat.png” is not text in UTF-8" in answer.text
    assert "kept: yes" in answer.text
    assert draft(own_served) is None


def test_a_rehearsal_shows_who_gets_what_and_why_and_sends_nothing(
    own_served: Served, marketer: Colleague, address: str
) -> None:
    own_served.seat_of(address)
    own_served.work()
    before = own_served.ask("select count(*) from messages")[0]
    page = marketer.get(f"{PATH}/rehearsal").text
    assert "Mia" in page and "Auckland" in page
    assert re.search(r'role="tooltip"[^>]*>not sent: ', page)
    assert 'href="/studio/templates/disruption-masterclass/listening#reader"' in page
    offered = marketer.get(f"{PATH}/rehearsal?q=mus").text
    run = re.search(r'name="who" value="([^"]+)"', offered)
    assert run
    own = marketer.get(f"{PATH}/rehearsal?who={run.group(1)}").text
    assert "Ana" in own and "Auckland" not in own
    assert re.search(rf'/listening\?reader=[^"]*%3A{run.group(1)}#reader"', own), "as they get it"
    assert own_served.ask("select count(*) from messages")[0] == before


def test_a_very_long_draft_is_rehearsed_for_a_few_and_the_page_says_so(
    own_served: Served, marketer: Colleague
) -> None:
    steps = "".join(
        f"  - key: extra-{n}\n    kind: letter\n    timing: {n} days after enrollment, 09:00\n"
        for n in range(1, 201)
    )
    press(marketer, "/as-file", source=f"title: Long\nbrand: default\nsteps:\n{steps}")
    long = marketer.get(f"{PATH}/rehearsal").text
    assert "is shown for" in long and "nobody in this rehearsal" not in long
    assert "funnel rehearse disruption-masterclass --draft" in long
    assert "Mia" in long and "Chloe" not in long
    live = marketer.get(f"{PATH}/rehearsal?of=live").text
    assert "is shown for" not in live and "Chloe" in live


def test_a_launch_is_copied_for_another_date_and_is_not_live(
    own_served: Served, marketer: Colleague
) -> None:
    copied = {"title": "Once more", "slug": "once-more", "first": "2031-03-11"}
    past = marketer.press(f"{PATH}/copy", **{**copied, "first": "2001-03-11"})
    assert past.status_code == 422
    assert 'value="once-more"' in past.text
    taken = marketer.press(f"{PATH}/copy", **{**copied, "slug": "disruption-masterclass"})
    assert taken.status_code == 422
    done = marketer.press(f"{PATH}/copy", **copied)
    assert done.status_code == 200
    assert "20 emails with their texts" in done.text
    assert "Tuesday 11 March 2031" in done.text
    listed = marketer.get("/studio").text
    assert re.search(
        r'href="/studio/sequences/once-more">Once more</a>.*?not live yet', listed, re.DOTALL
    )
    page = marketer.get("/studio/sequences/once-more").text
    assert "not live yet" in page
    assert "somebody made up" in page
    gone = marketer.press("/studio/sequences/once-more/draft/discard", seen=checksum(page))
    assert "It was never live" in gone.text


def checksum(html: str) -> str:
    found = re.search(r'data-seen="([^"]*)"', html)
    assert found
    return found.group(1)


def test_names_with_markup_and_odd_letters_stay_words(
    own_served: Served, marketer: Colleague
) -> None:
    name = '<b onload="x">\u05d0'
    turned = marketer.press(f"{PATH}/steps/listening", seen="", **{**LISTENING, "name": "\u202ea"})
    assert turned.status_code == 422, "what turns the text round is in no name"
    press(marketer, "/steps/listening", **{**LISTENING, "name": name})
    page = marketer.get(f"{PATH}?step=bias").text
    assert "<b onload" not in page
    assert seen(marketer)
