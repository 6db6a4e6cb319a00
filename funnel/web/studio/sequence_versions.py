"""``/studio/sequences/{slug}/versions``: what was published, when, by whom; and the way back."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.speech import number
from funnel.services.read_versions import read_version, read_versions
from funnel.storage.sequences import VersionRecord
from funnel.web.auth import Me, Needs
from funnel.web.moments import iso, moment_here
from funnel.web.site import TheSite
from funnel.web.studio.sequence_words import origin_words, sequence_path
from funnel.web.studio.shell import studio_page

Reads = Annotated[Me, Depends(Needs(Permission.READ))]

router = APIRouter(prefix="/studio/sequences/{slug}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    number: int
    at: str
    at_iso: str
    by: str
    origin: str
    note: str
    people: str
    is_live: bool
    back: str
    file: str


@router.get("/versions")
def show_versions(request: Request, slug: str, me: Reads, site: TheSite) -> Response:
    """Show every version of a sequence, the newest first."""
    found = read_versions(slug, site.deps.transactions)
    has_live = any(each.is_live for each in found.versions)
    title = (
        read_version(slug, None, site.deps.transactions).definition.title
        if has_live
        else found.draft.definition.title
        if found.draft
        else slug
    )
    return studio_page(
        site,
        request,
        "sequence_versions.html",
        me=me,
        place="Sequences",
        slug=slug,
        path=sequence_path(slug),
        title=title,
        versions=[_shown(slug, each) for each in found.versions],
        draft=found.draft,
        may_change=me.user.may(Permission.EDIT),
    )


def _shown(slug: str, each: VersionRecord) -> _Shown:
    moment = each.published_at
    return _Shown(
        number=each.number,
        at=moment_here(moment),
        at_iso=iso(moment),
        by=each.published_by,
        origin=origin_words(each.origin),
        note=each.note,
        people=number(each.people),
        is_live=each.is_live,
        back=sequence_path(slug, "/affected", to=str(each.number)),
        file=sequence_path(slug, "/file", version=str(each.number)),
    )
