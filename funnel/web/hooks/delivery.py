"""``POST /webhooks/delivery/{provider}``: what became of emails. Verify, read, hand over, answer.

``/webhooks/delivery/{provider}/{secret}`` is for a provider that signs nothing and takes a secret
in its address. Whatever was understood is answered by 200, also where it is none of ours; 4xx is
for what is not the provider's or cannot be read, and our own failure is 500: then it comes again.
"""

from dataclasses import dataclass, field, replace
from typing import Final

import structlog
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, request_response

from funnel.domain.errors import InvalidInputError, SignatureError
from funnel.domain.signing import StaleSignatureError
from funnel.sending.delivery_events import (
    EventPost,
    EventReader,
    Reading,
    SubscriptionAsk,
    UnreachableError,
)
from funnel.services.keep_provider_words import keep_unread, note_subscription
from funnel.services.record_events import record_events
from funnel.web.hooks.bodies import MOST_DRAINED
from funnel.web.hooks.desk import Desk, answer_unsigned, desk_of, take_body
from funnel.web.problems import (
    NO_SUCH_PROVIDER,
    OUT_OF_REACH,
    UNREADABLE,
    answer_problem,
)

log = structlog.get_logger()

router = APIRouter()

_AT_ONCE: Final = 4  # events in threads; each holds a database connection, and signups go first
# SNS sends 256 KB at most, in JSON within JSON. A bounce of Postmark's holds the whole of what came
# back where "include content" is on; nothing of it is read.
_MOST_BYTES: Final = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    """One request, read."""

    provider: str
    path_secret: str = field(repr=False)
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


async def take_events(request: Request) -> Response:
    """Take events: 200 with what became of them, or a problem that says what to fix."""
    # The request log reads it, and shows the route: never the secret in the address.
    request.scope["route"] = _BY_SECRET if "secret" in request.path_params else _ROUTE
    body = await take_body(
        request, most=_MOST_BYTES, what="an event", remedy="Leave the content of bounces out."
    )
    if isinstance(body, Response):
        return body
    post = _Post(
        provider=request.path_params["provider"],
        path_secret=request.path_params.get("secret", ""),
        headers=request.headers,
        body=body,
    )
    desk = desk_of(request, "delivery_desk", at_once=_AT_ONCE)
    async with desk.places:
        return await run_in_threadpool(_answer, desk, post)


# As for signups: without FastAPI's own work, and with a limit of its own.
_LIMITED: Final = RequestBodyLimitMiddleware(
    request_response(take_events), max_body_size=MOST_DRAINED
)
_ROUTE: Final = Route("/webhooks/delivery/{provider}", _LIMITED, methods=["POST"])
_BY_SECRET: Final = Route("/webhooks/delivery/{provider}/{secret}", _LIMITED, methods=["POST"])
router.routes.extend([_ROUTE, _BY_SECRET])


def _answer(desk: Desk, post: _Post) -> Response:
    reader = desk.deps.event_readers.get(post.provider)
    if reader is None:
        return answer_problem(
            NO_SUCH_PROVIDER,
            "no provider of that name reports here",
            remedy="Look at the address; it ends in postmark or ses.",
        )
    try:
        return _take(desk, reader, _read(desk, reader, post))
    except SignatureError as error:
        log.info("events.unsigned", provider=reader.provider, reason=str(error))
        return _answer_unsigned(error, reader)
    except UnreachableError as error:
        log.warning("events.not_verified", provider=reader.provider, reason=str(error))
        headers = {"Retry-After": "30"}
        return answer_problem(OUT_OF_REACH, str(error), headers=headers)
    except InvalidInputError as error:
        keep_unread(error, reader.provider, post.body, desk.deps.transactions)
        return answer_problem(UNREADABLE, str(error), field=error.field, remedy=error.remedy)


def _read(desk: Desk, reader: EventReader, post: _Post) -> Reading:
    clock = desk.deps.real_clock
    event_post = EventPost(
        headers=post.headers, body=post.body, path_secret=post.path_secret, now=clock.now()
    )
    try:
        return reader.read(event_post)
    except StaleSignatureError:
        # Rightly signed, so worth a doubt in our own clock: it may have slept with the machine.
        return reader.read(replace(event_post, now=clock.asked_anew()))


def _take(desk: Desk, reader: EventReader, reading: Reading) -> Response:
    transactions = desk.deps.transactions
    if isinstance(reading, SubscriptionAsk):
        note_subscription(reader.provider, reading, transactions)
        return JSONResponse({"status": "kept, for a person to confirm"})
    counts = record_events(
        reading, reader.provider, transactions, hash_key=desk.deps.signup_rules.hash_key
    )
    return JSONResponse({"events": dict(counts)})


def _answer_unsigned(error: SignatureError, reader: EventReader) -> Response:
    answer = answer_unsigned(error, to_check=reader.to_check)
    if reader.provider == "postmark":
        answer.headers["www-authenticate"] = 'Basic realm="events", charset="UTF-8"'  # RFC 7617
    return answer
