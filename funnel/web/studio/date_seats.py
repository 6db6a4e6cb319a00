"""``/studio/dates/{id}/seats``: who holds a seat, found by name, and who came, said by hand."""

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.session import Attendance
from funnel.domain.speech import say
from funnel.services.list_seats import SeatList, SeatPlace, list_seats
from funnel.services.mark_attendance import mark_attendance
from funnel.services.read_date import DatePage
from funnel.storage.seat_lines import SeatLine
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted
from funnel.web.ids import read_id
from funnel.web.moments import hour_of, iso, place_of, short_day_of, where_of
from funnel.web.site import Site, TheSite
from funnel.web.studio.date import date_page, load
from funnel.web.studio.date_forms import read_moment
from funnel.web.studio.date_words import ATTENDANCE_WORDS
from funnel.web.studio.dates import PATH
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done

_LONGEST_KEY = 400  # characters of an address, and to spare

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    id: str
    person: str
    run: str
    name: str
    email: str
    place: str
    since: str
    since_iso: str
    attendance: str
    word: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Undo:
    """What was just said of whom, and what takes it back."""

    seat: str
    text: str
    was: str
    now: str


@router.get("/studio/dates/{session_id}/seats")
def show_seats(request: Request, session_id: str, me: Reader, site: TheSite) -> Response:
    """Show a page of seats."""
    return _page(request, site, me, load(site, session_id))


@router.post("/studio/dates/{session_id}/seats")
def say_who_came(
    request: Request, session_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Say whether one person came."""
    page = load(site, session_id)
    seat_id, attendance = read_id(posted.get("seat")), _attendance(posted.get("attendance"))
    if seat_id is None or attendance is None:
        raise NotFoundError("not a seat, or not a word about one")
    try:
        marked = mark_attendance(
            page.session.id,
            seat_id,
            attendance,
            seen=_attendance(posted.get("seen")),
            by=me.user.email,
            transactions=site.deps.transactions,
        )
    except InvalidInputError as error:
        fault = Fault(text=fault_of(error).text, status=409)
        return _page(request, site, me, load(site, session_id), fault=fault)
    back = {"q": posted.get("q"), "marked": str(seat_id), "was": str(marked.before)}
    query = urlencode({name: value for name, value in back.items() if value})
    return done(f"{PATH}/{page.session.id}/seats?{query}")


def _attendance(text: str) -> Attendance | None:
    return Attendance(text) if text in set(Attendance) else None


def _page(request: Request, site: Site, me: Me, page: DatePage, *, fault: Fault = NONE) -> Response:
    query = request.query_params
    found = list_seats(
        page.session.id,
        site.deps.transactions,
        asked=query.get("q", ""),
        after=_place(query),
    )
    path = f"{PATH}/{page.session.id}/seats"
    lines = [_shown(each, page) for each in found.lines]
    return date_page(
        site,
        request,
        "date_seats.html",
        me=me,
        page=page,
        tab="seats",
        status=fault.status,
        fault=fault,
        path=path,
        asked=found.asked,
        is_too_short=found.is_too_short,
        seats=lines,
        undo=_undo(query, lines),
        following=_following(found, path),
        beginning=_address(path, q=found.asked) if query.get("key") else "",
        has_begun=page.session.starts_at <= page.now,
        words=ATTENDANCE_WORDS,
    )


def _undo(query: QueryParams, lines: list[_Shown]) -> _Undo | None:
    was = _attendance(query.get("was", ""))
    seat = next((each for each in lines if each.id == query.get("marked")), None)
    if seat is None or was is None or seat.attendance == was:
        return None
    text = say("{name}: {word}.", name=seat.name or seat.email, word=seat.word)
    return _Undo(seat=seat.id, text=text, was=str(was), now=seat.attendance)


def _shown(line: SeatLine, page: DatePage) -> _Shown:
    return _Shown(
        id=str(line.id),
        person=str(line.subscriber_id),
        run=str(line.enrollment_id),
        name=f"{line.first_name} {line.last_name}".strip(),
        email=line.email,
        place=place_of(line.zone),
        since=short_day_of(line.registered_at, page.session.zone),
        since_iso=iso(line.registered_at),
        attendance=str(line.attendance),
        word=_word(line, page),
        detail=_detail(line, page),
    )


def _word(line: SeatLine, page: DatePage) -> str:
    if page.session.closed_at is not None and line.attendance is Attendance.UNKNOWN:
        return say("missed it, by closing")
    return say(ATTENDANCE_WORDS[line.attendance])


def _detail(line: SeatLine, page: DatePage) -> str:
    zone = page.session.zone
    if line.joined_at and line.left_at:
        return say(
            "{start} to {end} {where}",
            start=hour_of(line.joined_at, zone),
            end=hour_of(line.left_at, zone),
            where=where_of(zone),
        )
    return say("watched the replay") if line.watched_at else ""


def _place(query: QueryParams) -> SeatPlace | None:
    key, id_ = query.get("key", ""), read_id(query.get("id", ""))
    if not key or id_ is None or "\x00" in key or len(key) > _LONGEST_KEY:
        return None
    if not query.get("q", "").strip() and read_moment(key) is None:
        return None
    return SeatPlace(key=key, id=id_)


def _following(found: SeatList, path: str) -> str:
    place = found.following
    return "" if place is None else _address(path, q=found.asked, key=place.key, id=str(place.id))


def _address(path: str, **values: str) -> str:
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{path}?{query}" if query else path
