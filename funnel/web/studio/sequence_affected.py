"""``/studio/sequences/{slug}/affected``: who is affected, by name; then publish, or go back."""

from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import DraftConflictError, InvalidInputError, NotFoundError
from funnel.domain.impact import Change
from funnel.domain.speech import say
from funnel.domain.text import clean_text
from funnel.domain.version_switch import PublishPolicy
from funnel.services.publish_draft import (
    PublishOrder,
    PublishReport,
    publish_draft,
)
from funnel.services.read_affected import (
    Affected,
    AffectedPerson,
    Proposal,
    find_wait,
    list_affected,
    read_affected,
)
from funnel.services.read_versions import read_difference
from funnel.services.roll_back import roll_back
from funnel.web.auth import Me, Needs, NeedsForm
from funnel.web.forms import Posted, PostedForm
from funnel.web.ids import read_id
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.sequence_words import (
    change_lines,
    change_title,
    moment_words,
    policy_choices,
    progress_words,
    reason_words,
    sequence_path,
)
from funnel.web.studio.shell import studio_page
from funnel.web.studio.template_address import path_of

_PLACE = "Sequences"
_LONGEST_NOTE = 500  # characters

Reads = Annotated[Me, Depends(Needs(Permission.READ))]
Edits = Annotated[Me, Depends(NeedsForm(Permission.EDIT))]

