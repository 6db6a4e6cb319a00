"""Who may ask: a bearer token with each request (RFC 6750), and not too often."""

from datetime import timedelta
from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.responses import Response

from funnel.domain.api_token import MissingScopeError, Scope, UnknownTokenError
from funnel.services.check_token import check_token
from funnel.web.limits import SlidingWindow, network_of
from funnel.web.problems import (
    MISSING_SCOPE,
    NO_TOKEN,
    TOO_MANY_REQUESTS,
    answer_problem,
)
from funnel.web.site import TheSite
from funnel.web.visitors import visitor_of

_BEARER = "bearer "
_REALM = 'Bearer realm="funnel"'
MOST_PER_TOKEN = 600  # requests a minute
MOST_UNKNOWN = 30  # refused requests a minute from one network: nobody tries tokens one by one


class ApiLimits:
    """How often programs asked, of late."""

    def __init__(self) -> None:
        """Begin to count."""
        self.by_token = SlidingWindow(timedelta(minutes=1))
        self.unknown = SlidingWindow(timedelta(minutes=1))


class RefusedError(Exception):
    """A request that goes no further; ``answer`` says why. Web only: it carries HTTP."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


def may_read(request: Request, site: TheSite) -> None:
    """Let a request pass whose token is good for reading.

    Raises:
        RefusedError: With 401, 403 or 429.
    """
    limits = _limits(request)
    try:
        token = check_token(_token(request), Scope.READ, site.deps.transactions)
    except UnknownTokenError as error:
        raise RefusedError(_refuse_unknown(request, limits, str(error))) from error
    except MissingScopeError as error:
        raise RefusedError(_refuse_scope(error)) from error
    seconds = limits.by_token.take(str(token.id), most=MOST_PER_TOKEN)
    if seconds is not None:
        raise RefusedError(_too_many(seconds, f"a token may ask {MOST_PER_TOKEN} times a minute"))


MayRead = Annotated[None, Depends(may_read)]


def answer_refused(_request: Request, error: Exception) -> Response:
    """Answer with what a ``RefusedError`` carries."""
    return cast(RefusedError, error).answer


def _token(request: Request) -> str:
    # Only in the header: an address ends up in logs and histories.
    authorization = request.headers.get("authorization", "")
    is_bearer = authorization.lower().startswith(_BEARER)
    return authorization[len(_BEARER) :].strip() if is_bearer else ""


def _limits(request: Request) -> ApiLimits:
    state = request.app.state
    if not hasattr(state, "api_limits"):
        state.api_limits = ApiLimits()
    return cast(ApiLimits, state.api_limits)


def _refuse_unknown(request: Request, limits: ApiLimits, why: str) -> Response:
    network = network_of(visitor_of(request).ip)
    seconds = limits.unknown.take(network, most=MOST_UNKNOWN)
    if seconds is not None:
        return _too_many(seconds, "too many requests without a token that works")
    was_sent = bool(_token(request))
    return answer_problem(
        NO_TOKEN,
        why,
        remedy='Send "Authorization: Bearer …" with a token of `funnel token add`.',
        # RFC 6750, 3.1: without any token, no error code.
        headers={"WWW-Authenticate": _REALM + (', error="invalid_token"' if was_sent else "")},
    )


def _refuse_scope(error: MissingScopeError) -> Response:
    return answer_problem(
        MISSING_SCOPE,
        str(error),
        remedy=f"Use one made with `funnel token add NAME --scope {error.scope}`.",
        headers={
            "WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{error.scope}"'
        },
    )


def _too_many(seconds: int, why: str) -> Response:
    return answer_problem(
        TOO_MANY_REQUESTS,
        why,
        remedy=f"Ask again in {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
    )
