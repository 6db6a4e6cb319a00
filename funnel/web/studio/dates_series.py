"""``/studio/dates/series``: dates that come again by a rule; looked at before they are made."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.mistakes import Mistakes
from funnel.domain.series import NewSeries
from funnel.domain.speech import mark, say, say_many
from funnel.services.add_series import add_series, end_series, resume_series
from funnel.services.fill_series import FilledSeries
from funnel.services.list_series import SeriesLine, list_series
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted, PostedForm
from funnel.web.ids import read_id
from funnel.web.moments import place_of
from funnel.web.site import Site, TheSite
from funnel.web.studio.date_forms import typed_day, typed_length, typed_number
from funnel.web.studio.date_words import moment_words
from funnel.web.studio.dates import PATH
from funnel.web.studio.dates_new import known, likely_zone, sequence_choices
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done, studio_page

_PATH = f"{PATH}/series"
_DONE = {
    "added": mark("The series is there, with its next dates."),
    "ended": mark("No further date is made. Those that are there stay."),
    "resumed": mark("The series goes on."),
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    id: str
    rule: str
    title: str
    place: str
    coming: str
    has_ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What a rule would make: days in words, days left out, and what is odd about an hour."""

    dates: tuple[str, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]


@router.get("/studio/dates/series")
def show_series(request: Request, me: Reader, site: TheSite) -> Response:
    """Show every series, and the form for another."""
    return _page(request, site, me)


@router.post("/studio/dates/series")
def add(request: Request, me: EditorForm, posted: Posted, site: TheSite) -> Response:
    """Show which dates a rule would make; or make them."""
    is_trial = posted.get("act") != "add"
    try:
        mistakes = Mistakes()
        filled = add_series(
            _new_series(posted, mistakes),
            site.deps.transactions,
            by=me.user.email,
            is_trial=is_trial,
            mistakes=mistakes,
        )
    except (InvalidInputError, NotFoundError) as error:
        return _page(request, site, me, fault=fault_of(known(error)), given=posted)
    if is_trial:
        return _page(request, site, me, given=posted, trial=_trial(filled))
    return done(_PATH, "added")


@router.post("/studio/dates/series/{series_id}/end")
def end(series_id: str, me: EditorForm, site: TheSite) -> Response:
    """Make no further date of a series."""
    end_series(_id(series_id), site.deps.transactions, by=me.user.email)
    return done(_PATH, "ended")


@router.post("/studio/dates/series/{series_id}/resume")
def resume(series_id: str, me: EditorForm, site: TheSite) -> Response:
    """Let a series go on."""
    resume_series(_id(series_id), site.deps.transactions, by=me.user.email)
    return done(_PATH, "resumed")


def _new_series(posted: PostedForm, mistakes: Mistakes) -> NewSeries:
    begins, ends = posted.get("begins").strip(), posted.get("ends").strip()
    ahead = mistakes.hear(typed_number, posted.get("ahead"), "ahead")
    return NewSeries(
        sequence_slug=posted.get("sequence"),
        rule=posted.get("rule"),
        zone=posted.get("zone"),
        title=posted.get("title").strip(),
        length=mistakes.hear(typed_length, posted) or timedelta(0),
        seats=mistakes.hear(typed_number, posted.get("seats"), "seats"),
        join_url=posted.get("join_url").strip(),
        clicks_count=posted.get("clicks_count") == "yes",
        ahead=3 if ahead is None else ahead,
        begins_on=mistakes.hear(typed_day, begins, "begins") if begins else None,
        ends_on=mistakes.hear(typed_day, ends, "until") if ends else None,
    )


def _page(
    request: Request,
    site: Site,
    me: Me,
    *,
    fault: Fault = NONE,
    given: PostedForm | None = None,
    trial: _Trial | None = None,
) -> Response:
    word = _DONE.get(request.query_params.get("done", ""), "")
    return studio_page(
        site,
        request,
        "dates_series.html",
        me=me,
        place="Dates",
        status=fault.status,
        fault=fault,
        given=given or PostedForm(items=(("minutes", "90"), ("ahead", "3"))),
        zone=likely_zone(site, given),
        trial=trial,
        sequences=sequence_choices(site),
        series=[_shown(each) for each in list_series(site.deps.transactions)],
        may_change=me.user.may(Permission.EDIT),
        said=say(word) if word else "",
    )


def _shown(line: SeriesLine) -> _Shown:
    series = line.series
    return _Shown(
        id=str(series.id),
        rule=series.rule.text,
        title=series.title,
        place=place_of(series.zone),
        coming=say_many("{count} date ahead", "{count} dates ahead", line.coming),
        has_ended=series.ended_at is not None,
    )


def _trial(filled: FilledSeries) -> _Trial:
    """``add_series`` has refused a rule without a day, so there is one."""
    zone = filled.series.zone
    # Days of another year than the first one's are named with it.
    moments = [each.starts_at for each in filled.made]
    moments += [each.occurrence.starts_at for each in filled.skipped]
    now = min(moments)
    return _Trial(
        dates=tuple(moment_words(each.starts_at, zone, now) for each in filled.made),
        left_out=tuple(
            say(
                "{moment}: left out, for “{title}” is held then",
                moment=moment_words(each.occurrence.starts_at, zone, now),
                title=each.other.title,
            )
            for each in filled.skipped
        ),
        notes=filled.notes,
    )


def _id(text: str) -> UUID:
    found = read_id(text)
    if found is None:
        raise NotFoundError("not an id")
    return found
