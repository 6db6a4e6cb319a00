"""``/studio/people/import``: files of people from another tool, and one file's way through."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from funnel.domain.access import Permission
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.import_words import STATUSES
from funnel.domain.people_import import MOST_LINES, Outcome
from funnel.domain.speech import mark, number, say
from funnel.services.continue_imports import continue_imports
from funnel.services.import_people import (
    discard_import,
    lines_of_address,
    list_imports,
    read_import,
    start_import,
    stop_import,
    try_import,
    upload_people,
)
from funnel.storage.imports import ImportRecord
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted, PostedFile, PostedForm
from funnel.web.ids import read_id
from funnel.web.moments import day_of, moment_here, reader_zone
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.people_import_view import (
    FILES_OF,
    csv_of,
    given_options,
    options_view,
    result_view,
    said_of_address,
)
from funnel.web.studio.shell import done, studio_page

PATH: Final = "/studio/people/import"
_SHOWN = 20  # files on a page
# Small files are through with the press; what is larger goes on behind, and the page shows it.
_BATCHES_AT_ONCE = 3
_DONE: Final = {
    "tried": mark("Tried. Nobody was written."),
    "started": mark("Started. The page says below how far it is."),
    "stopped": mark("Stopped. Who was taken in stays; you can go on at any time."),
    "discarded": mark("The file is gone. Nobody had been taken in from it."),
}
ENCODINGS: Final = (
    ("", mark("found out by itself")),
    ("utf-8", "UTF-8"),
    ("cp1252", mark("Windows, western Europe")),
    ("cp1250", mark("Windows, central Europe")),
    ("cp1251", mark("Windows, Cyrillic")),
    ("mac_roman", mark("Older Macintosh")),
    ("shift_jis", mark("Japanese, Shift JIS")),
    ("gb18030", mark("Chinese, GB 18030")),
)

router = APIRouter()


@router.get("/studio/people/import")
def show_imports(request: Request, me: Reader, site: TheSite) -> Response:
    """Show the files that were uploaded, and what they did with an address that is asked for."""
    return _list(request, site, me)


@router.post("/studio/people/import")
def upload(request: Request, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Keep a file, and show what its columns seem to hold."""
    try:
        file = _file(posted)
        page = upload_people(
            file.content,
            file.name,
            by=me.user.email,
            transactions=site.deps.transactions,
            encoding=_encoding(posted),
        )
    except InvalidInputError as error:
        return _list(request, site, me, fault=fault_of(error))
    return done(f"{PATH}/{page.record.id}")


@router.get("/studio/people/import/{import_id}")
def show_import(request: Request, import_id: str, me: Reader, site: TheSite) -> Response:
    """Show one file: how it is read, what would become of it, how far it is, what became of it."""
    return _page(request, site, me, _id(import_id))


