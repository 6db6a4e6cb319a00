"""A launch held again, and the schema, at a terminal."""

import json

import pytest

SLUG = "disruption-masterclass"


def test_a_copy_is_a_draft_that_can_be_rehearsed(funnel, loaded):
    result = funnel("sequence", "copy", SLUG, "june", "--title", "June", "--days", "28")
    assert result.exit_code == 0, result.output
    assert '"June" is a draft named june, with 20 emails.' in result.stdout
    assert "The original has no date" in result.stdout
    assert loaded.ask("select count(*) from sequences where live_version_id is null") == 1
    assert loaded.ask("select count(*) from templates where key like 'june/%'") == 20
    assert "+title: June" in funnel("sequence", "diff", "june").stdout
    again = funnel("sequence", "copy", SLUG, "june", "--days", "28")
    assert again.exit_code == 2
    assert "Take another name." in again.output


@pytest.mark.parametrize(
    "when",
    [
        (),
        ("--days", "1", "--start", "2040-01-01T18:00Z"),
        ("--start", "soon"),
        ("--start", "2040-01-01T18:00"),
    ],
    ids=["none", "both", "no moment", "no offset"],
)
def test_when_it_is_held_is_said_once_and_rightly(funnel, loaded, when):
    result = funnel("sequence", "copy", SLUG, "june", *when)
    assert result.exit_code == 2
    assert loaded.ask("select count(*) from sequences") == 1


def test_the_schema_is_json(funnel):
    result = funnel("sequence", "schema")
    assert json.loads(result.stdout)["required"] == ["title", "steps"]
