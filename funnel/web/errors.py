"""Answers for what went wrong: a page in the host's voice, or problem details (RFC 9457)."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funnel.domain.errors import NotFoundError
from funnel.domain.speech import mark, say
from funnel.web.site import site_of

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    title: str
    text: str


_WORDS = {
    400: _Words(
        title="We could not read this",
        text="Something in the request was not in the form that this page needs. "
        "Please go back and try again.",
    ),
    404: _Words(
        title="There is no page here",
        text="The link may be cut off at its end: some mail programs break long ones. "
        "Open it once more from the email, or copy all of it.",
    ),
    405: _Words(
        title="Not this way",
        text="This address answers, but not to what was asked of it. "
        "Please go back and use the button on the page.",
    ),
    413: _Words(title="That was too much", text="What was sent is longer than we can take."),
    429: _Words(
        title="One moment",
        text="Many signups came from where you are. Please try again in an hour, "
        "or from another network.",
    ),
    500: _Words(
        title="Something broke on our side",
        text="It has been noted. What you did before is safe. Please try again in a few minutes.",
    ),
    503: _Words(
        title="Not now",
        text="We cannot reach our own records at this moment. Please try again in a minute.",
    ),
}

# The studio's own pages speak to somebody who works here, not to a guest of the host.
_STUDIO_WORDS = {
    400: _Words(
        title=mark("This form cannot be read"), text=mark("Go back, load the page anew, try again.")
    ),
    404: _Words(
        title=mark("There is no such page"),
        text=mark("It may have been removed, or the address is cut off at its end."),
    ),
    413: _Words(title=mark("That was too much"), text=mark("A text may have 1 MB, a file 20 MB.")),
    405: _Words(
        title=mark("Nothing was done"),
        text=mark("This address answers, but not to what was asked of it."),
    ),
    422: _Words(
        title=mark("This form cannot be read"), text=mark("Go back and correct what it says.")
    ),
    429: _Words(title=mark("One moment"), text=mark("That was asked too often. Try again later.")),
    500: _Words(
        title=mark("Something broke on our side"),
        text=mark("It has been noted. What you did before is safe. Try again in a few minutes."),
    ),
    503: _Words(
        title=mark("Not now"),
        text=mark("The database does not answer at this moment. Try again in a minute."),
    ),
}


def add_error_answers(app: FastAPI) -> None:
    """Let the application answer errors; what nobody foresaw is ``CatchAll``'s."""
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(NotFoundError, _answer_not_found)
    app.add_exception_handler(RequestValidationError, _answer_invalid)


def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 # what it was registered for
    detail = error.detail if error.detail != HTTPStatus(error.status_code).phrase else ""
    return answer_error(request, error.status_code, detail=detail, headers=error.headers)


def _answer_not_found(request: Request, _error: Exception) -> Response:
    return answer_error(request, 404)


def _answer_invalid(request: Request, _error: Exception) -> Response:
    return answer_error(request, 400)


def answer_error(
    request: Request,
    status: int,
    *,
    title: str = "",
    detail: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the error as JSON where a program asked, as a page otherwise."""
    words = _words_for(request, status, title=title, detail=detail)
    if wants_json(request):
        problem = {"type": "about:blank", "title": words.title, "status": status}
        answer: Response = JSONResponse(
            problem | ({"detail": detail} if detail else {}),
            status_code=status,
            media_type="application/problem+json",
        )
    else:
        site = site_of(request)
        answer = site.page(
            request,
            "studio/error.html" if _is_studio(request) else "error.html",
            brand=None if _is_studio(request) else site.brand_seen_last(),
            status=status,
            title=words.title,
            text=detail if status in {400, 422} and detail else words.text,
        )
    answer.headers.update(headers or {})
    return answer


def _words_for(request: Request, status: int, *, title: str, detail: str) -> _Words:
    if title:
        return _Words(title=title, text=detail)
    of_studio = _STUDIO_WORDS.get(status) if _is_studio(request) else None
    if of_studio is not None:
        return _Words(title=say(of_studio.title), text=say(of_studio.text))
    ours = _WORDS.get(status)
    return ours or _Words(title=HTTPStatus(status).phrase, text=detail)


def _is_studio(request: Request) -> bool:
    return request.url.path == "/studio" or request.url.path.startswith("/studio/")


def wants_json(request: Request) -> bool:
    """Say whether a program asks, not a browser."""
    if request.url.path.startswith(("/webhooks/", "/api/")):
        return True
    accepted = request.headers.get("accept", "")
    return "json" in accepted and "text/html" not in accepted


class CatchAll:
    """Answers what nobody foresaw with a page, and logs it without anything personal.

    Inside the other guards, so that even this answer carries the security headers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def noting_send(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        except Exception:  # the web's one place for what nobody foresaw
            log.exception("request.failed", route=route_of(scope))
            if has_begun:
                raise
            await answer_error(Request(scope, receive), 500)(scope, receive, send)


def route_of(scope: Scope) -> str:
    """Return "GET /c/{token}": the address itself may hold a token."""
    path = getattr(scope.get("route"), "path", "unknown")
    return f"{scope['method']} {path}"
