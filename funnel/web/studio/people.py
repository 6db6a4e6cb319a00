"""``/studio/people``: everybody, found by name or address, with what comes to them next."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from funnel.domain.enrollment import EnrollmentState
from funnel.domain.text import clean_text
from funnel.services.list_people import Coming, ListedPerson, PeopleList, Place, list_people
from funnel.storage.people_lines import WAYS, PersonLine
from funnel.web.auth import Reader
from funnel.web.ids import read_id
from funnel.web.moments import hour_of, iso, place_of, short_day_of
from funnel.web.site import TheSite
from funnel.web.studio.shell import studio_page

_PATH = "/studio/people"
_LONGEST_KEY = 700  # characters: an address and two names are shorter

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


@router.get("/studio/people")
def show_people(request: Request, me: Reader, site: TheSite) -> Response:
    """Show a page of people."""
    query = request.query_params
    after = _place(query)
    found = list_people(query.get("q", ""), site.deps.transactions, after=after)
    return studio_page(
        site,
        request,
        "people.html",
        me=me,
        place="People",
        asked=found.asked,
        is_too_short=found.is_too_short,
        people=[_shown(each, found.now) for each in found.people],
        following=_following(found),
        beginning=_address(q=found.asked) if after else "",
    )


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
        return "in no sequence" if each.line.is_confirmed else "has not confirmed yet"
    if each.run.state == EnrollmentState.LEFT:
        return "left everything"
    return each.coming.name if each.coming else "nothing more"


def _moment(coming: Coming, zone: str, now: datetime) -> str:
    at = f"{short_day_of(coming.at, zone)}, {hour_of(coming.at, zone)}"
    moment = "now" if coming.at <= now else at
    return f"perhaps {moment}" if coming.is_open else moment


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
