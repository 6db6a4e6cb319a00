import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.domain.text_passages import Choice, merged, passages

LINES = st.lists(st.sampled_from(["", "one", "two", "three", "---"]), max_size=12).map("\n".join)
THEIRS = "subject: A\n\nHello\n\nFirst.\n\nLast."
YOURS = "subject: B\n\nHello\n\nFirst.\nMore.\n\nLast."


@given(theirs=LINES, yours=LINES)
def test_each_side_put_together_is_its_text_again(theirs: str, yours: str) -> None:
    found = passages(theirs, yours)
    for choice, text in ((Choice.THEIRS, theirs), (Choice.YOURS, yours)):
        assert merged(found, dict.fromkeys(range(len(found)), choice)) == text


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({}, YOURS),
        ({0: Choice.THEIRS}, YOURS.replace("subject: B", "subject: A")),
        ({0: Choice.BOTH}, YOURS.replace("subject: B", "subject: A\nsubject: B")),
        ({0: Choice.THEIRS, 2: Choice.THEIRS}, THEIRS),
    ],
    ids=["yours", "their subject", "both subjects", "theirs"],
)
def test_a_passage_has_the_words_that_were_chosen(
    choices: dict[int, Choice], expected: str
) -> None:
    assert merged(passages(THEIRS, YOURS), choices) == expected


def test_what_both_say_is_never_said_twice() -> None:
    found = passages(THEIRS, YOURS)
    assert merged(found, dict.fromkeys(range(len(found)), Choice.BOTH)).count("Hello") == 1
