"""The published schema says what ``parse_sequence`` reads, as far as one field can say it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from ruamel.yaml import YAML

from funnel.domain.sequence import SequenceDefinition
from funnel.domain.sequence_file import SEQUENCE_FIELDS, SequenceFileError, parse_sequence
from funnel.domain.sequence_schema import DIALECT, sequence_schema
from funnel.domain.sequence_text import sequence_text
from funnel.domain.step_file import STEP_FIELDS
from tests.domain.json_schema import errors, is_valid
from tests.domain.test_sequence_text import fit_for_files

SCHEMA = sequence_schema("https://example.org/schemas/sequence.json")
SHIPPED = Path(__file__).parents[2] / "funnel/templates/sequences"
WHOLE = """title: A title
brand: default
runs: once
on_unknown: resend
days_between_letters: 3
no_letters_on: [2026-12-25]
goal: [booked, tag client]
exit_if: bought
opens: yes
steps:
  - key: seat
    kind: service
    timing: on registration
    late: within 20 h
  - key: first
    name: The first
    kind: letter
    timing: 1 day after enrollment, 09:00
    weekdays: [mon-wed, fri]
    hours: 08:00-17:00
    only_if: registered
    skip_if: [clicked link book in seat within 2 days]
  - key: soon
    kind: service
    timing: 1 h 30 min before session start
    lead: 1 h
    late: skip
    apart_from: {seat: 2 h}
    repeats_when_moved: yes
  - key: thanks
    kind: service
    timing: 2 h after session end
    only_if: attended
    wait: until 1 day after session end, 09:00
    one_of: after
  - key: missed
    kind: service
    timing: 1 day after session end, 09:00
    only_if: missed
    one_of: after
  - key: later
    kind: letter
    timing: on 2026-12-01T09:00+01:00
  - key: last
    kind: letter
    timing: 2 days after session end, 09:00
    without_session: 3 days after first, 09:00
"""


def as_editors_read(text: str) -> Any:
    """YAML 1.2 as JSON has it: a date is a text."""
    data = YAML(typ="safe", pure=True).load(text)
    return json.loads(json.dumps(data, default=str))


def test_it_names_its_dialect_its_place_and_every_field() -> None:
    assert (SCHEMA["$schema"], SCHEMA["$id"]) == (
        DIALECT,
        "https://example.org/schemas/sequence.json",
    )
    assert tuple(SCHEMA["properties"]) == SEQUENCE_FIELDS
    assert tuple(SCHEMA["$defs"]["step"]["properties"]) == STEP_FIELDS
    steps = SCHEMA["$defs"]["step"]["properties"]
    assert all(
        each.get("description") for each in (*SCHEMA["properties"].values(), *steps.values())
    )
    assert "$id" not in sequence_schema()
    json.dumps(SCHEMA)


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yaml")), ids=lambda each: each.name)
def test_the_shipped_file_is_valid(file: Path) -> None:
    assert list(errors(as_editors_read(file.read_text("utf-8")), SCHEMA)) == []


def test_a_file_with_every_field_is_valid() -> None:
    parse_sequence(WHOLE, file_name="whole.yaml")
    assert list(errors(as_editors_read(WHOLE), SCHEMA)) == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(fit_for_files())
def test_what_is_read_is_valid(definition: SequenceDefinition) -> None:
    text = sequence_text(definition)
    parse_sequence(text, file_name="any.yaml")
    assert list(errors(as_editors_read(text), SCHEMA)) == []


@pytest.mark.parametrize(
    ("was", "wrong"),
    [
        ("title: A title\n", ""),
        ("title: A title", f"title: {'x' * 201}"),
        ("brand: default", "brand: My Brand"),
        ("runs: once", "runs: twice"),
        ("on_unknown: resend", "on_unknown: perhaps"),
        ("days_between_letters: 3", "days_between_letters: 31"),
        ("days_between_letters: 3", "days_between_letters: some"),
        ("no_letters_on: [2026-12-25]", "no_letters_on: [Christmas]"),
        ("no_letters_on: [2026-12-25]", "no_letters_on: []"),
        ("exit_if: bought", "exit_if: buys"),
        ("opens: yes", "opens: perhaps"),
        ("    kind: letter\n", ""),
        ("kind: letter", "kind: poem"),
        ("key: first", "key: The first"),
        ("key: first", "colour: red\n    key: first"),
        ("brand: default", "brand: default\ncolour: red"),
        ("1 day after enrollment", "1 day after lunch time"),
        ("1 day after enrollment", "1 moon after enrollment"),
        ("1 day after enrollment", "1 day beside enrollment"),
        ("without_session: 3 days after first, 09:00", "without_session: never"),
        ("[mon-wed, fri]", "[montag]"),
        ("hours: 08:00-17:00", "hours: 08:00"),
        ("hours: 08:00-17:00", "hours: 08:00-25:00"),
        ("within 20 h", "within 2 days"),
        ("within 20 h", "perhaps"),
        ("lead: 1 h", "lead: 1 day"),
        ("{seat: 2 h}", "{seat: soon}"),
        ("{seat: 2 h}", "seat"),
        ("wait: until 1 day", "wait: 1 day"),
        ("one_of: after\n  - key: missed", "one_of: A group\n  - key: missed"),
        ("repeats_when_moved: yes", "repeats_when_moved: often"),
        ("only_if: registered", "only_if: registerd"),
        ("weekdays: [mon-wed, fri]", "late: skip"),
        ("lead: 1 h", "weekdays: mon-fri"),
    ],
)
def test_what_one_field_says_wrong_is_refused_by_both(was: str, wrong: str) -> None:
    assert was in WHOLE
    broken = WHOLE.replace(was, wrong, 1)
    with pytest.raises(SequenceFileError):
        parse_sequence(broken, file_name="whole.yaml")
    assert not is_valid(as_editors_read(broken), SCHEMA)


@pytest.mark.parametrize("steps", ["[]", "first", "[a, b]"])
def test_steps_are_a_list_of_mappings(steps: str) -> None:
    assert not is_valid(as_editors_read(f"title: A\nsteps: {steps}\n"), SCHEMA)
