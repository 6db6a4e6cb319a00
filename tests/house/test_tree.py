"""Rules of the house that no linter knows."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_LINES = 400
# Path -> the reason why one long file is better than two.
LONGER_WITH_REASON = {
    "funnel/storage/migrations/versions/m0001_first_tables.py": "every first table, generated; "
    "a migration is never edited once it is out",
    "funnel/storage/migrations/versions/m0005_studio.py": "written once, read from top to bottom",
}
VAGUE = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"}
# Put together here, or this file would break its own rule.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("crates", "io"),
        ("golang", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("deb", "debian", "org"),
    )
)
MACHINE_PATHS = re.compile(r"/home/\w|/root/\w|/Users/\w")


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - whichever git is here
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _tracked_python() -> list[str]:
    return [name for name in _tracked() if name.endswith(".py")]


def _text(name: str) -> str:
    try:
        return (ROOT / name).read_text()
    except UnicodeDecodeError:
        return ""  # a picture


def test_the_rules_are_asked_of_something() -> None:
    names = _tracked_python()
    assert "funnel/settings.py" in names
    assert len(names) > 50


def test_modules_stay_short() -> None:
    long = {
        name: lines
        for name in _tracked_python()
        if (lines := _text(name).count("\n")) > MOST_LINES and name not in LONGER_WITH_REASON
    }
    assert long == {}, "Split them: a module has one reason to change."


def test_names_say_what_a_thing_is() -> None:
    vague = [
        name
        for name in _tracked_python()
        if VAGUE & set(re.split(r"[/_.]", name)) or VAGUE & _words_of_classes(name)
    ]
    assert vague == []


def _words_of_classes(name: str) -> set[str]:
    classes = (
        node.name for node in ast.walk(ast.parse(_text(name))) if isinstance(node, ast.ClassDef)
    )
    return {word.lower() for each in classes for word in re.findall(r"[A-Z][a-z]+", each)}


@pytest.mark.parametrize("registry", REGISTRIES)
def test_no_address_of_a_package_registry_is_kept(registry: str) -> None:
    found = [name for name in _tracked() if registry in _text(name).lower()]
    assert found == []


def test_no_path_of_somebodys_machine_is_kept() -> None:
    found = {
        name: match.group() for name in _tracked() if (match := MACHINE_PATHS.search(_text(name)))
    }
    assert found == {}


def test_there_is_one_kind_of_lock() -> None:
    others = {"uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock", "package-lock.json"}
    assert others & {Path(name).name for name in _tracked()} == set()
