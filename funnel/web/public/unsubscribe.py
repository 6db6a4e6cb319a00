"""The page behind "Unsubscribe", and the one-click address of mail services (RFC 8058)."""

from contextlib import suppress
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from funnel.domain.brand import Brand
from funnel.domain.consent import Topic
from funnel.domain.errors import NotFoundError
from funnel.domain.judgement import EvidenceKind
from funnel.domain.signing import LinkPurpose
from funnel.domain.signup import Visitor
from funnel.services.read_preferences import Preferences, read_preferences
from funnel.services.unsubscribe import Word, unsubscribe
from funnel.web.forms import PostedOrNothing
from funnel.web.site import Site, TheSite
from funnel.web.visitors import visitor_of

_TOPICS = {
    LinkPurpose.UNSUBSCRIBE_LETTERS: Topic.LETTERS,
    LinkPurpose.UNSUBSCRIBE_SEAT: Topic.SEAT,
}
_FETCHED = {
    Topic.LETTERS: EvidenceKind.LETTERS_STOP_FETCHED,
    Topic.SEAT: EvidenceKind.SEAT_STOP_FETCHED,
}

router = APIRouter()


@router.get("/u/{token}")
def show_unsubscribe(token: str, request: Request, site: TheSite) -> Response:
    """Show two buttons: end this email's topic, end everything. Changes nothing.

    That the page was opened is evidence: scanners open it with the other links of an email.
    """
    topic, person_id = _target(site, token)
    person = _person(site, person_id, visitor_of(request), page=_FETCHED[topic])
    if person is None or person.has_left:
        return _show_done(site, request, person, topic=None)
    return site.page(
        request,
        "unsubscribe.html",
        brand=_brand_of(site, person),
        token=token,
        is_letters=topic is Topic.LETTERS,
        preferences_token=site.deps.tokens.make(LinkPurpose.PREFERENCES, person_id),
    )


@router.post("/u/{token}")
def end(token: str, request: Request, posted: PostedOrNothing, site: TheSite) -> Response:
    """End what the button says; without a button it is a mail service's one click.

    A mail service posts form-encoded, multipart, broken or nothing at all, without a cookie, and
    repeats itself; it gets 200 each time and is never sent elsewhere.
    """
    topic, person_id = _target(site, token)
    button = posted.get("end")
    ended = None if button == "everything" else topic
    if not button and site.deps.settings.one_click_ends_everything:
        ended = None
    word = Word(source="unsubscribe page" if button else "one-click", visitor=visitor_of(request))
    with suppress(NotFoundError):  # forgotten by now: nothing is sent to nobody
        unsubscribe(person_id, ended, word, site.deps.transactions)
    if not button:
        return PlainTextResponse("Unsubscribed.\n")
    return _show_done(site, request, _person(site, person_id), topic=ended)


def _target(site: Site, token: str) -> tuple[Topic, UUID]:
    purpose, person_id = site.target(token, *_TOPICS)
    return _TOPICS[purpose], person_id


def _person(
    site: Site,
    person_id: UUID,
    visitor: Visitor | None = None,
    page: EvidenceKind = EvidenceKind.PREFERENCES_FETCHED,
) -> Preferences | None:
    try:
        return read_preferences(person_id, site.deps.transactions, visitor, page=page)
    except NotFoundError:
        return None


def _show_done(
    site: Site, request: Request, person: Preferences | None, *, topic: Topic | None
) -> Response:
    return site.page(
        request,
        "unsubscribed.html",
        brand=_brand_of(site, person),
        is_everything=topic is None,
        is_letters=topic is Topic.LETTERS,
        preferences_token=(
            site.deps.tokens.make(LinkPurpose.PREFERENCES, person.subscriber_id) if person else ""
        ),
    )


def _brand_of(site: Site, person: Preferences | None) -> Brand | None:
    return site.brand_of(person.runs[0].sequence_id if person and person.runs else None)