router = APIRouter(prefix="/studio/sequences/{slug}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the page is about, as its address or its form says."""

    proposal: Proposal
    note: str = ""
    fault: Fault = NONE


@router.get("/affected")
def show_affected(request: Request, slug: str, me: Reads, site: TheSite) -> Response:
    """Show what a publish would mean, for whom."""
    query = request.query_params
    proposal = _proposal(slug, query.get("policy", ""), query.get("to", ""))
    return _page(site, request, me, _Asked(proposal=proposal))


@router.get("/affected/people")
def show_people(request: Request, slug: str, me: Reads, site: TheSite) -> Response:
    """Show who stands behind one of the numbers."""
    query = request.query_params
    proposal = _proposal(slug, query.get("policy", ""), query.get("to", ""))
    change, key = query.get("change", ""), query.get("email", "")
    if change not in set(Change):
        raise NotFoundError("no such change")
    after = read_id(query.get("after", ""))
    try:
        found = list_affected(proposal, key, Change(change), site.deps.transactions, after=after)
    except InvalidInputError as error:
        raise NotFoundError(str(error)) from error
    asked = {"policy": proposal.policy.value, "to": _number(proposal)}
    names = {**asked, "email": key, "change": change}
    more = {"after": str(found.following)} if found.following else {}
    return studio_page(
        site,
        request,
        "sequence_names.html",
        me=me,
        place=_PLACE,
        slug=slug,
        found=found,
        heading=change_title(Change(change), len(found.people)) if not more and not after else "",
        people=[(each, _changes(each)) for each in found.people],
        back=sequence_path(slug, "/affected", **asked),
        following=sequence_path(slug, "/affected/people", **names, **more) if more else "",
        beginning=sequence_path(slug, "/affected/people", **names) if after else "",
    )


@router.post("/publish")
def publish(request: Request, slug: str, me: Edits, posted: Posted, site: TheSite) -> Response:
    """Make the draft live, or a former version once more."""
    proposal = _proposal(slug, posted.get("policy"), posted.get("to"))
    note = clean_text(posted.get("note"), limit=_LONGEST_NOTE)
    if posted.get("counted") != proposal.policy:
        # Without a script the page still shows what another choice would mean.
        says = say("This is what your choice means. Nothing was published yet.")
        fault = Fault(text=says, status=409)
        return _page(site, request, me, _Asked(proposal=proposal, note=note, fault=fault))
    if find_wait(proposal, site.deps.transactions, by=me.user.email) is not None:
        says = say("Nothing was published yet: whom it concerns is still being counted.")
        fault = Fault(text=says, status=409)
        return _page(site, request, me, _Asked(proposal=proposal, note=note, fault=fault))
    order = PublishOrder(
        policy=proposal.policy, by=me.user.email, note=note, seen=posted.get("seen")
    )
    try:
        report = _publish(proposal, order, site)
    except InvalidInputError as error:
        status = 409 if isinstance(error, DraftConflictError) else 422
        fault = fault_of(error, status=status)
        return _page(site, request, me, _Asked(proposal=proposal, note=note, fault=fault))
    return _published(slug, report, posted)


def _publish(proposal: Proposal, order: PublishOrder, site: Site) -> PublishReport:
    transactions, builder = site.deps.transactions, site.deps.builder
    if proposal.to_number is None:
        return publish_draft(proposal.slug, order, builder, transactions)
    return roll_back(proposal.slug, proposal.to_number, order, builder, transactions)


def _published(slug: str, report: PublishReport, posted: PostedForm) -> Response:
    before = posted.get("live")
    path = sequence_path(
        slug,
        done="published",
        number=str(report.number),
        before=before if before.isdecimal() else "",
        replan=str(report.replan.id) if report.replan else "",
    )
    return Response(status_code=303, headers={"location": path})


def _proposal(slug: str, policy: str, to: str) -> Proposal:
    chosen = PublishPolicy(policy) if policy in set(PublishPolicy) else PublishPolicy.MOVE
    if to and not (to.isdecimal() and to.isascii() and len(to) < 9):
        raise HTTPException(status_code=404)
    return Proposal(slug=slug, policy=chosen, to_number=int(to) if to else None)


def _number(proposal: Proposal) -> str:
    return "" if proposal.to_number is None else str(proposal.to_number)


def _page(site: Site, request: Request, me: Me, asked: _Asked) -> Response:
    proposal = asked.proposal
    try:
        found = read_affected(proposal, site.deps.builder, site.deps.transactions, by=me.user.email)
    except DraftConflictError as error:
        return _stale(site, request, me, proposal, error)
    except InvalidInputError as error:
        return studio_page(
            site,
            request,
            "sequence_unfit.html",
            me=me,
            place=_PLACE,
            status=422,
            slug=proposal.slug,
            path=sequence_path(proposal.slug),
            fault=fault_of(error),
        )
    fault = asked.fault
    if found.unwritten and fault.text:
        # The page names them; the error names files.
        fault = replace(fault, text=say("Nothing was published: an email has no text yet."))
    return studio_page(
        site,
        request,
        "sequence_affected.html",
        me=me,
        place=_PLACE,
        status=fault.status,
        fault=fault,
        unwritten=[(each.name, path_of(each.key)) for each in found.unwritten],
        slug=proposal.slug,
        path=sequence_path(proposal.slug),
        found=found,
        to=_number(proposal),
        policy=proposal.policy.value,
        choices=policy_choices(found.impact.people, found.impact.number),
        again=_here(proposal),
        progress=progress_words(found.waits) if found.waits else "",
        steps=_steps(proposal, found),
        note=asked.note,
        may_change=me.user.may(Permission.EDIT),
    )


def _here(proposal: Proposal) -> str:
    asked = {"policy": proposal.policy.value, "to": _number(proposal)}
    return sequence_path(proposal.slug, "/affected", **asked)


def _steps(proposal: Proposal, found: Affected) -> list[dict[str, object]]:
    """One entry an email: its name, and each number with the address of the names behind it."""

    def names(key: str, change: Change) -> str:
        return sequence_path(
            proposal.slug,
            "/affected/people",
            policy=proposal.policy.value,
            to=_number(proposal),
            email=key,
            change=change.value,
        )

    return [
        {
            "name": each.name,
            "is_new": each.is_new,
            "lines": [(line, names(each.key, line.change)) for line in change_lines(each)],
        }
        for each in found.impact.steps
    ]


def _stale(
    site: Site, request: Request, me: Me, proposal: Proposal, error: DraftConflictError
) -> Response:
    """Somebody else published since the draft was begun: what it would undo, and two ways on."""
    if proposal.to_number is not None:
        raise HTTPException(status_code=409, detail=fault_of(error).text)
    return studio_page(
        site,
        request,
        "sequence_stale.html",
        me=me,
        place=_PLACE,
        status=409,
        slug=proposal.slug,
        path=sequence_path(proposal.slug),
        found=read_difference(proposal.slug, site.deps.transactions),
        may_change=me.user.may(Permission.EDIT),
    )


def _changes(person: AffectedPerson) -> dict[str, str]:
    change, zone = person.change, person.zone
    after = moment_words(change.after, zone)
    skip = reason_words(change.skip.value if change.skip else change.why)
    return {
        "before": moment_words(change.before, zone),
        "after": say("perhaps {moment}", moment=after) if after and change.is_open else after,
        "why": "" if change.after else skip,
        "person": _person_path(person.subscriber_id, person.enrollment_id),
    }


def _person_path(person_id: UUID, run_id: UUID) -> str:
    return f"/studio/people/{person_id}?run={run_id}"
