"""The command line in a process of its own settings, with and without a database."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from funnel.cli.main import app

SHIPPED = Path(__file__).parents[2] / "funnel" / "templates"
KEY = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """An environment of our own: nothing of the machine's, no .env of the project's."""
    monkeypatch.chdir(tmp_path)
    values = {
        "FUNNEL_LINK_KEYS": json.dumps([KEY]),
        "FUNNEL_DEFINITIONS_FOLDER": str(SHIPPED),
        "FUNNEL_LOG_LEVEL": "warning",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def funnel(settings):
    """Run a command; give its output and exit code."""

    def run(*words):
        return CliRunner().invoke(app, list(words), prog_name="funnel")

    return run


@pytest.fixture
def installed(settings, bare_world):
    """A migrated database at the present, and settings that name it."""
    settings.setenv("FUNNEL_DATABASE_URL", bare_world.url)
    bare_world.execute("update clock set ahead_by = '0'")
    return bare_world


@pytest.fixture
def loaded(funnel, installed):
    assert funnel("sequence", "load").exit_code == 0
    return installed
