"""A file as somebody's editor saved it, as text."""

import codecs

from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import say
from funnel.domain.text import clean_text

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LONGEST_QUOTE = 60  # characters


class NotUtf8Error(InvalidInputError):
    """A file is in another encoding; ``line`` is the first that shows it, counted from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason, field="file", remedy=say("Save it as UTF-8."))
        self.line = line


def decode_text(content: bytes) -> str:
    """Return a file's text, its lines ended by line feeds alone.

    Raises:
        NotUtf8Error: It is in another encoding: the error says which, as far as one can tell.
    """
    try:
        return _with_line_feeds(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        if content.startswith(_UTF_16):
            raise NotUtf8Error(say("it is UTF-16, not UTF-8"), 1) from error
        before = _with_line_feeds(content[: error.start].decode("utf-8"))
        line = before.count("\n")
        # Every byte is a character there, but for five: how the author's editor would show it.
        shown = _with_line_feeds(content.decode("cp1252", "replace")).split("\n")[line]
        quoted = clean_text(shown, limit=_LONGEST_QUOTE)
        reason = say(
            'it is not UTF-8; as Latin-1 (Windows-1252) it reads "{quoted}"', quoted=quoted
        )
        raise NotUtf8Error(reason, line + 1) from error


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
