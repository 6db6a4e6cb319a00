"""The pages of an import: a file from Kit is read, tried, taken in; what is wrong is said."""

import re
from uuid import uuid4

import pytest

from funnel.domain.access import Role
from tests.web.colleagues import Colleague, hire
from tests.web.served import Served

PATH = "/studio/people/import"
WORDS = "Send me letters about <b>leading</b> & more."


@pytest.fixture(scope="module")
def marketer(served: Served) -> Colleague:
    return hire(served, Role.MARKETER)


def _upload(colleague: Colleague, content: bytes, name: str = "kit.csv", **fields: str) -> str:
    answer = colleague.browser.post(
        PATH,
        data={"form_token": colleague.form_token(), **fields},
        files={"file": (name, content, "text/csv")},
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def _options(page: str, **changes: str) -> dict[str, str]:
    """Return what the form of a page would post as it stands."""
    found = {}
    for name, options in re.findall(
        r'<select class="field"[^>]* name="([^"]+)"(.*?)</select>', page
    ):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen.group(1) if chosen else ""
    return {"wording": WORDS, "topic-letters": "yes", **found, **changes}


def _people(*more: str, who: str) -> bytes:
    rows = [f"{n},P{n},p{n}.{who}@example.org,active,2025-03-01 10:00:00 UTC," for n in range(3)]
    return "\n".join(["id,first_name,email,state,created_at,tags", *rows, *more]).encode()


def test_a_file_is_read_tried_and_taken_in(served: Served, marketer: Colleague) -> None:
    who = uuid4().hex[:8]
    path = _upload(
        marketer,
        _people("7,Cy,nobody,active,2025-03-01,", f"8,B,b.{who}@example.org,cancelled,,", who=who),
    )
    page = marketer.get(path).text
    assert "It looks like an export from Kit" in page
    assert "P0 · P1 · P2" in page
    tried = marketer.press(f"{path}/try", **_options(page))
    assert tried.headers["location"] == f"{path}?done=tried"
    page = marketer.get(path).text
    assert "Take 3 people in" in page
    assert "“nobody” is no email address." in page
    assert served.ask("select count(*) from subscribers where email like :w", w=f"%{who}%")[0] == 0
    assert marketer.press(f"{path}/start").status_code == 303
    page = marketer.get(path).text
    assert "What became of them" in page
    person = re.search(rf'<a href="(/studio/people/[^"]+)"><bdi>b.{who}@', page)
    assert person
    assert "do-not-email list" in marketer.get(person.group(1)).text
    table = marketer.get(f"{path}/lines.csv?of=not%20taken")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.content.decode("utf-8-sig").splitlines() == [
        "id,first_name,email,state,created_at,tags,Line here,Why not,What to do",
        "7,Cy,nobody,active,2025-03-01,,5,“nobody” is no email address.,"
        '"Write it as name@example.com, or leave the line out."',
    ]
    asked = marketer.get(f"{PATH}?q=b.{who}@example.org").text
    assert "they had unsubscribed there" in asked
    assert "kit.csv" in asked


def test_what_was_not_taken_is_mended_and_uploaded_again(marketer: Colleague) -> None:
    path = _upload(marketer, _people("7,Cy,nobody,active,2025-03-01,", who="m"))
    marketer.press(f"{path}/try", **_options(marketer.get(path).text))
    table = marketer.get(f"{path}/lines.csv?of=not%20taken")
    mended = table.content.replace(b"nobody,", b"cy.m@example.org,", 1)
    again = _upload(marketer, mended, name="mended.csv")
    options = _options(marketer.get(again).text)
    assert [options[f"column-{n}"] for n in (6, 7, 8)] == ["", "", ""]
    marketer.press(f"{again}/try", **options)
    assert "Take 1 person in" in marketer.get(again).text


def test_what_is_wrong_is_said_and_what_was_typed_stays(marketer: Colleague) -> None:
    path = _upload(marketer, _people(who="x"))
    options = _options(marketer.get(path).text, agreed_on="yesterday", **{"column-1": "last_name"})
    refused = marketer.press(f"{path}/try", **options)
    assert refused.status_code == 422
    assert "“yesterday” is no date" in refused.text
    assert "&lt;b&gt;leading&lt;/b&gt;" in refused.text
    assert 'value="last_name" selected' in refused.text
    options = {**options, "agreed_on": "", "column-2": ""}
    assert "No column holds the email addresses" in marketer.press(f"{path}/try", **options).text
    assert marketer.press(f"{path}/start").status_code == 422
    assert marketer.press(f"{path}/discard").headers["location"] == f"{PATH}?done=discarded"
    assert marketer.get(path).status_code == 404


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "No file was chosen"),
        (b"\n\n", "The file is empty"),
        (b"email,name\n", "The file names columns and nobody"),
        (b"x" * (20 * 1024 * 1024 + 1), "The file is larger than 20 MB"),
    ],
    ids=["nothing", "empty", "nobody", "large"],
)
def test_files_that_are_of_no_use_are_refused(
    marketer: Colleague, content: bytes, says: str
) -> None:
    answer = marketer.browser.post(
        PATH,
        data={"form_token": marketer.form_token()},
        files={"file": ("people.csv", content, "text/csv")},
    )
    assert answer.status_code == 422
    assert says in answer.text


def test_only_the_upload_takes_a_large_body(marketer: Colleague) -> None:
    answer = marketer.browser.post(f"{PATH}/{uuid4()}/try", data=b"x" * (2 * 1024 * 1024))
    assert answer.status_code == 413
    beyond = marketer.browser.post(PATH, data=b"x" * (22 * 1024 * 1024))
    assert beyond.status_code == 413


def test_a_viewer_sees_it_and_changes_nothing(served: Served, marketer: Colleague) -> None:
    viewer = hire(served, Role.VIEWER)
    path = _upload(marketer, _people(who="y"), name="<i>odd</i>\u202e.csv")
    page = viewer.get(path).text
    assert "&lt;i&gt;odd&lt;/i&gt;.csv" in page
    assert "<form" not in page.partition('id="main"')[2]
    assert "Read this file" not in viewer.get(PATH).text
    assert viewer.press(f"{path}/start").status_code == 403
