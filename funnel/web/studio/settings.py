"""``/studio/settings``: what there is to set, one line each; who may not set it does not see it."""

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.speech import mark
from funnel.web.auth import OwnPage
from funnel.web.site import TheSite
from funnel.web.studio.shell import studio_page

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPlace:
    """One page of settings, and what it is for."""

    name: str
    path: str
    about: str
    permission: Permission


PLACES: Final = (
    SettingsPlace(
        name=mark("Brands"),
        path="/studio/brands",
        about=mark("Who writes: names, addresses, logo and colour, pages of yours."),
        permission=Permission.READ,
    ),
    SettingsPlace(
        name=mark("Landing pages"),
        path="/studio/landing",
        about=mark("The texts of each page with its dates and the form, with the page beside."),
        permission=Permission.READ,
    ),
    SettingsPlace(
        name=mark("Going live"),
        path="/studio/going-live",
        about=mark("What has to be right before real people are written to, and one email to you."),
        permission=Permission.READ,
    ),
    SettingsPlace(
        name=mark("How fast emails leave"),
        path="/studio/sending",
        about=mark("The limits of your provider, warming up, and the brake."),
        permission=Permission.OPERATE,
    ),
    SettingsPlace(
        name=mark("Forms"),
        path="/studio/forms",
        about=mark("Where signups come from, and what to paste into another site."),
        permission=Permission.READ,
    ),
    SettingsPlace(
        name=mark("Who may log in"),
        path="/studio/users",
        about=mark("Colleagues, their roles, and links for a new password."),
        permission=Permission.ADMINISTER,
    ),
    SettingsPlace(
        name=mark("Programs"),
        path="/studio/tokens",
        about=mark("Tokens with which other programs read from this service."),
        permission=Permission.ADMINISTER,
    ),
    SettingsPlace(
        name=mark("Who changed what"),
        path="/studio/audit",
        about=mark("Every act of a person, the newest first."),
        permission=Permission.OPERATE,
    ),
    SettingsPlace(
        name=mark("My account"),
        path="/studio/account",
        about=mark("Your name, your password, your language, where you are logged in."),
        permission=Permission.OWN_ACCOUNT,
    ),
)


@router.get("/studio/settings")
def show_settings(request: Request, me: OwnPage, site: TheSite) -> Response:
    """Show the pages of settings that somebody may open."""
    places = [each for each in PLACES if me.user.may(each.permission)]
    return studio_page(site, request, "settings.html", me=me, place="Settings", places=places)
