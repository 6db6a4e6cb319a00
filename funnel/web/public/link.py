"""Counted links: what was opened is kept as evidence, then the visitor goes on.

An email names a link by its number, never by its address: nobody can make our pages lead elsewhere.
"""

import base64

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from funnel.domain.signing import LinkPurpose
from funnel.services.open_link import OpenedLink, open_link, open_picture
from funnel.web.site import Site, TheSite
from funnel.web.visitors import visitor_of

# One transparent pixel, GIF89a.
_PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

router = APIRouter()


@router.get("/l/{token}")
def follow_link(token: str, request: Request, site: TheSite) -> Response:
    """Lead on to where the link leads now. That it was opened is evidence, no click yet."""
    opened = open_link(
        *site.counted_target(token, LinkPurpose.CLICK), visitor_of(request), site.deps.transactions
    )
    if not opened.url:
        return _taken_down(site, request, opened)
    # The other site learns nothing of the link, which names a run.
    return RedirectResponse(opened.url, status_code=302, headers={"referrer-policy": "no-referrer"})


@router.get("/o/{token}.gif")
def show_picture(token: str, request: Request, site: TheSite) -> Response:
    """Answer the picture of a letter whose sequence counts openings; it is only evidence."""
    open_picture(
        *site.counted_target(token, LinkPurpose.OPEN), visitor_of(request), site.deps.transactions
    )
    # Mail programs show it on their own pages; not kept, so that each opening is seen.
    headers = {"cross-origin-resource-policy": "cross-origin", "cache-control": "no-store"}
    return Response(_PICTURE, media_type="image/gif", headers=headers)


def _taken_down(site: Site, request: Request, opened: OpenedLink) -> Response:
    brand = site.brand_of(opened.sequence_id)
    host = brand.host_first_name if brand else "the sender"
    return site.page(
        request,
        "error.html",
        brand=brand,
        status=410,
        title="This page is not there any more",
        text=f"The link in the email was right, but the page behind it has been taken down. "
        f"Reply to the email, and {host} will tell you where to find it.",
    )
