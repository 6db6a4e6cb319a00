"""What was published of an email: each version, what it says otherwise, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.publish_check import PublishCheck
from funnel.domain.readers import MadeUp, PersonReader, reader_text
from funnel.domain.speech import mark, say
from funnel.domain.text_difference import LineDifference, LineKind, Piece, differs
from funnel.services.edit_template import read_template
from funnel.services.read_template_versions import (
    RenderedDifference,
    TemplateVersions,
    list_versions,
    rendered_difference,
    text_difference_of,
)
from funnel.services.roll_back_template import find_roll_back_wait, roll_back_template
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted
from funnel.web.moments import moment_here
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.sequence_words import progress_words
from funnel.web.studio.shell import done, studio_page
from funnel.web.studio.template_address import PLACE, key_of, number_of, path_of

_DRAFT = "draft"
_LONGEST_SAME = 8  # lines
_AROUND = 2  # lines beside what differs
_EDGES, _BETWEEN = 140, 20  # pixels around an email, and between its paragraphs
_LINE, _CHARACTERS = 27, 36  # pixels of a line, characters of one in a narrow frame
_ORIGINS = {
    "file": mark("from its file"),
    "draft": mark("from a draft"),
    "rollback": mark("a former text, live again"),
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One version of the list; ``before`` is the version that it is compared with."""

    number: int
    at: str
    by: str
    origin: str
    note: str
    is_live: bool
    before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Lines of one kind; of a long stretch that both texts have the middle is ``folded``."""

    is_same: bool
    before: Sequence[LineDifference]
    folded: int = 0
    after: Sequence[LineDifference] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """What one person gets of both texts; ``subject`` and ``text`` are empty where they agree.

    ``heights`` are of their frames, in pixels: a frame without scripts cannot say its own.
    """

    reader: str
    name: str
    subject: list[Run]
    text: list[Run]
    difference: RenderedDifference
    heights: tuple[int, int]


@router.get("/studio/templates/{folder}/{name}/versions")
def show_versions(folder: str, name: str, request: Request, me: Reader, site: TheSite) -> Response:
    """Show every version, and what the newest (or the chosen one) says otherwise."""
    return _page(site, request, me, key_of(folder, name))


@router.post("/studio/templates/{folder}/{name}/roll-back")
def roll_back(
    folder: str, name: str, request: Request, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Make a former text what is sent again, as the next version."""
    key, number = key_of(folder, name), number_of(posted.get("number")) or -1
    by, previewing = me.user.email, site.deps.previewing
    try:
        if find_roll_back_wait(key, number, by=by, previewing=previewing) is not None:
            waiting = f"{path_of(key)}/versions?back={number}"
            return Response(status_code=303, headers={"location": waiting})
        roll_back_template(key, number, by=by, previewing=previewing)
    except InvalidInputError as error:
        return _page(site, request, me, key, fault=fault_of(error))
    return done(f"{path_of(key)}/versions", "rolled-back")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Back:
    """A version that somebody wants live again, and how far it is written for everybody."""

    number: int
    waits: PublishCheck | None
    progress: str


def _back(site: Site, me: Me, key: str, number: int | None) -> _Back | None:
    if number is None or not me.user.may(Permission.EDIT):
        return None
    previewing = site.deps.previewing
    try:
        waits = find_roll_back_wait(key, number, by=me.user.email, previewing=previewing)
    except (InvalidInputError, NotFoundError):
        return None  # it is live by now
    return _Back(number=number, waits=waits, progress=progress_words(waits) if waits else "")


