"""The examples of docs/connect-facts.md, as they stand there, against the running webhook."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from funnel.domain.fact_source import EventStatus, PresetName
from funnel.domain.facts import FactKind
from funnel.intake.presets import generic_facts
from tests.fixtures.fact_providers import Generic, Zoom
from tests.fixtures.facts import FactsHook, MakeFactsHook

PAGE = Path(__file__).parents[2] / "docs" / "connect-facts.md"
JANE = "jane@example.org"

needs_curl = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl"
)


def _example(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(found) == 1
    return str(found[0])


def _run(command: list[str], at: FactsHook) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "FACTS_ADDRESS": f"{at.base_url}/webhooks/facts/{at.source.slug}",
        "FACTS_SECRET": at.provider.secret,
    }
    done = subprocess.run(  # noqa: S603  (our own example)
        command, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_python_example_reports_a_booking(make_facts_hook: MakeFactsHook) -> None:
    at = make_facts_hook(Generic())
    at.seated(JANE)
    assert '200 {"id":"crm-4711","status":"applied"}' in _run(
        [sys.executable, "-c", _example("python")], at
    )
    assert at.facts() == [("booked", "intro-call")]


@needs_curl
def test_the_shell_example_reports_a_booking(make_facts_hook: MakeFactsHook) -> None:
    at = make_facts_hook(Generic())
    assert '"status":"waiting"' in _run(["sh", "-c", _example("sh")], at)
    at.door.seat(JANE)
    assert at.facts() == [("booked", "intro-call")]


@needs_curl
def test_the_example_of_a_provider_reports_who_joined(make_facts_hook: MakeFactsHook) -> None:
    at = make_facts_hook(Zoom())
    at.seated(JANE)
    assert '"status":"applied"' in _run(["sh", "-c", _example("bash")], at)
    assert at.facts() == [("joined", "")]


def test_the_json_example_is_taken(make_facts_hook: MakeFactsHook) -> None:
    at = make_facts_hook(Generic())
    at.seated(JANE)
    fact = json.loads(_example("json"))
    assert set(fact) <= set(generic_facts.FIELDS)
    answer = at.send(fact | {"at": datetime.now(UTC).isoformat()})  # the page's lies in 2027
    assert answer.json() == {"id": "crm-4711", "status": "applied"}


def test_the_page_names_every_preset_status_field_and_kind() -> None:
    page = PAGE.read_text()
    for word in (*PresetName, *EventStatus, *generic_facts.FIELDS, *generic_facts.REPORTED):
        assert f"`{word}`" in page, word
    assert FactKind.CLICKED not in generic_facts.REPORTED
