"""``/studio``: the live sequences, how many are in each, when it is held next."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.services.list_sequences import list_sequences
from funnel.storage.sequence_lines import SequenceLine
from funnel.web.auth import Reader
from funnel.web.moments import day_of, hour_of, iso, where_of
from funnel.web.site import TheSite
from funnel.web.studio.shell import studio_page

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    title: str
    live: str
    draft: str
    people: str
    date: str
    date_iso: str
    seats: str


@router.get("/studio")
def show_sequences(request: Request, me: Reader, site: TheSite) -> Response:
    """Show the live sequences."""
    found = list_sequences(site.deps.transactions)
    lines = [_shown(each, found.now) for each in found.lines]
    return studio_page(site, request, "sequences.html", me=me, place="Sequences", lines=lines)


def _shown(line: SequenceLine, now: datetime) -> _Shown:
    starts_at, zone = line.next_starts_at, line.next_zone
    return _Shown(
        title=line.title,
        live=f"live v{line.number}",
        draft=f"draft by {line.draft_by}" if line.draft_by else "",
        people=f"{line.people:,}",
        date=f"{day_of(starts_at, zone, now)}, {hour_of(starts_at, zone)} {where_of(zone)}"
        if starts_at
        else "",
        date_iso=iso(starts_at) if starts_at else "",
        seats=_seats(line) if starts_at else "",
    )


def _seats(line: SequenceLine) -> str:
    if line.seats is None:
        return f"{line.taken:,} {'seat' if line.taken == 1 else 'seats'} taken"
    return f"{line.taken:,} of {line.seats:,} seats taken"
