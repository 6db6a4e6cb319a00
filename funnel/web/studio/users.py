"""``/studio/users``: who may log in, as what, and since when no more."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import ROLE_NAMES, ROLE_WORDS, Role
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.speech import mark, say
from funnel.services.manage_users import (
    Invitation,
    add_user,
    change_role,
    disable_user,
    enable_user,
    list_users,
    reset_user,
)
from funnel.web.auth import Admin, AdminForm, Me
from funnel.web.forms import Posted, PostedForm
from funnel.web.ids import read_id
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done, studio_page

_PATH = "/studio/users"
_DONE = {
    "role": mark("The role was changed; it counts from their next page on."),
    "out": mark("They are shut out, and every log-in of theirs has ended."),
    "in": mark("They may log in again, with the password that they had."),
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What a page shows besides the list: a link, this once; or what was typed and is wrong."""

    invitation: Invitation | None = None
    given: PostedForm = field(default_factory=PostedForm)


@router.get("/studio/users")
def show_users(request: Request, me: Admin, site: TheSite) -> Response:
    """Show everybody with an account."""
    word = _DONE.get(request.query_params.get("done", ""))
    return _page(request, site, me, said=say(word) if word else "")


@router.post("/studio/users")
def invite(request: Request, me: AdminForm, posted: Posted, site: TheSite) -> Response:
    """Add somebody and show the link for them, this once."""
    try:
        role = _role(posted)
        invitation = add_user(
            posted.get("email").strip(),
            role,
            site.deps.transactions,
            by=me.user.email,
            name=posted.get("name"),
        )
    except InvalidInputError as error:
        return _page(request, site, me, fault=fault_of(error), shown=_Shown(given=posted))
    return _page(request, site, me, shown=_Shown(invitation=invitation))


@router.post("/studio/users/link")
def make_link(request: Request, me: AdminForm, posted: Posted, site: TheSite) -> Response:
    """Show a link by which somebody chooses another password, this once."""
    try:
        invitation = reset_user(_user_id(posted), site.deps.transactions, by=me.user.email)
    except InvalidInputError as error:
        return _page(request, site, me, fault=fault_of(error))
    return _page(request, site, me, shown=_Shown(invitation=invitation))


@router.post("/studio/users/role")
def give_role(request: Request, me: AdminForm, posted: Posted, site: TheSite) -> Response:
    """Give somebody another role."""
    user, by = _user_id(posted), me.user.email
    return _done(
        request,
        site,
        me,
        lambda: change_role(user, _role(posted), site.deps.transactions, by=by),
        "role",
    )


@router.post("/studio/users/out")
def shut_out(request: Request, me: AdminForm, posted: Posted, site: TheSite) -> Response:
    """Let somebody in no more."""
    user, by = _user_id(posted), me.user.email
    return _done(
        request, site, me, lambda: disable_user(user, site.deps.transactions, by=by), "out"
    )


@router.post("/studio/users/in")
def let_in_again(request: Request, me: AdminForm, posted: Posted, site: TheSite) -> Response:
    """Let somebody in again."""
    user, by = _user_id(posted), me.user.email
    return _done(request, site, me, lambda: enable_user(user, site.deps.transactions, by=by), "in")


def _done(request: Request, site: Site, me: Me, act: Callable[[], object], word: str) -> Response:
    try:
        act()
    except InvalidInputError as error:
        return _page(request, site, me, fault=fault_of(error))
    return done(_PATH, word)


def _page(
    request: Request,
    site: Site,
    me: Me,
    *,
    said: str = "",
    fault: Fault = NONE,
    shown: _Shown | None = None,
) -> Response:
    shown = shown or _Shown()
    invitation = shown.invitation
    link = f"{site.deps.settings.base_url}/studio/welcome/{invitation.token}" if invitation else ""
    return studio_page(
        site,
        request,
        "users.html",
        me=me,
        place="Settings",
        status=fault.status,
        said=said,
        fault=fault,
        given=shown.given,
        invited=invitation.user if invitation else None,
        link=link,
        users=list_users(site.deps.transactions),
        roles=ROLE_WORDS,
        role_names={role: say(name) for role, name in ROLE_NAMES.items()},
    )


def _role(posted: PostedForm) -> Role:
    try:
        return Role(posted.get("role"))
    except ValueError as error:
        raise InvalidInputError(
            say("that is not a role"),
            field="role",
            remedy=say(
                "Take one of: {names}.", names=", ".join(say(ROLE_NAMES[each]) for each in Role)
            ),
        ) from error


def _user_id(posted: PostedForm) -> UUID:
    known = read_id(posted.get("user"))
    if known is None:
        raise NotFoundError("not a user")
    return known
