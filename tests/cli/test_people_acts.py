"""``funnel people …`` for one person, as somebody at a terminal sees it."""

import json
from datetime import timedelta

import pytest

from tests.fixtures.signups import Door, add_source
from tests.fixtures.world import SHORT_SEQUENCE

ANA = "ana@example.org"


@pytest.fixture
def seated(installed):
    installed.publish(SHORT_SEQUENCE)
    with installed.transactions.begin() as tx:
        session = installed.add_session(tx.now + timedelta(days=21))
    Door(world=installed, source=add_source(installed)).seat(ANA, session)
    return installed


def test_one_person_from_a_terminal(funnel, seated, tmp_path):
    assert "Tagged." in funnel("people", "tag", ANA, "vip").output
    assert "It was so already." in funnel("people", "tag", ANA, "VIP").output
    assert "kept" in funnel("people", "note", ANA, "Called.").output
    shown = funnel("people", "show", ANA).output
    assert "Tags: vip" in shown and "Called." in shown and "A short one" in shown
    assert "not sent" in funnel("people", "skip", ANA, "first").output
    assert "back" in funnel("people", "skip", ANA, "first", "--undo").output
    again = funnel("people", "resend", ANA, "first", "--yes")
    assert again.exit_code != 0 and "never sent" in again.output
    file = tmp_path / "ana.json"
    assert funnel("people", "export", ANA, "--to", str(file)).exit_code == 0
    assert json.loads(file.read_text())["profile"][0]["email"] == ANA
    refused = funnel("people", "erase", ANA, "--address", "other@example.org")
    assert refused.exit_code != 0 and seated.ask("select email from subscribers") == ANA
    assert "erased" in funnel("people", "erase", ANA, "--address", ANA).output
    assert seated.ask("select email from subscribers") == ""
    assert funnel("people", "show", ANA).exit_code != 0
