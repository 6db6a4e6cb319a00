"""Bytes of a file as lines of text, whatever encoding they were saved in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from charset_normalizer import from_bytes

from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import say

# Before a line that is not what the rest of the file is; no text holds this character.
UNREADABLE: Final = "\uffff"

_MARKED: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_LINE_END_BYTES: Final = re.compile(rb"\r\n|\n|\r")
_LOOKED_AT: Final = 20_000  # bytes of lines beyond ASCII, from which an encoding is guessed
_MOST_UTF8: Final = 0.8  # so many of those lines are UTF-8: the others are mistakes in it
# What spreadsheets save; asked in this order where the text fits several equally.
_CANDIDATES: Final = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256"),
    *("shift_jis", "gb18030", "big5", "euc_kr", "mac_roman"),
)
_FALLBACK: Final = "cp1252"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedLines:
    """The lines without their ends, and by which encoding they were read."""

    lines: Sequence[str]
    encoding: str


def decode_lines(content: bytes, encoding: str = "") -> DecodedLines:
    """Return the lines of a text file.

    A line that is not in the encoding of the file begins with ``UNREADABLE``; its bytes stand
    behind it as Windows-1252 would show them.

    Args:
        content: The file.
        encoding: As somebody named it; empty: it is found out.

    Raises:
        InvalidInputError: No such encoding, or the whole is in another one.
    """
    name = encoding.strip() or _marked(content) or _unmarked_wide(content)
    if not name:
        return _narrow(content)
    try:
        text = content.decode(name)
    except (LookupError, ValueError) as error:
        if _is_utf8(name):
            return _line_by_line(content, name)
        raise InvalidInputError(
            say("the file cannot be read as {encoding}", encoding=name),
            field="encoding",
            remedy=say("Choose another encoding, or save the file as “CSV UTF-8”."),
        ) from error
    return DecodedLines(lines=_LINE_END.split(text.removeprefix("\ufeff")), encoding=name)


def _is_utf8(name: str) -> bool:
    return name.lower().replace("_", "-") in {"utf-8", "utf8", "utf-8-sig"}


def _marked(content: bytes) -> str:
    return next((name for mark, name in _MARKED if content.startswith(mark)), "")


def _unmarked_wide(content: bytes) -> str:
    """Return the kind of UTF-16 in a file without its mark: every other byte of ASCII is zero."""
    beginning = content[:2_000]
    half = len(beginning) // 2
    if not half:
        return ""
    if beginning[1::2].count(0) > half * 0.7:
        return "utf-16-le"
    return "utf-16-be" if beginning[0::2].count(0) > half * 0.7 else ""


def _narrow(content: bytes) -> DecodedLines:
    """Read what has a byte or a few for each character: UTF-8, or a page of older systems."""
    try:
        return DecodedLines(lines=_LINE_END.split(content.decode()), encoding="utf-8")
    except UnicodeDecodeError:
        pass
    beyond = [each for each in _LINE_END_BYTES.split(content) if not each.isascii()]
    if sum(_fits(each, "utf-8") for each in beyond) >= len(beyond) * _MOST_UTF8:
        return _line_by_line(content, "utf-8")
    name = _guessed(b"\n".join(beyond)[:_LOOKED_AT])
    return _line_by_line(content, name)


def _guessed(sample: bytes) -> str:
    """Return the encoding that a text looks to be in."""
    found = from_bytes(sample, cp_isolation=list(_CANDIDATES)).best()
    if found is None or found.encoding == "ascii":
        return _FALLBACK
    # Several pages share the letters of western Europe: the one that most spreadsheets save in.
    is_same = _fits(sample, _FALLBACK) and sample.decode(_FALLBACK) == str(found)
    return _FALLBACK if is_same else found.encoding


def _fits(line: bytes, name: str) -> bool:
    try:
        line.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _line_by_line(content: bytes, name: str) -> DecodedLines:
    lines = []
    for raw in _LINE_END_BYTES.split(content.removeprefix(b"\xef\xbb\xbf")):
        try:
            lines.append(raw.decode(name.replace("-sig", "")))
        except UnicodeDecodeError:
            lines.append(UNREADABLE + raw.decode(_FALLBACK, errors="replace"))
    return DecodedLines(lines=lines, encoding=name.replace("-sig", ""))
