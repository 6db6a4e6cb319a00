"""The filters that a template may use; there are no others."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

import jinja2
from jinja2.runtime import Context

from funnel.domain.errors import RenderError
from funnel.domain.speech import say
from funnel.rendering.colours import on_dark, on_paper, safe_colour, words_on
from funnel.rendering.merge import Missing, Value

COUNTED = "counted"  # where the renderer keeps the short addresses; no template can name it
# Nearly every address: what taking it apart would find is plain to see.
_PLAIN_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#][!-~]*)?")
SAFE_SCHEMES = frozenset({"http", "https", "mailto"})


def plural(count: int, one: str, many: str) -> str:
    """Return the word that goes with ``count``: ``one`` for 1, else ``many``."""
    return one if count == 1 else many


def default(value: Value, instead: str = "") -> Value:
    """Return ``value``, or ``instead`` where it is empty or missing."""
    return value or instead


def href(value: Value, variable: str = "") -> str:
    """Return an address that a link may carry.

    Autoescape lets ``javascript:`` through, so the scheme is checked here.

    Raises:
        RenderError: The scheme is not http, https or mailto.
    """
    address = str(value)
    if not is_safe_address(address):
        raise RenderError(
            say("{variable}: a link must begin with https:, http: or mailto:", variable=variable),
            variable=variable,
        )
    return address


def is_safe_address(address: str) -> bool:
    """Whether a link may carry ``address``: http, https or mailto, with something behind it."""
    if _PLAIN_ADDRESS.fullmatch(address):
        return True
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    scheme = parts.scheme.lower()
    return scheme in SAFE_SCHEMES and bool(parts.netloc if scheme != "mailto" else parts.path)


@jinja2.pass_context
def counted(context: Context, address: str, spot: int) -> str:
    """Return the short address of a link that is counted, or ``address`` where none are."""
    addresses = context.get(COUNTED)
    return addresses[spot] if addresses else address


def address_part(value: Value) -> str:
    """Return a value percent-encoded, to stand behind the fixed beginning of an address."""
    return quote(str(value), safe="@")


def shout(value: str) -> str:
    """Return the text in capitals."""
    return str(value).upper()


def whisper(value: str) -> str:
    """Return the text in small letters."""
    return str(value).lower()


def begin_with_capital(value: str) -> str:
    """Return the text with its first letter large and the others as they are."""
    text = str(value)
    return text[:1].upper() + text[1:]


def strip(value: str) -> str:
    """Return the text without blanks at its ends."""
    return str(value).strip()


def length(value: str | tuple[Value, ...]) -> int:
    """Return how many characters or dates there are."""
    return len(value)


def first(values: tuple[Value, ...]) -> Value:
    """Return the first date, or one that is missing."""
    return values[0] if values else Missing("next_dates|first")


def last(values: tuple[Value, ...]) -> Value:
    """Return the last date, or one that is missing."""
    return values[-1] if values else Missing("next_dates|last")


# What authors may write in their Markdown.
AUTHOR_FILTERS: Mapping[str, Callable[..., object]] = {
    "upper": shout,
    "lower": whisper,
    "capitalize": begin_with_capital,
    "trim": strip,
    "length": length,
    "first": first,
    "last": last,
    "default": default,
    "plural": plural,
}


# What layouts and the compiler write as well.
ALL_FILTERS: Mapping[str, Callable[..., object]] = {
    **AUTHOR_FILTERS,
    "href": href,
    "counted": counted,
    "address_part": address_part,
    "colour": safe_colour,
    "on_paper": on_paper,
    "on_dark": on_dark,
    "words_on": words_on,
}
