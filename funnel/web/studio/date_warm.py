"""``/studio/dates/{id}/write-to``: who came, clicked and has not booked: to write to oneself."""

import csv
import io
from collections.abc import Iterator

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from funnel.services.list_seats import each_warm, list_warm
from funnel.storage.seat_lines import WarmPerson
from funnel.web.auth import Reader
from funnel.web.ids import read_id
from funnel.web.site import TheSite
from funnel.web.studio.date import date_page, load
from funnel.web.studio.dates import PATH

# A spreadsheet takes a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

router = APIRouter()


@router.get("/studio/dates/{session_id}/write-to")
def show_warm(request: Request, session_id: str, me: Reader, site: TheSite) -> Response:
    """Show a page of people, with their addresses to copy."""
    page = load(site, session_id)
    after = read_id(request.query_params.get("after", ""))
    found = list_warm(page.session.id, site.deps.transactions, after=after)
    path = f"{PATH}/{page.session.id}/write-to"
    return date_page(
        site,
        request,
        "date_warm.html",
        me=me,
        page=page,
        tab="write-to",
        people=found.people,
        addresses="\n".join(_written(each) for each in found.people),
        file=f"{path}.csv",
        following=f"{path}?after={found.following}" if found.following else "",
        beginning=path if after else "",
    )


@router.get("/studio/dates/{session_id}/write-to.csv")
def download_warm(session_id: str, _me: Reader, site: TheSite) -> Response:
    """Give all of them as a table: UTF-8 with a mark, as spreadsheets want it."""
    page = load(site, session_id)
    people = each_warm(page.session.id, site.deps.transactions)
    name = f"write-to-{page.session.starts_at:%Y-%m-%d}.csv"
    return StreamingResponse(
        _table(people),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _table(people: Iterator[WarmPerson]) -> Iterator[str]:
    yield "\ufeff" + _row("email", "first name", "last name", "clicked", "clicked at (UTC)")
    for each in people:
        yield _row(
            each.email,
            each.first_name,
            each.last_name,
            each.clicked,
            f"{each.clicked_at:%Y-%m-%d %H:%M}",
        )


def _row(*cells: str) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([_plain(each) for each in cells])
    return line.getvalue()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _written(person: WarmPerson) -> str:
    """Return "Ana Muster <ana@example.org>" as mail programs take it."""
    name = f"{person.first_name} {person.last_name}".strip()
    quoted = name.replace("\\", "").replace('"', "")
    return f'"{quoted}" <{person.email}>' if quoted else person.email
