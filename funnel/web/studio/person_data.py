"""A person's data: given out to them, or forgotten for good (GDPR, articles 15, 17 and 20)."""

import json
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import InvalidInputError
from funnel.services.erase_person import erase_person
from funnel.services.export_person import export_person
from funnel.services.read_person import read_person
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.person import called, id_of
from funnel.web.studio.shell import done, studio_page

router = APIRouter()


@router.post("/studio/people/{person_id}/export")
def export(person_id: str, me: EditorForm, site: TheSite) -> Response:
    """Give out all that is kept of somebody, as a file."""
    person = id_of(person_id)
    kept = export_person(person, site.deps.transactions, by=me.user.email)
    return Response(
        json.dumps(kept, ensure_ascii=False, indent=2),
        media_type="application/json",
        headers={
            "content-disposition": f'attachment; filename="person-{person}.json"',
            "cache-control": "no-store",
        },
    )


@router.get("/studio/people/{person_id}/erase")
def ask_erase(request: Request, person_id: str, me: Reader, site: TheSite) -> Response:
    """Show what erasing somebody does, before it is done."""
    return _page(request, site, me, id_of(person_id))


@router.post("/studio/people/{person_id}/erase")
def erase(
    request: Request, person_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Forget somebody for good."""
    person, deps = id_of(person_id), site.deps
    try:
        erase_person(
            person,
            posted.get("address"),
            deps.transactions,
            hash_key=deps.signup_rules.hash_key,
            by=me.user.email,
        )
    except InvalidInputError as error:
        return _page(request, site, me, person, fault_of(error))
    return done("/studio/people", "erased")


def _page(request: Request, site: Site, me: Me, person: UUID, fault: Fault = NONE) -> Response:
    found = read_person(person, site.deps.transactions)
    return studio_page(
        site,
        request,
        "person_erase.html",
        me=me,
        place="People",
        status=fault.status,
        person=found.person,
        called=called(found) or found.person.email,
        fault=fault,
        may_change=me.user.may(Permission.EDIT),
    )
