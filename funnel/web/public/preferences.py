"""What a person gets from us, and every way to change or end it: each a button that says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from funnel.domain.consent import Topic
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.signing import LinkPurpose
from funnel.domain.signup import SeatProblem, SessionUnavailableError, Visitor
from funnel.services.change_zone import UnknownZoneError, change_zone
from funnel.services.choose_session import choose_session
from funnel.services.give_up_seat import give_up_seat
from funnel.services.pause_letters import PauseLength, pause_letters, resume_letters
from funnel.services.read_preferences import HeldRun, Preferences, read_preferences
from funnel.services.unsubscribe import Word, resume_topic, unsubscribe
from funnel.storage.transaction import Transactions
from funnel.web.dates import DateChoice, date_choices
from funnel.web.forms import Posted, PostedForm
from funnel.web.ids import read_id
from funnel.web.moments import Span, day_of, span_of, where_of
from funnel.web.site import Site, TheSite
from funnel.web.visitors import visitor_of
from funnel.web.zones import place_and_time

_PROBLEMS = {
    SeatProblem.FULL: "That date has filled up in the meantime. Nothing was changed.",
    SeatProblem.OVER: "That date is over. Nothing was changed.",
    SeatProblem.CANCELLED: "That date will not be held. Nothing was changed.",
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSeat:
    """A seat on the page; ``can_give_up`` until its session has begun."""

    run_id: UUID
    title: str
    span: Span
    can_give_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DateChange:
    """The dates that a run's person may take, or move to."""

    run_id: UUID
    has_seat: bool
    dates: Sequence[DateChoice]


@router.get("/p/{token}")
def show_preferences(token: str, request: Request, site: TheSite) -> Response:
    """Show what the person gets; that the page was opened is evidence."""
    return _show(site, request, _read(site, token, visitor_of(request)))


@router.post("/p/{token}")
def change_preferences(token: str, request: Request, posted: Posted, site: TheSite) -> Response:
    """Do what the pressed button says."""
    person = _read(site, token)
    try:
        done = _do(posted, person, request, site)
    except SessionUnavailableError as error:
        return _show(site, request, person, fault=_PROBLEMS[error.problem], status=409)
    except UnknownZoneError as error:
        fault = f"{error}. {error.remedy}"
        return _show(site, request, person, fault=fault, status=422, zone_field=error.nearest or "")
    except InvalidInputError as error:
        return _show(site, request, person, fault=f"{error}. {error.remedy}", status=422)
    return RedirectResponse(f"/p/{token}?done={done}", status_code=303)


def _read(site: Site, token: str, visitor: Visitor | None = None) -> Preferences:
    _, subscriber_id = site.target(token, LinkPurpose.PREFERENCES)
    return read_preferences(subscriber_id, site.deps.transactions, visitor)


def _do(posted: PostedForm, person: Preferences, request: Request, site: Site) -> str:
    act, transactions = posted.get("do"), site.deps.transactions
    word = Word(source="preferences", visitor=visitor_of(request))
    if act in _ENDS:
        unsubscribe(person.subscriber_id, _ENDS[act], word, transactions)
    elif act in _RESUMES:
        resume_topic(person.subscriber_id, _RESUMES[act], word, transactions)
    elif act in _TIMES:
        _TIMES[act](posted, person.subscriber_id, transactions)
    elif act == "give-up":
        give_up_seat(_own_run(posted, person).enrollment_id, transactions)
    elif act == "choose":
        session_id = read_id(posted.get("session"))
        if session_id is None:
            raise InvalidInputError("No date was chosen", remedy="Choose one, and press again.")
        run = _own_run(posted, person)
        choose_session(run.enrollment_id, session_id, visitor_of(request), transactions)
    else:
        raise HTTPException(status_code=400)
    return act


_ENDS = {"stop-letters": Topic.LETTERS, "stop-seat": Topic.SEAT, "stop-everything": None}
_RESUMES = {"resume-letters": Topic.LETTERS, "resume-seat": Topic.SEAT}


def _change_zone(posted: PostedForm, person: UUID, transactions: Transactions) -> None:
    change_zone(person, posted.get("time_zone"), transactions)


def _pause(posted: PostedForm, person: UUID, transactions: Transactions) -> None:
    pause_letters(person, _pause_length(posted), transactions)


def _end_pause(_: PostedForm, person: UUID, transactions: Transactions) -> None:
    resume_letters(person, transactions)


