"""``/images/<digest>.<suffix>``: the pictures of emails, for every mail program and for ever."""

import re

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from funnel.services.read_images import read_image
from funnel.web.site import TheSite

_NAME = re.compile(r"([0-9a-f]{64})\.(jpg|png|gif)")
_HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    # Webmail shows it on its own pages, and through its own servers.
    "cross-origin-resource-policy": "cross-origin",
    "content-security-policy": "default-src 'none'; sandbox",
}

router = APIRouter()


@router.get("/images/{name}")
def show_image(name: str, site: TheSite) -> Response:
    """Answer one picture. Who has its address sees it: so does everybody who gets the email."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise HTTPException(status_code=404)
    image = read_image(found[1], found[2], site.deps.transactions)
    return Response(
        image.content,
        media_type=image.media_type,
        headers={**_HEADERS, "etag": f'"{found[1]}"'},
    )
