"""Words that one process says and another translates.

The process that renders what people typed has no catalogues: it writes down which words it would
say, with their values, and the process that asked says them in the language of whoever reads.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

from funnel.domain.speech import say, say_many

# Private-use characters. JSON writes them as ASCII, so notes can hold notes.
_BEGIN, _END = "\uf8f0", "\uf8f1"
_NOTED = re.compile(f"{_BEGIN}([ -~]*){_END}")
_FIELD = re.compile(r"\{\{|\}\}|\{[a-z_]+\}")


class _Words(str):
    """A note without values; with ``format`` it becomes one with them."""

    __slots__ = ("note",)
    note: Mapping[str, object]

    def format(self, *_: object, **values: object) -> str:
        plain = {
            name: value if isinstance(value, int) else str(value) for name, value in values.items()
        }
        return _note({**self.note, "values": plain})


class Notes:
    """A catalogue that translates nothing: what is said becomes a note."""

    language: Final = "noted"

    def gettext(self, message: str, /) -> str:
        """Return words as a note."""
        return _words({"words": message})

    def ngettext(self, singular: str, plural: str, n: int, /) -> str:
        """Return words that go with a number as a note."""
        return _words({"words": singular, "many": plural, "number": n})


def said(text: str) -> str:
    """Return ``text`` with each note in it said in the language that is spoken now."""
    return _NOTED.sub(lambda found: _said(found[1]), text)


def without_notes(text: str) -> str:
    """Return what came from outside without the two characters that would make a note of it."""
    return text.replace(_BEGIN, "").replace(_END, "")


def _words(note: Mapping[str, object]) -> _Words:
    words = _Words(_note(note))
    words.note = note
    return words


def _note(note: Mapping[str, object]) -> str:
    return f"{_BEGIN}{json.dumps(note)}{_END}"


def _said(note: str) -> str:
    try:
        read = json.loads(note)
        words, many = str(read["words"]), str(read.get("many", ""))
        values = {str(name): _value(each) for name, each in read.get("values", {}).items()}
        if values and not (_is_plain(words) and _is_plain(many)):
            return words  # a field like {name:>999999999} would fill the memory
        if many:
            return say_many(words, many, int(read["number"]), **values)
        return say(words, **values)
    except (ValueError, TypeError, LookupError, AttributeError):
        return ""  # not one of ours


def _value(value: object) -> str | int:
    return value if isinstance(value, int) else said(str(value))


def _is_plain(words: str) -> bool:
    rest = _FIELD.sub("", words)
    return "{" not in rest and "}" not in rest
