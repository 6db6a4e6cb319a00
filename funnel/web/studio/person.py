"""``/studio/people/{id}``: one person's past and future in one line of time, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.calendar import CalendarLine, LineState, PersonCalendar
from funnel.domain.enrollment import EnrollmentState
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.speech import mark, say
from funnel.services.explain_step import explain_step
from funnel.services.pause_letters import PauseLength
from funnel.services.read_person import OpenSequence, PersonPage, read_person
from funnel.web.auth import Me, Reader
from funnel.web.calendar_view import calendar_view
from funnel.web.forms import PostedForm
from funnel.web.ids import read_id
from funnel.web.moments import day_of, hour_of, where_of
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault
from funnel.web.studio.person_done import said_of
from funnel.web.studio.person_words import (
    besides_of,
    known_of,
    moment_in_words,
    with_deliveries,
)
from funnel.web.studio.shell import studio_page

_COMING: Final = frozenset({LineState.QUEUED, LineState.COMING, LineState.OPEN})
_LEFT: Final = frozenset({LineState.SENT, LineState.UNKNOWN, LineState.FAILED})

_NEXT: Final = mark("Next: {email}")
_PERHAPS: Final = mark("Next, perhaps: {email}")

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """What stands above the calendar."""

    title: str
    text: str
    is_problem: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """One thing of a list to choose from."""

    value: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Acts:
    """What can be done to somebody now; an empty list: nothing of that kind."""

    coming: tuple[_Choice, ...]
    skipped: tuple[_Choice, ...]
    had: tuple[_Choice, ...]
    dates: tuple[_Choice, ...]
    places: tuple[_Choice, ...]
    held: str
    may_give_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page shows besides the person: what is wrong with a form, and what was typed."""

    fault: Fault = NONE
    form: str = ""
    given: PostedForm = field(default_factory=PostedForm)


@router.get("/studio/people/{person_id}")
def show_person(request: Request, person_id: str, me: Reader, site: TheSite) -> Response:
    """Show one person, with the calendar of all their runs or of the one that is named."""
    return person_page(request, site, me, id_of(person_id))


def person_page(
    request: Request, site: Site, me: Me, person_id: UUID, shown: Shown | None = None
) -> Response:
    """Return the page of a person; with ``shown`` what was wrong with a form of it."""
    query, shown = request.query_params, shown or Shown()
    run_id = id_of(query["run"]) if "run" in query and shown.fault is NONE else None
    found = read_person(person_id, site.deps.transactions, run_id=run_id)
    shows_all = query.get("all") == "1"
    path = f"/studio/people/{found.person.id}"
    calendar = with_deliveries(found.calendar or _empty(found), found)
    besides = besides_of(found)
    return studio_page(
        site,
        request,
        "person.html",
        me=me,
        place="People",
        status=shown.fault.status,
        found=found,
        called=called(found),
        where=where_of(found.person.zone),
        path=path,
        is_whole=run_id is None,
        view=calendar_view(calendar, is_movable=False, shows_all=shows_all, besides=besides),
        verdict=_verdict(found, calendar),
        all="" if shows_all else f"{path}?all=1" + (f"&run={run_id}" if run_id else ""),
        absent=[each for each in calendar.lines if each.at is None],
        known=list(known_of(found)),
        said=said_of(query, found),
        fault=shown.fault,
        faulty=shown.form,
        given=shown.given,
        may_change=me.user.may(Permission.EDIT),
        is_there=found.person.confirmed_at is not None and found.suppressed is None,
        acts=_acts(found),
        lengths=tuple(PauseLength),
    )


@router.get("/studio/people/{person_id}/why/{step_key}")
def show_why(
    request: Request, person_id: str, step_key: str, me: Reader, site: TheSite
) -> Response:
    """Show why a person got an email, will, or did not: decision by decision."""
    found = read_person(id_of(person_id), site.deps.transactions)
    try:
        explanations = explain_step(
            str(found.person.id),
            step_key,
            site.deps.transactions,
            most_published=site.deps.dispatch_limits.published_per_lane,
        )
    except InvalidInputError as error:
        raise NotFoundError("no such email") from error
    return studio_page(
        site,
        request,
        "why.html",
        me=me,
        place="People",
        person=found.person,
        called=called(found) or found.person.email,
        explanations=explanations,
    )


def id_of(text: str) -> UUID:
    """Return the id that a part of an address is.

    Raises:
        NotFoundError: It is none.
    """
    found = read_id(text)
    if found is None:
        raise NotFoundError("not an id")
    return found


