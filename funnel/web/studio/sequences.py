"""``/studio``: the live sequences, how many are in each, when it is held next."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.speech import number, say, say_many
from funnel.services.control_sending import read_pause
from funnel.services.list_sequences import list_sequences
from funnel.storage.sequence_lines import SequenceLine
from funnel.web.auth import Reader
from funnel.web.moments import day_of, hour_of, iso, where_of
from funnel.web.site import TheSite
from funnel.web.studio.sequence_words import sequence_path
from funnel.web.studio.shell import studio_page

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    title: str
    path: str
    live: str
    draft: str
    people: str
    date: str
    date_iso: str
    seats: str


@router.get("/studio")
def show_sequences(request: Request, me: Reader, site: TheSite) -> Response:
    """Show the live sequences, and below them those that are only a draft."""
    found = list_sequences(site.deps.transactions)
    return studio_page(
        site,
        request,
        "sequences.html",
        me=me,
        place="Sequences",
        pause=read_pause(site.deps.transactions),
        lines=[_shown(each, found.now) for each in found.lines],
        drafts=[(each, sequence_path(each.slug)) for each in found.drafts],
    )


def _shown(line: SequenceLine, now: datetime) -> _Shown:
    starts_at, zone = line.next_starts_at, line.next_zone
    date = ""
    if starts_at:
        date = say(
            "{day}, {hour} {where}",
            day=day_of(starts_at, zone, now),
            hour=hour_of(starts_at, zone),
            where=where_of(zone),
        )
    return _Shown(
        title=line.title,
        path=sequence_path(line.slug),
        live=say("live v{number}", number=line.number),
        draft=say("draft by {who}", who=line.draft_by) if line.draft_by else "",
        people=number(line.people),
        date=date,
        date_iso=iso(starts_at) if starts_at else "",
        seats=_seats(line) if starts_at else "",
    )


def _seats(line: SequenceLine) -> str:
    if line.seats is None:
        return say_many("{count} seat taken", "{count} seats taken", line.taken)
    taken, seats = number(line.taken), number(line.seats)
    return say("{taken} of {seats} seats taken", taken=taken, seats=seats)
