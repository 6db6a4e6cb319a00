"""``/studio/templates/<sequence>/<email>``: where an email is written, saved, discarded."""

import json
from dataclasses import asdict, dataclass, replace

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from funnel.domain.access import Permission
from funnel.domain.errors import DraftConflictError, InvalidInputError
from funnel.domain.speech import mark, say
from funnel.domain.template_draft import TemplateDraft
from funnel.domain.text_passages import Choice, merged, passages
from funnel.services.edit_template import (
    TemplatePage,
    discard_template_draft,
    read_template,
    save_template_draft,
)
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.errors import wants_json
from funnel.web.forms import Posted, PostedForm
from funnel.web.moments import iso, moment_here
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done, studio_page
from funnel.web.studio.template_address import (
    PLACE,
    key_of,
    number_of,
    path_of,
)
from funnel.web.studio.template_preview import preview_of
from funnel.web.studio.template_readers import chosen_reader
from funnel.web.studio.template_words import fields, filters, listed_fields, snippets

_DONE = {
    "saved": mark("The draft is saved. Nobody gets it before it is published."),
    "merged": mark("Both texts are put together and saved as the draft."),
    "test": mark("The test is on its way."),
    "rolled-back": mark("The former text is live again."),
    "restored": mark("The draft is back."),
}

router = APIRouter()


@router.get("/studio/templates/{folder}/{name}")
def show_editor(folder: str, name: str, request: Request, me: Reader, site: TheSite) -> Response:
    """Show an email with its draft, and how somebody gets it."""
    page = read_template(key_of(folder, name), site.deps.transactions)
    word = request.query_params.get("done", "")
    if word == "published" and page.live is not None:
        return editor_page(site, request, me, page, _published(page.live.number))
    said = _DONE.get(word, "")
    return editor_page(site, request, me, page, Shown(said=say(said) if said else ""))


def _published(number: int) -> "Shown":
    """Say that a version is live, with the way back to the one before."""
    says = say(
        "Version {number} is live: everybody gets this text from the next email on.", number=number
    )
    return Shown(said=says, before=number - 1)


