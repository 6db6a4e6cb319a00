"""A person's own way into the room: the time before, the door in its window, the replay after."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from funnel.domain.errors import InvalidInputError
from funnel.domain.facts import FactKind, FactReport
from funnel.domain.session import Attendance
from funnel.domain.signing import LinkPurpose
from funnel.services.open_join_link import JoinPage, JoinState, open_join_link
from funnel.services.record_facts import record_facts
from funnel.web.forms import Posted
from funnel.web.moments import day_of, hour_of, iso, span_of
from funnel.web.site import Site, TheSite
from funnel.web.visitors import visitor_of

_HEADLINES = {
    JoinState.OPEN: "The door is open",
    JoinState.OVER: "This masterclass is over",
    JoinState.REPLAY: "This masterclass is over",
    JoinState.CANCELLED: "This date will not be held",
    JoinState.NO_SEAT: "You have no seat at the moment",
}
_NO_SEAT = {
    JoinState.CANCELLED: "We are sorry; you had kept the time free. "
    "A seat in another date is yours for the asking.",
    JoinState.NO_SEAT: "Perhaps you gave it up, or never took one. There are other dates.",
}
_WORDS = {"attended": FactKind.ATTENDED, "missed": FactKind.MISSED}
_SAID = {
    Attendance.ATTENDED: "Noted: you attended. The thank-you follows two hours after the end.",
    Attendance.MISSED: "Noted: you missed it. The next dates and the replay come tomorrow morning.",
}

router = APIRouter()


@router.get("/j/{token}")
def show_join(token: str, request: Request, site: TheSite) -> Response:
    """Show what the link is good for now. That it was opened is evidence, never attendance."""
    page = open_join_link(_target(site, token), visitor_of(request), site.deps.transactions)
    return _show(site, request, page)


@router.post("/j/{token}")
def say_word(token: str, posted: Posted, site: TheSite) -> Response:
    """Take the demo visitor's word about their attendance; elsewhere the host's room tells it."""
    kind = _WORDS.get(posted.get("word"))
    if not site.is_demo or kind is None:
        raise HTTPException(status_code=405)
    report = FactReport(kind=kind, enrollment_id=_target(site, token), source="demo")
    try:
        record_facts([report], site.deps.transactions)
    except InvalidInputError as error:
        raise HTTPException(status_code=422, detail=f"{error}. {error.remedy}") from error
    return RedirectResponse(f"/j/{token}?said=1", status_code=303)


def _target(site: Site, token: str) -> UUID:
    return site.target(token, LinkPurpose.JOIN)[1]


def _show(site: Site, request: Request, page: JoinPage) -> Response:
    tokens, session = site.deps.tokens, page.session
    has_said = request.query_params.get("said") == "1"
    return site.page(
        request,
        "join.html",
        brand=site.brand_of(page.sequence_id),
        token=request.path_params["token"],
        state=page.state.value,
        headline=_headline(page),
        title=session.title if session else "",
        span=span_of(session, page.zone, page.now) if session else None,
        opens_hour=hour_of(session.door_opens_at, page.zone) if session else "",
        changes_at=_changes_at(page),
        room_url=page.room_url,
        closes_words=_moment(page.replay_closes_at, page.zone, page.now),
        no_seat_words=_NO_SEAT.get(page.state, ""),
        asks_word=site.is_demo and page.state in _AFTER_THE_START,
        attendance=page.attendance.value,
        said=_SAID.get(page.attendance, "") if has_said else "",
        calendar_token=tokens.make(LinkPurpose.CALENDAR, page.enrollment_id),
        replay_token=tokens.make(LinkPurpose.REPLAY, page.enrollment_id),
        preferences_token=tokens.make(LinkPurpose.PREFERENCES, page.subscriber_id),
    )


_AFTER_THE_START = frozenset({JoinState.OPEN, JoinState.OVER, JoinState.REPLAY})


def _headline(page: JoinPage) -> str:
    if page.state is JoinState.BEFORE:
        return f"Your seat, {page.first_name}:" if page.first_name else "Your seat:"
    return _HEADLINES[page.state]


def _changes_at(page: JoinPage) -> str:
    """Return when this page becomes another one, for the script that loads it anew."""
    if page.session is None or page.state not in {JoinState.BEFORE, JoinState.OPEN}:
        return ""
    is_before = page.state is JoinState.BEFORE
    return iso(page.session.door_opens_at if is_before else page.session.ends_at)


def _moment(moment: datetime | None, zone: str, now: datetime) -> str:
    return f"{day_of(moment, zone, now)}, {hour_of(moment, zone)}" if moment else ""
