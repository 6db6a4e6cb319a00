"""The page behind the confirmation mail's button: a GET shows, a press takes the seat."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from funnel.domain.errors import InvalidInputError
from funnel.domain.signing import LinkPurpose
from funnel.domain.signup import (
    SeatChoice,
    SeatProblem,
    SessionOffer,
    SessionUnavailableError,
    SignupExpiredError,
)
from funnel.domain.subscriber import known_zone
from funnel.domain.zones import listed_zone
from funnel.services.confirm_signup import confirm_signup
from funnel.services.read_confirmation import (
    ConfirmationPage,
    ConfirmationState,
    read_confirmation,
)
from funnel.web.dates import DateChoice, date_choices
from funnel.web.forms import Posted, PostedForm
from funnel.web.ids import read_id
from funnel.web.moments import iso, span_of
from funnel.web.site import Site, TheSite
from funnel.web.visitors import visitor_of
from funnel.web.zones import place_and_time

_PROBLEMS = {
    SeatProblem.FULL: "That date has filled up in the meantime.",
    SeatProblem.OVER: "That date is over.",
    SeatProblem.CANCELLED: "That date will not be held.",
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What can be chosen and corrected on the page; after a failed press, as it was typed.

    ``chosen`` is a date's id, "" for none, ``None`` where the person has to choose anew.
    """

    dates: Sequence[DateChoice]
    chosen: str | None
    zone: str
    wants_letters: bool
    problem: SeatProblem | None = None
    fault: str = ""


@router.get("/c/{token}")
def show_confirmation(token: str, request: Request, site: TheSite) -> Response:
    """Show what the press will do, what it did, or that it can no longer be done."""
    _, signup_id = site.target(token, LinkPurpose.CONFIRM)
    page = read_confirmation(signup_id, site.deps.transactions, visitor_of(request))
    if page.state is ConfirmationState.EXPIRED:
        return _show_expired(site, request, page)
    if page.state is ConfirmationState.CONFIRMED:
        return _show_confirmed(site, request, page)
    return _show_open(site, request, page, _offered(page))


@router.post("/c/{token}")
def take_seat(token: str, request: Request, posted: Posted, site: TheSite) -> Response:
    """Give the seat; a date that is gone by now comes back with the next ones."""
    _, signup_id = site.target(token, LinkPurpose.CONFIRM)
    page = read_confirmation(signup_id, site.deps.transactions)
    choice = _choice(posted)
    try:
        confirm_signup(signup_id, choice, visitor_of(request), site.deps.transactions)
    except SessionUnavailableError as error:
        offered = _offered_instead(page, choice, error)
        return _show_open(site, request, page, offered, status=409)
    except SignupExpiredError:
        return _show_expired(site, request, page, status=410)
    except InvalidInputError as error:
        offered = _offered(page, choice, fault=f"{error}. {error.remedy}")
        return _show_open(site, request, page, offered, status=422)
    own_page = site.offer(page.sequence_id).brand.confirmed_url
    return RedirectResponse(own_page or f"/c/{token}?now=1", status_code=303)


def _choice(posted: PostedForm) -> SeatChoice | None:
    """Return what was corrected; ``None`` for a bare press, which takes what was asked for."""
    if not any(name == "session" for name, _ in posted.items):
        return None
    return SeatChoice(
        session_id=read_id(posted.get("session")),
        zone=_chosen_zone(posted),
        wants_letters=posted.get("letters") == "yes",
    )


def _chosen_zone(posted: PostedForm) -> str | None:
    """Return the zone that was chosen; ``None`` where the list was left as it was shown."""
    zone = posted.get("time_zone")
    is_untouched = listed_zone(zone) == listed_zone(posted.get("zone_shown"))
    return None if not zone or is_untouched else zone


def _offered(
    page: ConfirmationPage, choice: SeatChoice | None = None, *, fault: str = ""
) -> Offered:
    wished = page.session.id if page.session else None
    if choice is not None:
        wished = choice.session_id
    zone = _zone(page, choice)
    return Offered(
        dates=_dates(page, page.next_dates, zone),
        chosen=None if page.problem else str(wished or ""),
        zone=zone,
        wants_letters=choice.wants_letters if choice else page.wants_letters,
        problem=page.problem,
        fault=fault,
    )


def _offered_instead(
    page: ConfirmationPage, choice: SeatChoice | None, error: SessionUnavailableError
) -> Offered:
    zone = _zone(page, choice)
    return Offered(
        dates=date_choices(error.next_dates, zone, page.now),
        chosen=None,
        zone=zone,
        wants_letters=choice.wants_letters if choice else page.wants_letters,
        problem=error.problem,
    )


def _zone(page: ConfirmationPage, choice: SeatChoice | None) -> str:
    chosen = choice.zone if choice else None
    return known_zone(chosen or "") or page.zone


def _dates(page: ConfirmationPage, offers: Iterable[SessionOffer], zone: str) -> list[DateChoice]:
    """Return the open dates; the one that was asked for is among them while it can be taken."""
    dates = date_choices(offers, zone, page.now)
    own = page.session
    if own is None or page.problem is not None or str(own.id) in {each.id for each in dates}:
        return dates
    # Full but for the seat that this very person holds already.
    mine = DateChoice(id=str(own.id), span=span_of(own, zone, page.now), seats_left=None)
    return sorted([mine, *dates], key=lambda each: each.span.starts_iso)


def _show_open(
    site: Site, request: Request, page: ConfirmationPage, offered: Offered, *, status: int = 200
) -> Response:
    offer = site.offer(page.sequence_id)
    chosen = next((each for each in offered.dates if each.id == offered.chosen), None)
    return site.page(
        request,
        "confirm.html",
        brand=offer.brand,
        status=status,
        token=request.path_params["token"],
        first_name=page.first_name,
        email=page.email,
        title=page.session.title if page.session else page.sequence_title,
        button="Take my seat" if chosen else "Send me the letters",
        date=chosen,
        dates=offered.dates,
        chosen=offered.chosen,
        problem=_PROBLEMS[offered.problem] if offered.problem else "",
        fault=offered.fault,
        zone=offered.zone,
        zone_shown=page.zone,
        zone_given=page.zone_given,
        zone_words=place_and_time(offered.zone, offer.now),
        now_iso=iso(offer.now),
        wants_letters=offered.wants_letters,
    )


def _show_confirmed(site: Site, request: Request, page: ConfirmationPage) -> Response:
    tokens, session = site.deps.tokens, page.session
    return site.page(
        request,
        "confirmed.html",
        brand=site.brand_of(page.sequence_id),
        is_fresh=request.query_params.get("now") == "1",
        first_name=page.first_name,
        title=session.title if session else page.sequence_title,
        span=span_of(session, page.zone, page.now) if session else None,
        wants_letters=page.wants_letters,
        calendar_token=(
            tokens.make(LinkPurpose.CALENDAR, page.enrollment_id) if page.enrollment_id else ""
        ),
        preferences_token=(
            tokens.make(LinkPurpose.PREFERENCES, page.subscriber_id) if page.subscriber_id else ""
        ),
    )


def _show_expired(
    site: Site, request: Request, page: ConfirmationPage, *, status: int = 200
) -> Response:
    brand = site.brand_of(page.sequence_id)
    return site.page(request, "expired.html", brand=brand, status=status)
