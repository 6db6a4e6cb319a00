"""What stands before every page: who may ask, from where, and what a browser may do with it.

Plain ASGI, so that a large body is never read into memory here.
"""

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funnel.domain.links import web_origin

log = structlog.get_logger()

MOST_BODY_BYTES = 1024 * 1024
MOST_UPLOAD_BYTES = 21 * 1024 * 1024  # a photo of 20 MB in a form
MOST_TABLE_BYTES = 21 * 1024 * 1024  # a table of 20 MB in a form
ASKED_BY = "funnel.asked_by"  # in the scope: the method, where we answer another one
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# Nothing inline, nothing from elsewhere. The inbox shows mails in frames under a policy of their
# own (web/demo/inbox.py), which is why frames of our own origin are allowed at all.
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'{images}; frame-src 'self'; form-action 'self'{forms}; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def page_policy(image_addresses: Iterable[str] = (), form_addresses: Iterable[str] = ()) -> str:
    """Return the content security policy of our pages.

    Args:
        image_addresses: Absolute addresses of pictures, the brand's logo; their hosts are allowed.
        form_addresses: Where a form may lead in the end: browsers hold the redirect that answers
            it to this as well.
    """
    return _POLICY.format(
        images="".join(f" {each}" for each in hosts_of(image_addresses)),
        forms="".join(f" {each}" for each in hosts_of(form_addresses)),
    )


def framed_policy(policy: str) -> str:
    """Return a page's policy for a frame of the studio, which shows it to who writes it."""
    return policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'")


def hosts_of(addresses: Iterable[str]) -> list[str]:
    """Return where absolute addresses lead, as a policy names it: scheme and host, no more.

    What is no address of a page is left out: a policy must not break, nor say what it was not meant
    to, whatever a field holds.
    """
    return sorted({origin for each in addresses if (origin := web_origin(each)) is not None})


class SafeHeaders:
    """Sends the security headers with every answer; what an answer says itself stays."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._headers: Mapping[str, str] = {
            "content-security-policy": page_policy(),
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            # Links hold tokens: other sites must not see them. Not "no-referrer": with that a
            # browser sends "Origin: null" with our own forms.
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=()",
            "cache-control": "no-store",
            "x-robots-tag": "noindex",
        }
        if is_https:
            self._headers = {**self._headers, "strict-transport-security": "max-age=31536000"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class OnlyThisMachine:
    """The demo answers nobody else: its inbox shows every mail, its links open everything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_this_machine(scope.get("client")):
            answer = PlainTextResponse(
                "This is a demo. It answers only the machine that it runs on.\n", status_code=403
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_this_machine(client: tuple[str, int] | None) -> bool:
    if client is None:
        return True  # a unix socket, or a test: there is no network in between
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


class OwnOrigin:
    """Refuses what a browser posts from another site.

    For pages behind a link's token it is the second bolt, for the day when a token leaks; for the
    studio one of three (web/auth.py). Programs that send no such header pass.
    """

    def __init__(self, app: ASGIApp, *, except_for: Collection[str]) -> None:
        """Take the beginnings of paths that others may post to: webhooks, one-click."""
        self._app = app
        self._except_for = tuple(except_for)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_foreign(scope):
            # The studio's addresses hold no token; those of readers do, and are not written down.
            where = scope["path"] if scope["path"].startswith("/studio") else "a page of readers"
            log.warning("request.from_another_site", path=where, method=scope["method"])
            answer = PlainTextResponse(
                "This was sent from another site, so nothing was done. "
                "Open the page itself and press the button there.\n",
                status_code=403,
            )
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_foreign(self, scope: Scope) -> bool:
        if scope["method"] in _SAFE_METHODS or scope["path"].startswith(self._except_for):
            return False
        headers = Headers(scope=scope)
        fetched_from = headers.get("sec-fetch-site")
        if fetched_from is not None:
            return fetched_from not in {"same-origin", "none"}
        origin = headers.get("origin")
        return origin is not None and urlsplit(origin).netloc != headers.get("host")


class BodyLimit:
    """Refuses what is longer than we take: 413, before anything reads it."""

    def __init__(self, app: ASGIApp, *, uploads: Mapping[str, int]) -> None:
        """Take the paths that files are sent to, and how many bytes each may get."""
        self._plain = RequestBodyLimitMiddleware(app, max_body_size=MOST_BODY_BYTES)
        self._large = {
            path: RequestBodyLimitMiddleware(app, max_body_size=most)
            for path, most in uploads.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        await self._large.get(path, self._plain)(scope, receive, send)


class HeadAsGet:
    """Answers HEAD like GET; the server leaves the body away."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET", ASKED_BY: "HEAD"}
        await self._app(scope, receive, send)
