"""The pages of emails, asked as a browser without scripts and as the pages' own scripts ask."""

import json
import re
from collections.abc import Iterator
from html import unescape
from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image

from funnel.domain.access import Role
from funnel.services.edit_template import read_template
from funnel.web.studio.template_words import known_filters, known_names
from tests.web.colleagues import Colleague, hire
from tests.web.served import Served

JSON = {"accept": "application/json"}


@pytest.fixture(scope="module")
def ada(served: Served) -> Colleague:
    return hire(served, Role.MARKETER)


@pytest.fixture(scope="module")
def ben(served: Served) -> Colleague:
    return hire(served, Role.MARKETER)


@pytest.fixture
def key(served: Served) -> Iterator[str]:
    """An email without a draft, live with the text that it shipped with."""
    yield "disruption-masterclass/listening"
    served.execute("delete from template_drafts where key like '%listening'")


def path(key: str, act: str = "") -> str:
    return f"/studio/templates/{key}{act}"


def source_of(served: Served, key: str) -> str:
    return read_template(key, served.deps.transactions).source


def asked(colleague: Colleague, where: str, **fields: str):  # type: ignore[no-untyped-def]
    """Post as the page's script does."""
    data = {"form_token": colleague.form_token(), **fields}
    return colleague.browser.post(where, data=data, headers=JSON)


def test_the_list_has_every_email_in_its_order_and_the_notices_last(ada: Colleague) -> None:
    text = ada.get("/studio/templates").text
    names = ["Your seat", "Listening", "Bias", "Last invitation", "Confirm the seat"]
    places = [text.index(f">{name}</a>") for name in names]
    assert places == sorted(places)
    assert text.count("live v") == 25


def test_what_is_typed_is_kept_as_a_draft_and_seen_in_the_list(
    served: Served, ada: Colleague, key: str
) -> None:
    text = source_of(served, key).replace("A chair that is not yours", "A chair")
    answer = ada.press(path(key), source=text.replace("\n", "\r\n"), seen="0")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path(key)}?done=saved")
    assert source_of(served, key) == text
    assert f"draft by {ada.email}" in ada.get("/studio/templates").text
    # The field has the text to the letter: a browser takes one line's end away behind its tag.
    field = re.search(r'name="source"[^>]*>\n(.*?)</textarea>', ada.get(path(key)).text, re.DOTALL)
    assert field is not None
    assert unescape(field[1]) == text


def test_a_text_that_is_live_makes_no_draft(served: Served, ada: Colleague, key: str) -> None:
    answer = asked(ada, path(key), source=source_of(served, key), seen="0")
    assert answer.json() == {"revision": 0, "at": "", "by": ""}


def test_two_who_write_are_told_and_choose_passage_by_passage(
    served: Served, ada: Colleague, ben: Colleague, key: str
) -> None:
    text = source_of(served, key)
    theirs, yours = text.replace("Warmly", "Yours"), text.replace("A chair that", "A bench that")
    assert asked(ben, path(key), source=theirs, seen="0").status_code == 200
    told = asked(ada, path(key), source=yours, seen="0")
    assert told.status_code == 409
    assert (told.json()["theirs"], told.json()["yours"]) == (theirs, yours)
    assert told.json()["by"] == ben.email
    page = ada.press(path(key), source=yours, seen="0")
    assert page.status_code == 409
    assert "A bench that" in page.text and "Yours," in page.text
    seen = re.search(r'name="seen" value="(\d+)"', page.text)
    places = re.findall(r'name="passage-(\d+)" value="theirs"', page.text)
    assert seen is not None and len(places) == 2
    chosen = {f"passage-{places[0]}": "yours", f"passage-{places[1]}": "theirs"}
    merged = ada.press(path(key, "/merge"), theirs=theirs, yours=yours, seen=seen[1], **chosen)
    assert merged.status_code == 303
    assert source_of(served, key) == yours.replace("Warmly", "Yours")


