"""Who writes: the sender that a sequence's emails speak for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from funnel.domain.errors import InvalidInputError
from funnel.domain.links import is_web_address
from funnel.domain.mistakes import Mistakes
from funnel.domain.speech import mark, say

REQUIRED: Final = (
    "name",
    "host_name",
    "host_first_name",
    "from_address",
    "reply_to",
    "postal_address",
    "accent",
)
MAY_HAVE_LINES: Final = "postal_address"
LONGEST_VALUE: Final = 500  # characters, on a page and in a file
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_UNFIT = re.compile(r"[\s\"'<>]")  # in no web address, and odd wherever one is printed
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A sender.

    Attributes:
        slug: Its name in sequence files.
        accent: Colour of buttons and links, as ``#RRGGBB``.
        booking_url: Where a talk is booked; empty: the paragraphs about it fall away.
        notes_url: Page of notes for those who came; empty: likewise.
        link_domain: Host name of the links in emails; empty: the service's own address.
        thank_you_url: Own page that follows the form; empty: ours.
        confirmed_url: Own page that follows the confirmation; empty: ours.
        daily_note_to: Who gets a note each morning of what happened; empty: nobody.
    """

    slug: str
    name: str
    host_name: str
    host_first_name: str
    from_address: str
    reply_to: str
    postal_address: str
    accent: str
    logo_url: str = ""
    booking_url: str = ""
    notes_url: str = ""
    link_domain: str = ""
    thank_you_url: str = ""
    confirmed_url: str = ""
    daily_note_to: str = ""


def check_brand_values(values: Mapping[str, str]) -> None:
    """Raise for the values that no email could be sent with, all at once.

    Raises:
        InvalidInputError: With the field, and what to write instead.
    """
    mistakes = Mistakes()
    for key, value in values.items():
        mistakes.hear(_check_value, key, value)
    for key in REQUIRED:
        if key not in values:
            mistakes.hear(_check_value, key, "")
    mistakes.end()


def _check_value(key: str, value: str) -> None:
    if key in REQUIRED and not value.strip():
        raise InvalidInputError(say("this must not be empty"), field=key, remedy=say("Fill it in."))
    remedy = value_problem(key, value)
    if remedy:
        raise InvalidInputError(
            say("“{value}” cannot stand here", value=value), field=key, remedy=remedy
        )


def value_problem(key: str, value: str) -> str:
    """Return what a field has to be, where its value is not; "" where it is, or empty."""
    if not value:
        return ""
    if len(value) > LONGEST_VALUE:
        return say("It must have at most {limit} characters.", limit=LONGEST_VALUE)
    if key in _WEB_ADDRESSES and (_UNFIT.search(value) or not is_web_address(value)):
        return say(_EMPTY_OR_ADDRESS)
    for keys, shape, wanted in _SHAPES:
        if key in keys and not shape.fullmatch(value):
            return say(wanted)
    return say(_ONE_LINE) if key != MAY_HAVE_LINES and len(value.splitlines()) > 1 else ""


_WEB_ADDRESSES: Final = frozenset(
    {"logo_url", "booking_url", "notes_url", "thank_you_url", "confirmed_url"}
)
_EMPTY_OR_ADDRESS: Final = mark("It must be empty, or begin with https://.")
_ONE_LINE: Final = mark("It must be one line.")
_SHAPES: Final = (
    (
        ("from_address", "reply_to", "daily_note_to"),
        _ADDRESS,
        mark("It must be an address like mira@example.org."),
    ),
    (
        ("accent",),
        _COLOUR,
        mark("It must be a colour like '#1F5C57' (in a file with its quotation marks)."),
    ),
    (
        ("link_domain",),
        _HOST_NAME,
        mark("It must be empty, or the name of a host alone, like go.example.org."),
    ),
)
