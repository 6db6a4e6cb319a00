"""A brand's own colour as a style sheet: our policy forbids styles inside the pages."""

import re

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from funnel.rendering.colours import ACCENT, on_dark, on_paper, words_on

_HEX = re.compile(r"[0-9A-Fa-f]{6}")
_SHEET = """:root {{
  --accent: {light};
  --accent-deep: color-mix(in srgb, {light} 78%, black);
  --accent-soft: color-mix(in srgb, {light} 12%, white);
  --on-accent: {on_light};
}}
@media (prefers-color-scheme: dark) {{
  :root {{
    --accent: {dark};
    --accent-deep: color-mix(in srgb, {dark} 78%, white);
    --accent-soft: color-mix(in srgb, {dark} 18%, #14161a);
    --on-accent: {on_dark};
  }}
}}
"""

router = APIRouter()


@router.get("/accent/{name}.css")
async def show_accent(name: str) -> Response:
    """Answer the accent's style sheet; it depends on its address alone."""
    if not _HEX.fullmatch(name):
        raise HTTPException(status_code=404)
    colour = f"#{name}"
    sheet = "/* The accent of the design itself. */\n"
    if colour.upper() != ACCENT:
        light, dark = on_paper(colour), on_dark(colour)
        sheet = _SHEET.format(
            light=light, dark=dark, on_light=words_on(light), on_dark=words_on(dark)
        )
    return Response(
        sheet,
        media_type="text/css",
        headers={"cache-control": "public, max-age=31536000, immutable"},
    )
