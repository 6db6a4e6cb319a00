"""The right side of a sequence's page: whose calendar, and what the draft does to it."""

from dataclasses import dataclass

from fastapi import Request

from funnel.domain.errors import FunnelError
from funnel.domain.readers import MadeUp
from funnel.domain.speech import say
from funnel.domain.step_form import FormProblem, StepForm
from funnel.services.find_in_sequence import find_in_sequence, find_run_in_sequence
from funnel.services.preview_draft import DraftPreview, preview_draft
from funnel.services.read_sequence_page import SequencePage
from funnel.storage.sequence_people import InSequence
from funnel.web.ids import read_id
from funnel.web.moments import where_of
from funnel.web.site import Site
from funnel.web.studio.sequence_calendar import DraftCalendar, draft_calendar
from funnel.web.studio.sequence_words import sequence_path

MADE_UP = "made-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What the right side shows.

    Attributes:
        who: The run of the person, or ``MADE_UP``: what every address of this page carries along.
        name: What to call them.
        where: "in Berlin": whose time it is.
        offered: Others who may be looked at: their runs, and what to call them.
        asked: What was looked for.
        calendar: ``None``: it cannot be drawn; ``problem`` says why.
    """

    who: str
    name: str
    person: str
    where: str
    is_made_up: bool
    is_made_up_date: bool
    offered: tuple[tuple[str, str], ...]
    asked: str
    calendar: DraftCalendar | None
    problem: str
    problems: tuple[FormProblem, ...]
    all: str


def beside(
    site: Site,
    request: Request,
    page: SequencePage,
    *,
    form: tuple[str, StepForm] | None = None,
    who: str = "",
) -> Beside:
    """Return one person's calendar, by what is live and with the draft.

    Args:
        site: The application's.
        request: Names the person, and what was looked for.
        page: The sequence.
        form: A card as it is typed, not kept yet.
        who: The person, where it is not the address that names them.
    """
    query = request.query_params
    asked = query.get("q", "")[:100]
    found = find_in_sequence(page.slug, asked, site.deps.transactions) if page.live_number else ()
    person = _person(site, page.slug, who or query.get("person", ""), found)
    preview = _preview(site, page, person, form)
    chosen = MADE_UP if person is None else str(person.enrollment_id)
    shows_all = query.get("all") == "1"
    known = (preview.before or preview.after) if preview else None
    return Beside(
        who=chosen,
        name=say("somebody made up") if person is None else _name(person),
        person="" if person is None else f"/studio/people/{person.subscriber_id}",
        where=where_of(known.zone) if known else "",
        is_made_up=person is None,
        is_made_up_date=preview.is_made_up_date if preview else False,
        offered=tuple((str(each.enrollment_id), _name(each)) for each in found),
        asked=asked,
        calendar=_calendar(page, preview, form, shows_all=shows_all) if preview else None,
        problem=_problem(preview),
        problems=preview.problems if preview else (),
        all=""
        if shows_all
        else sequence_path(page.slug, person=chosen, step=query.get("step", ""), all="1"),
    )


def _calendar(
    page: SequencePage,
    preview: DraftPreview,
    form: tuple[str, StepForm] | None,
    *,
    shows_all: bool,
) -> DraftCalendar | None:
    before, after = preview.before, preview.after
    if before is None:
        return draft_calendar(after, None, shows_all=shows_all) if after else None
    is_edited = bool(page.seen) or form is not None
    return draft_calendar(before, after if is_edited else None, shows_all=shows_all)


def _person(site: Site, slug: str, who: str, found: tuple[InSequence, ...]) -> InSequence | None:
    if who == MADE_UP:
        return None
    run_id = read_id(who)
    if run_id is not None:
        known = next((each for each in found if each.enrollment_id == run_id), None)
        return known or find_run_in_sequence(slug, run_id, site.deps.transactions)
    return found[0] if found else None


def _preview(
    site: Site,
    page: SequencePage,
    person: InSequence | None,
    form: tuple[str, StepForm] | None,
) -> DraftPreview | None:
    subject = MadeUp.USUAL if person is None else person.enrollment_id
    try:
        return preview_draft(page.slug, subject, site.deps.transactions, form)
    except FunnelError:
        # They left the sequence meanwhile, or somebody took the email out that is typed into.
        return None


def _problem(preview: DraftPreview | None) -> str:
    if preview is None:
        return say("There is no calendar to draw by now. Load the page anew.")
    if preview.problems:
        return say("With what is typed now no calendar can be drawn: this is what is live.")
    return ""


def _name(person: InSequence) -> str:
    return f"{person.first_name} {person.last_name}".strip() or person.email
