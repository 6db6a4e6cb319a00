"""The file that a host edits: what it may say, and what is wrong with it in words."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import fixed_dictionaries, text

from funnel.bootstrap import SHIPPED_DEFINITIONS
from funnel.domain.errors import InvalidInputError
from funnel.rendering.landing import (
    SHORT_TEXTS,
    LandingFile,
    check_landing,
    landing_from_json,
    landing_texts,
    landing_to_json,
    parse_landing,
)

SHIPPED = (SHIPPED_DEFINITIONS / "web" / "landing.md").read_text("utf-8")


VALUES = {
    "brand.name": "Muster Coaching",
    "brand.host_name": "Mira Muster",
    "minutes": "90",
}


def file(folder: Path, text: str) -> LandingFile:
    path = folder / "landing.md"
    path.write_text(text, "utf-8")
    return LandingFile(path)


def test_the_shipped_file_fills_in_the_host() -> None:
    texts = LandingFile(SHIPPED_DEFINITIONS / "web" / "landing.md").texts(VALUES)
    assert texts.kicker == "Free masterclass, live online, 90 minutes"
    assert [part.title for part in texts.parts][-1] == "Your host"
    assert [part.drawing for part in texts.parts] == ["attention", "learning", "systems", ""]
    assert "Mira Muster coaches" in texts.parts[-1].body


def test_a_change_is_shown_at_the_next_visit(tmp_path: Path) -> None:
    landing = file(tmp_path, SHIPPED)
    assert landing.texts(VALUES).button == "Save me a seat"
    changed = SHIPPED.replace("button: Save me a seat", "button: Count me in")
    (tmp_path / "landing.md").write_text(changed, "utf-8")
    os.utime(tmp_path / "landing.md", ns=(1, 1))
    assert landing.texts(VALUES).button == "Count me in"


@pytest.mark.parametrize(
    ("case", "old", "new", "sentence"),
    [
        ("no head", "---\n", "", "has no head"),
        ("a line missing", "button: Save me a seat\n", "", "says nothing for button"),
        (
            "a name that is none",
            "{{ minutes }}",
            "{{ hours }}",
            "nothing that is called {{ hours }}",
        ),
        ("a brace too many", "{{ minutes }}", "{{ minutes", "landing.md"),
        ("no YAML", "title:", "title: [", "cannot be read"),
        ("a drawing that is none", "[attention,", "[dragon,", "asks for the drawing dragon"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, case: str, old: str, new: str, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(sentence)):
        file(tmp_path, SHIPPED.replace(old, new)).texts(VALUES)


def test_nothing_that_runs_gets_onto_the_page(tmp_path: Path) -> None:
    evil = (
        SHIPPED
        + '\n\n<script>alert(1)</script>\n\n[click](javascript:alert(1)) <b onclick="x">b</b>\n'
    )
    body = file(tmp_path, evil).texts(VALUES).parts[-1].body
    assert "<script" not in body
    assert "<b " not in body
    assert 'href="javascript' not in body


def test_a_template_cannot_reach_beyond_its_values(tmp_path: Path) -> None:
    evil = SHIPPED.replace("{{ minutes }}", "{{ brand.__class__.__mro__ }}")
    with pytest.raises(InvalidInputError):
        file(tmp_path, evil).texts(VALUES)


def test_a_text_that_would_be_a_program_is_refused_before_it_costs_anything() -> None:
    source = parse_landing(SHIPPED, name="landing.md")
    for evil in ("{{ 'a' * 10**10 }}", "{% for x in range(10**9) %}x{% endfor %}", "{{ {{ }}"):
        body = replace(source, body=source.body + evil)
        with pytest.raises(InvalidInputError, match=r"called|braces") as caught:
            check_landing(body, VALUES)
        assert caught.value.field == "body"
        assert "{{ brand.name }}" in caught.value.remedy


def test_a_value_is_put_in_and_never_read_again() -> None:
    source = parse_landing(SHIPPED, name="landing.md")
    texts = landing_texts(source, VALUES | {"minutes": "{{ brand.name }}"})
    assert texts.kicker == "Free masterclass, live online, {{ brand.name }} minutes"


@given(
    short=fixed_dictionaries({name: text(max_size=60) for name in SHORT_TEXTS}),
    body=text(max_size=300),
)
def test_what_is_kept_is_read_back(short: dict[str, str], body: str) -> None:
    source = replace(parse_landing(SHIPPED, name="landing.md"), short=short, body=body)
    assert landing_from_json(landing_to_json(source)) == source


@pytest.mark.parametrize(
    ("name", "value"),
    [("title", " "), ("privacy_url", "javascript:x"), ("kicker", "x" * 1001), ("button", "")],
)
def test_a_short_text_that_cannot_stand_is_named(name: str, value: str) -> None:
    source = parse_landing(SHIPPED, name="landing.md")
    with pytest.raises(InvalidInputError) as caught:
        check_landing(replace(source, short={**source.short, name: value}), VALUES)
    assert caught.value.field == name
    assert caught.value.remedy


def test_more_quotation_marks_than_any_text_has_stay_straight() -> None:
    source = parse_landing(SHIPPED, name="landing.md")
    curly = landing_texts(replace(source, body='He said "yes".'), VALUES)
    assert "“yes”" in curly.opening
    many = landing_texts(replace(source, body='"yes" ' * 400), VALUES)
    assert "“" not in many.opening
