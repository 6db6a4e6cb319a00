"""``GET /api/subscribers/{id}/calendar``: what a person got and gets; docs/api.md."""

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from funnel.domain.calendar_json import calendars_as_json
from funnel.domain.errors import NotFoundError
from funnel.services.read_person_calendar import read_calendars_of
from funnel.web.api.access import MayRead
from funnel.web.ids import read_id
from funnel.web.problems import NO_SUCH_PERSON, answer_problem
from funnel.web.site import TheSite

router = APIRouter(prefix="/api")


@router.get("/subscribers/{subscriber_id}/calendar")
def show_calendar(subscriber_id: str, _: MayRead, site: TheSite) -> Response:
    """Return a person's calendars, one a run, the newest first."""
    known = read_id(subscriber_id)
    if known is None:
        return _nobody()
    try:
        found = read_calendars_of(str(known), site.deps.transactions)
    except NotFoundError:
        return _nobody()
    return JSONResponse(calendars_as_json(found.subscriber_id, found.calendars))


def _nobody() -> Response:
    return answer_problem(
        NO_SUCH_PERSON,
        "nobody has that id",
        remedy="It is the subscriber's id, not that of a signup or a run.",
    )
