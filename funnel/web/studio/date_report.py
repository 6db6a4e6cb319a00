"""``/studio/dates/{id}/report``: who came, from a file: tried first, line by line, then taken.

Between the two the file travels in the page's own form, so nothing of it is kept that nobody took.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import mark, say, say_many
from funnel.domain.subscriber import known_zone
from funnel.services.import_facts import ImportReport, import_facts
from funnel.services.read_date import DatePage
from funnel.services.read_report import MOST_BYTES, Report, ReportReading, read_report
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted, PostedForm
from funnel.web.site import Site, TheSite
from funnel.web.studio.date import date_page, load
from funnel.web.studio.date_words import people_words
from funnel.web.studio.dates import PATH
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done

_ENCODINGS: Final = {
    "": mark("find it out"),
    "utf-8": "UTF-8",
    "cp1252": mark("Windows (Western Europe)"),
    "cp1250": mark("Windows (Central Europe)"),
    "cp1251": mark("Windows (Cyrillic)"),
    "utf-16": "UTF-16",
    "mac_roman": "Macintosh",
}
_MOST_SHOWN: Final = 200
_DONE = {"taken": mark("The report is taken. Its people are planned by what it says.")}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One line that is not taken: what is wrong, what to do."""

    line: int
    email: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What a file would come to.

    Attributes:
        content: The file, for the form that takes it.
        more: Broken lines beyond those that are shown.
    """

    name: str
    content: str
    encoding: str
    columns: tuple[str, ...]
    came: str
    missed: str
    news: str
    broken: tuple[_Line, ...]
    more: int
    new: int


@router.get("/studio/dates/{session_id}/report")
def show_form(request: Request, session_id: str, me: Reader, site: TheSite) -> Response:
    """Show where to put a file."""
    return _page(request, site, me, load(site, session_id))


@router.post("/studio/dates/{session_id}/report")
def take_report(
    request: Request, session_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Say what a file would come to; or take it."""
    page = load(site, session_id)
    is_trial = posted.get("act") != "take"
    transactions = site.deps.transactions
    try:
        content = _content(posted)
        report = read_report(content, page.session.id, _reading(posted), transactions)
        _check_begun(page)
        found = import_facts(report.table.rows, page.session.id, transactions, is_trial=is_trial)
    except InvalidInputError as error:
        return _page(request, site, me, page, trial=fault_of(error), given=posted)
    if is_trial:
        trial = _trial(posted, content, report, found)
        return _page(request, site, me, page, trial=trial, given=posted)
    return done(f"{PATH}/{page.session.id}/report", "taken")


def _check_begun(page: DatePage) -> None:
    if page.session.starts_at > page.now:
        raise InvalidInputError(
            say("the session has not begun"),
            field="file",
            remedy=say("Come back when it has been held, or open the date that the file is about."),
        )


def _content(posted: PostedForm) -> bytes:
    if posted.file is not None:
        return posted.file.content
    try:
        return base64.b64decode(posted.get("content"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError(
            say("the file was changed on its way"),
            field="file",
            remedy=say("Choose the report once more."),
        ) from error


def _reading(posted: PostedForm) -> ReportReading:
    encoding = posted.get("encoding")
    return ReportReading(
        zone=posted.get("zone"),
        encoding=encoding if encoding in _ENCODINGS else "",
        email=posted.get("email").strip(),
    )


def _trial(posted: PostedForm, content: bytes, report: Report, found: ImportReport) -> _Trial:
    broken = [
        _Line(line=each.line, email="", reason=each.reason, remedy=each.remedy)
        for each in report.table.problems
    ]
    broken += [
        _Line(
            line=each.line,
            email=each.email,
            reason=each.reason,
            remedy=say("Look at the address; whoever holds no seat here is not counted."),
        )
        for each in found.not_taken
    ]
    broken.sort(key=lambda each: each.line)
    return _Trial(
        name=posted.file.name if posted.file else posted.get("name"),
        content=base64.urlsafe_b64encode(content).decode(),
        encoding=report.encoding,
        columns=tuple(report.table.columns.values()),
        came=people_words(found.attended),
        missed=people_words(found.missed),
        news=say_many("{count} fact is new.", "{count} facts are new.", found.new),
        broken=tuple(broken[:_MOST_SHOWN]),
        more=max(0, len(broken) - _MOST_SHOWN),
        new=found.new,
    )


def _page(
    request: Request,
    site: Site,
    me: Me,
    page: DatePage,
    *,
    trial: _Trial | Fault = NONE,
    given: PostedForm | None = None,
) -> Response:
    """Show the form, and above it what a file would come to, or what is wrong with it."""
    fault = trial if isinstance(trial, Fault) else NONE
    word = _DONE.get(request.query_params.get("done", ""), "")
    given = given or PostedForm()
    return date_page(
        site,
        request,
        "date_report.html",
        me=me,
        page=page,
        tab="report",
        status=fault.status,
        fault=fault,
        trial=None if isinstance(trial, Fault) else trial,
        given=given,
        zone=known_zone(given.get("zone")) or page.session.zone,
        encodings=_ENCODINGS,
        most=MOST_BYTES // 1024,
        said=say(word) if word else "",
    )
