"""Pictures for emails: taken in from a form or a script, answered as the line to put in."""

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import say
from funnel.domain.text import clean_text
from funnel.services.keep_image import KeptImage, keep_image
from funnel.web.auth import EditorForm, Me, safe_next
from funnel.web.errors import wants_json
from funnel.web.forms import Posted, PostedForm
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import studio_page
from funnel.web.studio.template_address import PLACE

_LONGEST_ALT = 300  # characters

router = APIRouter()


@router.post("/studio/images")
def take_image(request: Request, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Keep a picture, and say how an email shows it."""
    try:
        kept = _kept(posted, me, site)
    except InvalidInputError as error:
        fault = fault_of(error)
        if wants_json(request):
            return JSONResponse({"problem": fault.text}, status_code=fault.status)
        return _page(request, site, me, posted, fault=fault)
    if wants_json(request):
        address = site.deps.settings.base_url.rstrip("/") + kept.path
        return JSONResponse({"address": address, "width": kept.width, "height": kept.height})
    return _page(request, site, me, posted, kept=kept)


def _kept(posted: PostedForm, me: Me, site: Site) -> KeptImage:
    if posted.file is None:
        raise InvalidInputError(
            say("No picture was chosen."), field="file", remedy=say("Choose a file, and try again.")
        )
    return keep_image(
        posted.file.content,
        posted.file.name,
        by=me.user.email,
        transactions=site.deps.transactions,
    )


def _page(
    request: Request,
    site: Site,
    me: Me,
    posted: PostedForm,
    *,
    kept: KeptImage | None = None,
    fault: Fault = NONE,
) -> Response:
    """Show a picture that a form brought, and the line that puts it into an email."""
    alt = clean_text(posted.get("alt"), limit=_LONGEST_ALT)
    shown = alt.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    address = site.deps.settings.base_url.rstrip("/") + kept.path if kept else ""
    return studio_page(
        site,
        request,
        "template_image.html",
        me=me,
        place=PLACE,
        status=fault.status,
        fault=fault,
        kept=kept,
        alt=alt,
        line=f"![{shown}]({address})" if kept else "",
        back=safe_next(posted.get("back")),
    )
