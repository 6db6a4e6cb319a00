from hypothesis import given
from hypothesis import strategies as st

from funnel.domain.text_difference import LineKind, differs, text_difference

TEXTS = st.lists(st.sampled_from(["", "one", "one two", "one two three", "four"])).map("\n".join)


def side(lines, name):
    return "\n".join(
        "".join(piece.text for piece in getattr(each, name))
        for each in lines
        if getattr(each, name)
    )


@given(old=TEXTS, new=TEXTS)
def test_both_texts_can_be_read_from_their_difference(old, new):
    lines = text_difference(old, new)
    assert side(lines, "old") == old
    assert side(lines, "new") == new
    assert differs(lines) == (old != new)


def test_a_changed_word_is_told_from_its_line():
    (line,) = text_difference("We meet on Monday evening.", "We meet on Tuesday evening.")
    assert line.kind is LineKind.CHANGED
    assert [each.text for each in line.old if each.is_changed] == ["Monday"]
    assert [each.text for each in line.new if each.is_changed] == ["Tuesday"]


def test_lines_keep_their_numbers():
    lines = text_difference("a\nb\nc", "a\nc\nd")
    assert [(each.kind, each.old_number, each.new_number) for each in lines] == [
        (LineKind.SAME, 1, 1),
        (LineKind.REMOVED, 2, None),
        (LineKind.SAME, 3, 2),
        (LineKind.ADDED, None, 3),
    ]


def test_very_long_texts_are_not_compared_line_by_line():
    lines = text_difference("a\n" * 3_000, "b\n" * 3_000)
    assert LineKind.CHANGED not in {each.kind for each in lines}
    assert differs(lines)
