"""Which language the studio speaks, and in which zone it tells moments, for each request.

The catalogues are beside this file. Only the studio: public pages and emails speak the host's
language, which is their sequence's.
"""

from collections.abc import Mapping
from functools import cache
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from babel.core import negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from funnel.domain.speech import ENGLISH, Catalogue, speaking
from funnel.domain.subscriber import known_zone
from funnel.web.moments import read_in

LANGUAGE_COOKIE: Final = "language"
ZONE_COOKIE: Final = "zone"  # written by static/zone.js
# Each in its own words: who looks for one may not read the others.
LANGUAGE_NAMES: Final[Mapping[str, str]] = MappingProxyType({"en": "English", "de": "Deutsch"})
CATALOGUES_FOLDER: Final = Path(__file__).parent / "catalogues"


class PoCatalogue:
    """One language's words, read from a file of GNU gettext.

    Fuzzy entries are a machine's guess and are not said.
    """

    def __init__(self, language: str, entries: Catalog) -> None:
        """Keep what is translated; the rest is said in English."""
        self.language = language
        self._words: dict[str, str] = {}
        self._forms: dict[str, tuple[str, ...]] = {}
        for entry in entries:
            if entry.fuzzy or not entry.id:
                continue
            if isinstance(entry.id, str):
                if isinstance(entry.string, str) and entry.string:
                    self._words[entry.id] = entry.string
            elif isinstance(entry.string, (list, tuple)) and all(entry.string):
                self._forms[entry.id[0]] = tuple(entry.string)

    def gettext(self, message: str, /) -> str:
        """Return a message in this language, in English where it is not translated."""
        return self._words.get(message, message)

    def ngettext(self, singular: str, plural: str, n: int, /) -> str:
        """Return the form of a message that goes with a number."""
        forms = self._forms.get(singular)
        if forms is None:
            return ENGLISH.ngettext(singular, plural, n)
        return forms[0 if n == 1 else 1]


@cache
def catalogue(language: str) -> Catalogue:
    """Return the words of a language of ``LANGUAGE_NAMES``; read once a process."""
    if language == ENGLISH.language:
        return ENGLISH
    with (CATALOGUES_FOLDER / f"{language}.po").open("rb") as file:
        return PoCatalogue(language, read_po(file, locale=language))


def chosen_language(headers: Headers) -> str:
    """Return the language of a request: what was chosen here, else what the browser asks for.

    The first of ``Accept-Language`` that we have, in the browser's order of preference (RFC 9110,
    12.5.4); English where there is none.
    """
    chosen = _cookie(headers.get("cookie", ""))
    if chosen in LANGUAGE_NAMES:
        return chosen
    wished = _by_preference(headers.get("accept-language", ""))
    return negotiate_locale(wished, list(LANGUAGE_NAMES), sep="-") or ENGLISH.language


class SpeaksLanguage:
    """Answers pages below a path in the language and the time zone of whoever asks."""

    def __init__(self, app: ASGIApp, *, below: str) -> None:
        self._app = app
        self._below = below

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._below):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        with speaking(catalogue(chosen_language(headers))), read_in(_zone(headers)):
            await self._app(scope, receive, send)


def _zone(headers: Headers) -> str:
    """Return the zone that the page's script wrote down, UTC where it is none."""
    given = _cookie(headers.get("cookie", ""), ZONE_COOKIE)
    return known_zone(unquote(given)) or "UTC"


def _cookie(header: str, name: str = LANGUAGE_COOKIE) -> str:
    try:
        kept = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return "" if kept is None else kept.value


def _by_preference(header: str) -> list[str]:
    weighed = []
    for position, part in enumerate(header[:200].split(",")):
        name, _, weight = part.partition(";")
        quality = _quality(weight)
        if name.strip() and quality > 0:
            weighed.append((-quality, position, name.strip()))
    return [name for _, _, name in sorted(weighed)]


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
