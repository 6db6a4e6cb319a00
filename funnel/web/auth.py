"""Who asks, and whether they may: each route of the studio names one of these as its dependency.

``Needs`` is for pages, ``NeedsForm`` for what is posted: that also asks for the form's token, so a
page elsewhere cannot press our buttons (the cookie is SameSite=Lax, and ``guards.OwnOrigin`` looks
at the headers: three bolts, each enough). ``OPEN`` says that a route is for everybody.
"""

from dataclasses import dataclass, field
from typing import Annotated, Final
from urllib.parse import quote, urlsplit

import structlog
from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from funnel.domain.access import ROLE_NAMES, ForbiddenError, Permission, User
from funnel.domain.login import (
    LASTS,
    Browser,
    Login,
    NewLogin,
    NotLoggedInError,
    form_token,
    is_form_of,
)
from funnel.domain.speech import say
from funnel.services.authenticate import authenticate
from funnel.services.note_forbidden import note_forbidden
from funnel.web.api.access import RefusedError
from funnel.web.errors import answer_error, route_of, wants_json
from funnel.web.forms import PostedForm, posted_form
from funnel.web.languages import LANGUAGE_COOKIE
from funnel.web.limits import network_of
from funnel.web.problems import FOREIGN_FORM, MISSING_PERMISSION, NOT_LOGGED_IN, answer_problem
from funnel.web.site import Site, TheSite
from funnel.web.visitors import visitor_of

log = structlog.get_logger()

HOME: Final = "/studio"
LOG_IN: Final = "/studio/login"
FORM_FIELD: Final = "form_token"
_LONGEST_NEXT: Final = 500  # characters
_LANGUAGE_LASTS_SECONDS: Final = 31_536_000  # a year


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """Who asks, logged in."""

    login: Login
    token: str = field(repr=False)

    @property
    def user(self) -> User:
        """Whose way in it is."""
        return self.login.user

    @property
    def form_token(self) -> str:
        """What each of their forms carries."""
        return form_token(self.token)


class Needs:
    """A page for those who have a permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(self, request: Request, site: TheSite) -> Me:
        """Return who asks.

        Raises:
            RefusedError: To the log-in, or 401 to a program; 403 where the permission is missing.
        """
        return _admit(request, site, self.permission)


class NeedsForm:
    """Something that is posted by those who have a permission, from a page of theirs.

    Who asks is known before a byte of the body is read: a stranger sends us no 20 MB. So a route
    names this before ``Posted``.
    """

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request, site: TheSite) -> Me:
        """Return who asks.

        Raises:
            RefusedError: As ``Needs``; and 403 where the form is not one of this log-in's.
        """
        me = await run_in_threadpool(_admit, request, site, self.permission)
        posted = await posted_form(request)
        await run_in_threadpool(_check_form, request, site, me, posted)
        return me


class OpenToAll:
    """A page that is there before anybody is logged in."""

    def __call__(self) -> None:
        """Let everybody pass."""


OPEN: Final = Depends(OpenToAll())
OwnPage = Annotated[Me, Depends(Needs(Permission.OWN_ACCOUNT))]
OwnForm = Annotated[Me, Depends(NeedsForm(Permission.OWN_ACCOUNT))]
Reader = Annotated[Me, Depends(Needs(Permission.READ))]
ReaderForm = Annotated[Me, Depends(NeedsForm(Permission.READ))]
EditorForm = Annotated[Me, Depends(NeedsForm(Permission.EDIT))]
Admin = Annotated[Me, Depends(Needs(Permission.ADMINISTER))]
AdminForm = Annotated[Me, Depends(NeedsForm(Permission.ADMINISTER))]


def who_asks(request: Request, site: Site) -> Me:
    """Return who asks.

    Raises:
        NotLoggedInError: Nobody we know.
    """
    token = request.cookies.get(cookie_name(site), "")
    login = authenticate(token, site.deps.transactions, is_demo=site.is_demo)
    return Me(login=login, token=token)


def browser_of(request: Request) -> Browser:
    """Return where a request comes from, as a way in remembers it."""
    visitor = visitor_of(request)
    return Browser(
        network=network_of(visitor.ip), ip=visitor.ip, user_agent=visitor.user_agent or ""
    )


def cookie_name(site: Site) -> str:
    """Return the cookie's name: with https one that only this very host can set (RFC 6265bis)."""
    return "__Host-funnel" if _is_https(site) else "funnel"


