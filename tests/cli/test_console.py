"""What the commands say, as sentences."""

import pytest

from funnel.cli.console import sentence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("there is no such person", "There is no such person."),
        ("write it.", "Write it."),
        ("is it?", "Is it?"),
        ("a: b", "A: b."),
        ("sequences/cycle.yaml, line 4: x", "sequences/cycle.yaml, line 4: x."),
        ("cycle.yaml: x", "cycle.yaml: x."),
        ("./bad cannot be read", "./bad cannot be read."),
        ("wrong. Look again", "Wrong. Look again."),
        ("two\nlines", "two\nlines"),
        ("  ", ""),
    ],
)
def test_a_message_is_a_sentence_and_a_file_s_name_stays_as_it_is(text, said):
    assert sentence(text) == said
