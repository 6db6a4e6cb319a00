"""Texts as they travel: read back equal, and safe on every line, whatever is in them."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from funnel.domain.quoted_text import closed, quoted, quoted_lines, quoted_piece

TEXTS = (
    st.text(max_size=400)
    | st.text(st.sampled_from("a. =\t\r\n\u2028\x85é漢😀"), max_size=400)
    | st.builds(
        lambda head, sign, length, tail: head + sign * length + tail,
        st.sampled_from(["", ".", "..", "a"]),
        st.sampled_from([".", "a", "=", "é", " "]),
        st.integers(60, 160),
        st.sampled_from(["", " ", "\t", ".", "\n."]),
    )
)
LONG = "10,000 characters = a lot. é " * 350


def as_read(text: str) -> str:
    plain = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text)
    lines = re.sub("\r\n|\r|\n|\x85|\u2028|\u2029", "\n", plain).rstrip("\n") + "\n"
    return lines.encode("utf-8", "replace").decode()


def assert_safe(encoded: bytes) -> None:
    assert encoded.endswith(b"\r\n")
    for line in encoded[:-2].split(b"\r\n"):
        assert len(line) <= 76
        assert re.fullmatch(rb"(?:[ \t!-<>-~]|=[0-9A-F]{2})*=?", line), line
        assert not line.startswith(b".") and not line.endswith((b" ", b"\t"))


@given(TEXTS)
@example("x" * 74 + " ")
@example("." + "x" * 74)
@example(LONG)
@example("")
def test_a_whole_text_reads_back_and_is_safe_on_every_line(text):
    made = quoted(text)
    assert_safe(made.encoded)
    assert made.decode() == as_read(text)


@given(st.lists(TEXTS, max_size=6))
@example(["." + "x" * 73, LONG, " ", "\r\n", "\r\n"])
@example(["a", "\n", "\n"])
@example(["x" * 75 + "." + "x" * 90, "x" * 75, "x" * 76, "x" * 75 + " y"])
def test_pieces_read_back_as_their_sum_and_no_line_depends_on_a_neighbour(texts):
    made = closed("".join(map(quoted_piece, texts)))
    assert_safe(made.encoded)
    # A line break cut in two is two: no piece looks at its neighbour.
    whole = "".join(re.sub("\r\n|\r", "\n", each) for each in texts)
    assert made.decode() == as_read(whole)


@given(st.lists(st.text(st.sampled_from("a. =é\u2028"), max_size=100), max_size=5))
def test_lines_are_the_same_as_their_text(lines):
    made = closed(quoted_lines(lines))
    assert_safe(made.encoded)
    assert made.decode() == as_read("\n".join(lines))
