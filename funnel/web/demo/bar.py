"""The strip on every page of the demo: its time, the next email, and the buttons that play it."""

from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from funnel.domain.demo import DemoGoal, Hold
from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import ENGLISH, Catalogue, say, speaking
from funnel.domain.subscriber import known_zone
from funnel.services.read_demo_state import DemoState, NextEmail, read_demo_state
from funnel.services.steer_demo import pause_demo, resume_demo, steer_demo
from funnel.storage.transaction import Transactions
from funnel.web.languages import LANGUAGE_NAMES, catalogue
from funnel.web.moments import hour_of, iso, short_day_of, where_of
from funnel.web.site import Site, TheSite

ZONE_COOKIE = "demo_zone"
_GOALS = {
    "next": DemoGoal.NEXT,
    "session": DemoGoal.SESSION,
    "all": DemoGoal.ALL,
    "go-on": DemoGoal.ALL,
}
# What a visitor can do something about; the rest passes by itself.
_NEEDS_VISITOR = frozenset(
    {Hold.SIGNUP_PENDING, Hold.WORD_AWAITED, Hold.SENDING_PAUSED, Hold.NOTHING_AHEAD}
)

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What the strip shows. Texts are in ``zone``; ``marker`` changes with every new mail."""

    now: str
    clock: str
    where: str
    coming: str
    coming_short: str
    is_frozen: bool
    goal: str
    waiting: str
    remedy: str
    can_session: bool
    marker: str


def bar_of(site: Site, request: Request) -> Bar | None:
    """Return the strip as it stands now; ``None`` outside the demo."""
    if not site.is_demo:
        return None
    zone = demo_zone(request)
    state = read_demo_state(site.deps.transactions)
    return Bar(
        now=iso(state.now),
        clock=f"{short_day_of(state.now, zone)}, {hour_of(state.now, zone)}",
        where=where_of(zone),
        coming=_coming(state, zone),
        coming_short=_coming_short(state, zone),
        is_frozen=state.is_frozen,
        goal=state.goal,
        waiting=_waiting(state.hold),
        remedy=_remedy(state.hold),
        can_session=state.can_session,
        marker=site.deps.mailbox.newest_marker(),
    )


def demo_zone(request: Request) -> str:
    """Return the zone in which the demo shows its times: the browser's, once its script said so."""
    return known_zone(request.cookies.get(ZONE_COOKIE, "").replace("%2F", "/")) or "UTC"


@router.get("/demo/state")
def show_state(request: Request, site: TheSite) -> Response:
    """Answer what the strip shows, for its script, in the language of the page around it."""
    with speaking(_catalogue_of(request)):
        bar = bar_of(site, request)
    assert bar is not None  # noqa: S101 # this route exists in the demo only
    return JSONResponse(asdict(bar))


@router.post("/demo/{what}")
def steer(what: str, request: Request, site: TheSite) -> Response:
    """Press one of the strip's buttons."""
    try:
        with speaking(_catalogue_of(request)):
            _press(what, site.deps.transactions)
    except InvalidInputError as error:
        raise HTTPException(status_code=409, detail=f"{error}. {error.remedy}") from error
    if "json" in request.headers.get("accept", ""):
        return show_state(request, site)
    return RedirectResponse(_where_it_came_from(request), status_code=303)


def _press(what: str, transactions: Transactions) -> None:
    if what == "pause":
        pause_demo(transactions)
    elif what == "resume":
        resume_demo(transactions)
    elif what in _GOALS:
        steer_demo(transactions, _GOALS[what])
    else:
        raise HTTPException(status_code=404)


def _catalogue_of(request: Request) -> Catalogue:
    language = request.query_params.get("language", "")
    return catalogue(language if language in LANGUAGE_NAMES else ENGLISH.language)


def _where_it_came_from(request: Request) -> str:
    page = urlsplit(request.headers.get("referer", ""))
    is_ours = page.netloc == request.headers.get("host") and page.path.startswith("/")
    if not is_ours or page.path.startswith("//"):
        return "/inbox"
    return f"{page.path}?{page.query}" if page.query else page.path


def _coming(state: DemoState, zone: str) -> str:
    if state.hold is Hold.BUSY:
        return say("An email is on its way")
    coming: NextEmail | None = state.next_email
    if coming is None:
        return say("No email ahead")
    moment = _next_moment(state, coming, zone)
    if not coming.who:
        return say("{moment}, “{email}”", moment=moment, email=coming.name)
    return say("{moment}, “{email}” to {who}", moment=moment, email=coming.name, who=coming.who)


def _coming_short(state: DemoState, zone: str) -> str:
    """Return the same for a phone: "Next: Thu 12 Nov, 18:00"."""
    if state.hold is Hold.BUSY:
        return say("On its way")
    coming = state.next_email
    return say("No email ahead") if coming is None else _next_moment(state, coming, zone)


def _next_moment(state: DemoState, coming: NextEmail, zone: str) -> str:
    day, hour = short_day_of(coming.at, zone), hour_of(coming.at, zone)
    is_today = day == short_day_of(state.now, zone)
    return say("Next: {moment}", moment=hour if is_today else f"{day}, {hour}")


def _waiting(hold: Hold | None) -> str:
    """Return what the visitor has to do; empty where it passes by itself."""
    if hold is Hold.WORD_AWAITED:
        return say(
            "The session is over. Open your link from an email about it and say whether you came, "
            "or press on."
        )
    return say(hold.value) if hold in _NEEDS_VISITOR and hold is not None else ""


def _remedy(hold: Hold | None) -> str:
    if hold is Hold.SIGNUP_PENDING:
        return "inbox"
    if hold is Hold.WORD_AWAITED:
        return "go-on"
    return "landing" if hold is Hold.NOTHING_AHEAD else ""
