"""``/studio/login`` and ``/studio/logout``: the password, and the end of the way in."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from funnel.domain.login import NotLoggedInError, WrongPasswordError
from funnel.domain.speech import say
from funnel.domain.throttle import TooManyTriesError
from funnel.services.authenticate import log_out
from funnel.services.log_in import Credentials, log_in
from funnel.web.auth import (
    LOG_IN,
    OPEN,
    OwnForm,
    browser_of,
    give_cookie,
    give_language,
    safe_next,
    take_cookie,
    who_asks,
)
from funnel.web.forms import Posted
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault
from funnel.web.studio.shell import studio_page
from funnel.web.studio.waits import retry_after, wait_words

router = APIRouter()


@router.get("/studio/login", dependencies=[OPEN])
def show_log_in(request: Request, site: TheSite) -> Response:
    """Ask for the password; who is logged in goes on to where they wanted to be."""
    goes_on_to = safe_next(request.query_params.get("next", ""))
    try:
        who_asks(request, site)
    except NotLoggedInError:
        return _form(request, site, goes_on_to)
    return RedirectResponse(goes_on_to, status_code=303)


@router.post("/studio/login", dependencies=[OPEN])
def try_log_in(request: Request, posted: Posted, site: TheSite) -> Response:
    """Look at the password, and let in whoever knows it."""
    goes_on_to = safe_next(posted.get("next"))
    given = Credentials(email=posted.get("email").strip(), password=posted.get("password"))
    try:
        made = log_in(given, browser_of(request), site.deps.transactions, is_demo=site.is_demo)
    except TooManyTriesError as error:
        text = say("Too many wrong passwords. Try again in {wait}.", wait=wait_words(error.wait))
        fault = Fault(text=text, status=429)
        answer = _form(request, site, goes_on_to, fault=fault, email=given.email)
        answer.headers["retry-after"] = retry_after(error.wait)
        return answer
    except WrongPasswordError:
        text = say("The address or the password is wrong. Look at both, and at the caps lock key.")
        return _form(request, site, goes_on_to, fault=Fault(text=text), email=given.email)
    answer = RedirectResponse(goes_on_to, status_code=303)
    give_cookie(answer, made, site)
    if made.user.language:
        give_language(answer, made.user.language, site)
    return answer


@router.post("/studio/logout")
def end_own_login(me: OwnForm, site: TheSite) -> Response:
    """End the way in that this browser holds."""
    log_out(me.login, site.deps.transactions)
    answer = RedirectResponse(f"{LOG_IN}?left=yes", status_code=303)
    take_cookie(answer, site)
    return answer


def _form(
    request: Request,
    site: Site,
    goes_on_to: str,
    *,
    fault: Fault = NONE,
    email: str = "",
) -> Response:
    return studio_page(
        site,
        request,
        "login.html",
        me=None,
        status=fault.status,
        goes_on_to=goes_on_to,
        fault=fault,
        email=email,
        has_left=request.query_params.get("left") == "yes",
    )
