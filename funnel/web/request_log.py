"""One line for each request: what was asked and how it went; no address, no token, no query."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funnel.web.errors import route_of

log = structlog.get_logger()

# Asked each second, by a page that is left open or by a machine that watches us.
_NOT_WORTH_A_LINE = frozenset({"GET /demo/state", "GET /inbox/list", "GET /healthz", "GET /readyz"})


class RequestLog:
    """Logs the status and the time of each answer, at the level that it deserves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def noting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        finally:
            route = route_of(scope)
            write = log.debug if route in _NOT_WORTH_A_LINE else log.info
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            write("request.answered", route=route, status=status, ms=milliseconds)
