"""The visitor's own calendar, in which the masterclass can be dragged to another day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from funnel.domain.calendar import PersonCalendar
from funnel.domain.demo import Player
from funnel.domain.errors import InvalidInputError
from funnel.services.continue_replans import continue_replans
from funnel.services.list_players import list_players
from funnel.services.move_session import move_session
from funnel.services.preview_move import preview_move, read_company
from funnel.services.read_person_calendar import read_person_calendar
from funnel.services.read_start_before import read_start_before
from funnel.web.calendar_view import Lift, calendar_view, may_move
from funnel.web.demo import calendar_words as words
from funnel.web.demo.calendar_beside import beside, is_told, was_told
from funnel.web.demo.calendar_words import Verdict
from funnel.web.forms import Posted
from funnel.web.ids import read_id
from funnel.web.moments import day_of, iso, where_of
from funnel.web.site import Site, TheSite

# A move plans its people in batches; these are waited for, the workers do the rest.
_BATCHES_AT_ONCE = 3
_MOST_IN_PICKER = 8

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose calendar is drawn, and how far: what every address of this page carries along."""

    player: Player
    shows_all: bool

    @property
    def query(self) -> str:
        """The part of the addresses that stays."""
        return f"run={self.player.run_id}" + ("&all=1" if self.shows_all else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was asked of the page: a lift, or what a move has just done."""

    calendar: PersonCalendar
    verdict: Verdict
    lift: Lift | None = None
    former: datetime | None = None


@router.get("/demo/calendar")
def show_calendar(request: Request, site: TheSite) -> Response:
    """Show the calendar of whoever came last, or of the run that is named."""
    players = list_players(site.deps.transactions)
    if not players:
        return site.page(request, "demo/calendar_empty.html", brand=None)
    query = request.query_params
    place = _place(players, query.get("run", ""), query.get("all", ""))
    shown = _asked(site, place, to=query.get("to", ""), moved=query.get("moved", ""))
    return _page(site, request, place, shown, players=players)


@router.get("/demo/calendar/plan")
def show_plan(request: Request, site: TheSite) -> Response:
    """Answer only the parts that change, for the page's script."""
    query = request.query_params
    players = list_players(site.deps.transactions)
    place = _place(players, query.get("run", ""), query.get("all", ""))
    shown = _asked(site, place, to=query.get("to", ""), moved=query.get("moved", ""))
    return site.part("demo/calendar_parts.html", **_values(site, place, shown))


@router.post("/demo/calendar/move")
def move(request: Request, form: Posted, site: TheSite) -> Response:
    """Let go of the masterclass: move it, for everybody who holds a seat in it."""
    players = list_players(site.deps.transactions)
    place = _place(players, form.get("run"), form.get("all"))
    starts_at = _moment(form.get("to"))
    if starts_at is None:
        raise HTTPException(status_code=400, detail="This is not a moment.")
    before = read_person_calendar(place.player.run_id, site.deps.transactions)
    try:
        _move(site, before, starts_at)
    except InvalidInputError as error:
        problem = f"{str(error)[:1].upper()}{str(error)[1:]}. {error.remedy}"
        shown = Shown(calendar=before, verdict=words.not_moved(problem, starts_at, before))
        return _page(site, request, place, shown, players=players, status=409)
    former = f"&moved={iso(before.session.starts_at)}" if before.session else ""
    return RedirectResponse(f"/demo/calendar?{place.query}{former}", status_code=303)


def _move(site: Site, calendar: PersonCalendar, starts_at: datetime) -> None:
    if calendar.session is None:
        raise InvalidInputError(
            "there is no seat that could move", field="run", remedy="Take a date first."
        )
    transactions = site.deps.transactions
    move_session(calendar.session.id, starts_at, by="demo", transactions=transactions)
    continue_replans(transactions, most_batches=_BATCHES_AT_ONCE)


def _place(players: Sequence[Player], run: str, shows_all: str) -> Place:
    run_id = read_id(run) if run else (players[0].run_id if players else None)
    player = next((each for each in players if each.run_id == run_id), None)
    if player is None:
        raise HTTPException(status_code=404)
    return Place(player=player, shows_all=shows_all == "1")


def _moment(text: str) -> datetime | None:
    """Return an aware moment of the years that anybody plans in, ``None`` for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    is_near = 2000 <= moment.year <= 9000
    return moment.astimezone(UTC) if moment.tzinfo is not None and is_near else None


def _asked(site: Site, place: Place, *, to: str, moved: str) -> Shown:
    starts_at = _moment(to)
    lifted = _lifted(site, place, starts_at) if starts_at else None
    if lifted is not None:
        return lifted
    calendar = read_person_calendar(place.player.run_id, site.deps.transactions)
    return _resting(site, calendar, former=_former(site, calendar) if _moment(moved) else None)


def _former(site: Site, calendar: PersonCalendar) -> datetime | None:
    """Return the start before the last move, which may have been made in another window since."""
    if calendar.session is None:
        return None
    return read_start_before(calendar.session.id, site.deps.transactions)


def _lifted(site: Site, place: Place, starts_at: datetime) -> Shown | None:
    """Return two plans; ``None`` where the masterclass cannot be lifted any more."""
    try:
        preview = preview_move(place.player.run_id, starts_at, site.deps.transactions)
    except InvalidInputError:
        return None
    if not may_move(preview.before):
        return None
    return Shown(
        calendar=preview.before,
        verdict=words.lifted(preview, starts_at),
        lift=Lift(starts_at=starts_at, after=preview.after),
    )


def _resting(site: Site, calendar: PersonCalendar, *, former: datetime | None) -> Shown:
    session = calendar.session
    people = read_company(session.id, site.deps.transactions) if session else 0
    if calendar.is_complete:
        return Shown(calendar=calendar, verdict=words.ended(calendar))
    if former is None or not was_told(calendar, former):
        return Shown(calendar=calendar, verdict=words.resting(calendar, people=people))
    verdict = words.moved(calendar, former, people=people, is_told=is_told(calendar))
    return Shown(calendar=calendar, verdict=verdict, former=former)


def _page(
    site: Site,
    request: Request,
    place: Place,
    shown: Shown,
    *,
    players: Sequence[Player],
    status: int = 200,
) -> Response:
    return site.page(
        request,
        "demo/calendar.html",
        brand=None,
        status=status,
        players=players[:_MOST_IN_PICKER] if len(players) > 1 else (),
        **_values(site, place, shown),
    )


def _values(site: Site, place: Place, shown: Shown) -> dict[str, object]:
    calendar, movable = shown.calendar, may_move(shown.calendar)
    is_undoable = movable and shown.former is not None and shown.former > calendar.now
    return {
        "whose": place,
        "view": calendar_view(
            calendar, lift=shown.lift, is_movable=movable, shows_all=place.shows_all
        ),
        "verdict": shown.verdict,
        "where": where_of(calendar.zone),
        "former": iso(shown.former) if shown.former else "",
        "undo": _day(shown.former, calendar) if is_undoable and shown.former else "",
        "leave": _day(calendar.session.starts_at, calendar) if calendar.session else "",
        "beside": beside(site, place.player, calendar, lift=shown.lift),
    }


def _day(moment: datetime, calendar: PersonCalendar) -> str:
    """Return "Tuesday 22", as a button names it."""
    return " ".join(day_of(moment, calendar.zone, calendar.now).split()[:2])
