"""Two pages that stand for what is the host's own: the meeting room and the recording."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.web.site import TheSite

router = APIRouter()


@router.get("/demo/room")
def show_room(request: Request, site: TheSite) -> Response:
    """Stand for the host's meeting room."""
    return site.page(request, "demo/room.html", brand=site.brand_of(None), is_replay=False)


@router.get("/demo/replay")
def show_recording(request: Request, site: TheSite) -> Response:
    """Stand for the host's recording."""
    return site.page(request, "demo/room.html", brand=site.brand_of(None), is_replay=True)
