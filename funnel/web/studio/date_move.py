"""``/studio/dates/{id}/move``: lift a date, see what letting go would do to whom, let go or not.

The day axis is the component of the two-minute page, around a real person who holds a seat.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.calendar import PersonCalendar
from funnel.domain.errors import InvalidInputError
from funnel.domain.explanation import calendar_of_person
from funnel.domain.session_dates import DateChangedError
from funnel.domain.speech import say
from funnel.services.continue_replans import continue_replans
from funnel.services.move_session import move_session
from funnel.services.preview_move import preview_move
from funnel.services.preview_session_move import SessionMovePreview, preview_session_move
from funnel.services.read_budgets import known_per_hour
from funnel.services.read_date import DatePage
from funnel.services.read_person_calendar import read_person_calendar
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.calendar_view import Lift, calendar_view
from funnel.web.forms import Posted
from funnel.web.moments import iso, place_of, where_of
from funnel.web.site import Site, TheSite
from funnel.web.studio import date_impact as words
from funnel.web.studio.date import BATCHES_AT_ONCE, date_page, load
from funnel.web.studio.date_forms import read_moment, typed_start
from funnel.web.studio.date_impact import Impact, Verdict
from funnel.web.studio.dates import PATH
from funnel.web.studio.faults import fault_of
from funnel.web.studio.shell import done

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What was asked of the page.

    Attributes:
        impact: What letting go would do; ``None`` at rest, or where it cannot be held then.
        former: Where it may be moved back to.
    """

    calendar: PersonCalendar
    verdict: Verdict
    lift: Lift | None = None
    impact: Impact | None = None
    former: datetime | None = None


@router.get("/studio/dates/{session_id}/move")
def show_move(request: Request, session_id: str, me: Reader, site: TheSite) -> Response:
    """Show the day axis: at rest, or lifted to the start, or the day and hour, that is named."""
    page = load(site, session_id, run=request.query_params.get("run", ""))
    return _page(request, site, me, page, _asked(request, site, page))


@router.get("/studio/dates/{session_id}/move/plan")
def show_parts(request: Request, session_id: str, me: Reader, site: TheSite) -> Response:
    """Answer only the parts that change, for the page's script."""
    page = load(site, session_id, run=request.query_params.get("run", ""))
    shown = _asked(request, site, page)
    values = _values(request, me, page, shown)
    return site.part("studio/date_move_parts.html", form_token=me.form_token, **values)


