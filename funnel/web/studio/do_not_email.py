"""``/studio/people/do-not-email``: addresses that nothing is sent to, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import mark, say
from funnel.services.edit_do_not_email import (
    allow_address,
    read_do_not_email,
    stop_address,
    why_it_stays,
)
from funnel.storage.suppressions import SuppressionLine
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted, PostedForm
from funnel.web.moments import day_of, reader_zone
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.person_words import SUPPRESSED
from funnel.web.studio.shell import done, studio_page

_PATH = "/studio/people/do-not-email"
_LONGEST_KEY = 400  # characters: no address is longer
_DONE = {
    "added": mark("Nothing is sent to this address any more."),
    "known": mark("It was on the list already, and stays as it is."),
    "off": mark("The address may be written to again."),
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    key: str
    address: str
    reason: str
    source: str
    day: str
    person: UUID | None
    stays: str


@router.get(_PATH)
def show_list(request: Request, me: Reader, site: TheSite) -> Response:
    """Show a page of the list."""
    return _page(request, site, me)


@router.post(_PATH)
def add(request: Request, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Put an address on the list."""
    address, why = posted.get("address"), posted.get("why")
    try:
        is_new = stop_address(
            address,
            why,
            site.deps.transactions,
            hash_key=site.deps.signup_rules.hash_key,
            by=me.user.email,
        )
    except InvalidInputError as error:
        return _page(request, site, me, fault=fault_of(error), given=posted)
    return done(_PATH, "added" if is_new else "known")


@router.post(f"{_PATH}/off")
def take_off(request: Request, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Take an address off the list that was put there by hand."""
    try:
        allow_address(posted.get("address"), site.deps.transactions, by=me.user.email)
    except InvalidInputError as error:
        return _page(request, site, me, fault=fault_of(error))
    return done(_PATH, "off")


def _page(
    request: Request,
    site: Site,
    me: Me,
    *,
    fault: Fault = NONE,
    given: PostedForm | None = None,
) -> Response:
    query = request.query_params
    after = _after(query)
    found = read_do_not_email(query.get("q", ""), site.deps.transactions, after=after)
    following = ""
    if found.following is not None:
        at, key = found.following
        following = f"{_PATH}?{urlencode({'q': found.asked, 'at': at.isoformat(), 'key': key})}"
    return studio_page(
        site,
        request,
        "do_not_email.html",
        me=me,
        place="People",
        status=fault.status,
        asked=found.asked,
        lines=[_line(each, found.now) for each in found.lines],
        following=following,
        beginning=_PATH if after else "",
        fault=fault,
        given=given or PostedForm(),
        said=say(_DONE[query["done"]]) if query.get("done") in _DONE else "",
        may_change=me.user.may(Permission.EDIT),
    )


def _line(each: SuppressionLine, now: datetime) -> _Line:
    return _Line(
        key=each.key,
        address=each.address,
        reason=say(SUPPRESSED[each.reason]),
        source=each.source,
        day=day_of(each.at, reader_zone(), now),
        person=each.subscriber_id,
        stays=why_it_stays(each.reason),
    )


def _after(query: Mapping[str, str]) -> tuple[datetime, str] | None:
    """Return where the page begins; an address that was cut or made up shows the first page."""
    at, key = query.get("at", ""), query.get("key", "")
    if not key or "\x00" in key or len(key) > _LONGEST_KEY:
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (moment, key) if moment.tzinfo is not None else None
