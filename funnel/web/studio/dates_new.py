"""``/studio/dates/new``: add one date."""

from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.mistakes import Mistakes
from funnel.domain.session_plan import NewSession
from funnel.domain.speech import say
from funnel.domain.subscriber import known_zone
from funnel.services.add_session import add_session
from funnel.services.list_sequences import list_sequences
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted, PostedForm
from funnel.web.site import Site, TheSite
from funnel.web.studio.date_forms import typed_length, typed_number, typed_start
from funnel.web.studio.dates import PATH
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done, studio_page

# Where a start cannot be read: a mistake is noted, so it is asked for nothing.
_UNREAD: Final = datetime.max.replace(tzinfo=UTC)

router = APIRouter()


@router.get("/studio/dates/new")
def show_form(request: Request, me: Reader, site: TheSite) -> Response:
    """Show the form."""
    return _page(request, site, me)


@router.post("/studio/dates/new")
def add(request: Request, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Add a date and show it."""
    try:
        mistakes = Mistakes()
        session = add_session(
            new_session(posted, mistakes),
            site.deps.transactions,
            by=me.user.email,
            mistakes=mistakes,
        )
    except (InvalidInputError, NotFoundError) as error:
        return _page(request, site, me, fault=fault_of(known(error)), given=posted)
    return done(f"{PATH}/{session.id}", "added")


def new_session(posted: PostedForm, mistakes: Mistakes) -> NewSession:
    """Return what a form asks for; what is no day, hour or number is among the mistakes."""
    zone = posted.get("zone")
    return NewSession(
        sequence_slug=posted.get("sequence"),
        title=posted.get("title").strip(),
        starts_at=mistakes.hear(typed_start, posted.get("day"), posted.get("hour"), zone)
        or _UNREAD,
        zone=zone,
        length=mistakes.hear(typed_length, posted) or timedelta(0),
        seats=mistakes.hear(typed_number, posted.get("seats"), "seats"),
        join_url=posted.get("join_url").strip(),
        clicks_count=posted.get("clicks_count") == "yes",
        platform_id=posted.get("platform_id"),
    )


def known(error: InvalidInputError | NotFoundError) -> InvalidInputError:
    """Return an error about a field: a sequence that is not there was chosen in one."""
    if isinstance(error, InvalidInputError):
        return error
    return InvalidInputError(
        say("there is no such sequence"), field="sequence", remedy=say("Choose one of the list.")
    )


def sequence_choices(site: Site) -> list[tuple[str, str]]:
    """Return the live sequences: slug and title."""
    return [(each.slug, each.title) for each in list_sequences(site.deps.transactions).lines]


def _page(
    request: Request, site: Site, me: Me, *, fault: Fault = NONE, given: PostedForm | None = None
) -> Response:
    return studio_page(
        site,
        request,
        "date_new.html",
        me=me,
        place="Dates",
        status=fault.status,
        fault=fault,
        given=given or PostedForm(items=(("hour", "18:00"), ("minutes", "90"))),
        sequences=sequence_choices(site),
        zone=likely_zone(site, given),
    )


def likely_zone(site: Site, given: PostedForm | None) -> str:
    """Return the zone that was chosen; else that of the dates that come."""
    chosen = known_zone(given.get("zone")) if given else None
    if chosen:
        return chosen
    lines = list_sequences(site.deps.transactions).lines
    return next((each.next_zone for each in lines if each.next_zone), "Europe/Berlin")
