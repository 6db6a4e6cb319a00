"""``/studio/sequences/{slug}/copy``: hold a launch again, under another name, on other dates."""

from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import InvalidInputError
from funnel.domain.launch_dates import Shift, dates_of_launch
from funnel.domain.mistakes import Mistakes
from funnel.domain.session import Session
from funnel.domain.speech import say
from funnel.domain.timing import local_day
from funnel.services.copy_launch import NewLaunch, copy_launch, read_key_as
from funnel.services.list_sessions import list_sessions
from funnel.services.read_sequence_page import SequencePage, read_sequence_page
from funnel.web.auth import Me, Needs, NeedsForm
from funnel.web.forms import Posted, PostedForm
from funnel.web.moments import day_of, hour_of, where_of
from funnel.web.site import Site, TheSite
from funnel.web.studio.date_forms import typed_day
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.sequence import Asked
from funnel.web.studio.sequence_words import sequence_path
from funnel.web.studio.shell import studio_page

_FIELDS: Final = ("title", "slug", "first")
_LONGEST: Final = 200  # characters

Reads = Annotated[Me, Depends(Needs(Permission.READ))]
Edits = Annotated[Me, Depends(NeedsForm(Permission.EDIT))]

router = APIRouter(prefix="/studio/sequences/{slug}")


@router.get("/copy")
def show_copy(request: Request, slug: str, me: Reads, site: TheSite) -> Response:
    """Show the form."""
    return _form(Asked(site=site, request=request, me=me, slug=slug), {})


@router.post("/copy")
def copy(request: Request, slug: str, me: Edits, posted: Posted, site: TheSite) -> Response:
    """Copy it, and show what was copied and what to do next."""
    try:
        copied = copy_launch(
            slug,
            _new_launch(site, slug, posted),
            by=me.user.email,
            transactions=site.deps.transactions,
        )
    except InvalidInputError as error:
        typed = {name: posted.get(name)[:_LONGEST] for name in _FIELDS}
        asked = Asked(site=site, request=request, me=me, slug=slug)
        return _form(asked, typed, fault_of(error))
    now = read_sequence_page(copied.slug, site.deps.transactions).now
    return studio_page(
        site,
        request,
        "sequence_copied.html",
        me=me,
        place="Sequences",
        copied=copied,
        path=sequence_path(copied.slug),
        dates=[_words(each, now) for each in copied.dates],
    )


def _new_launch(site: Site, slug: str, posted: PostedForm) -> NewLaunch:
    page = read_sequence_page(slug, site.deps.transactions)
    launch, days = _launch(site, page), 0
    name = posted.get("slug").strip()[:_LONGEST]
    mistakes = Mistakes()
    mistakes.hear(read_key_as, name, "slug")
    day = mistakes.hear(typed_day, posted.get("first"), "first") if launch else None
    mistakes.end()
    if day is not None:
        days = (day - local_day(launch[0].starts_at, ZoneInfo(launch[0].zone))).days
    return NewLaunch(
        slug=name,
        title=posted.get("title").strip()[:_LONGEST],
        dates=Shift(days=days),
        uses_draft=posted.get("of") == "draft",
    )


def _form(asked: Asked, typed: dict[str, str], fault: Fault = NONE) -> Response:
    site, request, me, slug = asked.site, asked.request, asked.me, asked.slug
    page = read_sequence_page(slug, site.deps.transactions)
    return studio_page(
        site,
        request,
        "sequence_copy.html",
        me=me,
        place="Sequences",
        status=fault.status,
        page=page,
        path=sequence_path(slug),
        typed=typed,
        fault=fault,
        dates=[_words(each, page.now) for each in _launch(site, page)],
        may_change=me.user.may(Permission.EDIT),
    )


def _launch(site: Site, page: SequencePage) -> tuple[Session, ...]:
    """Return the dates that a copy takes along, each at another day."""
    lines = list_sessions(site.deps.transactions, sequence_slug=page.slug)
    return dates_of_launch([each.session for each in lines], page.now)


def _words(session: Session, now: datetime) -> str:
    """Return "Tuesday 22 September, 18:00 in Berlin"."""
    return say(
        "{day}, {hour} {where}",
        day=day_of(session.starts_at, session.zone, now),
        hour=hour_of(session.starts_at, session.zone),
        where=where_of(session.zone),
    )