def test_a_merge_upon_a_third_text_is_told_as_well(
    served: Served, ada: Colleague, ben: Colleague, key: str
) -> None:
    text = source_of(served, key)
    asked(ben, path(key), source=text + "more\n", seen="0")
    answer = ada.press(path(key, "/merge"), theirs=text, yours=text + "mine\n", seen="12")
    assert answer.status_code == 409
    assert "mine" in answer.text and "more" in answer.text
    assert source_of(served, key) == text + "more\n"


def test_a_discarded_draft_can_be_put_back(served: Served, ada: Colleague, key: str) -> None:
    text = source_of(served, key)
    saved = asked(ada, path(key), source=text + "\nP.S. <b>&amp;\n", seen="0").json()
    page = ada.press(path(key, "/discard"), seen=str(saved["revision"]))
    assert source_of(served, key) == text
    hidden = re.search(r'name="source" hidden>\n(.*?)</textarea>', page.text, re.DOTALL)
    assert hidden is not None
    ada.press(path(key), source=unescape(hidden[1]), seen="0")
    assert source_of(served, key) == text + "\nP.S. <b>&amp;\n"


def test_a_draft_that_somebody_changed_is_not_discarded(
    served: Served, ada: Colleague, ben: Colleague, key: str
) -> None:
    text = source_of(served, key)
    saved = asked(ada, path(key), source=text + "a", seen="0").json()
    asked(ben, path(key), source=text + "b", seen=str(saved["revision"]))
    answer = ada.press(path(key, "/discard"), seen=str(saved["revision"]))
    assert answer.status_code == 409
    assert source_of(served, key) == text + "b"


def test_a_preview_is_the_email_of_the_chosen_reader(
    served: Served, ada: Colleague, key: str, address: str
) -> None:
    person = served.seat_of(address, first_name="Ottilie")
    found = ada.get(f"/studio/templates/readers?q={address}").json()
    assert [each["value"] for each in found] == [str(person.id)]
    text = source_of(served, key) + "\nOnly typed.\n"
    shown = asked(ada, path(key, "/preview"), source=text, reader=str(person.id)).json()
    assert "Hello Ottilie," in shown["html"] and "Only typed." in shown["text"]
    assert shown["problem"] == "" and shown["subject"] == "A chair that is not yours"
    nobody = asked(ada, path(key, "/preview"), source=text, reader="no-name").json()
    assert "Hello," in nobody["text"]
    page = ada.get(f"{path(key)}?reader={person.id}").text
    assert f'<option value="{person.id}" selected>Ottilie Muster</option>' in page


def test_what_is_wrong_is_said_with_its_line(served: Served, ada: Colleague, key: str) -> None:
    text = source_of(served, key) + "\n{{ person.nickname }}\n"
    line = text.rstrip("\n").count("\n") + 1
    shown = asked(ada, path(key, "/preview"), source=text).json()
    assert shown["problem_line"] == line and "nickname" in shown["problem"]
    assert f'data-line="{line}"' in shown["strip"]
    refused = publish(ada, served, key, text)
    assert refused.status_code == 422 and "nickname" in refused.text
    assert source_of(served, key) == text


def test_a_frame_runs_nothing_whatever_it_is_given(ada: Colleague, key: str) -> None:
    kept = ada.get(f"{path(key, '/frame')}?look=dark")
    given = ada.press("/studio/templates/look", html="<script>alert(1)</script>", look="dark")
    for answer in (kept, given):
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"].split("; ")
        assert policy[0] == "default-src 'none'" and policy[-1] == "sandbox"
        assert not any(each.startswith("script-src") for each in policy)
    assert "prefers-color-scheme: dark" not in kept.text


def publish(colleague: Colleague, served: Served, key: str, text: str, **fields: str):  # type: ignore[no-untyped-def]
    page = read_template(key, served.deps.transactions)
    seen = page.draft.revision if page.draft else 0
    saved = asked(colleague, path(key), source=text, seen=str(seen)).json()
    return colleague.press(path(key, "/publish"), seen=str(saved["revision"]), **fields)


