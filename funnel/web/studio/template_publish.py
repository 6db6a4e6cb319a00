"""From a draft to what is sent: the check with all that stands in the way, and publishing."""

from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import DraftConflictError, InvalidInputError
from funnel.domain.speech import number, say
from funnel.domain.text import clean_text
from funnel.rendering.finding import Severity
from funnel.services.edit_template import TemplatePage, read_template
from funnel.services.publish_template import (
    TemplateCheck,
    TemplateCheckError,
    check_template,
    publish_template,
)
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted
from funnel.web.moments import moment_here
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.sequence_words import progress_words
from funnel.web.studio.shell import done, studio_page
from funnel.web.studio.template_address import PLACE, key_of, number_of, path_of
from funnel.web.studio.template_editor import seen_of

_LONGEST_NOTE = 500  # characters

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What the page knows already: a check that was just made, what is wrong, what was typed."""

    check: TemplateCheck | None = None
    fault: Fault = NONE
    note: str = ""


@router.get("/studio/templates/{folder}/{name}/publish")
def show_check(folder: str, name: str, request: Request, me: Reader, site: TheSite) -> Response:
    """Show what stands in the way of publishing, and whom it concerns; changes nothing."""
    page = read_template(key_of(folder, name), site.deps.transactions)
    return _check_page(site, request, me, page, _Shown())


@router.post("/studio/templates/{folder}/{name}/publish")
def publish(
    folder: str, name: str, request: Request, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Make the draft what is sent."""
    key = key_of(folder, name)
    note = clean_text(posted.get("note"), limit=_LONGEST_NOTE)
    check = check_template(key, site.deps.previewing, asked_by=me.user.email)
    if check.waits is not None:
        page = read_template(key, site.deps.transactions)
        says = say("Nothing was published yet: it is still being written for each of them.")
        shown = _Shown(check=check, fault=Fault(text=says, status=409), note=note)
        return _check_page(site, request, me, page, shown)
    try:
        publish_template(
            key,
            seen=seen_of(posted),
            by=me.user.email,
            previewing=site.deps.previewing,
            note=note,
            over=number_of(posted.get("over")),
        )
    except TemplateCheckError as error:
        page = read_template(key, site.deps.transactions)
        shown = _Shown(check=error.check, fault=fault_of(error))
        return _check_page(site, request, me, page, shown)
    except InvalidInputError as error:
        status = 409 if isinstance(error, DraftConflictError) else 422
        page = read_template(key, site.deps.transactions)
        shown = _Shown(fault=replace(fault_of(error), status=status), note=note)
        return _check_page(site, request, me, page, shown)
    return done(path_of(key), "published")


def _check_page(
    site: Site, request: Request, me: Me, page: TemplatePage, shown: _Shown
) -> Response:
    check, fault = shown.check, shown.fault
    if check is None and page.draft is not None:
        check = check_template(page.key, site.deps.previewing, asked_by=me.user.email)
    return studio_page(
        site,
        request,
        "template_publish.html",
        me=me,
        place=PLACE,
        status=fault.status,
        page=page,
        path=path_of(page.key),
        check=check,
        progress=progress_words(check.waits) if check and check.waits else "",
        people_words=number(check.people) if check else "",
        errors=check.errors if check else (),
        warnings=[
            each for each in (check.findings if check else ()) if each.severity is Severity.WARNING
        ],
        fault=fault,
        note=shown.note,
        seen=page.draft.revision if page.draft else 0,
        saved_at=moment_here(page.draft.updated_at) if page.draft else "",
        may_edit=me.user.may(Permission.EDIT),
    )
