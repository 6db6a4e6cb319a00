"""The recording of a person's session, and its button "Watch"."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.signing import LinkPurpose
from funnel.services.watch_replay import ReplayPage, read_replay, watch_replay
from funnel.web.moments import day_of, hour_of, span_of
from funnel.web.site import Site, TheSite
from funnel.web.visitors import visitor_of

router = APIRouter()


@router.get("/r/{token}")
def show_replay(token: str, request: Request, site: TheSite) -> Response:
    """Show the button, or why there is none. Opening the page is not watching."""
    return _show(site, request, _read(site, request, token))


@router.post("/r/{token}")
def watch(token: str, request: Request, site: TheSite) -> Response:
    """Note that the person watches, and show where.

    No redirect: our policy lets a form lead to our own pages only, and the recording is elsewhere.
    """
    address = watch_replay(_target(site, token), site.deps.transactions)
    return _show(site, request, _read(site, request, token), replay_url=address)


def _target(site: Site, token: str) -> UUID:
    return site.target(token, LinkPurpose.REPLAY)[1]


def _read(site: Site, request: Request, token: str) -> ReplayPage:
    return read_replay(_target(site, token), visitor_of(request), site.deps.transactions)


def _show(site: Site, request: Request, page: ReplayPage, *, replay_url: str = "") -> Response:
    closes_at, zone, session = page.closes_at, page.zone, page.session
    is_over = session is not None and session.ends_at <= page.now
    return site.page(
        request,
        "replay.html",
        brand=site.brand_of(page.sequence_id),
        token=request.path_params["token"],
        state=page.state.value,
        title=session.title if session else "",
        span=span_of(session, zone, page.now) if session else None,
        closes_words=f"{day_of(closes_at, zone, page.now)}, {hour_of(closes_at, zone)}"
        if closes_at
        else "",
        is_watched=page.is_watched,
        is_over=is_over,
        replay_url=replay_url,
    )
