"""``/studio/landing``: the texts of each landing page, with the page itself beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import DraftConflictError, InvalidInputError
from funnel.domain.signup import LANDING_SOURCE
from funnel.domain.speech import mark, say
from funnel.rendering.landing import (
    DRAWINGS,
    LONGEST_BODY,
    LONGEST_SHORT,
    SHORT_TEXTS,
    LandingSource,
    check_landing,
    landing_from_json,
)
from funnel.services.edit_landing import (
    LandingPage,
    landing_values,
    put_back_landing,
    read_landing,
    save_landing,
)
from funnel.services.list_sequences import list_sequences
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted, PostedForm
from funnel.web.guards import framed_policy, page_policy
from funnel.web.public.landing import preview_landing
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done, studio_page

_PATH = "/studio/landing"
_MOST_DRAWINGS: Final = 3
_ANY_MINUTES: Final = 90
_DONE: Final = {
    "saved": mark("Saved. The next visitor sees it."),
    "put-back": mark("The texts from before are shown again."),
}
LABELS: Final = {
    "title": mark("Title"),
    "kicker": mark("Small line above the title"),
    "question": mark("The reader's question, below the title"),
    "description": mark("One sentence for search engines and shared links"),
    "form_title": mark("Title of the form"),
    "button": mark("Button"),
    "no_date": mark("The choice of no date"),
    "no_date_note": mark("What that choice means"),
    "letters_included": mark("What is said where the letters come with the masterclass"),
    "letters_asked": mark("What stands beside the box where the letters are asked for"),
    "fine_included": mark("Below the button, where the letters come with it"),
    "fine_asked": mark("Below the button, where the letters are asked for"),
    "privacy_url": mark("Address of your privacy page"),
    "imprint_url": mark("Address of your imprint"),
}
DRAWING_WORDS: Final = {
    "attention": mark("attention"),
    "learning": mark("learning"),
    "systems": mark("systems"),
    "none": mark("no drawing"),
}
_LONG: Final = frozenset(
    {"description", "letters_included", "letters_asked", "fine_included", "fine_asked"}
)

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What the page shows besides what is kept: what was typed and is wrong."""

    said: str = ""
    fault: Fault = NONE
    given: LandingSource | None = None
    others: Mapping[str, str] = field(default_factory=dict)


@router.get("/studio/landing")
def show_pages(request: Request, me: Reader, site: TheSite) -> Response:
    """Show every sequence's landing page."""
    lines = list_sequences(site.deps.transactions).lines
    return studio_page(site, request, "landings.html", me=me, place="Settings", lines=lines)


@router.get("/studio/landing/{slug}")
def show_texts(request: Request, slug: str, me: Reader, site: TheSite) -> Response:
    """Show the texts of one page."""
    word = _DONE.get(request.query_params.get("done", ""))
    found = read_landing(slug, site.deps.transactions)
    return _page(request, site, me, found, _Shown(said=say(word) if word else ""))


@router.post("/studio/landing/{slug}")
def save(request: Request, slug: str, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Keep the texts; on a conflict show both."""
    transactions, given = site.deps.transactions, _given(posted)
    try:
        save_landing(slug, given, seen=_seen(posted), by=me.user.email, transactions=transactions)
    except DraftConflictError as error:
        fault = Fault(text=fault_of(error).text, status=409)
        shown = _Shown(fault=fault, given=given, others=_others(error, site))
        return _page(request, site, me, read_landing(slug, transactions), shown)
    except InvalidInputError as error:
        shown = _Shown(fault=fault_of(error), given=given)
        return _page(request, site, me, read_landing(slug, transactions), shown)
    return done(f"{_PATH}/{slug}", "saved")


@router.post("/studio/landing/{slug}/put-back")
def put_back(
    request: Request, slug: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Show the texts from before."""
    transactions = site.deps.transactions
    try:
        put_back_landing(slug, seen=_seen(posted), by=me.user.email, transactions=transactions)
    except DraftConflictError as error:
        shown = _Shown(fault=Fault(text=fault_of(error).text, status=409))
        return _page(request, site, me, read_landing(slug, transactions), shown)
    return done(f"{_PATH}/{slug}", "put-back")


@router.get("/studio/landing/{slug}/preview")
def show_preview(request: Request, slug: str, _me: Reader, site: TheSite) -> Response:
    """Show the page as it is, for the frame beside the texts."""
    found = read_landing(slug, site.deps.transactions)
    return _framed(request, site, found, _source(found, site))


@router.post("/studio/landing/{slug}/preview")
def preview(
    request: Request, slug: str, _me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Show the page as it would be; nothing is kept."""
    found = read_landing(slug, site.deps.transactions)
    return _framed(request, site, found, _given(posted))


def _framed(request: Request, site: Site, found: LandingPage, source: LandingSource) -> Response:
    try:
        check_landing(source, landing_values(found.brand, _ANY_MINUTES))
        answer = preview_landing(request, site, found.sequence_id, source)
    except InvalidInputError as error:
        fault = fault_of(error)
        answer = site.page(
            request, "studio/framed_fault.html", brand=None, fault=fault, status=422, is_framed=True
        )
    policy = answer.headers.get("content-security-policy", page_policy())
    answer.headers["content-security-policy"] = framed_policy(policy)
    answer.headers["x-frame-options"] = "SAMEORIGIN"
    answer.headers["x-robots-tag"] = "noindex"
    return answer


def _page(request: Request, site: Site, me: Me, found: LandingPage, shown: _Shown) -> Response:
    return studio_page(
        site,
        request,
        "landing.html",
        me=me,
        place="Settings",
        status=shown.fault.status,
        found=found,
        source=shown.given or _source(found, site),
        others=shown.others,
        said=shown.said,
        fault=shown.fault,
        labels=LABELS,
        long=_LONG,
        drawings=DRAWING_WORDS,
        most_drawings=_MOST_DRAWINGS,
        longest_short=LONGEST_SHORT,
        longest_body=LONGEST_BODY,
        is_first=_is_at_front(site, found),
        may_edit=me.user.may(Permission.EDIT),
    )


def _is_at_front(site: Site, found: LandingPage) -> bool:
    """Whether the page stands at the service's own address."""
    source = site.deps.sources.find(LANDING_SOURCE)
    return source is not None and source.sequence_id == found.sequence_id


def _source(found: LandingPage, site: Site) -> LandingSource:
    if found.source is None:
        return site.landing_file.source()
    return landing_from_json(found.source)


def _given(posted: PostedForm) -> LandingSource:
    drawings = [posted.get(f"drawing-{number}") for number in range(_MOST_DRAWINGS)]
    return LandingSource(
        short={name: _one_line(posted.get(name)) for name in SHORT_TEXTS},
        drawings=tuple(each if each in DRAWINGS else "none" for each in drawings),
        body=posted.get("body").replace("\r\n", "\n"),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _seen(posted: PostedForm) -> int:
    text = posted.get("seen")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _others(error: DraftConflictError, site: Site) -> dict[str, str]:
    """Return what somebody else kept meanwhile, by the field."""
    theirs = landing_from_json(error.theirs) if error.theirs else site.landing_file.source()
    return {**theirs.short, "body": theirs.body}
