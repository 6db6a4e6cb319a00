"""``/studio/welcome/…``: the page behind a one-time link, where somebody chooses a password."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from funnel.domain.access import User
from funnel.domain.errors import InvalidInputError
from funnel.domain.login import LinkUnusableError
from funnel.domain.password import SHORTEST
from funnel.services.use_one_time_link import Chosen, read_one_time_link, use_one_time_link
from funnel.web.auth import HOME, OPEN, browser_of, give_cookie
from funnel.web.forms import Posted
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import studio_page

router = APIRouter()


@router.get("/studio/welcome/{token}", dependencies=[OPEN])
def show_welcome(token: str, request: Request, site: TheSite) -> Response:
    """Ask for a password; the link is still good afterwards, as mail scanners open every link."""
    try:
        user = read_one_time_link(token, site.deps.transactions)
    except LinkUnusableError:
        return _unusable(request, site)
    return _form(request, site, user)


@router.post("/studio/welcome/{token}", dependencies=[OPEN])
def choose(token: str, request: Request, posted: Posted, site: TheSite) -> Response:
    """Keep the password and let them in; the link is used up."""
    chosen = Chosen(
        password=posted.get("password"),
        email=posted.get("email").strip(),
        name=posted.get("name"),
    )
    try:
        made = use_one_time_link(token, chosen, browser_of(request), site.deps.transactions)
    except LinkUnusableError:
        return _unusable(request, site)
    except InvalidInputError as error:
        user = read_one_time_link(token, site.deps.transactions)
        return _form(request, site, user, fault=fault_of(error), chosen=chosen)
    answer = RedirectResponse(HOME, status_code=303)
    give_cookie(answer, made, site)
    return answer


def _form(
    request: Request,
    site: Site,
    user: User | None,
    *,
    fault: Fault = NONE,
    chosen: Chosen | None = None,
) -> Response:
    return studio_page(
        site,
        request,
        "welcome.html",
        me=None,
        status=fault.status,
        user=user,
        shortest=SHORTEST,
        given=chosen or Chosen(password=""),
        fault=fault,
    )


def _unusable(request: Request, site: Site) -> Response:
    return studio_page(site, request, "link_unusable.html", me=None, status=404)
