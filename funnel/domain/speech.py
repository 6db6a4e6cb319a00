"""Words of ours in the language of whoever reads them.

English is written where it is said: ``say("2 days after {name}", name=step.name)``. A catalogue has
the other languages, under the English words; what it lacks is said in English. Which language is
spoken belongs to the request (or the command) that is being answered, as its door says with
``speaking``; nobody below passes it on, and nothing but words depends on it: moments, decisions and
what is stored are the same in every language.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Protocol


class Catalogue(Protocol):
    """The words of one language, as GNU gettext thinks of them."""

    @property
    def language(self) -> str:
        """The language's code: "en", "de"."""

    def gettext(self, message: str, /) -> str:
        """Return a message in this language."""

    def ngettext(self, singular: str, plural: str, n: int, /) -> str:
        """Return the form of a message that goes with a number."""


class English:
    """What is written in the code itself."""

    language: Final = "en"

    def gettext(self, message: str, /) -> str:
        """Return it as it is."""
        return message

    def ngettext(self, singular: str, plural: str, n: int, /) -> str:
        """Return the one for one, or the other."""
        return singular if n == 1 else plural


ENGLISH: Final[Catalogue] = English()
_THOUSANDS: Final = {"de": "."}
_spoken: ContextVar[Catalogue] = ContextVar("spoken", default=ENGLISH)


def spoken() -> Catalogue:
    """Return the language that is spoken now."""
    return _spoken.get()


@contextmanager
def speaking(catalogue: Catalogue) -> Iterator[None]:
    """Speak another language within the block."""
    token = _spoken.set(catalogue)
    try:
        yield
    finally:
        _spoken.reset(token)


def say(words: str, /, **values: object) -> str:
    """Return ``words`` in the spoken language, with ``{name}`` replaced by its value.

    Without values the words are taken as they are, braces included.
    """
    said = _spoken.get().gettext(words)
    return said.format(**values) if values else said


def mark(words: str) -> str:
    """Return the words as they are: marks a constant for the catalogue, for ``say`` to say."""
    return words


def mark_many(one: str, many: str) -> tuple[str, str]:
    """Return both forms as they are: marks a constant for the catalogue, for ``say_many``."""
    return one, many


def number(value: int) -> str:
    """Return a whole number with thousands apart, as the spoken language sets them apart."""
    return f"{value:,}".replace(",", _THOUSANDS.get(_spoken.get().language, ","))


def say_many(one: str, many: str, count: int, /, **values: object) -> str:
    """Return the form that goes with ``count``, which both forms may name as ``{count}``.

    It is written with thousands apart; give ``count`` among the values for another way.
    """
    said = _spoken.get().ngettext(one, many, count)
    return said.format(**{"count": number(count), **values})
