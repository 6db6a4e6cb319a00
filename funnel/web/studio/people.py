"""``/studio/people``: everybody, found by name or address, with what comes to them next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response, StreamingResponse

from funnel.domain.access import Permission
from funnel.domain.enrollment import EnrollmentState
from funnel.domain.speech import mark, say
from funnel.domain.text import clean_text
from funnel.services.export_people import export_people
from funnel.services.list_people import (
    Coming,
    FilterChoice,
    FilterPlace,
    ListedPerson,
    PeopleList,
    Place,
    list_choices,
    list_people,
    list_people_of,
)
from funnel.storage.people_filters import Filter, Kind
from funnel.storage.people_lines import WAYS, PersonLine
from funnel.web.auth import EditorForm, Reader
from funnel.web.forms import Posted
from funnel.web.ids import read_id
from funnel.web.moments import day_of, hour_of, iso, place_of, short_day_of, where_of
from funnel.web.site import TheSite
from funnel.web.studio.shell import studio_page

_PATH = "/studio/people"
_LONGEST_KEY = 700  # characters: an address and two names are shorter

_LONGEST_TAG = 60
_ERASED = mark("They are erased: nothing here names them any more.")
_KINDS = {
    Kind.SEQUENCE: mark("In “{title}”"),
    Kind.SESSION: mark("With a seat on {day} {hour}, “{title}”"),
    Kind.TAG: mark("Tagged “{title}”"),
    Kind.LEFT: mark("Left everything"),
    Kind.UNCONFIRMED: mark("Not confirmed yet"),
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    id: UUID
    name: str
    email: str
    place: str
    sequence: str
    coming: str
    coming_at: str
    coming_iso: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """One kind of people in the list of them; ``value`` is "kind:of"."""

    value: str
    text: str


@router.get("/studio/people")
def show_people(request: Request, me: Reader, site: TheSite) -> Response:
    """Show a page of people: everybody, those of one kind, or who begins with what was typed."""
    query, transactions = request.query_params, site.deps.transactions
    only = only_of(query)
    if only is None:
        after = _place(query)
        found = list_people(query.get("q", ""), transactions, after=after)
        is_first, following = after is None, _following(found)
    else:
        further = _further(query)
        found = list_people_of(only, transactions, after=further)
        is_first, following = further is None, _following_kind(found, only)
    choices = [_choice(each, found.now) for each in list_choices(transactions)]
    shown = value_of(only) if only else ""
    return studio_page(
        site,
        request,
        "people.html",
        me=me,
        place="People",
        asked=found.asked,
        is_too_short=found.is_too_short,
        people=[_shown(each, found.now) for each in found.people],
        following=following,
        beginning="" if is_first else _address(q=found.asked, show=shown),
        choices=choices,
        shown=shown,
        shown_text=next((each.text for each in choices if each.value == shown), ""),
        may_change=me.user.may(Permission.EDIT),
        said=say(_ERASED) if query.get("done") == "erased" else "",
    )


@router.post("/studio/people/export")
def export(me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Give out the list as a table for a spreadsheet, a piece at a time."""
    values = {"show": posted.get("show")}
    rows = export_people(posted.get("q"), only_of(values), site.deps.transactions, by=me.user.email)
    return StreamingResponse(
        rows,
        media_type="text/csv; charset=utf-8",
        headers={
            "content-disposition": 'attachment; filename="people.csv"',
            "cache-control": "no-store",
        },
    )


def only_of(query: Mapping[str, str]) -> Filter | None:
    """Return which kind of people is asked for; ``None``: all, also where it makes no sense."""
    kind, _, of = query.get("show", "").partition(":")
    if kind not in set(Kind):
        return None
    if kind in (Kind.SEQUENCE, Kind.SESSION) and read_id(of) is None:
        return None
    name = clean_text(of, limit=_LONGEST_TAG)
    return None if kind == Kind.TAG and not name else Filter(kind=Kind(kind), of=name)


def value_of(only: Filter) -> str:
    """Return what names a kind of people in an address."""
    return f"{only.kind}:{only.of}" if only.of else str(only.kind)


def _choice(each: FilterChoice, now: datetime) -> _Choice:
    day = hour = ""
    if each.starts_at is not None:
        day = day_of(each.starts_at, each.zone, now)
        here = where_of(each.zone)
        hour = say("{hour} {where}", hour=hour_of(each.starts_at, each.zone), where=here)
    words = _KINDS[each.only.kind]
    text = say(words, title=each.title, day=day, hour=hour)
    return _Choice(value=value_of(each.only), text=text)


def _further(query: Mapping[str, str]) -> FilterPlace | None:
    at, key = query.get("at", ""), query.get("key", "")
    if not _is_moment(at) or not key or "\x00" in key or len(key) > _LONGEST_KEY:
        return None
    is_id = read_id(key) is not None
    if is_id is (query.get("show", "") == Kind.LEFT):
        return None
    return FilterPlace(at=datetime.fromisoformat(at), key=key)


def _following_kind(found: PeopleList, only: Filter) -> str:
    place = found.further
    if place is None:
        return ""
    return _address(show=value_of(only), at=place.at.isoformat(), key=place.key)


def shown_name(line: PersonLine) -> str:
    """Return "Ana Muster", or "" where no name is known."""
    return f"{line.first_name} {line.last_name}".strip()


def _shown(each: ListedPerson, now: datetime) -> _Shown:
    line, coming = each.line, each.coming
    return _Shown(
        id=line.id,
        name=shown_name(line),
        email=line.email,
        place=place_of(line.zone) if line.is_confirmed else "",
        sequence=each.run.sequence_title if each.run else "",
        coming=_coming_words(each),
        coming_at=_moment(coming, line.zone, now) if coming else "",
        coming_iso=iso(coming.at) if coming else "",
    )


def _coming_words(each: ListedPerson) -> str:
    if each.run is None:
        return say("in no sequence") if each.line.is_confirmed else say("has not confirmed yet")
    if each.run.state == EnrollmentState.LEFT:
        return say("left everything")
    return each.coming.name if each.coming else say("nothing more")


def _moment(coming: Coming, zone: str, now: datetime) -> str:
    at = f"{short_day_of(coming.at, zone)}, {hour_of(coming.at, zone)}"
    moment = say("now") if coming.at <= now else at
    return say("perhaps {moment}", moment=moment) if coming.is_open else moment


def _place(query: QueryParams) -> Place | None:
    """Return where the page begins; an address that was cut or made up shows the first page."""
    way, key, id_ = query.get("way", ""), query.get("key", ""), read_id(query.get("id", ""))
    if way not in map(str, range(len(WAYS))) or id_ is None:
        return None
    # The database takes no NUL in a text.
    if "\x00" in key or len(key) > _LONGEST_KEY:
        return None
    is_asked = bool(clean_text(query.get("q", ""), limit=1))
    if not is_asked and not _is_moment(key):
        return None
    return Place(way=int(way), key=key, id=id_)


def _is_moment(key: str) -> bool:
    try:
        return datetime.fromisoformat(key).tzinfo is not None
    except ValueError:
        return False


def _following(found: PeopleList) -> str:
    place = found.following
    if place is None:
        return ""
    return _address(q=found.asked, way=str(place.way), key=place.key, id=str(place.id))


def _address(**values: str) -> str:
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{_PATH}?{query}" if query else _PATH
