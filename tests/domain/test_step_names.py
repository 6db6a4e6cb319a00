"""What people read instead of a step's key: how a file says it, and that it decides nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import funnel
from funnel.domain.enrollment import Enrollment, Facts
from funnel.domain.impact import Change, compare
from funnel.domain.planner import plan
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.sequence_file import (
    SequenceFileError,
    definition_from_json,
    definition_to_json,
    parse_sequence,
)
from funnel.domain.sequence_text import definition_checksum
from funnel.domain.step_file import STEP_FIELDS
from funnel.domain.timing_text import named_timing_text

SHIPPED = Path(funnel.__file__).parent / "templates" / "sequences" / "disruption-masterclass.yaml"
ENROLLED = datetime(2026, 11, 2, 11, tzinfo=UTC)


def shipped() -> SequenceDefinition:
    return parse_sequence(SHIPPED.read_text("utf-8"), file_name=SHIPPED.name)


def parse(first: str, second: str = "") -> SequenceDefinition:
    """A sequence of two letters, each with one more line."""
    text = f"""title: A title
steps:
  - key: first-one
    kind: letter
    timing: 1 day after enrollment, 09:00
    {first}
  - key: second
    kind: letter
    timing: 2 days after first-one, 09:00
    {second}
"""
    return parse_sequence(text, file_name="a-sequence.yaml")


def mistakes(first: str, second: str = "") -> list[str]:
    with pytest.raises(SequenceFileError) as refused:
        parse(first, second)
    return [str(each) for each in refused.value.problems]


def test_the_shipped_emails_have_names_in_a_readers_words() -> None:
    assert [each.known_as for each in shipped().steps] == [
        *("Your seat", "The tables have turned", "Listening", "Bias", "Systems"),
        *("Tomorrow", "Today", "In one hour", "Doors open"),
        *("Thank you", "We missed you", "The replay is open", "Replay ends"),
        *("The first shift", "First invitation", "The second shift", "The third shift"),
        *("Mutual learning", "The long work", "Last invitation"),
    ]


def test_an_email_without_a_name_shows_its_key_in_words() -> None:
    definition = parse("", 'name: "Das Zuhören: erste Übung"')
    assert definition.name_of("first-one") == "First one"
    assert definition.name_of("second") == "Das Zuhören: erste Übung"
    assert definition.name_of("taken-out") == "Taken out"


def test_sentences_name_what_is_counted_from() -> None:
    definition = parse("name: The tables have turned")
    first, second = (each.timing for each in definition.steps)
    assert named_timing_text(second, definition) == "2 days after The tables have turned, 09:00"
    assert named_timing_text(first, definition) == "1 day after enrollment, 09:00"


@pytest.mark.parametrize("name", ["نامه‌ای به شما", "👩‍👩‍👧 together", "e\u0301tape"])
def test_names_of_any_script_are_taken(name: str) -> None:
    (first, _) = parse(f'name: "{name}"').steps
    assert first.name == name.replace("e\u0301", "é")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"name: {'x' * 61}", "the name has 61 characters, more than 60"),
        (r'name: "a\u0007b"', "the name holds a control character, one that shows nothing"),
        (r'name: "a\u202eb"', "the name holds a control character, one that shows nothing"),
        ('name: "two  spaces"', "or two spaces in a row"),
        (r'name: "a\nb"', '"name" must be one line'),
        ('name: ""', '"name" is empty'),
        ("name: [a, b]", '"name" must be one text'),
    ],
)
def test_what_is_no_name_is_refused_by_its_line(line: str, reason: str) -> None:
    (mistake,) = mistakes(line)
    assert mistake.startswith("line 6, ")
    assert reason in mistake


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("name: Listening", "name: LISTENING", 'line 10, column 11: people could not tell it from'),
        ("", "name: First one", "line 10, column 11: people could not tell it from"),
        ("name: Second", "", "line 7, column 10: people could not tell it from"),
    ],
)  # fmt: skip
def test_two_emails_of_one_name_are_refused_at_the_second(
    first: str, second: str, said: str
) -> None:
    (mistake,) = mistakes(first, second)
    assert said in mistake
    assert "first-one" in mistake
    assert "Give one of the two another name." in mistake


def test_a_stored_version_of_former_days_is_read() -> None:
    stored = definition_to_json(shipped())
    for step in stored["steps"]:
        del step["name"]
    assert [each.known_as for each in definition_from_json(stored).steps][1:3] == [
        "Tables turned",
        "Listening",
    ]
    # What has no name is stored as it always was: nothing about it has changed.
    assert all("name" not in each for each in definition_to_json(parse(""))["steps"])


def test_another_name_is_another_version_and_moves_nobody() -> None:
    before = shipped()
    steps = tuple(replace(each, name=f"{each.name}, anew") for each in before.steps)
    after = replace(before, steps=steps)
    assert definition_checksum(after) != definition_checksum(before)
    somebody = Enrollment(enrolled_at=ENROLLED, zone=ZoneInfo("Europe/Berlin"))
    now = ENROLLED + timedelta(days=4)
    was, will = (plan(somebody, each, Facts(), frozenset(), now) for each in (before, after))
    assert was == will
    assert {each.change for each in compare(was, will)} == {Change.UNCHANGED}


def test_every_field_of_a_step_is_explained() -> None:
    explained = (SHIPPED.parents[3] / "docs" / "sequence-file.md").read_text("utf-8")
    assert [each for each in STEP_FIELDS if f"| `{each}` |" not in explained] == []
