"""The body of a text part as it travels: quoted-printable of UTF-8 (RFC 2045 6.7).

What this module makes is safe wherever it stands: lines of at most 76 octets that end in CRLF,
ASCII without control characters, no blank before a line's end, and no line that begins with a
full stop, so that SMTP has nothing to stuff (RFC 5321 4.5.2).
"""

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_LINE = 76  # octets without CRLF

_CRLF = b"\r\n"
_SOFT_BREAK = "=\r\n"
# Quoted-printable is mail-safe, but a control character in a text is still no text.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_END = re.compile("\r\n|\r|\n|\x85|\u2028|\u2029")
_ROOM = LONGEST_LINE - 1  # beside a soft break
_SOME = 400  # characters; of more, binascii makes lines faster
_LEADING_STOP = re.compile(rb"^\.[^\r]*", re.MULTILINE)
_STOP = b"=2E"
# binascii (CPython 3.11 to 3.14) forgets that the blank before a line's end grows by two.
_BLANK_TOO_FAR = re.compile(rb"^([^\r\n]{73,})(=20|=09)(?=\r\n)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class QuotedText:
    """A text in the form in which it travels; it ends in a line break.

    Attributes:
        encoded: Made by ``quoted`` or ``closed`` and by nothing else: who sends it relies on
            what this module says of its lines.
    """

    encoded: bytes

    def decode(self) -> str:
        """Return the text itself, with LF line ends."""
        return binascii.a2b_qp(self.encoded).decode().replace("\r\n", "\n")


def quoted(text: str) -> QuotedText:
    """Return a whole text as it travels.

    Every kind of line end becomes CRLF, control characters and lone surrogates fall away or
    become "?", empty lines at the end become none.
    """
    return QuotedText(_encoded(_as_lines(text).rstrip("\r\n")))


def quoted_piece(text: str) -> str:
    """Return a piece of a text, to be joined with others in any order (``closed``).

    Each begins at the beginning of an encoded line and ends with one: where the text goes on, by
    a soft break. So the length of a line never depends on what stands beside a piece.
    """
    if text.isascii() and text.isprintable() and "=" not in text:
        # Each sign stands for itself: nearly every value, and every address of ours.
        if len(text) <= _ROOM:
            if not text.startswith("."):
                return f"{text}{_SOFT_BREAK}" if text else ""
        elif len(text) < _SOME:
            cut = [text[at : at + _ROOM] for at in range(0, len(text), _ROOM)]
            if not any(line.startswith(".") for line in cut):
                return f"{_SOFT_BREAK.join(cut)}{_SOFT_BREAK}"
    # Nothing that cannot be printed is in a value: only what stands between values has lines.
    lines = text if text.isprintable() else _as_lines(text)
    if not lines:
        return ""
    if lines.endswith("\r\n"):
        return _encoded(lines[:-2]).decode("ascii")
    return _encoded(lines).decode("ascii")[:-2] + _SOFT_BREAK


def quoted_lines(lines: Sequence[str]) -> str:
    """Return whole lines as one piece, or nothing where there are none."""
    if not lines:
        return ""
    if all(map(str.isprintable, lines)):
        return _encoded("\r\n".join(lines)).decode("ascii")
    return quoted_piece("\n".join([*lines, ""]))


def closed(pieces: str) -> QuotedText:
    """Return the whole text that pieces behind each other come to; no empty lines at its end."""
    encoded = pieces.encode("ascii")
    while encoded.endswith(b"\r\n\r\n") and not encoded.endswith(b"=\r\n\r\n"):
        encoded = encoded[:-2]
    if encoded.endswith(b"=\r\n") or not encoded:
        encoded += _CRLF
    return QuotedText(encoded)


def _as_lines(text: str) -> str:
    return _LINE_END.sub("\r\n", _CONTROLS.sub("", text))


def _encoded(lines: str) -> bytes:
    # It ends in CRLF: without one, b2a_qp would break its long lines with a bare LF.
    encoded = binascii.b2a_qp(f"{lines}\r\n".encode("utf-8", "replace"), istext=True)
    if b"=20\r\n" in encoded or b"=09\r\n" in encoded:
        encoded = _BLANK_TOO_FAR.sub(rb"\1=\r\n\2", encoded)
    if encoded.startswith(b".") or b"\n." in encoded:
        encoded = _LEADING_STOP.sub(_without_leading_stop, encoded)
    return encoded


def _without_leading_stop(found: re.Match[bytes]) -> bytes:
    line, lines = found[0], []
    while line.startswith(b".") and len(line) + len(_STOP) > LONGEST_LINE:
        cut = _before_escape(line, LONGEST_LINE - len(_STOP))
        lines.append(_STOP + line[1:cut])
        line = line[cut:]
    lines.append(_STOP + line[1:] if line.startswith(b".") else line)
    return b"=\r\n".join(lines)


def _before_escape(line: bytes, cut: int) -> int:
    """Return the nearest place up to ``cut`` that is not inside a ``=XX``."""
    behind = line[max(cut - 2, 0) : cut].rfind(b"=")
    return cut if behind < 0 else cut - 2 + behind