# What changes when something comes, and not whether.
_TIMES = {"change-zone": _change_zone, "pause-letters": _pause, "end-pause": _end_pause}


def _pause_length(posted: PostedForm) -> PauseLength:
    try:
        return PauseLength(posted.get("length"))
    except ValueError as error:
        raise InvalidInputError(
            "No length of a pause was chosen", remedy="Choose one, and press again."
        ) from error


def _own_run(posted: PostedForm, person: Preferences) -> HeldRun:
    """Return the run that the form names: only one of this person's own."""
    run_id = read_id(posted.get("run"))
    for run in person.runs:
        if run.enrollment_id == run_id:
            return run
    raise NotFoundError("no such run of this person")


def _show(
    site: Site,
    request: Request,
    person: Preferences,
    *,
    fault: str = "",
    status: int = 200,
    zone_field: str | None = None,
) -> Response:
    runs = () if person.has_left else person.runs
    changes = [each for each in (_change(site, run, person) for run in runs) if each is not None]
    return site.page(
        request,
        "preferences.html",
        brand=site.brand_of(person.runs[0].sequence_id if person.runs else None),
        status=status,
        email=person.email,
        has_left=person.has_left,
        wants_letters=person.wants_letters,
        wants_seat_emails=person.wants_seat_emails,
        where=where_of(person.zone),
        zone=person.zone if zone_field is None else zone_field,
        zone_given=person.zone_given,
        zone_words=place_and_time(person.zone, person.now),
        has_zone_fault=zone_field is not None,
        pause_lengths=list(PauseLength),
        letters_go_on=_letters_go_on(person),
        seats=[each for each in (_seat(site, run, person) for run in runs) if each is not None],
        has_seat_emails=any(run.session is not None for run in runs),
        changes=changes,
        wished=request.query_params.get("date"),
        said=_said(request.query_params.get("done", ""), person),
        fault=fault,
    )


def _letters_go_on(person: Preferences) -> str:
    """Return the day on which paused letters go on; empty where they are not paused."""
    until = person.letters_paused_until
    if until is None or not person.wants_letters:
        return ""
    # The day of the next letter, which its weekdays may put after the pause's end.
    next_at = person.next_letter_at
    first = next_at if next_at is not None and next_at >= until else until
    return day_of(first, person.zone, person.now)


def _seat(site: Site, run: HeldRun, person: Preferences) -> HeldSeat | None:
    now = site.offer(run.sequence_id).now
    if run.session is None or run.session.ends_at <= now:
        return None
    return HeldSeat(
        run_id=run.enrollment_id,
        title=run.session.title,
        span=span_of(run.session, person.zone, now),
        can_give_up=run.can_change,
    )


def _change(site: Site, run: HeldRun, person: Preferences) -> DateChange | None:
    if not run.can_change:
        return None
    own = run.session.id if run.session else None
    others = [each for each in site.offer(run.sequence_id).dates if each.session.id != own]
    if not others:
        return None
    return DateChange(
        run_id=run.enrollment_id,
        has_seat=own is not None,
        dates=date_choices(others, person.zone, site.offer(run.sequence_id).now),
    )


def _said(done: str, person: Preferences) -> tuple[str, ...]:
    """Return what was done, if it is so: an address alone must not claim it."""
    holds_seat = any(run.session is not None and run.can_change for run in person.runs)
    lines = {
        "stop-letters": (not person.wants_letters, "No letter will come any more."),
        "resume-letters": (person.wants_letters, "The letters come again."),
        "stop-seat": (not person.wants_seat_emails, "The emails about your seat have ended."),
        "resume-seat": (person.wants_seat_emails, "The emails about your seat come again."),
        "change-zone": (True, f"Your times are {where_of(person.zone)} from now on."),
        "pause-letters": (
            bool(go_on := _letters_go_on(person)),
            f"Your letters go on {go_on}. The emails about a seat come as before.",
        ),
        "end-pause": (
            person.wants_letters and person.letters_paused_until is None,
            "The letters go on.",
        ),
        "give-up": (
            not holds_seat,
            "Your seat is free for somebody else. Thank you for saying so.",
        ),
        "choose": (holds_seat, "The seat is yours; an email with the new date is on its way."),
        "stop-everything": (person.has_left, "Everything has ended."),
    }
    is_so, line = lines.get(done, (False, ""))
    return (line,) if is_so else ()
