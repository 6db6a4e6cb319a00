"""Headers of an email: encoded words, quoted names, folding, and one setter that lets no break in.

The standard library's own folding is not used: where a value without spaces does not fit a line it
turns it into encoded words, which breaks ``List-Unsubscribe`` and with it one-click (seen in 3.11).
"""

import base64
import re
from collections.abc import Iterator
from functools import lru_cache

from funnel.domain.errors import InvalidInputError
from funnel.domain.text import clean_text
from funnel.sending.addresses import Address

CRLF = "\r\n"
LONGEST_LINE = 998  # octets without CRLF, RFC 5322 2.1.1

_MOST_OCTETS = 4  # of a character in UTF-8
_PREFERRED_LINE = 76  # RFC 2047 2: a line with an encoded word has at most 76 characters
_LONGEST_WORD = 900  # leaves room for the header's name; a longer one is encoded in pieces
_LONGEST_TEXT = 500
_LONGEST_NAME = 200
_LONGEST_PARAMETER = 70  # twelve octets for each character at worst, on one line
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
# Nothing invisible: CR, LF and NUL above all, and what Python's parsers take for a line's end.
_TOKEN = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_PARAMETER_TOKEN = re.compile(r"[A-Za-z0-9!#$&+^_`{}~.-]+")

# RFC 2047 5(3): what may stand unencoded also in a display name.
_PLAIN_IN_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
# RFC 2047 allows a word 75 characters, but the first shares its line of 76 with the header's name.
_WORD_ROOM = 60 - len("=?utf-8?q??=")
_PLAIN_IN_PERCENT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_")
_PLAIN_BYTES_IN_WORD = _WORD_ROOM // 4 * 3


class HeaderBlock:
    """Headers in the order they were set, each name once."""

    __slots__ = ("_lines", "_names", "_utf8")

    def __init__(self, *, utf8: bool = False) -> None:
        """Allow raw UTF-8 in values only where the message travels by SMTPUTF8 (RFC 6532)."""
        self._lines: list[str] = []
        self._names: set[str] = set()
        self._utf8 = utf8

    def set(self, name: str, *tokens: str) -> None:
        """Set a header to its tokens, folded between them and never inside one.

        Raises:
            InvalidInputError: A bad or repeated name; a token with a line break or another
                control character, beyond ASCII, or too long for a line.
        """
        if not _NAME.fullmatch(name) or name.lower() in self._names:
            raise InvalidInputError("a header has a bad or repeated name", field=name)
        for token in tokens:
            if not _TOKEN.fullmatch(token) or not (self._utf8 or token.isascii()):
                raise InvalidInputError("a header has a forbidden character", field=name)
        self._names.add(name.lower())
        lines = _folded(f"{name}:", tokens)
        if any(len(line) * _MOST_OCTETS > LONGEST_LINE < len(line.encode()) for line in lines):
            raise InvalidInputError("a header is too long for a line", field=name)
        self._lines += lines

    def lines(self) -> str:
        """Return the lines, each with its CRLF."""
        return "".join(f"{line}{CRLF}" for line in self._lines)

    def serialise(self) -> bytes:
        """Return the block with the empty line that ends it."""
        return CRLF.join([*self._lines, "", ""]).encode()


def _folded(start: str, tokens: tuple[str, ...]) -> list[str]:
    lines = [start]
    for index, token in enumerate(tokens):
        # The first token stays with the name: a line of the name alone confuses some parsers.
        if index and len(lines[-1]) + 1 + len(token) > _PREFERRED_LINE:
            lines.append("")
        lines[-1] += f" {token}"
    return lines


def text_tokens(text: str) -> list[str]:
    """Return a free text (a subject) as header tokens; control characters fall away."""
    text = clean_text(text, limit=_LONGEST_TEXT)
    words = text.split(" ") if text else []
    is_plain = text.isascii() and "=?" not in text and all(map(_is_short, words))
    return words if is_plain else list(_encoded_words(text))


def mailbox_tokens(name: str, address: Address) -> list[str]:
    """Return ``Name <address>`` as header tokens; control characters in the name fall away."""
    phrase = _phrase(name)
    return [*phrase, f"<{address.text}>"] if phrase else [address.text]


@lru_cache(maxsize=1024)  # many people share a first name, and all letters a sender's
def _phrase(name: str) -> tuple[str, ...]:
    """Return a display name as header tokens; none where nothing of it can be seen."""
    name = clean_text(name, limit=_LONGEST_NAME)
    if not name:
        return ()
    if not name.isascii() or "=?" in name:
        # Also what only looks like an encoded word: some readers decode it inside quotes.
        return tuple(_encoded_words(name))
    if _ATOMS.fullmatch(name):
        return tuple(name.split(" "))
    return (_quoted(name),)


def parameter(name: str, value: str) -> str:
    """Return one ``name=value`` of a content type; beyond ASCII as RFC 2231 says."""
    value = clean_text(value, limit=_LONGEST_PARAMETER)
    if _PARAMETER_TOKEN.fullmatch(value):
        return f"{name}={value}"
    if value.isascii():
        return f"{name}={_quoted(value)}"
    encoded = "".join(
        chr(byte) if byte in _PLAIN_IN_PERCENT else f"%{byte:02X}" for byte in value.encode()
    )
    return f"{name}*=utf-8''{encoded}"


def _is_short(word: str) -> bool:
    return len(word) <= _LONGEST_WORD


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _encoded_words(text: str) -> Iterator[str]:
    """Yield RFC 2047 words, cut between characters, in the shorter of the two encodings."""
    data = text.encode()
    letters = sum(byte in _PLAIN_IN_WORD or byte == ord(" ") for byte in data)
    if letters + 3 * (len(data) - letters) <= len(data) * 4 / 3:
        for chunk in _pieces([_q(character) for character in text], _WORD_ROOM):
            yield f"=?utf-8?q?{''.join(chunk)}?="
    else:
        for chunk in _pieces(list(text), _PLAIN_BYTES_IN_WORD):
            yield f"=?utf-8?b?{base64.b64encode(''.join(chunk).encode()).decode()}?="


def _q(character: str) -> str:
    if character == " ":
        return "_"
    return "".join(
        chr(byte) if byte in _PLAIN_IN_WORD else f"={byte:02X}" for byte in character.encode()
    )


def _pieces(items: list[str], room: int) -> Iterator[list[str]]:
    """Yield runs of items that encode to at most ``room`` bytes each."""
    chunk: list[str] = []
    used = 0
    for item in items:
        size = len(item.encode())
        if chunk and used + size > room:
            yield chunk
            chunk, used = [], 0
        chunk.append(item)
        used += size
    yield chunk
