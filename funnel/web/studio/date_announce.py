"""``/studio/dates/{id}/announce``: one email to all with a seat: seen, counted, sent."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.speech import mark, say, say_many
from funnel.services.announce import AnnouncementPreview, announce, preview_announcement
from funnel.services.continue_announcements import continue_announcements
from funnel.services.read_announcements import AnnouncementSums, read_announcements
from funnel.services.read_date import DatePage
from funnel.services.stop_announcement import stop_announcement
from funnel.web.auth import EditorForm, Me, Reader, ReaderForm
from funnel.web.forms import Posted, PostedForm
from funnel.web.ids import read_id
from funnel.web.mail_frame import frame_answer
from funnel.web.site import Site, TheSite
from funnel.web.studio.date import BATCHES_AT_ONCE, date_page, load
from funnel.web.studio.date_words import moment_words, people_words
from funnel.web.studio.dates import PATH
from funnel.web.studio.faults import NONE, Fault, fault_of
from funnel.web.studio.shell import done

_DONE = {
    "sent": mark("It is on its way: one email to each of them."),
    "stopped": mark("Stopped. What had not left does not leave any more."),
}

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """One that was sent, in words."""

    id: str
    subject: str
    when: str
    by: str
    sums: tuple[str, ...]
    trouble: tuple[str, ...]
    is_under_way: bool
    may_be_stopped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What was typed, and how the first of the readers would get it."""

    given: PostedForm
    preview: AnnouncementPreview | None = None


@router.get("/studio/dates/{session_id}/announce")
def show_form(request: Request, session_id: str, me: Reader, site: TheSite) -> Response:
    """Show where to write one, and those that were sent."""
    return _page(request, site, me, load(site, session_id), _Shown(given=PostedForm()))


@router.post("/studio/dates/{session_id}/announce")
def write(
    request: Request, session_id: str, me: EditorForm, posted: Posted, site: TheSite
) -> Response:
    """Show what would be sent to how many; or send it."""
    page = load(site, session_id)
    if posted.get("act") != "send":
        return _previewed(request, site, me, page, posted)
    try:
        announce(
            page.session.id,
            posted.get("subject"),
            _text(posted),
            by=me.user.email,
            transactions=site.deps.transactions,
            previewing=site.deps.previewing,
        )
    except InvalidInputError as error:
        shown = _Shown(given=posted)
        return _page(request, site, me, page, shown, fault=fault_of(error))
    continue_announcements(site.deps.transactions, most_batches=BATCHES_AT_ONCE)
    return done(f"{PATH}/{page.session.id}/announce", "sent")


@router.post("/studio/dates/{session_id}/announce/frame")
def show_frame(session_id: str, _me: ReaderForm, posted: Posted, site: TheSite) -> Response:
    """Answer the email as the first of its readers would get it, for the frame."""
    page = load(site, session_id)
    try:
        html = _preview(site, page, posted).html
    except InvalidInputError as error:
        raise NotFoundError("it cannot be sent like that") from error
    return frame_answer(html)


@router.post("/studio/dates/{session_id}/announce/{announcement_id}/stop")
def stop(session_id: str, announcement_id: str, me: EditorForm, site: TheSite) -> Response:
    """Send no more of one."""
    page = load(site, session_id)
    found = read_id(announcement_id)
    if found is None:
        raise NotFoundError("not an id")
    stop_announcement(found, by=me.user.email, transactions=site.deps.transactions)
    return done(f"{PATH}/{page.session.id}/announce", "stopped")


def _previewed(
    request: Request, site: Site, me: Me, page: DatePage, posted: PostedForm
) -> Response:
    try:
        preview = _preview(site, page, posted)
    except InvalidInputError as error:
        return _page(request, site, me, page, _Shown(given=posted), fault=fault_of(error))
    return _page(request, site, me, page, _Shown(given=posted, preview=preview))


def _preview(site: Site, page: DatePage, posted: PostedForm) -> AnnouncementPreview:
    return preview_announcement(
        page.session.id,
        posted.get("subject"),
        _text(posted),
        transactions=site.deps.transactions,
        previewing=site.deps.previewing,
    )


def _text(posted: PostedForm) -> str:
    return posted.get("text").replace("\r\n", "\n")


def _page(
    request: Request,
    site: Site,
    me: Me,
    page: DatePage,
    shown: _Shown,
    *,
    fault: Fault = NONE,
) -> Response:
    sums = read_announcements(page.session.id, site.deps.transactions)
    sent = [_sent(each, page) for each in sums]
    word = _DONE.get(request.query_params.get("done", ""), "")
    preview = shown.preview
    return date_page(
        site,
        request,
        "date_announce.html",
        me=me,
        page=page,
        tab="announce",
        status=fault.status,
        fault=fault,
        path=f"{PATH}/{page.session.id}/announce",
        given=shown.given,
        preview=preview,
        people=people_words(preview.people) if preview else "",
        left_out=[f"{people_words(each.people)}: {each.why}" for each in preview.not_sent]
        if preview
        else [],
        sent=sent,
        is_under_way=any(each.is_under_way for each in sent),
        said=say(word) if word else "",
    )


def _sent(found: AnnouncementSums, page: DatePage) -> _Sent:
    announcement = found.announcement
    sums = [say_many("{count} sent", "{count} sent", found.sent)]
    if found.waiting:
        sums.append(say_many("{count} waiting", "{count} waiting", found.waiting))
    sums += [f"{people_words(each.people)}: {each.why}" for each in found.not_sent]
    trouble = []
    if found.failed:
        trouble.append(say_many("{count} failed", "{count} failed", found.failed))
    if found.unknown:
        trouble.append(
            say_many("{count} without an answer", "{count} without an answer", found.unknown)
        )
    return _Sent(
        id=str(announcement.id),
        subject=announcement.subject,
        when=moment_words(announcement.created_at, page.session.zone, page.now),
        by=announcement.by,
        sums=tuple(sums),
        trouble=tuple(trouble),
        is_under_way=found.waiting > 0 and announcement.stopped_at is None,
        may_be_stopped=found.may_be_stopped,
    )
