"""What browsers load: little on every page, the editor on its own, all of it named and licensed."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "funnel" / "web" / "static"
BUILT = STATIC / "dist"
PAGES = ROOT / "funnel" / "templates" / "web"
MOST_SCRIPT = 100_000  # bytes on a page, as they are served
_SCRIPT = re.compile(r"<script[^>]*src=\"\{\{ static\(['\"]([^'\"]+)")
_IMPORT = re.compile(r"^import .*?from \"\./([^\"]+)\"", re.MULTILINE)


def scripts_of(page: Path) -> set[str]:
    names = set(_SCRIPT.findall(page.read_text()))
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        found = set(_IMPORT.findall((STATIC / name).read_text())) - names
        found = {each for each in found if (STATIC / each).is_file()}
        names |= found
        waiting.extend(found)
    return names


def pages() -> list[str]:
    return sorted(str(each.relative_to(PAGES)) for each in PAGES.rglob("*.html"))


def test_there_are_pages_with_scripts() -> None:
    found = scripts_of(PAGES / "studio" / "template.html")
    assert {"template_editor.js", "template_saving.js", "template_said.js"} <= found


@pytest.mark.parametrize("page", pages())
def test_a_page_loads_little_script(page: str) -> None:
    loaded = scripts_of(PAGES / page)
    assert sum((STATIC / name).stat().st_size for name in loaded) < MOST_SCRIPT
    text = (PAGES / page).read_text()
    assert ("editor.js" in re.findall(r"[\w]+\.js", text)) is (page == "studio/template.html")


def test_every_package_has_one_exact_version() -> None:
    wanted = json.loads((ROOT / "frontend" / "package.json").read_text())["dependencies"]
    locked = (ROOT / "frontend" / "bun.lock").read_text()
    for name, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert f'["{name}@{version}", "",' in locked, f"{name}: make the lock anew, without address"
    assert "://" not in locked


@pytest.mark.skipif(not BUILT.is_dir(), reason="built without the editor (FUNNEL_PLAIN_EDITOR)")
def test_what_is_built_is_small_enough_and_licensed() -> None:
    licences = (BUILT / "LICENSES.txt").read_text()
    for name in json.loads((ROOT / "frontend" / "package.json").read_text())["dependencies"]:
        assert f"{name}\n===" in licences, name
    assert (BUILT / "plots.js").stat().st_size < MOST_SCRIPT
    for built in BUILT.glob("*.js"):
        text = built.read_text()
        assert "sourceMappingURL" not in text
        assert not re.search(r"\beval\(|new Function\(", text), (
            "our policy lets no text become code"
        )
