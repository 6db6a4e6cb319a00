"""``/studio/dates/{id}``: one date, what it says, and what can be done about it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.mistakes import Mistakes
from funnel.domain.session import Attendance
from funnel.domain.session_dates import DateChangedError
from funnel.domain.speech import mark, say
from funnel.services.cancel_session import cancel_session
from funnel.services.change_session import SessionChange, change_session
from funnel.services.close_session import close_session, reopen_session
from funnel.services.continue_replans import continue_replans
from funnel.services.read_date import DatePage, read_date
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted, PostedForm
from funnel.web.ids import read_id
from funnel.web.site import Site, TheSite
from funnel.web.studio.date_forms import read_moment, typed_number, typed_start
from funnel.web.studio.date_impact import day_words, way_back
from funnel.web.studio.date_words import moment_words, people_words, progress_words, shown_date
from funnel.web.studio.dates import PATH
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done, studio_page

# Planning many people goes on in batches; these are waited for, the workers do the rest.
BATCHES_AT_ONCE = 3
_DONE = {
    "added": mark("The date is there: people can take a seat in it from now on."),
    "changed": mark("Saved. Who holds a seat is planned by what it says now."),
    "closed": mark("Closed. Of whom nothing was known, it is now taken that they missed it."),
    "reopened": mark("Open again: of whom nothing is known, nothing is taken for granted."),
}

router = APIRouter()


def load(site: Site, session_id: str, *, run: str = "") -> DatePage:
    """Return the date that an address names, with whose calendar is its example.

    Raises:
        NotFoundError: There is none.
    """
    found = read_id(session_id)
    run_id = read_id(run) if run else None
    if found is None or (run and run_id is None):
        raise NotFoundError("not an id")
    return read_date(found, site.deps.transactions, run_id=run_id)


def date_page(
    site: Site,
    request: Request,
    name: str,
    *,
    me: Me,
    page: DatePage,
    status: int = 200,
    **values: object,
) -> Response:
    """Return one of the pages of a date: each has its head, and names its ``tab``."""
    return studio_page(
        site,
        request,
        name,
        me=me,
        place="Dates",
        status=status,
        page=page,
        date=shown_date(page.line, page.now),
        may_change=me.user.may(Permission.EDIT),
        **values,
    )


@router.get("/studio/dates/{session_id}")
def show_date(request: Request, session_id: str, me: Reader, site: TheSite) -> Response:
    """Show a date."""
    return _show(request, site, me, load(site, session_id))


@router.post("/studio/dates/{session_id}/change")
def change(
    request: Request, session_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Write what the form says, unless somebody else changed the date meanwhile."""
    page = load(site, session_id)
    try:
        mistakes = Mistakes()
        change_session(
            page.session.id,
            _change(page, posted, mistakes),
            site.deps.transactions,
            by=me.user.email,
            seen=posted.get("seen"),
            mistakes=mistakes,
        )
    except InvalidInputError as error:
        return _refused(request, site, me, error, posted)
    return done(f"{PATH}/{page.session.id}", "changed")


@router.post("/studio/dates/{session_id}/close")
def close(session_id: str, me: EditorForm, site: TheSite, request: Request) -> Response:
    """Say that it is known who came; who is not known to have come missed it."""
    page = load(site, session_id)
    try:
        close_session(page.session.id, site.deps.transactions, by=me.user.email)
    except InvalidInputError as error:
        return _refused(request, site, me, error, None)
    return done(f"{PATH}/{page.session.id}", "closed")


@router.post("/studio/dates/{session_id}/reopen")
def reopen(session_id: str, me: EditorForm, site: TheSite) -> Response:
    """Take a close back."""
    page = load(site, session_id)
    reopen_session(page.session.id, site.deps.transactions, by=me.user.email)
    return done(f"{PATH}/{page.session.id}", "reopened")


@router.get("/studio/dates/{session_id}/cancel")
def ask_to_cancel(request: Request, session_id: str, me: Reader, site: TheSite) -> Response:
    """Say what calling it off would do, to whom."""
    return _cancel_page(request, site, me, load(site, session_id))


