"""What is done to one email of a sequence: each act changes the draft, nothing that is live."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.draft_changes import StepState
from funnel.domain.errors import DraftConflictError, InvalidInputError, NotFoundError
from funnel.domain.sequence import StepKind
from funnel.domain.speech import say
from funnel.domain.step_edits import StillCountedError
from funnel.domain.step_form import StepForm, StepFormError, TimingForm
from funnel.services.edit_steps import (
    EditedDraft,
    add_step,
    duplicate_step,
    edit_step,
    place_step,
    remove_step,
)
from funnel.services.read_sequence_page import StepLine, read_sequence_page
from funnel.web.auth import Me, NeedsForm
from funnel.web.forms import Posted, PostedForm
from funnel.web.moments import moment_here
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import Fault, fault_of
from funnel.web.studio.sequence import Asked, Conflict, Shown, sequence_page
from funnel.web.studio.sequence_beside import beside
from funnel.web.studio.sequence_card import card_of, posted_card
from funnel.web.studio.sequence_view import Undo
from funnel.web.studio.sequence_words import sequence_path

_LONGEST_NUMBER: Final = 5  # digits of a place in the list

Reads = Annotated[Me, Depends(NeedsForm(Permission.READ))]
Edits = Annotated[Me, Depends(NeedsForm(Permission.EDIT))]

router = APIRouter(prefix="/studio/sequences/{slug}/steps")


@router.post("")
def add(request: Request, slug: str, me: Edits, posted: Posted, site: TheSite) -> Response:
    """Add an email below another one, and open its card."""
    asked = Asked(site=site, request=request, me=me, slug=slug)
    after = posted.get("after")
    timing = TimingForm(anchor=after, days="2", at="09:00") if after else TimingForm(days="1")
    form = StepForm(
        name=posted.get("name").strip(),
        kind=StepKind.LETTER,
        timing=timing,
        weekdays=("mon", "tue", "wed", "thu", "fri"),
    )

    def act() -> EditedDraft:
        if not form.name:
            raise InvalidInputError(
                say("the new email has no name"),
                field="new-name",
                remedy=say("Say what you will call it."),
            )
        seen, by, transactions = _seen(posted), me.user.email, site.deps.transactions
        return add_step(slug, form, after or None, seen=seen, by=by, transactions=transactions)

    return _answer(asked, posted, act, word="added")


@router.post("/{key}")
def save(
    request: Request, slug: str, key: str, me: Edits, posted: Posted, site: TheSite
) -> Response:
    """Keep one card in the draft."""
    asked = Asked(site=site, request=request, me=me, slug=slug)
    form = posted_card(posted)
    seen, by, transactions = _seen(posted), me.user.email, site.deps.transactions
    try:
        edited = edit_step(slug, key, form, seen=seen, by=by, transactions=transactions)
    except StepFormError as error:
        shown = Shown(key=key, form=form, problems=error.problems, status=422)
        return sequence_page(asked, shown)
    except DraftConflictError as error:
        return _conflict(asked, key, form, error)
    except InvalidInputError as error:
        shown = Shown(key=key, form=form, fault=fault_of(error))
        return sequence_page(asked, shown)
    return _seen_again(slug, posted, "saved" if edited.is_changed else "same")


@router.post("/{key}/preview")
def preview(
    request: Request, slug: str, key: str, me: Reads, posted: Posted, site: TheSite
) -> Response:
    """Answer what a card that is being typed would mean for the person beside it."""
    form = posted_card(posted)
    page = read_sequence_page(slug, site.deps.transactions)
    found = beside(site, request, page, form=(key, form), who=posted.get("person"))
    card = card_of(page, key, form=form, problems=found.problems)
    if card is None:
        raise NotFoundError("no such email")
    return site.part(
        "studio/sequence_preview.html",
        beside=found,
        card=card,
        path=sequence_path(slug),
        may_change=me.user.may(Permission.EDIT),
    )


@router.post("/{key}/duplicate")
def duplicate(
    request: Request, slug: str, key: str, me: Edits, posted: Posted, site: TheSite
) -> Response:
    """Put a copy of an email below it, and open its card."""
    asked = Asked(site=site, request=request, me=me, slug=slug)

    def act() -> EditedDraft:
        seen, by, transactions = _seen(posted), me.user.email, site.deps.transactions
        return duplicate_step(slug, key, seen=seen, by=by, transactions=transactions)

    return _answer(asked, posted, act, word="copied")


@router.post("/{key}/place")
def place(
    request: Request, slug: str, key: str, me: Edits, posted: Posted, site: TheSite
) -> Response:
    """Put an email at another place of the list."""
    asked = Asked(site=site, request=request, me=me, slug=slug)
    position = posted.get("position")

    def act() -> EditedDraft:
        is_plain = position.isascii() and position.isdecimal() and len(position) < _LONGEST_NUMBER
        if not is_plain:
            raise InvalidInputError(say("that is no place in the list"), field="position")
        seen, by, transactions = _seen(posted), me.user.email, site.deps.transactions
        return place_step(slug, key, int(position), seen=seen, by=by, transactions=transactions)

    return _answer(asked, posted, act, word="placed", key=key)


@router.post("/{key}/back")
def back_to_live(
    request: Request, slug: str, key: str, me: Edits, posted: Posted, site: TheSite
) -> Response:
    """Let an email of the draft say again what is live of it."""
    asked = Asked(site=site, request=request, me=me, slug=slug)
    line = _line(site, slug, key)
    former = line.was.form if line.was and line.was.form else line.form

    def act() -> EditedDraft:
        seen, by, transactions = _seen(posted), me.user.email, site.deps.transactions
        return edit_step(slug, key, former, seen=seen, by=by, transactions=transactions)

    return _answer(asked, posted, act, word="live", key=key)


@router.post("/{key}/remove")
def remove(
    request: Request, slug: str, key: str, me: Edits, posted: Posted, site: TheSite
) -> Response:
    """Take an email out; the page that answers can put it back."""
    asked = Asked(site=site, request=request, me=me, slug=slug)
    seen, by, transactions = _seen(posted), me.user.email, site.deps.transactions
    name = _line(site, slug, key).name
    recounts = posted.get("recount") == "yes"
    try:
        edited = remove_step(
            slug, key, seen=seen, by=by, transactions=transactions, recount=recounts
        )
    except StillCountedError as error:
        shown = Shown(key=key, fault=fault_of(error), offers=error.offers)
        return sequence_page(asked, shown)
    except InvalidInputError as error:
        return sequence_page(asked, Shown(key=key, fault=_fault(error)))
    undo = Undo(
        says=say("“{name}” is taken out of the draft.", name=name),
        source=edited.former_source,
        base="",
        seen=edited.seen,
    )
    return sequence_page(asked, Shown(undo=undo))


def _answer(
    asked: Asked, posted: PostedForm, act: Callable[[], EditedDraft], *, word: str, key: str = ""
) -> Response:
    try:
        edited = act()
    except InvalidInputError as error:
        return sequence_page(asked, Shown(key=key, fault=_fault(error)))
    opens = edited.step_key if word in {"added", "copied"} else ""
    return _seen_again(asked.slug, posted, word, step=opens)


def _seen_again(slug: str, posted: PostedForm, word: str, *, step: str = "") -> Response:
    path = sequence_path(slug, person=posted.get("person")[:100], step=step, done=word)
    anchor = f"#step-{step}" if step else ""
    return Response(status_code=303, headers={"location": path + anchor})


def _seen(posted: PostedForm) -> str:
    return posted.get("seen")


def _fault(error: InvalidInputError) -> Fault:
    return fault_of(error, status=409 if isinstance(error, DraftConflictError) else 422)


def _line(site: Site, slug: str, key: str) -> StepLine:
    page = read_sequence_page(slug, site.deps.transactions)
    for line in page.steps:
        if line.key == key and line.state is not StepState.REMOVED:
            return line
    raise NotFoundError("no such email")


def _conflict(asked: Asked, key: str, form: StepForm, error: DraftConflictError) -> Response:
    """Show the card as it stands by now, and beside it what was to be saved."""
    conflict = Conflict(
        key=key,
        yours=form,
        by=error.by,
        at=moment_here(error.at) if error.at else "",
        seen=error.revision,
    )
    return sequence_page(asked, Shown(key=key, fault=_fault(error), conflict=conflict))
