"""``/studio/forms``: where signups come from, what to paste into another site, and secrets."""

from dataclasses import dataclass, field
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.signup import LANDING_SOURCE, LettersOffer, Source
from funnel.domain.speech import mark, say
from funnel.services.add_source import NewSource, add_source, list_sources, rotate_secret
from funnel.services.change_source import SourceChange, change_source
from funnel.services.list_sequences import list_sequences
from funnel.services.record_refusal import count_refusals
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted, PostedForm
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done, studio_page

_PATH = "/studio/forms"
_LONGEST_NUMBER: Final = 6  # digits
KINDS: Final = {
    "page": (
        mark("our own page, and a form to paste"),
        mark("People fill it in; no secret is needed."),
    ),
    "builder": (
        mark("a form builder or automation tool"),
        mark("It sends signups with a secret. It need not sign."),
    ),
    "signed": (
        mark("a program that signs"),
        mark("Your own code, by the scheme of Standard Webhooks."),
    ),
}
LETTERS: Final = {
    LettersOffer.INCLUDED: mark("the form says that the masterclass comes with letters"),
    LettersOffer.ASKED: mark("the form asks for the letters by a box"),
}
_DONE: Final = {
    "changed": mark("Saved. It counts within seconds."),
    "added": mark("The form is there."),
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What a page shows besides what is kept: secrets, this once; what was typed and is wrong."""

    said: str = ""
    fault: Fault = NONE
    given: PostedForm = field(default_factory=PostedForm)
    secrets: tuple[tuple[str, str], ...] = ()


@router.get("/studio/forms")
def show_forms(request: Request, me: Reader, site: TheSite) -> Response:
    """Show where signups come from."""
    return _list(request, site, me, _Shown())


@router.post("/studio/forms")
def add(request: Request, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Add a source; its secrets are shown this once."""
    kind = posted.get("kind")
    new = NewSource(
        slug=posted.get("slug").strip(),
        sequence_slug=posted.get("sequence"),
        letters=_letters(posted),
        is_signed=kind == "signed",
        has_form_secret=kind == "builder",
    )
    try:
        source = add_source(new, site.deps.transactions, by=me.user.email)
    except InvalidInputError as error:
        return _list(request, site, me, _Shown(fault=fault_of(error), given=posted))
    except NotFoundError:
        text = say("That sequence is not live any more. Choose another one.")
        fault = Fault(text=text, field="sequence", status=409)
        return _list(request, site, me, _Shown(fault=fault, given=posted))
    if source.is_open_to_all:
        return done(f"{_PATH}/{source.slug}", "added")
    return _page(request, site, me, source, _Shown(secrets=_secrets(source)))


@router.get("/studio/forms/{slug}")
def show_form(request: Request, slug: str, me: Reader, site: TheSite) -> Response:
    """Show one source: its addresses, what to paste, how it is treated."""
    word = _DONE.get(request.query_params.get("done", ""))
    return _page(request, site, me, _source(slug, site), _Shown(said=say(word) if word else ""))


@router.post("/studio/forms/{slug}")
def change(request: Request, slug: str, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Change how a source is treated."""
    try:
        wanted = SourceChange(
            letters=_letters(posted),
            is_double_opt_in=posted.get("double") == "yes",
            is_active=posted.get("active") == "yes",
            wording=posted.get("wording").strip()[:80] or None,
            per_minute=_per_minute(posted),
        )
        change_source(slug, wanted, site.deps.transactions, by=me.user.email)
    except InvalidInputError as error:
        shown = _Shown(fault=fault_of(error), given=posted)
        return _page(request, site, me, _source(slug, site), shown)
    return done(f"{_PATH}/{slug}", "changed")


@router.post("/studio/forms/{slug}/secret")
def rotate(request: Request, slug: str, me: EditorForm, site: TheSite) -> Response:
    """Make another secret that signs, and show it this once."""
    source = _source(slug, site)
    if not source.secrets:
        raise NotFoundError("it signs nothing")
    secret = rotate_secret(slug, site.deps.transactions, by=me.user.email)
    said = say("The former secret works too, until you make the next one.")
    shown = _Shown(said=said, secrets=((say("Secret that signs"), secret),))
    return _page(request, site, me, source, shown)


def _list(request: Request, site: Site, me: Me, shown: _Shown) -> Response:
    transactions = site.deps.transactions
    refused = count_refusals(transactions)
    found = list_sources(transactions)
    titles = {each: site.offer(each).sequence_title for each in {s.sequence_id for s in found}}
    return studio_page(
        site,
        request,
        "forms.html",
        me=me,
        place="Settings",
        status=shown.fault.status,
        fault=shown.fault,
        given=shown.given,
        forms=[
            {
                "slug": each.slug,
                "sequence": titles[each.sequence_id],
                "kind": say(KINDS[_kind(each)][0]),
                "is_active": each.is_active,
                "refused": refused[each.id].number if each.id in refused else 0,
                "why": refused[each.id].newest_reason if each.id in refused else "",
            }
            for each in found
        ],
        kinds=KINDS,
        letters=LETTERS,
        sequences=list_sequences(transactions).lines,
        may_edit=me.user.may(Permission.EDIT),
    )


def _page(request: Request, site: Site, me: Me, source: Source, shown: _Shown) -> Response:
    base_url = site.deps.settings.base_url.rstrip("/")
    page = "/" if source.slug == LANDING_SOURCE else f"/signup/{source.slug}"
    return studio_page(
        site,
        request,
        "form.html",
        me=me,
        place="Settings",
        status=shown.fault.status,
        said=shown.said,
        fault=shown.fault,
        given=shown.given,
        source=source,
        kind=say(KINDS[_kind(source)][0]),
        letters=LETTERS,
        page_address=f"{base_url}{page}" if source.is_open_to_all else "",
        post_address=f"{base_url}/form/{source.slug}#seat",
        hook_address=f"{base_url}/webhooks/signup/{source.slug}",
        secrets=shown.secrets,
        may_edit=me.user.may(Permission.EDIT),
    )


def _source(slug: str, site: Site) -> Source:
    found = next((each for each in list_sources(site.deps.transactions) if each.slug == slug), None)
    if found is None:
        raise NotFoundError(f"there is no form “{slug}”")
    return found


def _kind(source: Source) -> str:
    if source.is_open_to_all:
        return "page"
    return "builder" if source.form_secret is not None else "signed"


def _secrets(source: Source) -> tuple[tuple[str, str], ...]:
    signing = [(say("Secret that signs"), each) for each in source.secrets]
    form = [(say("Secret of the form"), source.form_secret)] if source.form_secret else []
    return (*signing, *form)


def _letters(posted: PostedForm) -> LettersOffer:
    given = posted.get("letters")
    return LettersOffer(given) if given in set(LettersOffer) else LettersOffer.INCLUDED


def _per_minute(posted: PostedForm) -> int:
    text = posted.get("per_minute").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise InvalidInputError(
            say("“{value}” is no number of signups", value=text),
            field="per_minute",
            remedy=say("Write a whole number, or nothing for no limit."),
        )
    return int(text)