@router.post("/studio/dates/{session_id}/cancel")
def cancel(
    request: Request, session_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Call a date off."""
    page = load(site, session_id)
    try:
        cancel_session(
            page.session.id,
            site.deps.transactions,
            by=me.user.email,
            seen=read_moment(posted.get("seen")),
        )
    except InvalidInputError as error:
        fault = fault_of(error)
        return _cancel_page(
            request, site, me, load(site, session_id), Fault(text=fault.text, status=409)
        )
    continue_replans(site.deps.transactions, most_batches=BATCHES_AT_ONCE)
    return done(PATH, "cancelled")


def _cancel_page(
    request: Request, site: Site, me: Me, page: DatePage, fault: Fault = NONE
) -> Response:
    return date_page(
        site,
        request,
        "date_cancel.html",
        me=me,
        page=page,
        tab="",
        status=fault.status,
        fault=fault,
        people=people_words(page.line.taken),
        seen=page.session.starts_at.isoformat(),
    )


def _refused(
    request: Request,
    site: Site,
    me: Me,
    error: InvalidInputError,
    posted: PostedForm | None,
) -> Response:
    """Show the date as it is now, with what was typed beside it, so that nothing is lost."""
    status = 409 if isinstance(error, DateChangedError) or posted is None else 422
    page = load(site, request.path_params["session_id"])
    shown = fault_of(error, status=status)
    return _show(request, site, me, page, fault=shown, given=posted)


def _show(
    request: Request,
    site: Site,
    me: Me,
    page: DatePage,
    *,
    fault: Fault = NONE,
    given: PostedForm | None = None,
) -> Response:
    word = _DONE.get(request.query_params.get("done", ""), "")
    unknown = page.attendance[Attendance.UNKNOWN]
    ends = page.session.replay_closes_at
    former = way_back(page)
    return date_page(
        site,
        request,
        "date.html",
        me=me,
        page=page,
        tab="date",
        status=fault.status,
        fault=fault,
        given=given or _as_it_is(page),
        now_says=_as_it_is(page) if given else None,
        said=say(word) if word else "",
        former=former.isoformat() if former else "",
        undo=day_words(former, page) if former else "",
        progress=progress_words(page),
        unknown=people_words(unknown) if unknown else "",
        came=people_words(page.attendance[Attendance.ATTENDED]),
        missed=people_words(page.attendance[Attendance.MISSED]),
        replay_ends=moment_words(ends, page.session.zone, page.now),
    )


def _as_it_is(page: DatePage) -> PostedForm:
    session, line = page.session, page.line
    ends = _local(page)
    return PostedForm(
        items=(
            ("title", session.title),
            ("seats", str(session.seats or "")),
            ("join_url", session.join_url),
            ("replay_url", session.replay_url),
            ("replay_day", ends[0]),
            ("replay_hour", ends[1]),
            ("platform_id", line.platform_id),
            ("clicks_count", "yes" if line.clicks_count else ""),
        )
    )


def _local(page: DatePage) -> tuple[str, str]:
    ends_at = page.session.replay_ends_at
    if ends_at is None:
        return "", ""
    local = ends_at.astimezone(ZoneInfo(page.session.zone))
    return f"{local:%Y-%m-%d}", f"{local:%H:%M}"


def _replay_end(day: str, hour: str, zone: str) -> datetime:
    try:
        return typed_start(day, hour, zone)
    except InvalidInputError as error:
        raise InvalidInputError(str(error), field="replay_ends_at", remedy=error.remedy) from error


def _change(page: DatePage, posted: PostedForm, mistakes: Mistakes) -> SessionChange:
    day = posted.get("replay_day").strip()
    hour = posted.get("replay_hour").strip() or "23:59"
    seats = mistakes.hear(typed_number, posted.get("seats"), "seats")
    ends_at = mistakes.hear(_replay_end, day, hour, page.session.zone) if day else None
    return SessionChange(
        title=posted.get("title").strip(),
        seats=seats or 0,
        join_url=posted.get("join_url").strip(),
        replay_url=posted.get("replay_url").strip(),
        replay_ends_at=ends_at,
        drops_replay_end=not day,
        platform_id=posted.get("platform_id"),
        clicks_count=posted.get("clicks_count") == "yes",
    )
