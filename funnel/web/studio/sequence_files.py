"""``/studio/sequences/{slug}/as-file``: a sequence as YAML, out and in."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import DraftConflictError, InvalidInputError, NotFoundError
from funnel.domain.marked_yaml import Problem
from funnel.domain.sequence_file import SequenceFileError
from funnel.domain.speech import say
from funnel.services.edit_draft import edit_draft
from funnel.services.read_versions import Versions, read_version, read_versions
from funnel.web.auth import Me, Needs, NeedsForm
from funnel.web.forms import Posted, PostedForm
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.sequence_words import sequence_path
from funnel.web.studio.shell import done, studio_page

_LONGEST_NUMBER: Final = 8  # digits

Reads = Annotated[Me, Depends(Needs(Permission.READ))]
Edits = Annotated[Me, Depends(NeedsForm(Permission.EDIT))]

router = APIRouter(prefix="/studio/sequences/{slug}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """What somebody brought, and what is wrong with it; nothing of it is lost."""

    text: str
    seen: str
    fault: Fault = NONE
    problems: tuple[Problem, ...] = ()
    theirs: str = ""
    theirs_by: str = ""


@router.get("/as-file")
def show_file(request: Request, slug: str, me: Reads, site: TheSite) -> Response:
    """Show the draft, or what is live, as the text that it is."""
    found = read_versions(slug, site.deps.transactions)
    if found.draft is not None:
        given = _Given(text=found.draft.source, seen=found.draft.checksum)
    else:
        given = _Given(text=read_version(slug, None, site.deps.transactions).text, seen="")
    return _page(site, request, me, found, given)


@router.get("/file")
def download(request: Request, slug: str, me: Reads, site: TheSite) -> Response:  # noqa: ARG001 (me is the bolt)
    """Give the draft, or a version, as a file."""
    query = request.query_params
    wanted = query.get("version", "")
    if query.get("of") == "draft":
        draft = read_versions(slug, site.deps.transactions).draft
        if draft is None:
            raise NotFoundError("no draft")
        return _file(f"{slug}.yaml", draft.source)
    if wanted and not (wanted.isascii() and wanted.isdecimal() and len(wanted) < _LONGEST_NUMBER):
        raise HTTPException(status_code=404)
    found = read_version(slug, int(wanted) if wanted else None, site.deps.transactions)
    return _file(f"{slug}-v{found.number}.yaml", found.text)


@router.post("/as-file")
def bring(request: Request, slug: str, me: Edits, posted: Posted, site: TheSite) -> Response:
    """Take a file, chosen or pasted, as the draft."""
    found = read_versions(slug, site.deps.transactions)
    text, seen = posted.get("source"), posted.get("seen")
    try:
        text = _brought(posted)
        edit_draft(
            slug,
            text,
            by=me.user.email,
            transactions=site.deps.transactions,
            seen=seen,
            needs_emails=False,
        )
    except SequenceFileError as error:
        given = _Given(text=text, seen=seen, fault=_mistakes(error), problems=error.problems)
        return _page(site, request, me, found, given)
    except DraftConflictError as error:
        fault = fault_of(error)
        given = _Given(
            text=text,
            seen=error.revision,
            fault=Fault(text=fault.text, status=409),
            theirs=error.theirs,
            theirs_by=error.by,
        )
        return _page(site, request, me, found, given)
    except InvalidInputError as error:
        return _page(site, request, me, found, _Given(text=text, seen=seen, fault=fault_of(error)))
    return done(sequence_path(slug), "brought")


def _brought(posted: PostedForm) -> str:
    """Return the chosen file's text, else what is written in the field.

    Raises:
        InvalidInputError: The file is not text in UTF-8.
    """
    if posted.file is None or not posted.file.content:
        return posted.get("source").replace("\r\n", "\n")
    try:
        text = posted.file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            say("“{name}” is not text in UTF-8", name=posted.file.name[:100]),
            field="file",
            remedy=say("Save it as UTF-8 text, or paste what it says below."),
        ) from error
    if "\x00" in text:
        raise InvalidInputError(
            say("“{name}” is no text", name=posted.file.name[:100]),
            field="file",
            remedy=say("Choose a sequence file: it ends in .yaml."),
        )
    return text.replace("\r\n", "\n")


def _mistakes(error: SequenceFileError) -> Fault:
    text = say("It was not taken: each mistake is named below, with its line. Nothing is lost.")
    return Fault(text=text, field=error.field or "")


def _file(name: str, text: str) -> Response:
    return Response(
        text,
        media_type="application/yaml; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def _page(site: Site, request: Request, me: Me, found: Versions, given: _Given) -> Response:
    lines = given.text.split("\n")
    return studio_page(
        site,
        request,
        "sequence_file.html",
        me=me,
        place="Sequences",
        status=given.fault.status,
        slug=found.slug,
        path=sequence_path(found.slug),
        title=found.draft.definition.title if found.draft else found.slug,
        has_draft=found.draft is not None,
        has_live=any(each.is_live for each in found.versions),
        given=given,
        problems=[
            (each, lines[each.line - 1].strip() if 0 < each.line <= len(lines) else "")
            for each in given.problems
        ],
        may_change=me.user.may(Permission.EDIT),
    )
