"""One email of one person, by hand: taken out, put back, sent again."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.access import Permission
from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.message import MessageStatus
from funnel.domain.speech import mark, say
from funnel.services.read_person import read_person
from funnel.services.resend_email import ResendOffer, read_resend, resend_email
from funnel.services.skip_step import skip_step, undo_skip
from funnel.storage.copies import EmailCopy
from funnel.web.auth import EditorForm, Me, Reader
from funnel.web.forms import Posted
from funnel.web.site import Site, TheSite
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.person import called, id_of
from funnel.web.studio.person_acts import Form
from funnel.web.studio.person_done import done_to
from funnel.web.studio.person_words import moment_in_words
from funnel.web.studio.shell import studio_page

_SAYS = {
    MessageStatus.QUEUED: mark("on its way, for {moment}"),
    MessageStatus.SENDING: mark("leaving now"),
    MessageStatus.ACCEPTED: mark("sent {moment}"),
    MessageStatus.SKIPPED: mark("skipped, it was for {moment}"),
    MessageStatus.FAILED: mark("refused by their mail system {moment}"),
    MessageStatus.UNKNOWN: mark("handed over {moment}, and no answer came back"),
    MessageStatus.CANCELLED: mark("cancelled, it was for {moment}"),
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """What became of one copy, and who sent it by hand."""

    says: str
    by: str


@router.post("/studio/people/{person_id}/skip")
def skip(
    request: Request, person_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Take an email out of somebody's run."""
    form = Form(request, site, me, id_of(person_id), posted)
    run, key = _run_of(form.person, posted.get("run"), site), posted.get("email")

    def act() -> Response:
        skip_step(run, key, site.deps.transactions, by=me.user.email)
        return done_to(form.person, "skipped", of=key, **{"in": str(run)})

    return form.answer("skip", act)


@router.post("/studio/people/{person_id}/skip/undo")
def unskip(
    request: Request, person_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Put an email back that was taken out."""
    form = Form(request, site, me, id_of(person_id), posted)
    run = _run_of(form.person, posted.get("run"), site)

    def act() -> Response:
        undo_skip(run, posted.get("email"), site.deps.transactions, by=me.user.email)
        return done_to(form.person, "unskipped")

    return form.answer("skip", act)


@router.get("/studio/people/{person_id}/resend")
def ask_resend(request: Request, person_id: str, me: Reader, site: TheSite) -> Response:
    """Show what somebody had of an email, before it is sent to them again."""
    query = request.query_params
    return _page(request, site, me, id_of(person_id), query.get("run", ""), query.get("email", ""))


@router.post("/studio/people/{person_id}/resend")
def resend(
    request: Request, person_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Send an email to somebody again."""
    person, key, seen = id_of(person_id), posted.get("email"), posted.get("seen")
    run = _run_of(person, posted.get("run"), site)
    try:
        resend_email(
            run,
            key,
            site.deps.transactions,
            seen=int(seen) if seen.isdecimal() and len(seen) < 4 else -1,
            by=me.user.email,
        )
    except InvalidInputError as error:
        return _page(request, site, me, person, str(run), key, fault=fault_of(error))
    return done_to(person, "resent")


def _run_of(person: UUID, run: str, site: Site) -> UUID:
    """Return a run of this person.

    Raises:
        NotFoundError: Not an id, or a run of somebody else.
    """
    run_id = id_of(run)
    read_person(person, site.deps.transactions, run_id=run_id)
    return run_id


def _page(  # noqa: PLR0913  (whose page, of what, and what is wrong with it)
    request: Request,
    site: Site,
    me: Me,
    person: UUID,
    run: str,
    key: str,
    *,
    fault: Fault = NONE,
) -> Response:
    run_id = id_of(run)
    found = read_person(person, site.deps.transactions, run_id=run_id)
    offer = read_resend(run_id, key, site.deps.transactions)
    if offer.subscriber_id != person:
        raise NotFoundError("no such run of theirs")
    return studio_page(
        site,
        request,
        "person_resend.html",
        me=me,
        place="People",
        status=fault.status,
        person=found.person,
        called=called(found) or found.person.email,
        offer=offer,
        copies=[_Copy(says=_says(each, offer), by=each.by) for each in offer.copies],
        leaves=_leaves(offer),
        fault=fault,
        may_change=me.user.may(Permission.EDIT),
    )


def _says(each: EmailCopy, offer: ResendOffer) -> str:
    moment = moment_in_words(each.settled_at or each.due_at, offer.zone, offer.now)
    return say(_SAYS[each.status], moment=moment)


def _leaves(offer: ResendOffer) -> str:
    if offer.leaves_at <= offer.now:
        return say("at once")
    return moment_in_words(offer.leaves_at, offer.zone, offer.now)
