"""The landing page and its form."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from funnel.domain.errors import InvalidInputError
from funnel.domain.signup import LANDING_SOURCE, LettersOffer, LooksAutomatedError, Source, Visitor
from funnel.domain.subscriber import known_zone
from funnel.intake.form import HONEYPOT_FIELD, read_form
from funnel.rendering.landing import LandingSource, landing_texts, landing_to_json
from funnel.services.accept_signup import accept_signup
from funnel.services.edit_landing import landing_values
from funnel.services.read_offer import Offer
from funnel.web.dates import date_choices
from funnel.web.forms import Posted, PostedForm
from funnel.web.limits import network_of
from funnel.web.moments import iso, where_of
from funnel.web.site import Site, TheSite
from funnel.web.visitors import visitor_of

_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_UTM_LIMIT = 200  # characters
_LONG_AFTER = timedelta(days=1)
_DEFAULT_MINUTES = 90  # said where no date is known yet

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What stands in the form. ``session`` is ``None`` where nothing is chosen, "" for no date."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    letters: bool = False
    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormState:
    """The form as it is shown: first empty, then again with what was typed and what is wrong.

    In a frame of the studio (``is_framed``) the page runs no script.
    """

    typed: Typed
    zone: str
    is_framed: bool = False
    is_zone_chosen: bool = False
    is_zone_open: bool = False
    stamp: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    utm: dict[str, str] = field(default_factory=dict)


@router.get("/")
def show_landing(request: Request, site: TheSite) -> Response:
    """Show the masterclass, its dates and the form."""
    return _show_empty(site, request, _source(site, LANDING_SOURCE))


@router.get("/signup/{source}")
def show_source(source: str, request: Request, site: TheSite) -> Response:
    """Show the same page for another form of ours: its signups are told apart."""
    return _show_empty(site, request, _source(site, source))


@router.post("/form/{source}")
def fill_in(source: str, request: Request, posted: Posted, site: TheSite) -> Response:
    """Show the page with what was typed into a form of another site; nothing is done yet.

    The visitor chooses the date in their own time and presses the button here: a form that anybody
    can copy must not write to an address by itself.
    """
    place = _source(site, source)
    offer = site.offer(place.sequence_id)
    state = _state(posted, offer)
    if state.typed.session is None:
        state = replace(state, typed=replace(state.typed, session=_first_free(offer)))
    return _show(site, request, place, offer, replace(state, stamp=""))


@router.post("/signup/{source}")
def sign_up(source: str, request: Request, posted: Posted, site: TheSite) -> Response:
    """Take a signup; whatever is known about the address, the answer is the same."""
    place = _source(site, source)
    offer = site.offer(place.sequence_id)
    state = _state(posted, offer)
    if posted.get("only") == "times":
        return _show(site, request, place, offer, state)
    if state.typed.session is None:
        state = replace(state, faults={"session": "Choose a date, or “No date suits me yet”."})
        return _show(site, request, place, offer, state, status=422)
    visitor = visitor_of(request)
    try:
        wish = read_form(
            _meant(posted, state),
            place,
            gate=site.deps.form_gate,
            visitor=visitor,
            now=site.deps.real_clock.now(),
        )
        _count(site, place, visitor)
        accept_signup(wish, place, site.deps.transactions, site.deps.signup_rules)
    except LooksAutomatedError:
        if not posted.get(HONEYPOT_FIELD):
            return _show_hasty(site, request, place, offer, state)
    except InvalidInputError as error:
        return _show(site, request, place, offer, _with_fault(state, error), status=422)
    return _show_taken(site, request, place, offer, state)


def _show_taken(
    site: Site, request: Request, source: Source, offer: Offer, state: FormState
) -> Response:
    """Say what comes next, or lead on to the brand's own page, which does."""
    if offer.brand.thank_you_url:
        return RedirectResponse(offer.brand.thank_you_url, status_code=303)
    return site.page(
        request,
        "almost.html",
        brand=offer.brand,
        email=state.typed.email.strip(),
        is_double_opt_in=source.is_double_opt_in,
        is_without_date=state.typed.session == "",
    )


def _count(site: Site, source: Source, visitor: Visitor) -> None:
    """Raise 429 where too many signups came from one address, or from this form in all."""
    limits = site.form_limits
    seconds = limits.by_visitor.take(network_of(visitor.ip), most=site.deps.settings.form_per_hour)
    if seconds is None and source.per_minute is not None:
        seconds = limits.by_source.take(source.slug, most=source.per_minute)
    if seconds is not None:
        raise HTTPException(status_code=429, headers={"Retry-After": str(seconds)})


def _show_hasty(
    site: Site, request: Request, source: Source, offer: Offer, state: FormState
) -> Response:
    """Ask for one more press: a browser that fills forms by itself may be faster than a person."""
    try:
        site.deps.form_gate.check(state.stamp, offer.read_at + _LONG_AFTER)
    except LooksAutomatedError:
        state = replace(state, stamp="")  # not ours: only a new one can ever be accepted
    faults = {"form": "That went faster than we expected. Press the button once more."}
    return _show(site, request, source, offer, replace(state, faults=faults), status=422)


