"""``/studio/sequences/{slug}``: the list of emails, one of them open, one person beside it."""

from dataclasses import dataclass, field
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from funnel.domain.access import Permission
from funnel.domain.errors import NotFoundError
from funnel.domain.sequence_settings import SequenceForm
from funnel.domain.speech import number, say
from funnel.domain.step_counts import RecountOffer
from funnel.domain.step_form import FormProblem, StepForm
from funnel.domain.timing_text import timing_text
from funnel.services.edit_brand import list_brands
from funnel.services.read_condition_names import ConditionNames, read_condition_names
from funnel.services.read_replans import find_replan
from funnel.services.read_sequence_page import SequencePage, read_sequence_page
from funnel.storage.replans import Replan
from funnel.web.auth import Me, Reader
from funnel.web.ids import read_id
from funnel.web.moments import iso, moment_here
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault
from funnel.web.studio.sequence_beside import beside
from funnel.web.studio.sequence_card import (
    NO_NAMES,
    card_of,
    condition_choices,
    weekday_choices,
)
from funnel.web.studio.sequence_conflict import differences, posted_fields
from funnel.web.studio.sequence_view import Undo, draft_sentence, numbers_of, rows_of
from funnel.web.studio.sequence_words import sequence_path
from funnel.web.studio.shell import studio_page

PLACE: Final = "Sequences"

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose answer it is, and about which sequence."""

    site: Site
    request: Request
    me: Me
    slug: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Somebody else saved the draft meanwhile.

    Attributes:
        yours: The card as it was to be saved; theirs is what the page shows.
        by: Who saved.
        seen: What a save over theirs gives.
    """

    key: str
    yours: StepForm
    by: str
    at: str
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What an act leaves to be shown, beside the page itself.

    Attributes:
        key: The email whose card is open; "": none.
        form: What was typed into it and could not be kept.
        undo: The text to put back.
        offers: Emails that count from one which is to be taken out.
        settings: What was typed for the whole sequence and could not be kept.
    """

    key: str = ""
    form: StepForm | None = None
    problems: tuple[FormProblem, ...] = ()
    fault: Fault = NONE
    status: int = 200
    undo: Undo | None = None
    offers: tuple[RecountOffer, ...] = ()
    conflict: Conflict | None = None
    settings: SequenceForm | None = None
    values: dict[str, str] = field(default_factory=dict)


@router.get("/studio/sequences/{slug}")
def show_sequence(request: Request, slug: str, me: Reader, site: TheSite) -> Response:
    """Show a sequence."""
    asked = Asked(site=site, request=request, me=me, slug=slug)
    return sequence_page(asked, Shown(key=request.query_params.get("step", "")))


@router.get("/studio/sequences/{slug}/numbers")
def show_numbers(request: Request, slug: str, me: Reader, site: TheSite) -> Response:  # noqa: ARG001 (me is the bolt)
    """Give the numbers alone, for the page's script."""
    page = read_sequence_page(slug, site.deps.transactions)
    replan = _replan(site, request)
    return JSONResponse(
        {
            "people": _people(page),
            "draft": page.seen,
            "live": page.live_number,
            "replan": _progress(replan) if replan else "",
            "emails": {
                line.key: {
                    each.name: {"says": each.value, "zero": each.is_zero}
                    for each in numbers_of(line)
                }
                for line in page.steps
            },
        },
        headers={"cache-control": "no-store"},
    )


def _condition_names(site: Site, page: SequencePage) -> ConditionNames:
    keys = [each.template_key for each in page.steps]
    return read_condition_names(keys, site.deps.transactions)


def sequence_page(asked: Asked, shown: Shown) -> Response:
    """Return the page, as a GET shows it or as an act that could not be done answers."""
    site, request, me, slug = asked.site, asked.request, asked.me, asked.slug
    page = read_sequence_page(slug, site.deps.transactions)
    may_change = me.user.may(Permission.EDIT)
    names = _condition_names(site, page) if shown.key else NO_NAMES
    card = card_of(page, shown.key, form=shown.form, problems=shown.problems, names=names)
    replan = _replan(site, request)
    return studio_page(
        site,
        request,
        "sequence.html",
        me=me,
        place=PLACE,
        status=max(shown.status, shown.fault.status if shown.status == 200 else 0),
        page=page,
        slug=slug,
        path=sequence_path(slug),
        people=_people(page),
        rows=rows_of(page),
        card=card,
        settings=shown.settings or page.settings,
        brands=[(each.slug, each.name) for each in list_brands(site.deps.transactions)],
        weekdays=weekday_choices(),
        kinds=condition_choices(),
        beside=beside(site, request, page, form=(shown.key, shown.form) if shown.form else None),
        draft_says=draft_sentence(page) if page.seen else "",
        saved_at=_moment(page),
        saved_iso=iso(page.draft_at) if page.draft_at else "",
        shown=shown,
        timing_text=timing_text,
        yours=posted_fields(shown.conflict.yours) if shown.conflict else [],
        differences=differences(card.line.form, shown.conflict.yours)
        if card and shown.conflict
        else [],
        said=_said(request, page),
        before=_before(request),
        replan=_progress(replan) if replan else "",
        replan_id=str(replan.id) if replan else "",
        replan_ends=replan.is_finished if replan else True,
        may_change=may_change,
    )


def _people(page: SequencePage) -> str:
    return number(page.people)


def _moment(page: SequencePage) -> str:
    if page.draft_at is None:
        return ""
    return moment_here(page.draft_at)


def _said(request: Request, page: SequencePage) -> str:
    word = request.query_params.get("done", "") if request.method == "GET" else ""
    if word == "published":
        return say("Version {number} is live.", number=page.live_number or 1)
    words = {
        "saved": say("Kept in the draft. What is live has not changed."),
        "same": say("Nothing was different, so nothing was kept."),
        "added": say("Added to the draft, with no text yet. What is live has not changed."),
        "copied": say("Copied into the draft. What is live has not changed."),
        "placed": say("Moved in the draft. What is live has not changed."),
        "back": say("The draft says again what it said before."),
        "live": say("This email says again what is live."),
        "brought": say("The file is the draft now. What is live has not changed."),
    }
    return words.get(word, "")


def _before(request: Request) -> str:
    """Return the version that was live before a publish that was just made, for the way back."""
    query = request.query_params
    found = query.get("before", "")
    is_plain = found.isascii() and found.isdecimal() and query.get("done") == "published"
    return found if is_plain else ""


def _replan(site: Site, request: Request) -> Replan | None:
    replan_id = read_id(request.query_params.get("replan", ""))
    if replan_id is None:
        return None
    try:
        return find_replan(replan_id, site.deps.transactions)
    except NotFoundError:
        return None


def _progress(replan: Replan) -> str:
    if replan.is_finished:
        return say("Everybody who was in it follows.")
    done, total = number(replan.done), number(replan.total)
    return say("{done} of {total} people follow so far.", done=done, total=total)
