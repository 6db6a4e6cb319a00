"""As whom an email is looked at: somebody who is here, found by name, or somebody made up."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.readers import MadeUp, MadeUpReader, PersonReader, read_reader, reader_text
from funnel.domain.readers import Reader as EmailReader
from funnel.domain.speech import mark, say
from funnel.services.list_people import list_people
from funnel.services.read_person import read_person
from funnel.web.auth import Reader
from funnel.web.site import Site, TheSite
from funnel.web.studio.people import shown_name

_MOST_FOUND = 8
_MADE_UP = {
    MadeUp.USUAL: mark("Ana Beispiel, made up"),
    MadeUp.NO_NAME: mark("Somebody without a name, made up"),
    MadeUp.LONG_NAME: mark("Somebody with a very long name, made up"),
    MadeUp.RIGHT_TO_LEFT: mark("Somebody who writes from right to left, made up"),
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One reader to choose: how a form names them, and what people read."""

    value: str
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """What the picker shows.

    Attributes:
        asked: What was looked for, where no script looks while one types.
        found: Who was found by it.
    """

    chosen: Choice
    choices: tuple[Choice, ...]
    asked: str = ""
    found: tuple[Choice, ...] = ()


@router.get("/studio/templates/readers")
def find_readers(request: Request, _me: Reader, site: TheSite) -> Response:
    """Answer whom a script may offer for what was typed."""
    found = _found(request.query_params.get("q", ""), site)
    return JSONResponse(
        [{"value": each.value, "name": each.name, "detail": each.detail} for each in found]
    )


def reader_of(text: str) -> EmailReader:
    """Return the reader that a form names; the usual made-up one where it names nobody."""
    try:
        return read_reader(text)
    except InvalidInputError:
        return MadeUpReader(kind=MadeUp.USUAL)


def chosen_reader(request: Request, site: Site) -> Readers:
    """Return the picker of a page: who its address names, and whom else one may choose."""
    asked = request.query_params.get("q", "")
    made_up = tuple(Choice(value=kind, name=say(words)) for kind, words in _MADE_UP.items())
    chosen = _named(reader_of(request.query_params.get("reader", "")), site, made_up)
    choices = made_up if chosen in made_up else (chosen, *made_up)
    found = _found(asked, site) if asked else ()
    return Readers(chosen=chosen, choices=choices, asked=asked, found=found)


def _named(reader: EmailReader, site: Site, made_up: tuple[Choice, ...]) -> Choice:
    if isinstance(reader, PersonReader):
        try:
            found = read_person(reader.subscriber_id, site.deps.transactions)
        except NotFoundError:
            return made_up[0]
        person = found.person
        name = f"{person.first_name} {person.last_name}".strip() or person.email
        return Choice(value=reader_text(reader), name=name, detail=person.email)
    return next(each for each in made_up if each.value == reader.kind)


def _found(asked: str, site: Site) -> tuple[Choice, ...]:
    if not asked.strip():
        return ()
    people = list_people(asked, site.deps.transactions).people
    return tuple(
        Choice(
            value=str(each.line.id),
            name=shown_name(each.line) or each.line.email,
            detail=each.line.email,
        )
        for each in people[:_MOST_FOUND]
        if each.line.is_confirmed
    )
