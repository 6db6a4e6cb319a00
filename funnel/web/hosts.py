"""Under which host names this service answers: its own, and those that brands give their links."""

import threading
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_KNOWN_FOR: Final = timedelta(seconds=5)
# A brand's host is for its readers. Who works here comes by the service's own name.
_NOT_FOR_READERS: Final = ("/studio", "/delivery", "/api/", "/demo/")


class BrandHosts:
    """The host names of brands' links, read again after 5 s: a new one needs no restart."""

    def __init__(
        self, read: Callable[[], Collection[str]], *, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        """Read nothing yet; ``ticks`` are seconds that never go back."""
        self._read = read
        self._ticks = ticks
        self._lock = threading.Lock()
        self._known: frozenset[str] = frozenset()
        self._known_until = float("-inf")

    def has(self, host: str) -> bool:
        """Say whether some brand's links lead to a host (in small letters)."""
        # Strangers name any host: they cost one look at the database in five seconds.
        with self._lock:
            if self._ticks() >= self._known_until:
                self._known = frozenset(each.lower() for each in self._read())
                self._known_until = self._ticks() + _KNOWN_FOR.total_seconds()
            return host in self._known


class KnownHosts:
    """Refuses requests for another host's name: links in answers must be ours."""

    def __init__(self, app: ASGIApp, *, own: Collection[str], brands: BrandHosts) -> None:
        """Take our own names, ``*.example.org`` for all below one, and those of brands."""
        self._app = app
        self._own = tuple(each.lower() for each in own)
        self._trusted = TrustedHostMiddleware(app, list(own), www_redirect=False)
        self._brands = brands

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = self._host(scope)
        if not host or self._is_own(host) or not await run_in_threadpool(self._brands.has, host):
            await self._trusted(scope, receive, send)
        elif scope["path"].startswith(_NOT_FOR_READERS):
            answer = PlainTextResponse("There is no page here.\n", status_code=404)
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _host(self, scope: Scope) -> str:
        if scope["type"] != "http":
            return ""
        return Headers(scope=scope).get("host", "").partition(":")[0].lower()

    def _is_own(self, host: str) -> bool:
        return any(
            host == each or (each.startswith("*") and host.endswith(each[1:])) for each in self._own
        )
