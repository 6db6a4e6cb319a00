"""Sequence files as tests write them: a whole one, and one step among others."""

import pytest

from funnel.domain.sequence_file import SequenceFileError, parse_sequence


def parse(text: str):
    return parse_sequence(text, file_name="a-sequence.yaml")


def parse_step(*lines: str):
    """The last step of a sequence of three: ``first``, ``seat`` and this one."""
    text = f"""title: A title
steps:
  - key: first
    kind: letter
    timing: 1 day after enrollment, 09:00
  - key: seat
    kind: service
    timing: on registration
  - key: last
    {"    ".join(line + chr(10) for line in lines)}"""
    return parse(text).steps[-1]


def problems_of(text: str, *, file_name: str = "a-sequence.yaml"):
    with pytest.raises(SequenceFileError) as refused:
        parse_sequence(text, file_name=file_name)
    return refused.value.problems
