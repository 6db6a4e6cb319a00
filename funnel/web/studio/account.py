"""``/studio/account``: the own name and password, and where one is logged in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from funnel.domain.access import ROLE_NAMES, ROLE_WORDS
from funnel.domain.calendar_words import span_text
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.login import Login, WrongPasswordError
from funnel.domain.password import SHORTEST
from funnel.domain.speech import mark, say
from funnel.domain.throttle import TooManyTriesError
from funnel.services.manage_logins import (
    change_language,
    change_name,
    change_password,
    end_login,
    end_other_logins,
    list_logins,
)
from funnel.web.auth import Me, OwnForm, OwnPage, browser_of, give_cookie, give_language
from funnel.web.forms import Posted
from funnel.web.ids import read_id
from funnel.web.languages import LANGUAGE_NAMES
from funnel.web.site import Site, TheSite
from funnel.web.studio.browsers import browser_words
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done, studio_page
from funnel.web.studio.waits import wait_words

_PATH = "/studio/account"
_JUST_NOW = timedelta(minutes=2)
_DONE = {
    "name": mark("Your name was changed."),
    "language": mark("The pages speak this language now."),
    "password": mark("Your password was changed, and every other log-in has ended."),
    "ended": mark("That log-in has ended."),
    "others": mark("Every other log-in has ended."),
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    id: str
    browser: str
    ip: str
    seen: str
    is_this: bool


@router.get("/studio/account")
def show_account(request: Request, me: OwnPage, site: TheSite) -> Response:
    """Show one's own account."""
    word = _DONE.get(request.query_params.get("done", ""))
    return _page(request, site, me, said=say(word) if word else "")


@router.post("/studio/account/name")
def rename(me: OwnForm, posted: Posted, site: TheSite) -> Response:
    """Keep another name."""
    change_name(me.login, posted.get("name"), site.deps.transactions)
    return done(_PATH, "name")


@router.post("/studio/account/language")
def speak(me: OwnForm, posted: Posted, site: TheSite) -> Response:
    """Let the pages speak another language, in this browser and in those to come."""
    language = posted.get("language")
    if language not in {"", *LANGUAGE_NAMES}:
        raise HTTPException(status_code=422)
    change_language(me.login, language, site.deps.transactions)
    answer = done(_PATH, "language")
    give_language(answer, language, site)
    return answer


@router.post("/studio/account/password")
def repassword(request: Request, me: OwnForm, posted: Posted, site: TheSite) -> Response:
    """Keep another password, end every way in, and give this browser a new one."""
    old, new = posted.get("old"), posted.get("password")
    try:
        made = change_password(me.login, old, new, browser_of(request), site.deps.transactions)
    except InvalidInputError as error:
        return _page(request, site, me, fault=fault_of(error))
    except WrongPasswordError:
        text = say("That is not your password of today. Nothing was changed.")
        return _page(request, site, me, fault=Fault(text=text, field="old"))
    except TooManyTriesError as error:
        text = say("Too many wrong passwords. Try again in {wait}.", wait=wait_words(error.wait))
        return _page(request, site, me, fault=Fault(text=text, field="old", status=429))
    answer = done(_PATH, "password")
    give_cookie(answer, made, site)
    return answer


@router.post("/studio/account/end")
def end_one(me: OwnForm, posted: Posted, site: TheSite) -> Response:
    """End one of the own ways in."""
    which = read_id(posted.get("login"))
    if which is None:
        raise NotFoundError("not a log-in")
    end_login(me.login, which, site.deps.transactions)
    return done(_PATH, "ended")


@router.post("/studio/account/end-others")
def end_others(me: OwnForm, site: TheSite) -> Response:
    """End every way in but this one."""
    end_other_logins(me.login, site.deps.transactions)
    return done(_PATH, "others")


def _page(request: Request, site: Site, me: Me, *, said: str = "", fault: Fault = NONE) -> Response:
    now = site.deps.real_clock.now()
    open_ = list_logins(me.user.id, site.deps.transactions)
    return studio_page(
        site,
        request,
        "account.html",
        me=me,
        place="account",
        status=fault.status,
        said=said,
        fault=fault,
        role_name=say(ROLE_NAMES[me.user.role]),
        role_words=say(ROLE_WORDS[me.user.role]),
        shortest=SHORTEST,
        languages=LANGUAGE_NAMES,
        logins=[_shown(each, me, now) for each in open_],
    )


def _shown(login: Login, me: Me, now: datetime) -> _Shown:
    is_this = login.id == me.login.id
    ago = now - login.last_seen_at
    return _Shown(
        id=str(login.id),
        browser=browser_words(login.user_agent),
        ip=login.ip or "",
        seen=_seen(ago, is_this=is_this),
        is_this=is_this,
    )


def _seen(ago: timedelta, *, is_this: bool) -> str:
    if is_this:
        return say("this one")
    return say("now") if ago < _JUST_NOW else say("{span} ago", span=span_text(ago))
