"""What those who may change people do to one: pause the letters, let them go on, stop them."""

from uuid import UUID

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from funnel.domain.consent import Topic
from funnel.domain.errors import NotFoundError
from funnel.domain.signup import Visitor
from funnel.services.pause_letters import PauseLength, pause_letters, resume_letters
from funnel.services.unsubscribe import Word, unsubscribe
from funnel.web.auth import EditorForm
from funnel.web.forms import Posted
from funnel.web.ids import read_id
from funnel.web.site import TheSite
from funnel.web.studio.shell import done

# Whose browser it was says nothing about the person, so the consent names none.
_WORD = Word(source="studio", visitor=Visitor())
_ENDS = {"letters": Topic.LETTERS, "everything": None}

router = APIRouter()


@router.post("/studio/people/{person_id}/pause")
def pause(person_id: str, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Let no letter leave to somebody for a while."""
    person, length = _id(person_id), posted.get("length")
    if length not in set(PauseLength):
        raise HTTPException(status_code=422)
    pause_letters(person, PauseLength(length), site.deps.transactions, by=me.user.email)
    return done(_path(person), "paused")


@router.post("/studio/people/{person_id}/resume")
def resume(person_id: str, me: EditorForm, site: TheSite) -> Response:
    """End a pause."""
    person = _id(person_id)
    resume_letters(person, site.deps.transactions, by=me.user.email)
    return done(_path(person), "resumed")


@router.post("/studio/people/{person_id}/stop")
def stop(person_id: str, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """End the letters to somebody, or everything."""
    person, what = _id(person_id), posted.get("what")
    if what not in _ENDS:
        raise HTTPException(status_code=422)
    unsubscribe(person, _ENDS[what], _WORD, site.deps.transactions, by=me.user.email)
    return done(_path(person), f"{what}-stopped")


def _id(text: str) -> UUID:
    found = read_id(text)
    if found is None:
        raise NotFoundError("not an id")
    return found


def _path(person: UUID) -> str:
    return f"/studio/people/{person}"