@router.post("/studio/dates/{session_id}/move")
def move(
    request: Request, session_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Let go: move the date, for everybody who holds a seat in it."""
    page = load(site, session_id)
    starts_at = read_moment(posted.get("to"))
    try:
        transactions = site.deps.transactions
        move_session(
            page.session.id,
            _wanted(starts_at),
            by=me.user.email,
            transactions=transactions,
            seen=read_moment(posted.get("seen")),
        )
        continue_replans(transactions, most_batches=BATCHES_AT_ONCE)
    except InvalidInputError as error:
        status = 409 if starts_at is not None else 422
        return _not_moved(request, site, me, error, status=status)
    return done(f"{PATH}/{page.session.id}/move", "moved")


def _wanted(starts_at: datetime | None) -> datetime:
    if starts_at is None:
        raise InvalidInputError(
            say("that is not a moment"), field="to", remedy=say("Choose a day and an hour.")
        )
    return starts_at


def _not_moved(
    request: Request, site: Site, me: Me, error: InvalidInputError, *, status: int
) -> Response:
    """Show the date as it stands now, which may be another one than whoever posted has seen."""
    page = load(site, request.path_params["session_id"])
    title = (
        say("It was changed meanwhile")
        if isinstance(error, DateChangedError)
        else say("It cannot be moved there")
    )
    verdict = Verdict(title=title, text=fault_of(error).text, is_problem=True)
    shown = _Shown(calendar=_calendar(site, page), verdict=verdict)
    return _page(request, site, me, page, shown, status=status)


def _asked(request: Request, site: Site, page: DatePage) -> _Shown:
    query = request.query_params
    if not page.is_movable:
        return _Shown(calendar=_calendar(site, page), verdict=words.fixed(page))
    to = read_moment(query.get("to", ""))
    if query.get("day") or query.get("hour"):
        try:
            to = typed_start(query.get("day", ""), query.get("hour", ""), page.session.zone)
        except InvalidInputError as error:
            verdict = Verdict(
                title=say("That is no moment"), text=fault_of(error).text, is_problem=True
            )
            return _Shown(calendar=_calendar(site, page), verdict=verdict)
    if to is not None:
        return _lifted(site, page, to)
    return _resting(site, page, is_moved="moved" in (query.get("done"), *query.keys()))


def _resting(site: Site, page: DatePage, *, is_moved: bool) -> _Shown:
    """Show it at rest; just moved or not, the way back stays until its hour has passed."""
    former = page.start_before
    is_news = is_moved and former is not None and former != page.session.starts_at
    verdict = words.moved(page, former) if is_news and former else words.resting(page)
    return _Shown(calendar=_calendar(site, page), verdict=verdict, former=words.way_back(page))


def _lifted(site: Site, page: DatePage, to: datetime) -> _Shown:
    before, after, problem = _plans(site, page, to)
    impact: SessionMovePreview | None = None
    if not problem:
        try:
            impact = preview_session_move(
                page.session.id,
                to,
                site.deps.transactions,
                per_hour=known_per_hour(
                    site.deps.transactions, site.deps.dispatch_limits.claim_rules
                ),
            )
        except InvalidInputError as error:
            problem, after = fault_of(error).text, None
    verdict = words.lifted(page, to, impact, problem=problem)
    return _Shown(
        calendar=before,
        verdict=verdict,
        lift=Lift(starts_at=to, after=after),
        impact=words.impact(page, impact) if impact and to != page.session.starts_at else None,
    )


def _plans(
    site: Site, page: DatePage, to: datetime
) -> tuple[PersonCalendar, PersonCalendar | None, str]:
    """Return the example's calendar as it is and as it would be, or why it would not."""
    if page.example is not None:
        try:
            preview = preview_move(page.example, to, site.deps.transactions)
        except InvalidInputError:
            pass  # their run ended in this moment: the axis is drawn without it
        else:
            return preview.before, preview.after, preview.problem
    bare = _bare(page)
    length = page.session.ends_at - page.session.starts_at
    moved = replace(page.session, starts_at=to, ends_at=to + length)
    return bare, replace(bare, session=moved), ""


def _calendar(site: Site, page: DatePage) -> PersonCalendar:
    if page.example is None:
        return _bare(page)
    calendar = read_person_calendar(page.example, site.deps.transactions)
    is_ours = calendar.session is not None and calendar.session.id == page.session.id
    return calendar if is_ours else _bare(page)


def _bare(page: DatePage) -> PersonCalendar:
    """Return an axis with the date alone: nobody holds a seat yet."""
    nobody = UUID(int=0)
    return PersonCalendar(
        subscriber_id=nobody,
        enrollment_id=nobody,
        sequence_id=nobody,
        zone=page.session.zone,
        now=page.now,
        session=page.session,
        lines=(),
        is_complete=False,
        letters_paused_until=None,
    )


def _of_them(lift: Lift) -> Lift:
    return replace(lift, after=calendar_of_person(lift.after)) if lift.after else lift


def _page(
    request: Request, site: Site, me: Me, page: DatePage, shown: _Shown, *, status: int = 200
) -> Response:
    values = _values(request, me, page, shown)
    return date_page(
        site, request, "date_move.html", me=me, page=page, tab="move", status=status, **values
    )


def _values(request: Request, me: Me, page: DatePage, shown: _Shown) -> dict[str, object]:
    run = request.query_params.get("run", "")
    shows_all = request.query_params.get("all") == "1"
    path = f"{PATH}/{page.session.id}/move"
    query = {
        key: value for key, value in (("run", run), ("all", "1" if shows_all else "")) if value
    }
    movable = page.is_movable and me.user.may(Permission.EDIT)
    view = calendar_view(
        calendar_of_person(shown.calendar),
        lift=_of_them(shown.lift) if shown.lift and movable else None,
        is_movable=movable,
        shows_all=shows_all,
    )
    zone = page.session.zone
    return {
        "path": path,
        "query": urlencode(query),
        "kept": [*query.items(), ("seen", page.session.starts_at.isoformat())],
        "all": "" if shows_all else f"{path}?{urlencode({**query, 'all': '1', 'to': view.to})}",
        "view": view,
        "verdict": shown.verdict,
        "impact": shown.impact,
        "former": iso(shown.former) if shown.former else "",
        "undo": words.day_words(shown.former, page) if movable and shown.former else "",
        "leave": words.day_words(page.session.starts_at, page),
        "axis_place": place_of(shown.calendar.zone),
        "host_where": where_of(zone),
        "has_example": bool(shown.calendar.lines),
        "example": shown.calendar.subscriber_id,
        "typed": words.typed(shown.lift.starts_at if shown.lift else page.session.starts_at, zone),
        "progress": words.progress_words(page),
    }