def called(found: PersonPage) -> str:
    """Return "Ana Muster", or "" where no name is known."""
    return f"{found.person.first_name} {found.person.last_name}".strip()


def _empty(found: PersonPage) -> PersonCalendar:
    """The calendar of somebody who is in no sequence: what happened still has its place."""
    person = found.person
    return PersonCalendar(
        subscriber_id=person.id,
        enrollment_id=person.id,
        sequence_id=person.id,
        zone=person.zone,
        now=found.now,
        session=None,
        lines=(),
        is_complete=True,
        letters_paused_until=None,
    )


def _verdict(found: PersonPage, calendar: PersonCalendar) -> _Verdict:
    if found.run is None:
        return _unplanned(found)
    ahead = [each for each in calendar.lines if each.is_ahead and each.at is not None]
    if found.run.state is EnrollmentState.LEFT:
        return _Verdict(title=say("They left"), text=say("Nothing more is sent to them."))
    if not ahead or ahead[0].at is None:
        return _Verdict(
            title=say("Nothing more is to come"), text=say("This sequence has ended for them.")
        )
    first, at = ahead[0], ahead[0].at
    is_open = first.state is LineState.OPEN
    title = say(_PERHAPS if is_open else _NEXT, email=first.name)
    moment = moment_in_words(at, calendar.zone, calendar.now)
    when = say("now") if at <= calendar.now else moment
    return _Verdict(title=title, text=say("{when}: {why}.", when=when, why=first.why))


def _unplanned(found: PersonPage) -> _Verdict:
    title = say("Nothing is planned for them.")
    newest = next((each for each in found.imported if each.outcome.is_person), None)
    if found.suppressed is not None:
        text = say("The address is on the do-not-email list, so nothing is sent there.")
    elif found.person.confirmed_at is None:
        text = say(
            "They signed up and have not confirmed. Once they press the button in that email,"
            " every email to come stands here, with its reason."
        )
    elif newest is not None and not newest.sequence:
        text = say(
            "They came by “{file}”, an import that put nobody into a sequence. A new signup of"
            " their own puts them into one, or you do.",
            file=newest.file_name,
        )
    else:
        text = say(
            "They are in no sequence. A new signup of their own puts them into one, or you do."
        )
    return _Verdict(title=title, text=text)


def _acts(found: PersonPage) -> _Acts:
    run, held = found.run, found.held
    lines = found.calendar.lines if found.calendar and run else ()
    emails = [each for each in lines if each.kind is not None and each.at is not None]
    is_ahead = held is not None and held.starts_at > found.now
    return _Acts(
        coming=_choices(emails, found, _COMING),
        skipped=_choices(
            [each for each in emails if each.at and each.at > found.now],
            found,
            frozenset({LineState.SKIPPED}),
        ),
        had=_choices(emails, found, _LEFT),
        dates=_dates(found) if run and (held is None or is_ahead) else (),
        places=tuple(_places(found.places, found)),
        held=_date_words(found, held.starts_at) if held else "",
        may_give_up=is_ahead,
    )


def _choices(
    lines: Sequence[CalendarLine], found: PersonPage, states: frozenset[LineState]
) -> tuple[_Choice, ...]:
    """Return each email once, by its newest copy, with its moment."""
    newest = {each.key: each for each in lines if each.state in states}
    return tuple(
        _Choice(
            value=each.key,
            text=say("{email}, {moment}", email=each.name, moment=_date_words(found, each.at)),
        )
        for each in newest.values()
        if each.at is not None
    )


def _dates(found: PersonPage) -> tuple[_Choice, ...]:
    run, held = found.run, found.held
    return tuple(
        _Choice(value=str(each.session.id), text=_date_words(found, each.session.starts_at))
        for place in found.places
        if run is not None and place.id == run.sequence_id
        for each in place.dates
        if held is None or each.session.id != held.id
    )


def _places(places: Sequence[OpenSequence], found: PersonPage) -> list[_Choice]:
    choices = []
    for place in places:
        text = say("{sequence}, the letters only", sequence=place.title)
        choices.append(_Choice(value=str(place.id), text=text))
        for each in place.dates:
            words = _date_words(found, each.session.starts_at)
            choices.append(
                _Choice(
                    value=f"{place.id}:{each.session.id}",
                    text=say("{sequence}, {moment}", sequence=place.title, moment=words),
                )
            )
    return choices


def _date_words(found: PersonPage, at: datetime) -> str:
    zone = found.person.zone
    return f"{day_of(at, zone, found.now)} {hour_of(at, zone)}"
