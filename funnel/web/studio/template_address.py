"""How pages about emails are addressed, and the words that they share."""

from typing import Final

from funnel.domain.errors import NotFoundError

PLACE: Final = "Templates"
_MOST: Final = 2**31 - 1  # what the database takes as an integer


def key_of(folder: str, name: str) -> str:
    """Return a template's key from the two parts of its address.

    Raises:
        NotFoundError: The database takes no NUL in a text, so no key holds one.
    """
    if "\x00" in folder or "\x00" in name:
        raise NotFoundError("not a key")
    return f"{folder}/{name}"


def path_of(key: str) -> str:
    """Return the page of an email."""
    return f"/studio/templates/{key}"


def number_of(text: str) -> int | None:
    """Return a number as a form or an address has it, ``None`` where it is none of ours."""
    is_short = len(text) <= len(str(_MOST))
    if not (is_short and text.isdecimal() and text.isascii()):
        return None
    return int(text) if int(text) <= _MOST else None
