"""``/studio/audit``: who changed what, the newest first, page by page."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.speech import mark, say
from funnel.domain.text import clean_text
from funnel.services.read_audit import read_audit
from funnel.storage.audit import AuditEntry
from funnel.web.auth import Me, Needs
from funnel.web.ids import read_id
from funnel.web.moments import day_of, hour_of, iso, place_of, reader_zone
from funnel.web.site import TheSite
from funnel.web.studio.shell import studio_page

_PATH = "/studio/audit"
_PERSON: Final = (mark("a person"), "/studio/people/{id}")
# By the first word of an act: what its id names.
_FILE: Final = (mark("a file of people"), "/studio/people/import/{id}")
_PLACES: Final[Mapping[str, tuple[str, str]]] = {
    "announcement": (mark("an announcement"), ""),
    "import": _FILE,
    "people": _FILE,
    "series": (mark("a series"), "/studio/dates/series"),
    "session": (mark("a date"), "/studio/dates/{id}"),
    "upload": (mark("a file of people"), ""),
}
_AT_ONCE = 50
_LONGEST_NUMBER = 18  # digits: what a bigint holds
_LONGEST_NAME = 320

Operator = Annotated[Me, Depends(Needs(Permission.OPERATE))]

router = APIRouter()


@router.get("/studio/audit")
def show_audit(request: Request, me: Operator, site: TheSite) -> Response:
    """Show a page of acts."""
    query = request.query_params
    by = clean_text(query.get("by", ""), limit=_LONGEST_NAME)
    before = _number(query.get("before", ""))
    entries = read_audit(site.deps.transactions, limit=_AT_ONCE + 1, before=before, by=by)
    shown = entries[:_AT_ONCE]
    now = site.deps.real_clock.now()
    following = shown[-1].id if len(entries) > _AT_ONCE else None
    return studio_page(
        site,
        request,
        "audit.html",
        me=me,
        place="Settings",
        by=by,
        place_of_times=place_of(reader_zone()),
        entries=[_shown(each, now) for each in shown],
        following=_address(by, following) if following is not None else "",
        beginning=_address(by, None) if before is not None else "",
    )


def _shown(entry: AuditEntry, now: datetime) -> dict[str, str]:
    name, place = _named(entry)
    return {
        "day": day_of(entry.at, reader_zone(), now),
        "hour": hour_of(entry.at, reader_zone()),
        "iso": iso(entry.at),
        "by": entry.by,
        "by_path": _address(entry.by, None),
        "action": entry.action.replace(".", " ").replace("_", " "),
        "target": name,
        "path": place,
        "detail": ", ".join(
            f"{name.replace('_', ' ')} {value}" for name, value in entry.detail.items()
        ),
    }


def _named(entry: AuditEntry) -> tuple[str, str]:
    """Return what an act was done to, and its page, if it has one."""
    known = read_id(entry.target)
    if known is None:
        return entry.target, ""
    # A person is named by their id: an address would outlive its erasure here.
    what, path = _PLACES.get(re.split(r"[. ]", entry.action)[0], _PERSON)
    return say(what), path.format(id=known)


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if is_number else None


def _address(by: str, before: int | None) -> str:
    values = {"by": by, "before": "" if before is None else str(before)}
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{_PATH}?{query}" if query else _PATH
