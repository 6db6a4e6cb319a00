"""The built-in inbox: every mail of the demo, as the person would see it, and as it was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from funnel.rendering.words import day_in_words
from funnel.sending.mailbox import KeptMail, MailParts
from funnel.web.demo.bar import demo_zone
from funnel.web.mail_frame import Look, look_of, looking, with_base
from funnel.web.moments import hour_of, where_of
from funnel.web.site import Site, TheSite

MOST_MAILS = 200
_VIEWS = ("html", "text", "headers", "raw")
_WIDTHS = ("wide", "phone")
_LOOKS = tuple(Look)

# A mail has its styles inline, and must run nothing. "allow-same-origin" without "allow-scripts"
# lets our page measure it and lets it do nothing; its links open in a page of their own.
SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; base-uri 'none'; "
    f"form-action 'none'; frame-ancestors 'self'; sandbox {SANDBOX}"
)
_FILE_POLICY = "default-src 'none'; sandbox"

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDay:
    """The mails of one day, the latest first; each with its hour."""

    day: str
    mails: tuple[tuple[KeptMail, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How one mail is shown."""

    show: str
    width: str
    look: str

    def address(self, mail_id: str, **changes: str) -> str:
        """Return the page of a mail in this view, or with one thing changed."""
        values = {"show": self.show, "width": self.width, "look": self.look} | changes
        told = {name: value for name, value in values.items() if value != _DEFAULTS[name]}
        return f"/inbox/{mail_id}" + (f"?{urlencode(told)}" if told else "")


_DEFAULTS = {"show": "html", "width": "wide", "look": "own"}


@router.get("/inbox")
def list_mails(request: Request, site: TheSite) -> Response:
    """Show the list, and beside it, where there is room, the latest mail."""
    return _page(site, request, mail_id=None)


@router.get("/inbox/{mail_id}")
def show_mail(mail_id: str, request: Request, site: TheSite) -> Response:
    """Show one mail, and the list beside it where there is room."""
    return _page(site, request, mail_id=mail_id)


@router.get("/inbox/{mail_id}/html")
def show_html(mail_id: str, request: Request, site: TheSite) -> Response:
    """Answer the HTML part alone, for the frame, under a policy of its own."""
    html = looking(site.deps.mailbox.parts(mail_id).html, look_of(_view(request).look))
    headers = {"content-security-policy": _MAIL_POLICY, "x-frame-options": "SAMEORIGIN"}
    return HTMLResponse(with_base(html), headers=headers)


@router.get("/inbox/{mail_id}/raw")
def download_mail(mail_id: str, site: TheSite) -> Response:
    """Answer the message as SMTP would have carried it."""
    return _file(site.deps.mailbox.parts(mail_id).raw, "message/rfc822", f"{mail_id}.eml")


@router.get("/inbox/{mail_id}/files/{number}")
def download_attachment(mail_id: str, number: str, site: TheSite) -> Response:
    """Answer one attachment, counted from 0."""
    files = site.deps.mailbox.parts(mail_id).attachments
    if not number.isdecimal() or int(number) >= len(files):
        raise HTTPException(status_code=404)
    file = files[int(number)]
    return _file(file.content, file.content_type, file.filename)


def _file(content: bytes, content_type: str, name: str) -> Response:
    headers = {
        "content-type": content_type,
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": _FILE_POLICY,
    }
    return Response(content, headers=headers)


def _page(site: Site, request: Request, *, mail_id: str | None) -> Response:
    zone = demo_zone(request)
    # Before the list: a mail that comes in between is then seen twice, not never.
    marker = site.deps.mailbox.newest_marker()
    mails = site.deps.mailbox.list(MOST_MAILS)
    latest = mails[0] if mails else None
    mail = site.deps.mailbox.get(mail_id) if mail_id is not None else latest
    return site.page(
        request,
        "demo/inbox.html",
        brand=None,
        days=_by_day(mails, zone),
        count=len(mails),
        count_of_all=site.deps.mailbox.count(),
        is_cut=len(mails) == MOST_MAILS,
        marker=marker,
        mail=mail,
        parts_of_mail=_parts(site, mail),
        left=_left(mail, zone),
        view=_view(request),
        is_chosen=mail_id is not None,
        sandbox=SANDBOX,
    )


def _parts(site: Site, mail: KeptMail | None) -> MailParts | None:
    return None if mail is None else site.deps.mailbox.parts(mail.id)


def _left(mail: KeptMail | None, zone: str) -> str:
    if mail is None:
        return ""
    moment = mail.left_at
    return f"{day_in_words(moment, zone=ZoneInfo(zone))}, {hour_of(moment, zone)} {where_of(zone)}"


def _view(request: Request) -> View:
    def asked(name: str, known: tuple[str, ...]) -> str:
        value = request.query_params.get(name, "")
        return value if value in known else _DEFAULTS[name]

    return View(
        show=asked("show", _VIEWS), width=asked("width", _WIDTHS), look=asked("look", _LOOKS)
    )


def _by_day(mails: Sequence[KeptMail], zone: str) -> tuple[MailDay, ...]:
    dated = [(mail, day_in_words(mail.left_at, zone=ZoneInfo(zone))) for mail in mails]
    return tuple(
        MailDay(day=day, mails=tuple((mail, hour_of(mail.left_at, zone)) for mail, _ in group))
        for day, group in groupby(dated, key=lambda each: each[1])
    )
