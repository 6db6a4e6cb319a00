"""``/studio/results``: what came of each email, each date and each place people came from."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from funnel.domain.errors import NotFoundError
from funnel.domain.speech import mark, number, say
from funnel.services.read_results import (
    PlaceResult,
    ResultsPage,
    SessionResult,
    read_results,
)
from funnel.storage.results import Place
from funnel.storage.transaction import Transactions
from funnel.web.auth import Reader
from funnel.web.ids import read_id
from funnel.web.moments import day_of, hour_of, iso, short_day_of, where_of
from funnel.web.site import TheSite
from funnel.web.studio.date_forms import read_moment
from funnel.web.studio.shell import studio_page

PATH = "/studio/results"
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_COUNTED = (
    "signups",
    "confirmed",
    "registered",
    "attended",
    "missed",
    "unknown",
    "replayed",
    "booked",
)
_PARTS = {"campaign": mark("Campaign"), "medium": mark("Medium"), "source": mark("Source")}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _ShownDate:
    """A date of the table; ``short`` stands below its bars."""

    result: SessionResult
    path: str
    day: str
    hour: str
    iso: str
    short: str


@router.get("/studio/results")
def show_results(request: Request, me: Reader, site: TheSite) -> Response:
    """Show one sequence's results."""
    query = request.query_params
    after = _place(query)
    page = read_results(query.get("sequence", ""), site.deps.transactions, after=after)
    return studio_page(
        site,
        request,
        "results.html",
        me=me,
        place="Results",
        page=page,
        dates=[] if page is None else [_shown(each, page) for each in page.sessions],
        share=_share,
        number=number,
        of_link={name: say(words) for name, words in _PARTS.items()},
        files={} if page is None else _files(page.slug),
        following=_following(page),
        beginning=_address(sequence=page.slug) if page and after else "",
    )


@router.get("/studio/results/{table}.csv")
def download_results(table: str, request: Request, _me: Reader, site: TheSite) -> Response:
    """Give one of the tables, whole, in UTF-8 with a mark, as spreadsheets want it."""
    write = _TABLES.get(table)
    if write is None:
        raise NotFoundError(say("There is no such table."))
    slug = request.query_params.get("sequence", "")
    page = read_results(slug, site.deps.transactions)
    rows = [] if page is None else write(page, site.deps.transactions)
    name = f"{table}-{page.slug}.csv" if page else f"{table}.csv"
    return Response(
        "\ufeff" + _written(rows),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _shown(each: SessionResult, page: ResultsPage) -> _ShownDate:
    return _ShownDate(
        result=each,
        path=f"/studio/dates/{each.id}",
        day=day_of(each.starts_at, each.zone, page.now),
        hour=say(
            "{hour} {where}", hour=hour_of(each.starts_at, each.zone), where=where_of(each.zone)
        ),
        iso=iso(each.starts_at),
        short=short_day_of(each.starts_at, each.zone),
    )


def _share(part: int, whole: int) -> str:
    """Return "12 %", or nothing where there is nothing to compare."""
    if part <= 0 or whole <= 0:
        return ""
    share = round(100 * part / whole)
    return say("{share} %", share=share) if share else say("< 1 %")


def _place(query: QueryParams) -> Place | None:
    at, id_ = read_moment(query.get("at", "")), read_id(query.get("id", ""))
    return None if at is None or id_ is None else (at, id_)


def _following(page: ResultsPage | None) -> str:
    if page is None or page.following is None:
        return ""
    at, id_ = page.following
    return _address(sequence=page.slug, at=at.isoformat(), id=str(id_))


def _address(**values: str) -> str:
    return f"{PATH}?{urlencode(values)}"


def _files(slug: str) -> dict[str, str]:
    return {each: f"{PATH}/{each}.csv?{urlencode({'sequence': slug})}" for each in _TABLES}


_Row = Sequence[object]


def _emails(page: ResultsPage, _: Transactions) -> Iterator[_Row]:
    yield "key", "email", "sent", "delivered", "clicked", "left", "bounced", "complained"
    for each in page.emails:
        told = [_told(number) for number in (each.delivered, each.bounced, each.complained)]
        yield each.key, each.name, each.sent, told[0], each.clicked, each.left, *told[1:]


def _told(number: int | None) -> object:
    return "not known" if number is None else number


def _dates(page: ResultsPage, transactions: Transactions) -> Iterator[_Row]:
    yield "date", "time zone", "title", "called off", *_COUNTED
    shown: ResultsPage | None = page
    while shown is not None:
        for each in shown.sessions:
            called_off = "yes" if each.is_cancelled else "no"
            numbers = [getattr(each, name) for name in _COUNTED]
            yield iso(each.starts_at), each.zone, each.title, called_off, *numbers
        after = shown.following
        shown = read_results(page.slug, transactions, after=after) if after else None


def _places(page: ResultsPage, _: Transactions) -> Iterator[_Row]:
    yield "of", "name", "signups", "confirmed", "attended", "booked"
    for each in (*page.sources, *page.campaigns):
        yield _place_row(each)


def _place_row(each: PlaceResult) -> _Row:
    of = f"utm {each.part}" if each.part else "form"
    return of, each.name, each.signups, each.confirmed, each.attended, each.booked


_TABLES: dict[str, Callable[[ResultsPage, Transactions], Iterable[_Row]]] = {
    "emails": _emails,
    "dates": _dates,
    "places": _places,
}


def _written(rows: Iterable[_Row]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([_plain(str(each)) for each in row] for row in rows)
    return file.getvalue()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
