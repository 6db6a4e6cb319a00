"""Who writes: the sender that a sequence's emails speak for, and the file that describes it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import yaml

from funnel.domain.errors import InvalidInputError
from funnel.domain.links import is_web_address
from funnel.domain.speech import mark, say

_REQUIRED = (
    "name",
    "host_name",
    "host_first_name",
    "from_address",
    "reply_to",
    "postal_address",
    "accent",
)
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_UNFIT = re.compile(r"[\s\"'<>]")  # in no web address, and odd wherever one is printed
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")


class BrandFileError(InvalidInputError):
    """A brand's file says something that no email can be sent with.

    Attributes:
        line: The line of the file, counted from 1; ``None`` where the whole file is at fault.
    """

    def __init__(
        self, message: str, *, line: int | None, field: str | None = None, remedy: str = ""
    ) -> None:
        super().__init__(message, field=field, remedy=remedy)
        self.line = line


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


def parse_brand(text: str, *, slug: str) -> Brand:
    """Return the brand that a YAML file describes.

    Args:
        text: The file's text.
        slug: The file's name without its ending.

    Raises:
        BrandFileError: With the line and what to write instead.
    """
    values, lines = _read_mapping(text)
    known = {each.name for each in fields(Brand)} - {"slug"}
    for key in values:
        if key not in known:
            raise BrandFileError(
                f'a brand has no "{key}"',
                line=lines[key],
                field=key,
                remedy=f"It may have: {', '.join(sorted(known))}.",
            )
    for key in _REQUIRED:
        if not str(values.get(key) or "").strip():
            raise BrandFileError(
                f'"{key}" is missing', line=lines.get(key), field=key, remedy="Fill it in."
            )
    texts = {key: _text(key, value, lines[key]) for key, value in values.items()}
    _check(texts, lines)
    return Brand(slug=slug, **texts)


def _read_mapping(text: str) -> tuple[dict[str, Any], dict[str, int]]:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise BrandFileError(
            f"not readable as YAML: {error.problem}", line=mark.line + 1 if mark else None
        ) from error
    except yaml.YAMLError as error:
        raise BrandFileError(f"not readable as YAML: {error}", line=None) from error
    if not isinstance(node, yaml.MappingNode):
        raise BrandFileError("a brand is a list of `name: value` lines", line=1)
    lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
    return {str(key): value for key, value in values.items()}, lines


def _text(key: str, value: object, line: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BrandFileError(
            f'"{key}" must be a text', line=line, field=key, remedy="Put it in quotation marks."
        )
    return value.strip()


def _check(texts: dict[str, str], lines: dict[str, int]) -> None:
    for key, value in texts.items():
        remedy = value_problem(key, value)
        if remedy:
            raise BrandFileError(
                say('"{field}" is "{value}"', field=key, value=value),
                line=lines[key],
                field=key,
                remedy=remedy,
            )


def check_brand_values(values: Mapping[str, str]) -> None:
    """Raise for the first value that no email could be sent with.

    Raises:
        InvalidInputError: With the field, and what to write instead.
    """
    for key in _REQUIRED:
        if not values.get(key, "").strip():
            raise InvalidInputError(
                say("this must not be empty"), field=key, remedy=say("Fill it in.")
            )
    for key, value in values.items():
        remedy = value_problem(key, value)
        if remedy:
            raise InvalidInputError(
                say("“{value}” cannot stand here", value=value), field=key, remedy=remedy
            )


def value_problem(key: str, value: str) -> str:
    """Return what a field has to be, where its value is not; "" where it is, or empty."""
    if not value:
        return ""
    if key in _WEB_ADDRESSES and (_UNFIT.search(value) or not is_web_address(value)):
        return say(_EMPTY_OR_ADDRESS)
    for keys, shape, wanted in _SHAPES:
        if key in keys and not shape.fullmatch(value):
            return say(wanted)
    return say(_ONE_LINE) if key != "postal_address" and len(value.splitlines()) > 1 else ""


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
