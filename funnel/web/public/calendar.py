"""The calendar file of a seat: the one that the email carries, as it stands today."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.signing import LinkPurpose
from funnel.rendering.calendar import CalendarEvent, Organiser, calendar_file
from funnel.services.read_calendar import read_calendar
from funnel.web.site import TheSite
from funnel.web.visitors import visitor_of

router = APIRouter()


@router.get("/cal/{token}.ics")
def show_calendar(token: str, request: Request, site: TheSite) -> Response:
    """Answer the entry; a calendar that subscribed to it sees a moved date."""
    _, run_id = site.target(token, LinkPurpose.CALENDAR)
    seat = read_calendar(run_id, site.deps.transactions, visitor_of(request))
    brand = site.offer(seat.sequence_id).brand
    join_url = site.deps.links.join(run_id)
    event = CalendarEvent(
        uid=f"{run_id}@{brand.from_address.rpartition('@')[2]}",
        sequence=seat.revision,
        title=seat.session.title,
        starts_at=seat.session.starts_at,
        ends_at=seat.session.ends_at,
        join_url=join_url,
        organiser=Organiser(name=brand.host_name, address=brand.from_address),
        description=f"Your link: {join_url}",
        stamp=seat.read_at,
        is_cancelled=seat.is_cancelled,
    )
    return Response(
        calendar_file(event),
        headers={
            "content-type": f"text/calendar; charset=utf-8; method={event.method}",
            "content-disposition": 'attachment; filename="masterclass.ics"',
        },
    )
