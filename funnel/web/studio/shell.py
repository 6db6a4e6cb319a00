"""What every page of the studio has around it: the rail, who is logged in, their form's token."""

from dataclasses import dataclass
from typing import Final

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from funnel.domain.access import Permission, User
from funnel.domain.speech import mark
from funnel.web.auth import Me
from funnel.web.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class RailItem:
    """One place of the rail; who lacks ``permission`` does not see it."""

    name: str
    path: str
    icon: str
    permission: Permission


# Of a phone's five places the last is "More" where there are more.
_ON_PHONE: Final = 4

# In the order of the design page. What is not built yet is not here.
RAIL: Final = (
    RailItem(name=mark("Sequences"), path="/studio", icon="list", permission=Permission.READ),
    RailItem(name=mark("Dates"), path="/studio/dates", icon="dates", permission=Permission.READ),
    RailItem(
        name=mark("Templates"),
        path="/studio/templates",
        icon="template",
        permission=Permission.READ,
    ),
    RailItem(name=mark("People"), path="/studio/people", icon="people", permission=Permission.READ),
    RailItem(
        name=mark("Results"), path="/studio/results", icon="results", permission=Permission.READ
    ),
    RailItem(
        name=mark("Settings"),
        path="/studio/settings",
        icon="settings",
        permission=Permission.OWN_ACCOUNT,
    ),
)


def studio_page(
    site: Site,
    request: Request,
    name: str,
    *,
    me: Me | None,
    place: str = "",
    status: int = 200,
    **values: object,
) -> HTMLResponse:
    """Return a page of the studio.

    Args:
        site: The application's.
        request: Whose answer it is.
        name: The template, below ``studio/``.
        me: Who is logged in; ``None`` on the pages before that.
        place: The rail's item that the page belongs to, by name.
        status: HTTP's.
        values: What the template needs besides.
    """
    return site.page(
        request,
        f"studio/{name}",
        brand=None,
        status=status,
        me=me.user if me else None,
        form_token=me.form_token if me else "",
        rail=rail_of(me.user) if me else (),
        here=place,
        on_phone=_ON_PHONE,
        **values,
    )


def rail_of(user: User) -> tuple[RailItem, ...]:
    """Return the places that somebody may see."""
    return tuple(each for each in RAIL if user.may(each.permission))


def done(path: str, word: str = "") -> Response:
    """Return to a page after something was done; ``word`` names what it then says."""
    return RedirectResponse(f"{path}?done={word}" if word else path, status_code=303)