def _page(site: Site, request: Request, me: Me, key: str, *, fault: Fault = NONE) -> Response:
    query = request.query_params
    page = read_template(key, site.deps.transactions)
    found = list_versions(key, site.deps.transactions)
    old, new = _chosen(query.get("from", ""), query.get("to", ""), found)
    is_compared = (old, new) != (None, None) and old != new
    is_rolled_back = query.get("done") == "rolled-back"
    return studio_page(
        site,
        request,
        "template_versions.html",
        me=me,
        place=PLACE,
        status=fault.status,
        fault=fault,
        said=say("The former text is live again, as a new version.") if is_rolled_back else "",
        page=page,
        path=path_of(key),
        back=_back(site, me, key, number_of(query.get("back", ""))),
        lines=_lines(found),
        draft_by=found.draft.updated_by if found.draft else "",
        draft_at=moment_here(found.draft.updated_at) if found.draft else "",
        newest=found.versions[0].number if found.versions else None,
        old=_named(old),
        new=_named(new),
        difference=runs_of(text_difference_of(key, old, new, site.deps.transactions))
        if is_compared
        else [],
        sides=_sides(rendered_difference(key, old, new, site.deps.previewing))
        if is_compared
        else (),
        may_edit=me.user.may(Permission.EDIT),
    )


def _lines(found: TemplateVersions) -> list[_Line]:
    numbers = [each.number for each in found.versions]
    before = dict(pairwise(numbers))
    return [
        _Line(
            number=each.number,
            at=moment_here(each.published_at),
            by=each.published_by,
            origin=say(_ORIGINS[each.origin]) if each.origin in _ORIGINS else each.origin,
            note=each.note,
            is_live=each.is_live,
            before=before.get(each.number),
        )
        for each in found.versions
    ]


def _sides(found: tuple[RenderedDifference, ...]) -> list[_Side]:
    made_up = iter((MadeUp.USUAL, MadeUp.NO_NAME))
    return [
        _Side(
            reader=reader_text(PersonReader(subscriber_id=each.subscriber_id))
            if each.subscriber_id
            else next(made_up).value,
            name=each.name,
            subject=_if_differing(each.subject),
            text=_if_differing(each.lines),
            difference=each,
            heights=(
                _height([line.old for line in each.lines]),
                _height([line.new for line in each.lines]),
            ),
        )
        for each in found
    ]


def _height(lines: Sequence[Sequence[Piece]]) -> int:
    """Return the pixels that a page of these lines may take: rather too many, so none is cut.

    The plain text is broken into lines of its own; the page breaks paragraphs as it is wide.
    """
    texts = ["".join(piece.text for piece in line) for line in lines]
    paragraphs = [" ".join(found) for has_words, found in groupby(texts, key=bool) if has_words]
    taken = (_BETWEEN + _LINE * (1 + len(each) // _CHARACTERS) for each in paragraphs)
    return _EDGES + sum(taken)


def runs_of(lines: Sequence[LineDifference]) -> list[Run]:
    """Return a difference in runs, as the pages draw it."""
    runs = []
    for is_same, found in groupby(lines, key=lambda each: each.kind is LineKind.SAME):
        run = list(found)
        if is_same and len(run) > _LONGEST_SAME:
            folded = len(run) - 2 * _AROUND
            runs.append(
                Run(is_same=True, before=run[:_AROUND], folded=folded, after=run[-_AROUND:])
            )
        else:
            runs.append(Run(is_same=is_same, before=run))
    return runs


def _if_differing(lines: Sequence[LineDifference]) -> list[Run]:
    return runs_of(lines) if differs(lines) else []


def _chosen(old: str, new: str, found: TemplateVersions) -> tuple[int | None, int | None]:
    """Return what is compared: as the address says, else the newest change; the draft is None."""
    numbers = [each.number for each in found.versions]
    known = {str(number) for number in numbers} | ({_DRAFT} if found.draft else set())
    if old in known and new in known:
        return number_of(old), number_of(new)
    if found.draft and numbers:
        return numbers[0], None
    # One version alone: nothing to compare, and the page says so.
    return (numbers[1], numbers[0]) if len(numbers) > 1 else (None, None)


def _named(number: int | None) -> str:
    return _DRAFT if number is None else str(number)
