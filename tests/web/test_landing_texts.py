"""The file that a host edits: what it may say, and what is wrong with it in words."""

import os
from pathlib import Path

import pytest

from funnel.bootstrap import SHIPPED_DEFINITIONS
from funnel.domain.errors import InvalidInputError
from funnel.web.landing_texts import LandingFile

SHIPPED = (SHIPPED_DEFINITIONS / "web" / "landing.md").read_text("utf-8")


class _Brand:
    name = "Muster Coaching"
    host_name = "Mira Muster"


VALUES = {"brand": _Brand(), "minutes": 90}


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
        ("a name that is none", "{{ minutes }}", "{{ hours }}", "'hours' is undefined"),
        ("a brace too many", "{{ minutes }}", "{{ minutes", "landing.md"),
        ("no YAML", "title:", "title: [", "cannot be read"),
        ("a drawing that is none", "[attention,", "[dragon,", "asks for the drawing dragon"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, case: str, old: str, new: str, sentence: str) -> None:
    with pytest.raises(InvalidInputError, match=sentence.replace("[", r"\[")):
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
