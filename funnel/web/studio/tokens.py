"""``/studio/tokens``: the ways in of other programs; a token is shown once, when it is made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.api_token import ApiToken, Scope
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.speech import mark, say
from funnel.services.add_token import add_token, list_tokens, revoke_token
from funnel.web.auth import Admin, AdminForm, Me
from funnel.web.forms import Posted
from funnel.web.moments import day_of, reader_zone
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done, studio_page

_PATH = "/studio/tokens"
SCOPE_WORDS: Final = {
    Scope.READ: mark("reads people and their calendars; changes nothing"),
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What a page shows besides the list: a token, this once; or what was typed and is wrong."""

    said: str = ""
    fault: Fault = NONE
    name: str = ""
    token: str = ""


@router.get("/studio/tokens")
def show_tokens(request: Request, me: Admin, site: TheSite) -> Response:
    """Show every token, without what it is."""
    is_revoked = request.query_params.get("done") == "revoked"
    said = say("That token works no more.") if is_revoked else ""
    return _page(request, site, me, shown=_Shown(said=said))


@router.post("/studio/tokens")
def add(request: Request, me: AdminForm, posted: Posted, site: TheSite) -> Response:
    """Make a token and show it, this once."""
    name = posted.get("name")
    scopes = frozenset(each for each in Scope if posted.get(f"scope-{each}"))
    try:
        token = add_token(name, scopes, site.deps.transactions, by=me.user.email)
    except InvalidInputError as error:
        return _page(request, site, me, shown=_Shown(fault=fault_of(error), name=name))
    return _page(request, site, me, shown=_Shown(token=token))


@router.post("/studio/tokens/revoke")
def revoke(request: Request, me: AdminForm, posted: Posted, site: TheSite) -> Response:
    """End a token."""
    try:
        revoke_token(posted.get("name"), site.deps.transactions, by=me.user.email)
    except NotFoundError:
        text = say("No token of that name works any more. Nothing was done.")
        return _page(request, site, me, shown=_Shown(fault=Fault(text=text, status=409)))
    return done(_PATH, "revoked")


def _page(request: Request, site: Site, me: Me, *, shown: _Shown) -> Response:
    now = site.deps.real_clock.now()
    tokens = list_tokens(site.deps.transactions)
    return studio_page(
        site,
        request,
        "tokens.html",
        me=me,
        place="Settings",
        status=shown.fault.status,
        said=shown.said,
        fault=shown.fault,
        given_name=shown.name,
        token=shown.token,
        tokens=[_line(each, now) for each in tokens],
        scopes=SCOPE_WORDS,
    )


def _line(token: ApiToken, now: datetime) -> dict[str, object]:
    return {
        "name": token.name,
        "scopes": ", ".join(say(SCOPE_WORDS[Scope(each)]) for each in sorted(token.scopes)),
        "added": day_of(token.created_at, reader_zone(), now),
        "used": day_of(token.last_used_at, reader_zone(), now)
        if token.last_used_at
        else say("never"),
        "works": token.revoked_at is None,
    }