def _source(site: Site, slug: str) -> Source:
    """Return the source of a form of ours.

    One that has a secret belongs to another system, which vouches for what it sends: a form that
    anybody can fill must not speak in its name.
    """
    source = site.deps.sources.find(slug)
    if source is None or not source.is_open_to_all:
        raise HTTPException(status_code=404)
    return source


def _show_empty(site: Site, request: Request, source: Source) -> Response:
    offer = site.offer(source.sequence_id)
    asked = request.query_params
    utm = {name: asked[name][:_UTM_LIMIT] for name in _UTM if asked.get(name)}
    wished = asked.get("date")
    free = [str(each.session.id) for each in offer.dates if each.seats_left != 0]
    session = wished if wished in free else _first_free(offer)
    state = FormState(typed=Typed(session=session), zone=_host_zone(offer), utm=utm)
    return _show(site, request, source, offer, state)


def _show(
    site: Site,
    request: Request,
    source: Source,
    offer: Offer,
    state: FormState,
    *,
    status: int = 200,
) -> Response:
    dates = date_choices(offer.dates, state.zone, offer.now)
    first = offer.dates[0].session if offer.dates else None
    minutes = (
        round((first.ends_at - first.starts_at).total_seconds() / 60) if first else _DEFAULT_MINUTES
    )
    values = landing_values(offer.brand, minutes)
    texts = landing_texts(site.landing_source(offer), values)
    answer = site.page(
        request,
        "landing.html",
        brand=offer.brand,
        status=status,
        is_framed=state.is_framed,
        texts=texts,
        source=source.slug,
        stamp=state.stamp or site.deps.form_gate.stamp(offer.read_at),
        dates=dates,
        now_iso=iso(offer.now),
        zone=state.zone,
        where=where_of(state.zone),
        zone_is_chosen=state.is_zone_chosen,
        zone_is_open=state.is_zone_open,
        typed=state.typed,
        faults=state.faults,
        utm=state.utm,
        letters_are_asked=source.letters is LettersOffer.ASKED,
    )
    answer.headers["x-robots-tag"] = "all"  # the one page that wants to be found
    return answer


def preview_landing(
    request: Request, site: Site, sequence_id: UUID, texts: LandingSource
) -> Response:
    """Return a sequence's page with other texts, for who writes them; nothing is kept.

    Raises:
        InvalidInputError: A text cannot be shown.
    """
    offer = site.offer(sequence_id)
    nowhere = Source(id=uuid4(), slug="preview", sequence_id=sequence_id)
    state = FormState(typed=Typed(), zone=_host_zone(offer), is_framed=True)
    would_be = replace(offer, landing=landing_to_json(texts))
    return _show(site, request, nowhere, would_be, state)


def _state(posted: PostedForm, offer: Offer) -> FormState:
    """Read back what the form said, to show it again as it was."""
    given = known_zone(posted.get("time_zone"))
    is_chosen = given is not None and given != known_zone(posted.get("zone_not_chosen"))
    session = posted.get("session") if any(name == "session" for name, _ in posted.items) else None
    return FormState(
        typed=Typed(
            first_name=posted.get("first_name"),
            last_name=posted.get("last_name"),
            email=posted.get("email"),
            letters=posted.get("letters") == "yes",
            session=session,
        ),
        zone=given if given is not None and is_chosen else _host_zone(offer),
        is_zone_chosen=is_chosen,
        is_zone_open=posted.get("only") == "times",
        stamp=posted.get("stamp"),
        utm={name: posted.get(name)[:_UTM_LIMIT] for name in _UTM if posted.get(name)},
    )


def _meant(posted: PostedForm, state: FormState) -> list[tuple[str, str]]:
    """Leave out the zone that the page had chosen itself: it says nothing about the visitor."""
    if state.is_zone_chosen:
        return list(posted.items)
    return [(name, value) for name, value in posted.items if name != "time_zone"]


def _with_fault(state: FormState, error: InvalidInputError) -> FormState:
    place = error.field if error.field in {"email", "session", "letters"} else "form"
    return replace(
        state,
        faults={place: _sentence(state, error)},
        stamp="" if error.field == "stamp" else state.stamp,
    )


def _sentence(state: FormState, error: InvalidInputError) -> str:
    if error.field == "email" and not state.typed.email.strip():
        return "Your email address is missing."
    if error.field == "session":
        if state.typed.session:
            return "That date cannot be chosen any more. Choose another one."
        return "Choose a date, or tick the letters."
    text = f"{error}".rstrip(".")
    return f"{text[:1].upper()}{text[1:]}. {error.remedy}".strip()


def _first_free(offer: Offer) -> str:
    free = (str(each.session.id) for each in offer.dates if each.seats_left != 0)
    return next(free, "")


def _host_zone(offer: Offer) -> str:
    return offer.dates[0].session.zone if offer.dates else "UTC"