def test_an_email_is_published_compared_and_rolled_back(
    served: Served, ada: Colleague, address: str
) -> None:
    key = "disruption-masterclass/systems"
    served.seat_of(address, first_name="Ottilie")
    text = source_of(served, key)
    asked(ada, path(key), source=text + "\nA line more.\n", seen="0")
    check = ada.get(path(key, "/publish")).text
    assert re.search(r"(1 person is|\d+ people are) still to get this", check)
    assert publish(ada, served, key, text + "\nA line more.\n", note="Longer").status_code == 303
    told = ada.get(path(key) + "?done=published").text
    assert "Version 2 is live" in told and ">Go back to v1</button>" in told
    page = ada.get(path(key, "/versions")).text
    assert "Longer" in page and ada.email in page
    assert "A line more." in page and "What v2 says otherwise than v1" in page
    frame = re.search(r'height="[1-9]\d{2,}"[^>]+src="([^"]+version=1[^"]+)"', page)
    assert frame is not None
    assert "A line more." not in ada.get(unescape(frame[1])).text
    newer = unescape(frame[1]).replace("version=1&beside=2&side=old", "version=2&beside=1&side=new")
    assert re.findall(r"<ins[^>]*>([^<]+)", ada.get(newer).text) == ["A line more."]
    assert ada.get(newer.replace("beside=1", "beside=9")).status_code == 404
    back = ada.press(path(key, "/roll-back"), number="1")
    assert back.status_code == 303
    assert source_of(served, key) == text
    again = ada.press(path(key, "/roll-back"), number="1")
    assert again.status_code == 422 and "nothing to undo" in again.text


@pytest.mark.parametrize("number", ["0", "-1", "99", "x", "٣", "9" * 40, ""])
def test_a_version_that_is_not_there_is_not_found(ada: Colleague, key: str, number: str) -> None:
    assert ada.press(path(key, "/roll-back"), number=number).status_code == 404
    assert ada.get(f"{path(key, '/frame')}?version={number or 'y'}").status_code == 404
    assert ada.get(f"{path(key, '/versions')}?from={number}&to={number}").status_code == 200


def test_a_stale_form_publishes_nothing(
    served: Served, ada: Colleague, ben: Colleague, key: str
) -> None:
    text = source_of(served, key)
    saved = asked(ada, path(key), source=text + "a", seen="0").json()
    asked(ben, path(key), source=text + "b", seen=str(saved["revision"]))
    answer = ada.press(path(key, "/publish"), seen=str(saved["revision"]), note="mine")
    assert answer.status_code == 409 and 'value="mine"' in answer.text
    assert served.ask("select count(*) from template_versions where key = :key", key=key)[0] == 1


def test_a_test_is_sent_to_whom_one_says_and_seen_in_the_list(
    served: Served, ada: Colleague, key: str
) -> None:
    to = f"{uuid4().hex[:8]}@example.org"
    assert ada.press(path(key, "/test"), to=to, reader="usual").status_code == 303
    refused = ada.press(path(key, "/test"), to="nobody at all", reader="usual")
    assert refused.status_code == 422
    page = ada.get("/studio/templates").text
    assert to in page and "[Test] A chair that is not yours" in page


def picture() -> bytes:
    made = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(made, "PNG")
    return made.getvalue()


def send_file(colleague: Colleague, content: bytes, *, name: str = "a.png", json_: bool = True):  # type: ignore[no-untyped-def]
    return colleague.browser.post(
        "/studio/images",
        data={"form_token": colleague.form_token(), "alt": "Teal [deep]", "back": "//evil.example"},
        files={"file": (name, content)},
        headers=JSON if json_ else {},
    )


