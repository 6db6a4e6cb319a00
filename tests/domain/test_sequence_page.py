"""What the page about the sequence file shows is what is read."""

import re
from pathlib import Path

import pytest

import funnel
from funnel.domain.condition_text import condition_text, read_condition
from funnel.domain.sequence import ConditionKind
from funnel.domain.sequence_file import parse_sequence
from funnel.domain.timing_text import read_timing

PAGE = (Path(funnel.__file__).parent.parent / "docs" / "sequence-file.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
HEAD = """title: An example
steps:
  - {key: your-seat, kind: service, timing: on registration}
  - {key: listening, kind: letter, timing: 1 day after enrollment}
"""
CONDITIONS = PAGE[PAGE.index("## Conditions") : PAGE.index("Names are compared")]
WORDS = [
    word
    for row in CONDITIONS.splitlines()
    if row.startswith("| `")
    for word in re.findall(r"`([^`]+)`", row.split("|")[1])
]


def indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in text.splitlines())


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.startswith("- key")])
def test_the_steps_of_the_page_are_read(example):
    definition = parse_sequence(HEAD + indented(example), file_name="example.yaml")
    assert len(definition.steps) > 2


def test_the_head_of_the_page_is_read():
    (head,) = [each for each in EXAMPLES if each.startswith("title")]
    text = head.replace("  - …\n", HEAD.partition("steps:\n")[2])
    definition = parse_sequence(text, file_name="example.yaml")
    assert len(definition.goal) == 2
    assert definition.exit_if


def test_the_timings_of_the_page_are_read():
    (timings,) = [each for each in EXAMPLES if each.startswith("timing")]
    lines = [
        line.partition("#")[0].removeprefix("timing:").strip() for line in timings.splitlines()
    ]
    assert [read_timing(line) for line in lines]


@pytest.mark.parametrize("word", WORDS)
def test_the_conditions_of_the_page_are_read(word):
    assert condition_text(read_condition(word)) == word


def test_the_page_names_every_condition():
    assert {read_condition(word).kind for word in WORDS} == set(ConditionKind)