@router.post("/studio/templates/{folder}/{name}")
def save(
    folder: str, name: str, request: Request, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Keep what was typed as the draft; a script asks every second, a form when it is sent."""
    key = key_of(folder, name)
    try:
        draft = save_draft(key, posted, me, site)
    except DraftConflictError as error:
        return _conflict(site, request, me, key, error)
    except InvalidInputError as error:
        return _refused(site, request, me, key, posted, error)
    if wants_json(request):
        return JSONResponse(saved_json(draft))
    return done(path_of(key), "saved")


@router.post("/studio/templates/{folder}/{name}/merge")
def merge(
    folder: str, name: str, request: Request, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Save one text of two, each passage as it was chosen."""
    key = key_of(folder, name)
    found = passages(_typed(posted, "theirs"), _typed(posted, "yours"))
    choices = {
        place: Choice(value)
        for place in range(len(found))
        if (value := posted.get(f"passage-{place}")) in set(Choice)
    }
    text = merged(found, {} if posted.get("all") == "yours" else choices)
    try:
        _save(key, text, posted, me, site)
    except DraftConflictError as error:
        return _conflict(site, request, me, key, error)
    except InvalidInputError as error:
        return _refused(site, request, me, key, posted, error)
    return done(path_of(key), "merged")


@router.post("/studio/templates/{folder}/{name}/discard")
def discard(
    folder: str, name: str, request: Request, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Forget a draft, and show the page with a button that puts it back."""
    key = key_of(folder, name)
    try:
        was = discard_template_draft(
            key, seen=seen_of(posted), by=me.user.email, transactions=site.deps.transactions
        )
    except DraftConflictError as error:
        page = read_template(key, site.deps.transactions)
        return editor_page(
            site, request, me, page, Shown(fault=replace(fault_of(error), status=409))
        )
    page = read_template(key, site.deps.transactions)
    return editor_page(site, request, me, page, Shown(discarded=was.source if was else None))


def save_draft(key: str, posted: PostedForm, me: Me, site: Site) -> TemplateDraft | None:
    """Keep what a form holds; ``None``: there is no draft and what was typed is what is live.

    Raises:
        DraftConflictError: Somebody else saved meanwhile.
        InvalidInputError: It cannot be kept.
    """
    return _save(key, _typed(posted, "source"), posted, me, site)


def _save(key: str, text: str, posted: PostedForm, me: Me, site: Site) -> TemplateDraft | None:
    seen, transactions = seen_of(posted), site.deps.transactions
    if not seen:
        page = read_template(key, transactions)
        if page.draft is None and page.live is not None and page.source == text:
            return None
    return save_template_draft(key, text, seen=seen, by=me.user.email, transactions=transactions)


def seen_of(posted: PostedForm) -> int:
    """Return the revision that a form was made from; what is no number was made from none."""
    return number_of(posted.get("seen")) or 0


def saved_json(draft: TemplateDraft | None) -> dict[str, object]:
    """Return what the script needs to know of a draft that was saved."""
    if draft is None:
        return {"revision": 0, "at": "", "by": ""}
    return {"revision": draft.revision, "at": iso(draft.updated_at), "by": draft.updated_by}


def _typed(posted: PostedForm, name: str) -> str:
    # Browsers post CR LF, whatever the field held.
    return posted.get(name).replace("\r\n", "\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the editor shows besides the email.

    Attributes:
        said: What was done.
        before: The version that was live before, to go back to; 0: none was.
        fault: What is wrong.
        source: What was typed and not kept; ``None``: what is kept.
        discarded: The text of a draft that was just discarded, to put back.
    """

    said: str = ""
    before: int = 0
    fault: Fault = NONE
    source: str | None = None
    discarded: str | None = None


def editor_page(site: Site, request: Request, me: Me, page: TemplatePage, shown: Shown) -> Response:
    """Return the editor."""
    reader = chosen_reader(request, site)
    source = page.source if shown.source is None else shown.source
    return studio_page(
        site,
        request,
        "template.html",
        me=me,
        place=PLACE,
        status=shown.fault.status,
        said=shown.said,
        before=shown.before,
        fault=shown.fault,
        page=page,
        path=path_of(page.key),
        source=source,
        preview=preview_of(page.key, source, reader.chosen.value, site),
        seen=page.draft.revision if page.draft else 0,
        discarded=shown.discarded,
        saved_at=moment_here(page.draft.updated_at) if page.draft else "",
        saved_iso=iso(page.draft.updated_at) if page.draft else "",
        may_edit=me.user.may(Permission.EDIT),
        reader=reader,
        words=json.dumps(_words(), ensure_ascii=False),
        snippets=snippets(),
        listed_fields=listed_fields(),
    )


def _words() -> dict[str, object]:
    return {
        "fields": {name: [asdict(each) for each in words] for name, words in fields().items()},
        "filters": [asdict(each) for each in filters()],
    }


def _conflict(
    site: Site, request: Request, me: Me, key: str, error: DraftConflictError
) -> Response:
    """Say that somebody else saved, with both texts; nothing was changed."""
    # Not as a fault is said: it begins with an address, which has no capital.
    at, problem = error.at, f"{error} {error.remedy}".strip()
    if wants_json(request):
        return JSONResponse(
            {
                "problem": problem,
                "by": error.by,
                "at": iso(at) if at else "",
                "revision": error.revision,
                "theirs": error.theirs,
                "yours": error.yours,
            },
            status_code=409,
        )
    page = read_template(key, site.deps.transactions)
    return studio_page(
        site,
        request,
        "template_conflict.html",
        me=me,
        place=PLACE,
        status=409,
        page=page,
        path=path_of(key),
        theirs=error.theirs,
        yours=error.yours,
        seen=error.revision or "0",
        by=error.by,
        at=moment_here(at) if at else "",
        at_iso=iso(at) if at else "",
        problem=problem,
        passages=passages(error.theirs, error.yours),
    )


def _refused(
    site: Site, request: Request, me: Me, key: str, posted: PostedForm, error: InvalidInputError
) -> Response:
    """Say what is wrong; what was typed stays in the page."""
    fault = fault_of(error)
    if wants_json(request):
        return JSONResponse({"problem": fault.text, "field": fault.field}, status_code=fault.status)
    page = read_template(key, site.deps.transactions)
    return editor_page(site, request, me, page, Shown(fault=fault, source=_typed(posted, "source")))
