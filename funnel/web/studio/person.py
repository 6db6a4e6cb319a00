"""``/studio/people/{id}``: one person's past and future in one line of time, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.calendar import LineState, PersonCalendar
from funnel.domain.consent import SuppressionReason
from funnel.domain.enrollment import EnrollmentState
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.signup import SignupStatus
from funnel.domain.subscriber import Subscriber, ZoneSource
from funnel.services.explain_step import explain_step
from funnel.services.pause_letters import PauseLength
from funnel.services.read_person import PersonPage, Standing, read_person
from funnel.web.auth import Reader
from funnel.web.calendar_view import calendar_view
from funnel.web.ids import read_id
from funnel.web.moments import day_of, hour_of, place_of, where_of
from funnel.web.site import TheSite
from funnel.web.studio.shell import studio_page

_ZONES: Final = {
    ZoneSource.DEFAULT: "guessed: they named none",
    ZoneSource.WEBHOOK: "came with their signup",
    ZoneSource.FORM: "chosen as they signed up",
    ZoneSource.PERSON: "they chose it",
}
_SUPPRESSED: Final = {
    SuppressionReason.UNSUBSCRIBED: "they left everything",
    SuppressionReason.BOUNCED: "emails to it came back",
    SuppressionReason.COMPLAINED: "an email was reported as spam",
    SuppressionReason.ERASED: "they asked to be forgotten",
    SuppressionReason.BY_HAND: "put on the list by hand",
}
_SIGNUPS: Final = {
    SignupStatus.PENDING: "not confirmed yet",
    SignupStatus.MERGED: "changed the one before",
    SignupStatus.LIMITED: "kept, not mailed: too many in a row",
    SignupStatus.SUPPRESSED: "kept, not mailed: on the do-not-email list",
    SignupStatus.CONFIRMED: "confirmed",
    SignupStatus.EXPIRED: "never confirmed",
}

_DONE: Final = {
    "paused": "The letters are paused. You can let them go on at any time.",
    "resumed": "The letters go on, each on its usual day.",
    "letters-stopped": "No letter leaves to them any more.",
    "everything-stopped": "Nothing is sent to them any more.",
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fact:
    """One thing that is known: "Letters", "wanted", "since Tuesday 4 March, landing form"."""

    about: str
    says: str
    detail: str = ""
    is_warm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """What stands above the calendar."""

    title: str
    text: str
    is_problem: bool = False


@router.get("/studio/people/{person_id}")
def show_person(request: Request, person_id: str, me: Reader, site: TheSite) -> Response:
    """Show one person, with the calendar of their newest run or of the one that is named."""
    query = request.query_params
    run_id = _id(query["run"]) if "run" in query else None
    found = read_person(_id(person_id), site.deps.transactions, run_id=run_id)
    shows_all = query.get("all") == "1"
    path = f"/studio/people/{found.person.id}"
    calendar = found.calendar
    return studio_page(
        site,
        request,
        "person.html",
        me=me,
        place="People",
        found=found,
        called=f"{found.person.first_name} {found.person.last_name}".strip(),
        where=where_of(found.person.zone),
        path=path,
        view=calendar_view(calendar, is_movable=False, shows_all=shows_all) if calendar else None,
        verdict=_verdict(found, calendar) if calendar else None,
        all="" if shows_all or found.run is None else f"{path}?run={found.run.id}&all=1",
        absent=[each for each in calendar.lines if each.at is None] if calendar else [],
        facts=list(_facts(found)),
        said=_DONE.get(query.get("done", ""), ""),
        may_change=me.user.may(Permission.EDIT),
        lengths=tuple(PauseLength),
    )


@router.get("/studio/people/{person_id}/why/{step_key}")
def show_why(
    request: Request, person_id: str, step_key: str, me: Reader, site: TheSite
) -> Response:
    """Show why a person got an email, will, or did not: decision by decision."""
    person = read_person(_id(person_id), site.deps.transactions).person
    try:
        explanations = explain_step(
            str(person.id),
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
        person=person,
        called=f"{person.first_name} {person.last_name}".strip() or person.email,
        explanations=explanations,
    )


def _id(text: str) -> UUID:
    found = read_id(text)
    if found is None:
        raise NotFoundError("not an id")
    return found


def _verdict(found: PersonPage, calendar: PersonCalendar) -> _Verdict:
    ahead = [each for each in calendar.lines if each.is_ahead and each.at is not None]
    if found.run and found.run.state is EnrollmentState.LEFT:
        return _Verdict(title="They left", text="Nothing more is sent to them.")
    if not ahead or ahead[0].at is None:
        return _Verdict(title="Nothing more is to come", text="This sequence has ended for them.")
    first = ahead[0]
    beginning = "Next, perhaps" if first.state is LineState.OPEN else "Next"
    at = ahead[0].at
    moment = "now" if at <= calendar.now else _moment(at, calendar.zone, calendar.now)
    return _Verdict(title=f"{beginning}: {first.name}", text=f"{moment}: {first.why}.")


def _facts(found: PersonPage) -> Iterator[_Fact]:
    person = found.person
    if found.suppressed:
        reason = SuppressionReason(found.suppressed.reason)
        by = f", by {found.suppressed.source}" if found.suppressed.source else ""
        yield _Fact(
            about="On the do-not-email list",
            says=_SUPPRESSED[reason],
            detail=f"since {_day(found, found.suppressed.at)}{by}; nothing is sent",
            is_warm=True,
        )
    yield _standing(found, "Letters", found.letters)
    if found.letters_paused_until:
        until = _moment(found.letters_paused_until, person.zone, found.now)
        yield _Fact(about="Letters paused", says=f"until {until}", is_warm=True)
    yield _standing(found, "Emails about their seat", found.seat)
    yield _zone(person)
    for each in found.signups:
        yield _Fact(
            about="Signed up",
            says=f"{_day(found, each.received_at)}, by “{each.source}”",
            detail=f"{each.sequence_title}: {_SIGNUPS[SignupStatus(each.status)]}",
        )


def _zone(person: Subscriber) -> _Fact:
    if person.confirmed_at is None:
        return _Fact(about="Time zone", says="not known before they confirm")
    given = f"; “{person.zone_given}” was given, which is no zone" if person.zone_given else ""
    return _Fact(
        about="Time zone",
        says=place_of(person.zone),
        detail=f"{_ZONES[ZoneSource(person.zone_source)]}{given}",
        is_warm=bool(person.zone_given),
    )


def _standing(found: PersonPage, about: str, standing: Standing) -> _Fact:
    word = standing.word
    detail = (
        f"said {_day(found, word.at)}, by {word.source}" if word else "no word was written down"
    )
    says = "wanted" if standing.is_wanted else "not wanted" if word else "not agreed to"
    return _Fact(about=about, says=says, detail=detail)


def _day(found: PersonPage, at: datetime) -> str:
    return day_of(at, found.person.zone, found.now)


def _moment(at: datetime, zone: str, now: datetime) -> str:
    return f"{day_of(at, zone, now)} {hour_of(at, zone)} {where_of(zone)}"
