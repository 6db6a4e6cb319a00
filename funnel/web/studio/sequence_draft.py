"""A sequence's draft as a whole: discard it, put it back, let it follow what is live by now."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.speech import say
from funnel.services.discard_draft import discard_draft
from funnel.services.edit_draft import edit_draft
from funnel.services.read_versions import read_versions
from funnel.web.auth import Me, NeedsForm
from funnel.web.forms import Posted
from funnel.web.site import TheSite
from funnel.web.studio.faults import fault_of
from funnel.web.studio.sequence import PLACE, Asked, Shown, sequence_page
from funnel.web.studio.sequence_view import Undo
from funnel.web.studio.sequence_words import sequence_path
from funnel.web.studio.shell import done, studio_page

Edits = Annotated[Me, Depends(NeedsForm(Permission.EDIT))]

router = APIRouter(prefix="/studio/sequences/{slug}/draft")


@router.post("/discard")
def discard(request: Request, slug: str, me: Edits, posted: Posted, site: TheSite) -> Response:
    """Forget the draft; the page that answers can put it back."""
    asked = Asked(site=site, request=request, me=me, slug=slug)
    transactions = site.deps.transactions
    try:
        gone = discard_draft(
            slug, by=me.user.email, transactions=transactions, seen=posted.get("seen")
        )
    except InvalidInputError as error:
        return sequence_page(asked, Shown(fault=fault_of(error), status=409))
    undo = Undo(
        says=say("The draft is discarded. What is live stays as it is."),
        source=gone.source,
        base="" if gone.base_number is None else str(gone.base_number),
        seen="",
    )
    if gone.base_number is None:
        # It was never live: there is no page of it any more.
        return studio_page(
            site,
            request,
            "sequence_forgotten.html",
            me=me,
            place=PLACE,
            path=sequence_path(slug),
            undo=undo,
        )
    return sequence_page(asked, Shown(undo=undo))


@router.post("/put-back")
def put_back(request: Request, slug: str, me: Edits, posted: Posted, site: TheSite) -> Response:
    """Let the draft say again what it said before the last change."""
    asked = Asked(site=site, request=request, me=me, slug=slug)
    transactions = site.deps.transactions
    # Browsers post lines as CRLF (HTML, 4.10.21.8), whatever the text had.
    source = posted.get("source").replace("\r\n", "\n")
    base = posted.get("base")
    try:
        if not source.strip():
            discard_draft(
                slug, by=me.user.email, transactions=transactions, seen=posted.get("seen")
            )
        else:
            edit_draft(
                slug,
                source,
                by=me.user.email,
                transactions=transactions,
                on=int(base) if base.isdecimal() else None,
                seen=posted.get("seen"),
                needs_emails=False,
            )
    except InvalidInputError as error:
        return sequence_page(asked, Shown(fault=fault_of(error), status=409))
    return done(sequence_path(slug), "back")


@router.post("/begin-anew")
def begin_anew(request: Request, slug: str, me: Edits, posted: Posted, site: TheSite) -> Response:
    """Let the draft follow the version that is live by now, with all that it says."""
    asked = Asked(site=site, request=request, me=me, slug=slug)
    transactions, on = site.deps.transactions, posted.get("on")
    draft = read_versions(slug, transactions).draft
    if draft is None:
        raise NotFoundError("no draft")
    try:
        edit_draft(
            slug,
            draft.source,
            by=me.user.email,
            transactions=transactions,
            on=int(on) if on.isdecimal() else None,
            seen=posted.get("seen"),
            needs_emails=False,
        )
    except InvalidInputError as error:
        return sequence_page(asked, Shown(fault=fault_of(error), status=409))
    return done(sequence_path(slug, "/affected"))
