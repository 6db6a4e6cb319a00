"""``POST /webhooks/facts/{source}``: what other systems saw. Verify, read, hand over, answer.

Providers switch a webhook off that fails again and again. So whatever was understood is answered
by 200 or 202, also where it is none of ours; 4xx is for what its sender can mend.
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
from funnel.domain.fact_source import MOST_EVENT_BYTES, EventStatus, FactSource, Receipt
from funnel.domain.signing import StaleSignatureError
from funnel.intake.presets.catalogue import PRESETS
from funnel.intake.presets.preset import Challenge, Delivery, Preset, Verified
from funnel.services.receive_facts import receive_facts, refuse_event
from funnel.web.hooks.bodies import MOST_DRAINED
from funnel.web.hooks.desk import Desk, answer_unsigned, desk_of, take_body
from funnel.web.problems import (
    NO_SUCH_SOURCE,
    TOO_MANY_EVENTS,
    UNREADABLE,
    answer_problem,
)

log = structlog.get_logger()

router = APIRouter()

_AT_ONCE: Final = 4  # events in threads; each holds a database connection, and signups go first


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    """One request, read."""

    slug: str
    headers: Headers
    body: bytes = field(repr=False)


async def take_facts(request: Request) -> Response:
    """Take events: 200 or 202 with what became of them, or a problem that says what to fix."""
    request.scope["route"] = _ROUTE  # only FastAPI's own routes do so; the request log reads it
    body = await take_body(
        request, most=MOST_EVENT_BYTES, what="an event", remedy="Send fewer facts at once."
    )
    if isinstance(body, Response):
        return body
    post = _Post(slug=request.path_params["source"], headers=request.headers, body=body)
    desk = desk_of(request, "facts_desk", at_once=_AT_ONCE)
    async with desk.places:
        return await run_in_threadpool(_answer, desk, post)


# As for signups: without FastAPI's own work, and with a limit of its own.
_LIMITED: Final = RequestBodyLimitMiddleware(
    request_response(take_facts), max_body_size=MOST_DRAINED
)
_ROUTE: Final = Route("/webhooks/facts/{source}", _LIMITED, methods=["POST"])
router.routes.append(_ROUTE)


def _answer(desk: Desk, post: _Post) -> Response:
    source = desk.deps.fact_sources.find(post.slug)
    if source is None:
        return answer_problem(
            NO_SUCH_SOURCE,
            "no source of that name reports facts",
            remedy="Look at the address; “funnel fact-source list” shows the names.",
        )
    preset = PRESETS[source.preset]
    try:
        delivery, verified = _verified(desk, post, source, preset)
    except SignatureError as error:
        log.info("facts.unsigned", source=source.slug, reason=type(error).__name__)
        return answer_unsigned(error, to_check=preset.to_check)
    too_many = desk.too_many(source.slug, source.per_minute, TOO_MANY_EVENTS, "events")
    return too_many or _receive(desk, preset, delivery, verified)


def _verified(
    desk: Desk, post: _Post, source: FactSource, preset: Preset
) -> tuple[Delivery, Verified]:
    clock = desk.deps.real_clock
    delivery = Delivery(source=source, headers=post.headers, body=post.body, now=clock.now())
    try:
        return delivery, preset.verify(delivery)
    except StaleSignatureError:
        # Rightly signed, so worth a doubt in our own clock: it may have slept with the machine.
        again = Delivery(
            source=source, headers=post.headers, body=post.body, now=clock.asked_anew()
        )
        return again, preset.verify(again)


def _receive(desk: Desk, preset: Preset, delivery: Delivery, verified: Verified) -> Response:
    transactions = desk.deps.transactions
    try:
        read = preset.read(delivery, verified)
        if isinstance(read, Challenge):
            return JSONResponse(dict(read.answer))
        receipts = receive_facts(read, delivery.source, transactions)
    except InvalidInputError as error:
        refuse_event(error, delivery.source, delivery.body, transactions)
        return answer_problem(UNREADABLE, str(error), field=error.field, remedy=error.remedy)
    return _answer_receipts(receipts)


def _answer_receipts(receipts: tuple[Receipt, ...]) -> Response:
    """202 while any of them waits: it was taken, and is not applied yet."""
    waits = any(each.status is EventStatus.WAITING for each in receipts)
    shown = [_shown(each) for each in receipts]
    content = shown[0] if len(shown) == 1 else {"facts": shown}
    return JSONResponse(content, status_code=202 if waits else 200)


def _shown(receipt: Receipt) -> dict[str, object]:
    shown: dict[str, object] = {"id": receipt.event_id, "status": receipt.status}
    return shown | ({"reason": receipt.reason} if receipt.reason else {})
