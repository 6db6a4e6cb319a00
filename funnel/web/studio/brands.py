"""``/studio/brands``: who writes, by name, address and colour; several on one installation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.brand import Brand
from funnel.domain.errors import DraftConflictError, InvalidInputError
from funnel.domain.speech import mark, say
from funnel.services.edit_brand import BrandPage, add_brand, edit_brand, list_brands, read_brand
from funnel.services.keep_image import keep_image
from funnel.web.auth import EditorForm, Me, Needs, Reader
from funnel.web.forms import Posted, PostedForm
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done, studio_page

_PATH = "/studio/brands"
_DONE: Final = {
    "saved": mark("Saved. The next email and the next visitor of a page see it."),
    "added": mark("The brand is there. A sequence speaks for it once its file or draft names it."),
}

Editor = Annotated[Me, Depends(Needs(Permission.EDIT))]

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One field of the form: what it is called, what it is for, which kind of input it has."""

    name: str
    label: str
    about: str = ""
    kind: str = "text"
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    title: str
    fields: tuple[_Field, ...]


GROUPS: Final = (
    _Group(
        title=mark("Who writes"),
        fields=(
            _Field(
                name="name",
                label=mark("Name of the brand"),
                about=mark("On the pages, and in the footer of the emails."),
                is_required=True,
            ),
            _Field(
                name="host_name",
                label=mark("Name of the host"),
                about=mark("Stands as the sender, and under each letter."),
                is_required=True,
            ),
            _Field(name="host_first_name", label=mark("First name of the host"), is_required=True),
            _Field(
                name="postal_address",
                label=mark("Postal address"),
                about=mark("At the foot of every email: many countries require a real one."),
                kind="lines",
                is_required=True,
            ),
        ),
    ),
    _Group(
        title=mark("Email addresses"),
        fields=(
            _Field(
                name="from_address",
                label=mark("Emails come from"),
                about=mark("Of a domain of yours; “Going live” says what its DNS must hold."),
                kind="email",
                is_required=True,
            ),
            _Field(
                name="reply_to",
                label=mark("Replies go to"),
                about=mark("The letters promise that somebody reads them."),
                kind="email",
                is_required=True,
            ),
            _Field(
                name="daily_note_to",
                label=mark("A short note each morning goes to"),
                about=mark("What happened the day before. Empty: no note."),
                kind="email",
            ),
        ),
    ),
    _Group(
        title=mark("How it looks"),
        fields=(
            _Field(
                name="accent",
                label=mark("Colour of buttons and links"),
                about=mark("As #1F5C57. Words on it are black or white, whichever reads better."),
                is_required=True,
            ),
            _Field(
                name="logo_url",
                label=mark("Address of the logo"),
                about=mark("For the head of the pages; empty shows the name. Emails carry none."),
                kind="url",
            ),
        ),
    ),
    _Group(
        title=mark("Pages of yours"),
        fields=(
            _Field(
                name="booking_url",
                label=mark("Where a talk is booked"),
                about=mark("Empty: paragraphs about it fall away."),
                kind="url",
            ),
            _Field(
                name="notes_url",
                label=mark("Notes for those who came"),
                about=mark("Empty: paragraphs about them fall away."),
                kind="url",
            ),
            _Field(
                name="thank_you_url",
                label=mark("Page after the form"),
                about=mark("Empty: ours, which says to look for the confirmation."),
                kind="url",
            ),
            _Field(
                name="confirmed_url",
                label=mark("Page after the confirmation"),
                about=mark("Empty: ours, with the calendar file."),
                kind="url",
            ),
            _Field(
                name="link_domain",
                label=mark("Host name of the links in emails"),
                about=mark(
                    "Points at this service, like go.your-domain.org. Empty: its own address."
                ),
            ),
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What a page shows besides what is kept: what was typed and is wrong."""

    said: str = ""
    fault: Fault = NONE
    given: Mapping[str, str] = field(default_factory=dict)
    slug: str = ""


@router.get("/studio/brands")
def show_brands(request: Request, me: Reader, site: TheSite) -> Response:
    """Show every brand."""
    found = list_brands(site.deps.transactions)
    return studio_page(site, request, "brands.html", me=me, place="Settings", brands=found)


@router.get("/studio/brands/new")
def show_new(request: Request, me: Editor, site: TheSite) -> Response:
    """Show an empty form."""
    return _page(request, site, me, None, _Shown())


@router.post("/studio/brands")
def add(request: Request, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Add a brand."""
    slug = posted.get("slug").strip()
    try:
        add_brand(slug, _values(posted), by=me.user.email, transactions=site.deps.transactions)
    except InvalidInputError as error:
        shown = _Shown(fault=fault_of(error), given=_values(posted), slug=slug)
        return _page(request, site, me, None, shown)
    return done(f"{_PATH}/{slug}", "added")


@router.get("/studio/brands/{slug}")
def show_brand(request: Request, slug: str, me: Reader, site: TheSite) -> Response:
    """Show one brand's form."""
    word = _DONE.get(request.query_params.get("done", ""))
    found = read_brand(slug, site.deps.transactions)
    return _page(request, site, me, found, _Shown(said=say(word) if word else ""))


@router.post("/studio/brands/{slug}")
def save(request: Request, slug: str, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Keep what was typed; on a conflict show both."""
    values = _values(posted)
    try:
        edit_brand(
            slug,
            values,
            seen=posted.get("seen"),
            by=me.user.email,
            transactions=site.deps.transactions,
        )
    except DraftConflictError as error:
        fault = Fault(text=fault_of(error).text, status=409)
        found = read_brand(slug, site.deps.transactions)
        return _page(request, site, me, found, _Shown(fault=fault, given=values))
    except InvalidInputError as error:
        found = read_brand(slug, site.deps.transactions)
        return _page(request, site, me, found, _Shown(fault=fault_of(error), given=values))
    return done(f"{_PATH}/{slug}", "saved")


@router.post("/studio/brand-logo")
def take_logo(request: Request, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Keep a picture and make it the brand's logo."""
    slug, transactions = posted.get("brand"), site.deps.transactions
    try:
        _keep_logo(slug, posted, me, site)
    except DraftConflictError as error:
        fault = Fault(text=fault_of(error).text, status=409)
        return _page(request, site, me, read_brand(slug, transactions), _Shown(fault=fault))
    except InvalidInputError as error:
        shown = _Shown(fault=fault_of(error))
        return _page(request, site, me, read_brand(slug, transactions), shown)
    return done(f"{_PATH}/{slug}", "saved")


def _keep_logo(slug: str, posted: PostedForm, me: Me, site: Site) -> None:
    if posted.file is None or not posted.file.content:
        raise InvalidInputError(
            say("no picture was chosen"), field="file", remedy=say("Choose a file, try again.")
        )
    by, transactions = me.user.email, site.deps.transactions
    kept = keep_image(posted.file.content, posted.file.name, by=by, transactions=transactions)
    values = {"logo_url": site.deps.settings.base_url.rstrip("/") + kept.path}
    edit_brand(slug, values, seen=posted.get("seen"), by=by, transactions=transactions)


def _page(request: Request, site: Site, me: Me, found: BrandPage | None, shown: _Shown) -> Response:
    kept = asdict(found.brand) if found else {}
    return studio_page(
        site,
        request,
        "brand.html",
        me=me,
        place="Settings",
        status=shown.fault.status,
        found=found,
        groups=GROUPS,
        said=shown.said,
        fault=shown.fault,
        slug=shown.slug,
        # What is kept differs from what was typed only after a conflict or a mistake.
        given={**kept, **shown.given},
        kept=kept if shown.fault.status == 409 else {},  # HTTP's conflict
        may_edit=me.user.may(Permission.EDIT),
    )


def _values(posted: PostedForm) -> dict[str, str]:
    names = {name for name, _ in posted.items} & set(Brand.__slots__)
    return {name: posted.get(name) for name in names}
