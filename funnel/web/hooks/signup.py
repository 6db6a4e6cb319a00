"""``POST /webhooks/signup/{source}``: the hot path's door. Verify, map, hand over, answer.

The body is read in the event loop, and all the rest is one call in a thread: verifying and parsing
take less time than a second way through the thread pool would.
"""

from dataclasses import dataclass, field
from typing import Final

import structlog
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, request_response

from funnel.domain.errors import InvalidInputError, SignatureError
from funnel.domain.signing import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    StaleSignatureError,
    VerifiedWebhook,
    verify_webhook,
)
from funnel.domain.signup import MOST_BODY_BYTES, Source, Visitor
from funnel.domain.subscriber import ZoneSource
from funnel.intake.errors import MalformedBodyError
from funnel.intake.signup import Arrival
from funnel.intake.webhook import check_form_secret, read_webhook
from funnel.services.accept_signup import accept_signup
from funnel.services.record_refusal import record_refusal
from funnel.web.hooks.bodies import MOST_DRAINED
from funnel.web.hooks.desk import Desk, answer_unsigned, desk_of, take_body
from funnel.web.problems import (
    MALFORMED,
    NO_SUCH_SOURCE,
    TOO_MANY,
    WRONG_FIELD,
    answer_problem,
)
from funnel.web.visitors import visitor_of

log = structlog.get_logger()

router = APIRouter()

_SIGNED: Final = (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER)
_BEARER: Final = "bearer "
_TO_CHECK: Final = (
    "Sign the raw body by the Standard Webhooks scheme with this source's secret, "
    "or send the secret for forms as a bearer token."
)
_AT_ONCE: Final = 8  # signups in threads; each holds a database connection


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    """One request, read."""

    slug: str
    headers: Headers
    secret: str = field(repr=False)
    body: bytes = field(repr=False)
    visitor: Visitor


async def sign_up(request: Request) -> Response:
    """Take a signup: 202 with its id, or a problem that says what to fix."""
    request.scope["route"] = _ROUTE  # only FastAPI's own routes do so; the request log reads it
    body = await take_body(
        request,
        most=MOST_BODY_BYTES,
        what="a signup",
        remedy="Send the fields only, no files.",
    )
    if isinstance(body, Response):
        return body
    post = _Post(
        slug=request.path_params["source"],
        headers=request.headers,
        secret=_form_secret(request),
        body=body,
        visitor=visitor_of(request),
    )
    desk = desk_of(request, "signup_desk", at_once=_AT_ONCE)
    async with desk.places:
        return await run_in_threadpool(_answer, desk, post)


# Without FastAPI's own work for each request: nothing here needs it.
# And with a limit of its own in the place of the pages': see ``read_body``.
_LIMITED: Final = RequestBodyLimitMiddleware(request_response(sign_up), max_body_size=MOST_DRAINED)
_ROUTE: Final = Route("/webhooks/signup/{source}", _LIMITED, methods=["POST"])
router.routes.append(_ROUTE)


def _form_secret(request: Request) -> str:
    """Return the secret of a sender that cannot sign: a bearer token, or in the address.

    Never in the body: the body is kept.
    """
    authorization = request.headers.get("authorization", "")
    if authorization.lower().startswith(_BEARER):
        return authorization[len(_BEARER) :].strip()
    return request.query_params.get("secret", "")


def _answer(desk: Desk, post: _Post) -> Response:
    source = desk.deps.sources.find(post.slug)
    if source is None:
        return answer_problem(
            NO_SUCH_SOURCE,
            "no source of that name takes signups",
            remedy="Look at the address; “funnel source list” shows the names.",
        )
    try:
        webhook_id = _verified_id(desk, post, source)
    except SignatureError as error:
        log.info("signup.refused", source=source.slug, reason=type(error).__name__)
        return answer_unsigned(error, to_check=_TO_CHECK)
    too_many = desk.too_many(source.slug, source.per_minute, TOO_MANY, "signups")
    return too_many or _accept(desk, post, source, webhook_id)


def _verified_id(desk: Desk, post: _Post, source: Source) -> str:
    """Return the id that a signature vouches for; "" where a secret stands for a signature."""
    is_signed = any(name in post.headers for name in _SIGNED)
    if not is_signed and source.form_secret is not None:
        check_form_secret(post.secret, source)
        return ""
    clock = desk.deps.real_clock
    try:
        return _verify(post, source, desk).webhook_id
    except StaleSignatureError:
        # Rightly signed, so worth a doubt in our own clock: it may have slept with the machine.
        clock.asked_anew()
        return _verify(post, source, desk).webhook_id


def _verify(post: _Post, source: Source, desk: Desk) -> VerifiedWebhook:
    return verify_webhook(
        post.body, post.headers, secrets=source.secrets, now=desk.deps.real_clock.now()
    )


def _accept(desk: Desk, post: _Post, source: Source, webhook_id: str) -> Response:
    arrival = Arrival(
        external_id=webhook_id,
        zone_source=ZoneSource.WEBHOOK,
        payload=post.body,
        received_at=desk.deps.real_clock.now(),
        visitor=post.visitor,
    )
    try:
        request = read_webhook(post.headers.get("content-type", ""), source, arrival)
        accepted = accept_signup(request, source, desk.deps.transactions, desk.deps.signup_rules)
    except InvalidInputError as error:
        _keep_refused(desk, post, source, error)
        problem = MALFORMED if isinstance(error, MalformedBodyError) else WRONG_FIELD
        return answer_problem(problem, str(error), field=error.field, remedy=error.remedy)
    return JSONResponse({"id": str(accepted.id)}, status_code=202)


def _keep_refused(desk: Desk, post: _Post, source: Source, error: InvalidInputError) -> None:
    """Keep what its sender vouched for: whoever connects a form finds out here what it sends."""
    record_refusal(error, source, desk.deps.transactions, payload=post.body, visitor=post.visitor)