@router.post("/studio/people/import/{import_id}/try")
def try_it(
    request: Request, import_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Say what would become of each line."""
    found = _id(import_id)
    transactions = site.deps.transactions
    try:
        page = read_import(found, transactions)
        options = given_options(posted, len(page.record.columns))
        try_import(found, options, by=me.user.email, transactions=transactions)
    except InvalidInputError as error:
        return _page(request, site, me, found, fault=fault_of(error), posted=posted)
    _go_on(site, found)
    return done(f"{PATH}/{found}", "tried")


def _go_on(site: Site, import_id: UUID) -> None:
    """Do a little of the work while somebody waits: a small file is through at once."""
    continue_imports(
        site.deps.transactions,
        hash_key=site.deps.signup_rules.hash_key,
        most_batches=_BATCHES_AT_ONCE,
        only=import_id,
    )


@router.post("/studio/people/import/{import_id}/start")
def start(request: Request, import_id: str, me: EditorForm, site: TheSite) -> Response:
    """Take people in, or go on with it."""
    found = _id(import_id)

    def act() -> None:
        start_import(found, by=me.user.email, transactions=site.deps.transactions)
        _go_on(site, found)

    return _done(request, site, me, found, act, "started")


@router.post("/studio/people/import/{import_id}/stop")
def stop(request: Request, import_id: str, me: EditorForm, site: TheSite) -> Response:
    """Stop behind the batch that is under way."""
    found = _id(import_id)

    def act() -> None:
        stop_import(found, by=me.user.email, transactions=site.deps.transactions)

    return _done(request, site, me, found, act, "stopped")


@router.post("/studio/people/import/{import_id}/discard")
def discard(request: Request, import_id: str, me: EditorForm, site: TheSite) -> Response:
    """Delete a file of which nobody was taken in."""
    found = _id(import_id)
    try:
        discard_import(found, by=me.user.email, transactions=site.deps.transactions)
    except InvalidInputError as error:
        return _page(request, site, me, found, fault=fault_of(error))
    return done(PATH, "discarded")


@router.get("/studio/people/import/{import_id}/lines.csv")
def download(
    request: Request,
    import_id: str,
    me: Reader,  # noqa: ARG001  (who asks, and may)
    site: TheSite,
) -> Response:
    """Give lines as a table: what was not taken can be mended in it and uploaded again."""
    found = _id(import_id)
    wanted = request.query_params.get("of", "")
    outcomes = FILES_OF.get(wanted) or tuple(each for each in Outcome if each == wanted)
    if not outcomes:
        raise NotFoundError("no such lines")
    page = read_import(found, site.deps.transactions)
    name = f"import-{found.hex[:8]}-{wanted.replace(' ', '-')}.csv"
    return StreamingResponse(
        csv_of(page, outcomes, site.deps.transactions),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _done(
    request: Request, site: Site, me: Me, import_id: UUID, act: Callable[[], None], word: str
) -> Response:
    try:
        act()
    except InvalidInputError as error:
        return _page(request, site, me, import_id, fault=fault_of(error))
    return done(f"{PATH}/{import_id}", word)


def _list(request: Request, site: Site, me: Me, *, fault: Fault = NONE) -> Response:
    query = request.query_params
    asked = query.get("q", "").strip()
    transactions = site.deps.transactions
    found = []
    is_part = bool(asked) and "@" not in asked
    if asked and not is_part:
        try:
            found = [said_of_address(each) for each in lines_of_address(asked, transactions)]
        except InvalidInputError as error:
            fault = fault_of(error)
    before = _moment(query.get("before", ""))
    records = list_imports(transactions, limit=_SHOWN + 1, before=before)
    now = site.deps.real_clock.now()
    return studio_page(
        site,
        request,
        "people_imports.html",
        me=me,
        place="People",
        status=fault.status,
        fault=fault,
        said=say(_DONE["discarded"]) if query.get("done") == "discarded" else "",
        may_change=me.user.may(Permission.EDIT),
        asked=asked,
        is_part=is_part,
        found=found,
        imports=list(_shown(records[:_SHOWN], now)),
        following=records[_SHOWN - 1].created_at.isoformat() if len(records) > _SHOWN else "",
        is_later=before is not None,
        encodings=ENCODINGS,
        most_lines=number(MOST_LINES),
    )


def _shown(records: list[ImportRecord], now: datetime) -> Iterator[dict[str, object]]:
    for each in records:
        yield {
            "id": each.id,
            "name": each.file_name,
            "lines": number(each.total),
            "at": day_of(each.created_at, reader_zone(), now),
            "by": each.by,
            "status": say(STATUSES[each.status]),
        }


def _page(
    request: Request,
    site: Site,
    me: Me,
    import_id: UUID,
    *,
    fault: Fault = NONE,
    posted: PostedForm | None = None,
) -> Response:
    page = read_import(import_id, site.deps.transactions)
    record = page.record
    word = _DONE.get(request.query_params.get("done", ""))
    at = moment_here(record.created_at)
    return studio_page(
        site,
        request,
        "people_import.html",
        me=me,
        place="People",
        status=fault.status,
        fault=fault,
        said=say(word) if word and not record.status.is_open else "",
        may_change=me.user.may(Permission.EDIT),
        path=f"{PATH}/{import_id}",
        record=record,
        at=at,
        status_words=say(STATUSES[record.status]),
        page=page,
        form=options_view(page, posted),
        result=result_view(page, site.deps.transactions),
        number=number,
    )


def _file(posted: PostedForm) -> PostedFile:
    if posted.file is None or not posted.file.content:
        raise InvalidInputError(
            say("no file was chosen"),
            field="file",
            remedy=say("Choose the file that the other tool exported."),
        )
    return posted.file


def _encoding(posted: PostedForm) -> str:
    given = posted.get("encoding")
    return given if given in {name for name, _ in ENCODINGS} else ""


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _id(text: str) -> UUID:
    found = read_id(text)
    if found is None:
        raise NotFoundError("not an id")
    return found
