"""Files as people's editors save them: read as UTF-8, or refused by line."""

import pytest

from funnel.domain.text_file import NotUtf8Error, decode_text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("title: é\n".encode(), "title: é\n"),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"", ""),
    ],
)
def test_utf_8_is_read_with_plain_line_ends(content: bytes, text: str) -> None:
    assert decode_text(content) == text


@pytest.mark.parametrize(
    ("case", "content", "line", "words"),
    [
        ("Latin-1", "title: é\nsteps: []\n".encode("latin-1"), 1, 'reads "title: é"'),
        ("further down", "a\nb\n# für alle\n".encode("latin-1"), 3, 'reads "# für alle"'),
        ("a Mac's line ends", "a\rb\r# für\r".encode("latin-1"), 3, 'reads "# für"'),
        ("Windows", "a\r\n“b”\r\n".encode("cp1252"), 2, 'reads "“b”"'),
        ("UTF-16", "title: x\n".encode("utf-16"), 1, "it is UTF-16, not UTF-8"),
        ("half a character", b"caf\xc3", 1, "it is not UTF-8"),
    ],
)
def test_another_encoding_is_named_with_its_line(
    case: str, content: bytes, line: int, words: str
) -> None:
    with pytest.raises(NotUtf8Error) as refused:
        decode_text(content)
    assert refused.value.line == line
    assert words in str(refused.value)
    assert refused.value.remedy == "Save it as UTF-8."