def give_cookie(answer: Response, made: NewLogin, site: Site) -> None:
    """Let the browser keep a new way in; what it held before is overwritten."""
    answer.set_cookie(
        cookie_name(site),
        made.token,
        max_age=int(LASTS.total_seconds()),
        path="/",
        secure=_is_https(site),
        httponly=True,
        samesite="lax",
    )


def give_language(answer: Response, language: str, site: Site) -> None:
    """Let the browser keep which language it wants here; empty: what its own settings say."""
    if not language:
        answer.delete_cookie(LANGUAGE_COOKIE, path=HOME, secure=_is_https(site), httponly=True)
        return
    answer.set_cookie(
        LANGUAGE_COOKIE,
        language,
        max_age=_LANGUAGE_LASTS_SECONDS,
        path=HOME,
        secure=_is_https(site),
        httponly=True,
        samesite="lax",
    )


def take_cookie(answer: Response, site: Site) -> None:
    """Let the browser forget its way in."""
    answer.delete_cookie(
        cookie_name(site), path="/", secure=_is_https(site), httponly=True, samesite="lax"
    )


def safe_next(given: str) -> str:
    """Return where to go after the log-in: a page of the studio, its first one for all else.

    Never another host, whatever browsers make of backslashes, tabs and doubled slashes.
    """
    is_plain = given.isascii() and given.isprintable() and not set(given) & set("\\ ")
    path = urlsplit(given).path if is_plain and given.startswith(HOME) else ""
    is_ours = path == HOME or path.startswith(f"{HOME}/")
    if not is_ours or len(given) > _LONGEST_NEXT or path.startswith(LOG_IN) or "//" in path:
        return HOME
    return given


def _admit(request: Request, site: Site, permission: Permission) -> Me:
    try:
        me = who_asks(request, site)
    except NotLoggedInError as error:
        raise RefusedError(_to_log_in(request)) from error
    if not me.user.may(permission):
        refused = ForbiddenError(permission)
        note_forbidden(me.login, route_of(request.scope), str(permission), site.deps.transactions)
        raise RefusedError(_refuse_role(request, me, refused))
    return me


def _check_form(request: Request, site: Site, me: Me, posted: PostedForm) -> None:
    if is_form_of(me.token, posted.get(FORM_FIELD)):
        return
    route = route_of(request.scope)
    note_forbidden(me.login, route, "the form's token", site.deps.transactions)
    why = say("this form was made before you logged in, or not by this page, so nothing was done")
    remedy = say("Go back, load the page anew, and press the button there.")
    if wants_json(request):
        raise RefusedError(answer_problem(FOREIGN_FORM, why, remedy=remedy))
    text = f"{why[0].upper()}{why[1:]}. {remedy}"
    raise RefusedError(answer_error(request, 403, title=say("Nothing was done"), detail=text))


def _to_log_in(request: Request) -> Response:
    if wants_json(request):
        return answer_problem(
            NOT_LOGGED_IN,
            say("nobody is logged in"),
            remedy=say("Log in at /studio/login; programs use /api/ with a token."),
        )
    return RedirectResponse(f"{LOG_IN}?next={quote(_back_to(request), safe='/')}", status_code=303)


def _back_to(request: Request) -> str:
    """Return the page to come back to: the one that was asked for, or that held the form."""
    if request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        return safe_next(request.url.path + query)
    return safe_next(urlsplit(request.headers.get("referer", "")).path)


def _refuse_role(request: Request, me: Me, error: ForbiddenError) -> Response:
    log.warning("access.refused", route=route_of(request.scope), role=str(me.user.role))
    if wants_json(request):
        return answer_problem(
            MISSING_PERMISSION, str(error), remedy=say("An admin can give you another role.")
        )
    text = say(
        "Your role here is {role}, and this needs one that may {act}. An admin can change that.",
        role=say(ROLE_NAMES[me.user.role]),
        act=say(error.permission),
    )
    return answer_error(request, 403, title=say("Your role does not open this"), detail=text)


def _is_https(site: Site) -> bool:
    return site.deps.settings.base_url.startswith("https://")
