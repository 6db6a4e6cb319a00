"""``/studio/dates``: the dates of all sequences on one line of time, and what they lack."""

from itertools import groupby
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.speech import mark, say
from funnel.services.list_dates import DateList, list_dates
from funnel.storage.date_lines import Place
from funnel.web.auth import Reader
from funnel.web.ids import read_id
from funnel.web.site import TheSite
from funnel.web.studio.date_forms import read_moment
from funnel.web.studio.date_words import shown_date
from funnel.web.studio.shell import studio_page

PATH = "/studio/dates"
_DONE = {
    "cancelled": mark(
        "The date is called off. Everybody with a seat is told, with the next dates."
    ),
}

router = APIRouter()


@router.get("/studio/dates")
def show_dates(request: Request, me: Reader, site: TheSite) -> Response:
    """Show a page of what comes, or of what was."""
    query = request.query_params
    is_past = query.get("past") == "1"
    after = _place(query)
    found = list_dates(site.deps.transactions, is_past=is_past, after=after)
    shown = [shown_date(each, found.now) for each in found.lines]
    word = _DONE.get(query.get("done", ""), "")
    return studio_page(
        site,
        request,
        "dates.html",
        me=me,
        place="Dates",
        months=[(month, list(dates)) for month, dates in groupby(shown, lambda each: each.month)],
        is_past=is_past,
        following=_following(found, is_past=is_past),
        beginning=_address(past="1" if is_past else "") if after else "",
        may_change=me.user.may(Permission.EDIT),
        said=say(word) if word else "",
    )


def _place(query: QueryParams) -> Place | None:
    """Return where the page begins; an address that was cut or made up shows the first page."""
    at, id_ = read_moment(query.get("at", "")), read_id(query.get("id", ""))
    return None if at is None or id_ is None else (at, id_)


def _following(found: DateList, *, is_past: bool) -> str:
    if found.following is None:
        return ""
    at, id_ = found.following
    return _address(past="1" if is_past else "", at=at.isoformat(), id=str(id_))


def _address(**values: str) -> str:
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{PATH}?{query}" if query else PATH
