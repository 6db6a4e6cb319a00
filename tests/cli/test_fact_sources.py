"""``funnel fact-source``: as a person types it."""

import json

import pytest
from typer.testing import CliRunner

from funnel.cli.main import app
from funnel.domain.errors import InvalidInputError
from funnel.domain.fact_source import FactEvent
from funnel.domain.facts import FactKind, FactReport
from funnel.services.add_fact_source import find_fact_source
from funnel.services.receive_facts import receive_facts, refuse_event

TOKEN = "a-secret-token-of-zoom"  # noqa: S105  (for tests)


@pytest.fixture
def funnel(monkeypatch, tmp_path, world):
    """Run a command against a world at the present; give its output and exit code."""
    monkeypatch.chdir(tmp_path)
    values = {
        "FUNNEL_DATABASE_URL": world.url,
        "FUNNEL_BASE_URL": "https://letters.example.org",
        "FUNNEL_LINK_KEYS": json.dumps(["0123456789abcdefghijklmnopqrstuvwxyz"]),
        "FUNNEL_LOG_LEVEL": "warning",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)

    def run(*words, answer=None):
        return CliRunner().invoke(
            app, ["fact-source", *words], input=answer, prog_name="funnel", catch_exceptions=False
        )

    return run


def test_a_made_secret_is_shown_once(funnel, world):
    added = funnel("add", "crm", "--preset", "generic")
    assert added.exit_code == 0, added.output
    assert "https://letters.example.org/webhooks/facts/crm" in added.output
    secret = find_fact_source("crm", world.transactions).secrets[0]
    assert secret in added.output
    listed = funnel("list")
    assert "crm" in listed.output
    assert secret not in listed.output


def test_a_provider_s_secret_is_asked_for_and_never_shown(funnel, world):
    added = funnel("add", "zoom", "--preset", "zoom")
    assert "closed until it has zoom's secret" in added.output
    assert "none: closed" in funnel("list").output
    rotated = funnel("rotate", "zoom", "--secret", "-", answer=f"{TOKEN}\n")
    assert rotated.exit_code == 0, rotated.output
    assert TOKEN not in rotated.output
    assert find_fact_source("zoom", world.transactions).secrets == (TOKEN,)
    assert funnel("rotate", "zoom").exit_code == 2


def test_what_waits_and_what_was_refused_is_seen_and_tried_again(funnel, world):
    funnel("add", "crm", "--preset", "generic")
    assert "Nothing waits" in funnel("waiting").output
    source = find_fact_source("crm", world.transactions)
    report = FactReport(kind=FactKind.BOOKED, source="crm", email="ana@example.org", name="call")
    receive_facts([FactEvent(event_id="1", report=report)], source, world.transactions)
    body = b'{"kind": "goal", "mail": "bea@example.org"}'
    refuse_event(InvalidInputError("is missing", field="email"), source, body, world.transactions)
    waiting = funnel("waiting").output
    assert "ana@example.org" in waiting
    assert "booked" in waiting
    assert "email: is missing" in funnel("list").output
    assert funnel("change", "crm", "--field", "email=mail").exit_code == 0
    world.enroll(world.add_person("ana@example.org"))
    assert "Read 1 that were refused, settled 1 that waited" in funnel("retry").output
    assert "bea@example.org" in funnel("waiting").output


def test_off_and_on(funnel, world):
    funnel("add", "zoom", "--preset", "zoom", "--secret", TOKEN)
    assert funnel("off", "zoom").exit_code == 0
    assert not find_fact_source("zoom", world.transactions).is_active
    assert funnel("on", "zoom").exit_code == 0
    assert find_fact_source("zoom", world.transactions).is_active
    assert funnel("off", "other").exit_code == 2


def test_a_preset_that_is_none(funnel):
    assert funnel("add", "x", "--preset", "teams").exit_code == 2
    assert "There is none" in funnel("list").output