def test_a_picture_is_taken_in_and_shown(served: Served, ada: Colleague) -> None:
    answer = send_file(ada, picture()).json()
    assert (answer["width"], answer["height"]) == (40, 30)
    assert answer["address"].startswith(f"{served.url}/images/")
    assert ada.get(answer["address"]).headers["content-type"] == "image/png"
    page = send_file(ada, picture(), json_=False).text
    assert f"![Teal \\[deep\\]]({answer['address']})" in unescape(page)
    assert "evil" not in page


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"GIF89a", b"\x00" * 9],
    ids=["empty", "svg", "cut off", "zeros"],
)
def test_what_is_no_picture_is_refused_in_words(ada: Colleague, content: bytes) -> None:
    answer = send_file(ada, content)
    assert answer.status_code == 422 and answer.json()["problem"]
    assert send_file(ada, content, json_=False).status_code == 422


def test_too_much_is_refused_before_it_is_read(ada: Colleague, key: str) -> None:
    assert send_file(ada, b"\x00" * (22 * 1024 * 1024)).status_code == 413
    five = "x" * (5 * 1024 * 1024)
    for where in (path(key), path(key, "/preview"), "/studio/templates/look"):
        assert asked(ada, where, source=five, html=five).status_code == 413


def test_a_long_text_is_refused_and_stays_on_the_page(ada: Colleague, key: str) -> None:
    long = "---\n" + "y" * 300_000
    answer = asked(ada, path(key), source=long, seen="0")
    assert answer.status_code == 422 and "most that can be kept" in answer.json()["problem"]
    page = ada.press(path(key), source=long, seen="0")
    assert page.status_code == 422 and "y" * 300_000 in page.text


@pytest.mark.parametrize(
    "typed",
    [
        "</textarea><script>alert(1)</script>",
        "\u202egnp.exe",
        "\u200b",
        "{{",
        "{% for x in",
        "\ud7ff",
    ],
    ids=["tags", "bidi", "zero width", "braces", "loop", "last below the surrogates"],
)
def test_whatever_is_typed_is_text(served: Served, ada: Colleague, key: str, typed: str) -> None:
    text = source_of(served, key) + typed
    assert asked(ada, path(key), source=text, seen="0").status_code == 200
    for page in (path(key), path(key, "/publish"), path(key, "/versions"), "/studio/templates"):
        answer = ada.get(page)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
    assert asked(ada, path(key, "/preview"), source=text).status_code == 200


@pytest.mark.parametrize(
    "key", ["disruption-masterclass/nowhere", "notices/nothing", "..%2f..%2fetc/passwd", "a/%00"]
)
def test_an_email_that_is_not_there_is_not_found(ada: Colleague, key: str) -> None:
    assert ada.get(path(key)).status_code == 404
    for act in ("", "/preview", "/frame", "/publish", "/test"):
        assert ada.press(path(key, act), source="x", to=ada.email).status_code == 404


def test_a_viewer_reads_and_previews_and_has_no_button(served: Served, key: str) -> None:
    viewer = hire(served, Role.VIEWER)
    page = viewer.get(path(key)).text
    assert "readonly" in page
    for word in ("Save the draft", "Check and publish", "Send me one now", "Add the picture"):
        assert word not in page
    assert asked(viewer, path(key, "/preview"), source=source_of(served, key)).status_code == 200
    assert viewer.press(path(key), source="x", seen="0").status_code == 403


def test_the_editor_offers_every_field_and_filter_there_is(ada: Colleague, key: str) -> None:
    from dataclasses import fields, is_dataclass
    from typing import get_type_hints

    from funnel.domain.template import EmailContext
    from funnel.rendering.filters import AUTHOR_FILTERS

    real = set()
    for each in fields(EmailContext):
        kind = get_type_hints(EmailContext)[each.name]
        if is_dataclass(kind):
            real |= {f"{each.name}.{part.name}" for part in fields(kind)}
        else:
            real.add(each.name)
    told = {name for name in known_names() if not name.startswith(("session.", "replay."))}
    assert told == real - {"session", "replay"}
    assert known_filters() == set(AUTHOR_FILTERS)
    words = re.search(r'data-words="([^"]*)"', ada.get(path(key)).text)
    assert words is not None
    offered = json.loads(unescape(words[1]))
    assert {each["label"] for each in offered["fields"]["links"]} >= {"join", "calendar"}
