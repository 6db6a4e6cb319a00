"""``/studio/sending``: how much may leave, by whom, in which lane; and the brake, to let it go."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.budget import ALL, SPANS, Budget, Room
from funnel.domain.budget_presets import PRESETS
from funnel.domain.budget_words import budget_text, drain_text
from funnel.domain.errors import InvalidInputError
from funnel.domain.message import Lane
from funnel.domain.mistakes import Mistakes
from funnel.domain.provider_state import alarm_text
from funnel.domain.speech import mark, number, say
from funnel.services.control_sending import read_pause, resume_sending
from funnel.services.read_budgets import EXAMPLE_LETTERS, BudgetLine, ProviderLine, read_budgets
from funnel.services.set_budget import remove_budget, set_budget, use_preset, warm_up
from funnel.web.auth import AdminForm, Me, Needs, NeedsForm
from funnel.web.forms import Posted, PostedForm
from funnel.web.moments import moment_here
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done, studio_page

Operator = Annotated[Me, Depends(Needs(Permission.OPERATE))]
OperatorForm = Annotated[Me, Depends(NeedsForm(Permission.OPERATE))]

_PATH: Final = "/studio/sending"
_DONE: Final = {
    "set": mark("The limits hold from now on."),
    "removed": mark("These limits are gone."),
    "warm": mark("The warm-up is set."),
    "resumed": mark("Sending goes on. What became too late meanwhile is left out."),
}
LANE_WORDS: Final = {
    Lane.NOTICES: mark("notices"),
    Lane.GMAIL: "Gmail",
    Lane.MICROSOFT: "Microsoft",
    Lane.YAHOO: "Yahoo",
    Lane.APPLE: "Apple",
    Lane.OTHER: mark("other domains"),
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """One budget as the page has it."""

    provider: str
    lane: str
    place: str
    limits: str
    left: str
    letters: str
    example: str
    by: str
    is_kept: bool


@router.get("/studio/sending")
def show_sending(request: Request, me: Operator, site: TheSite) -> Response:
    """Show the limits, what is left of them, and how the providers do."""
    word = _DONE.get(request.query_params.get("done", ""))
    return _page(request, site, me, said=say(word) if word else "")


@router.post("/studio/sending")
def set_limits(request: Request, me: AdminForm, posted: Posted, site: TheSite) -> Response:
    """Set the limits of one place."""
    try:
        mistakes = Mistakes()
        limits = {name: mistakes.hear(_number, posted, name) for name in SPANS}
        mistakes.end()
        budget = Budget(
            per_second=limits["per_second"],
            per_minute=limits["per_minute"],
            per_hour=limits["per_hour"],
            per_day=limits["per_day"],
        )
        provider, lane = _place(posted)
        set_budget(site.deps.transactions, budget, by=me.user.email, provider=provider, lane=lane)
    except InvalidInputError as error:
        return _page(request, site, me, fault=fault_of(error), given=posted)
    return done(_PATH, "set")


@router.post("/studio/sending/preset")
def take_preset(request: Request, me: AdminForm, posted: Posted, site: TheSite) -> Response:
    """Set the limits that a kind of provider is known for."""
    provider, lane = _place(posted)
    try:
        use_preset(
            site.deps.transactions,
            posted.get("preset"),
            by=me.user.email,
            provider=provider,
            lane=lane,
        )
    except InvalidInputError as error:
        return _page(request, site, me, fault=fault_of(error), given=posted)
    return done(_PATH, "set")


@router.post("/studio/sending/warm-up")
def set_warm_up(request: Request, me: AdminForm, posted: Posted, site: TheSite) -> Response:
    """Let more leave each day from today on; nothing typed: end the warm-up."""
    provider, lane = _place(posted)
    try:
        warm_up(
            site.deps.transactions,
            _days(posted.get("days")),
            by=me.user.email,
            begins_on=site.deps.real_clock.now().date(),
            provider=provider,
            lane=lane,
        )
    except InvalidInputError as error:
        return _page(request, site, me, fault=fault_of(error), given=posted)
    return done(_PATH, "warm")


@router.post("/studio/sending/remove")
def remove_limits(me: AdminForm, posted: Posted, site: TheSite) -> Response:
    """Let go of the limits of one place."""
    provider, lane = _place(posted)
    remove_budget(site.deps.transactions, by=me.user.email, provider=provider, lane=lane)
    return done(_PATH, "removed")


@router.post("/studio/sending/resume")
def resume(me: OperatorForm, site: TheSite) -> Response:
    """Let everything go on."""
    resume_sending(site.deps.transactions, by=me.user.email)
    return done(_PATH, "resumed")


def _place(posted: PostedForm) -> tuple[str, str]:
    return posted.get("provider") or ALL, posted.get("lane") or ALL


def _number(posted: PostedForm, name: str) -> int | None:
    typed = posted.get(name).strip().replace(",", "").replace(".", "")
    if not typed:
        return None
    if not typed.isascii() or not typed.isdigit() or len(typed) > 9:
        raise InvalidInputError(
            say("“{typed}” is not a number of emails", typed=posted.get(name)),
            field=name,
            remedy=say("Write a whole number, or nothing where there is no limit."),
        )
    return int(typed)


def _days(typed: str) -> list[int]:
    days = [each.strip() for each in typed.replace(";", ",").split(",") if each.strip()]
    if not all(each.isascii() and each.isdigit() and len(each) < 10 for each in days):
        raise InvalidInputError(
            say("“{typed}” is not a warm-up", typed=typed),
            field="days",
            remedy=say("Write the emails of each day in order, like 50, 100, 200."),
        )
    return [int(each) for each in days]


def _page(
    request: Request,
    site: Site,
    me: Me,
    *,
    said: str = "",
    fault: Fault = NONE,
    given: PostedForm | None = None,
) -> Response:
    rules = site.deps.dispatch_limits.claim_rules
    found = read_budgets(site.deps.transactions, rules)
    return studio_page(
        site,
        request,
        "sending.html",
        me=me,
        place="Settings",
        status=fault.status,
        said=said,
        fault=fault,
        given=given or PostedForm(),
        pause=read_pause(site.deps.transactions),
        lines=[_shown(each, found.now) for each in found.lines],
        troubles=[text for each in found.providers for text in _troubles(each)],
        waiting=drain_text(found.letters_waiting, found.letters, found.now)
        if found.letters_waiting
        else "",
        providers=rules.providers.names,
        lanes={lane.value: say(words) for lane, words in LANE_WORDS.items()},
        presets=[
            (each.key, say(each.name), budget_text(each.budget, found.now), say(each.about))
            for each in PRESETS
        ],
        may_set=me.user.may(Permission.ADMINISTER),
    )


def _shown(line: BudgetLine, now: datetime) -> _Shown:
    placed = line.placed
    return _Shown(
        provider=placed.provider,
        lane=placed.lane,
        place=_place_words(placed.provider, placed.lane),
        limits=budget_text(placed.budget, now),
        left=_left(line.room),
        letters=_left(line.for_letters),
        example=drain_text(EXAMPLE_LETTERS, line.foreseen, now),
        by=line.kept.updated_by if line.kept else say("the settings of this installation"),
        is_kept=line.kept is not None,
    )


def _place_words(provider: str, lane: str) -> str:
    if provider == ALL and lane == ALL:
        return say("All emails")
    if lane == ALL:
        return say("All by {provider}", provider=provider)
    words = say(LANE_WORDS[Lane(lane)])
    if provider == ALL:
        return say("To {lane}", lane=words)
    return say("To {lane} by {provider}", lane=words, provider=provider)


def _left(room: Room) -> str:
    if room.next_at is not None:
        return say("none until {moment}", moment=moment_here(room.next_at))
    return say("no limit") if room.number is None else number(room.number)


def _troubles(line: ProviderLine) -> list[str]:
    troubles = [alarm_text(line.alarm, line.name)] if line.alarm else []
    if line.retry_at is not None:
        troubles.append(
            say(
                "{provider} cannot be reached. It is tried again {moment}.",
                provider=line.name,
                moment=moment_here(line.retry_at),
            )
        )
    troubles += [
        say(
            "{provider} asked to slow down: emails to {lane} go at {share} % of their speed, and "
            "faster again soon.",
            provider=line.name,
            lane=say(LANE_WORDS[Lane(lane)]),
            share=round(share * 100),
        )
        for lane, share in line.slowed
    ]
    return troubles
