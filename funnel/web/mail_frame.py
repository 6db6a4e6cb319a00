"""Mails as a page shows them: in a frame, under a policy of their own, light or dark as asked.

A mail has its styles inline and runs nothing, so its answer is apart from our pages, whose policy
allows neither.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from starlette.responses import HTMLResponse

from funnel.web.guards import hosts_of

_PREFERS_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'{images}; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'; sandbox"
)


class Look(StrEnum):
    """As which program a mail is shown; ``OWN``: what this browser prefers."""

    OWN = "own"
    LIGHT = "light"
    DARK = "dark"


def look_of(text: str) -> Look:
    """Return the look that an address or a form names; what is unknown is the browser's own."""
    return Look(text) if text in set(Look) else Look.OWN


def looking(html: str, look: Look) -> str:
    """Return a mail as a light or a dark program shows it, whatever this browser prefers."""
    if look is Look.OWN:
        return html
    always, never = "(min-width: 0)", "(max-width: 0)"
    html = _PREFERS_DARK.sub(always if look is Look.DARK else never, html)
    return f"{html}<style>:root {{ color-scheme: only {look} !important }}</style>"


def with_base(html: str) -> str:
    """Return a mail whose links open in a page of their own."""
    head = '<base target="_blank">'
    framed, count = _HEAD.subn(lambda found: found.group() + head, html, count=1)
    return framed if count else head + html


def frame_answer(html: str, *, images: Iterable[str] = ()) -> HTMLResponse:
    """Answer a mail for a frame that is for looking only: no script, no form, no link opens.

    Args:
        html: The mail; anything at all is harmless there.
        images: Absolute addresses whose hosts may give pictures, besides our own.
    """
    hosts = "".join(f" {each}" for each in hosts_of(images))
    headers = {
        "content-security-policy": _POLICY.format(images=hosts),
        "x-frame-options": "SAMEORIGIN",
    }
    return HTMLResponse(with_base(html), headers=headers)
