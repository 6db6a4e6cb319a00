"""One request to a provider's HTTP API, and on which side of the boundary it broke.

A POST is sent once: nothing here repeats, redirects or keeps cookies. Whether an email can have
been taken depends on one thing, whether its last bytes went out, so the body is handed over by a
reader that sees them go (RELIABILITY, "The SMTP boundary").
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import quote, urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from funnel.domain.errors import InvalidInputError, NotSentError, SendError, UnknownOutcomeError
from funnel.domain.text import clean_text

# A task is killed after 90 s and a batch begins its last email before 10 s have passed: this leaves
# time to record what came of it. Both are for one silence; ``longest`` is for the whole.
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 30.0
_LONGEST_SECONDS = 60.0
# Load balancers drop a quiet connection after a minute; a POST on one that is gone is an unknown.
_IDLE_SECONDS = 20.0
# Their answers have some hundred bytes; a look-up has a few thousand.
_LARGEST_ANSWER = 256 * 1024
_PIECE = 16 * 1024
_LONGEST_REASON = 300
_LONGEST_WAIT = timedelta(days=1)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """Where an API is, and how long it is waited for.

    Attributes:
        base_url: Like ``https://api.postmarkapp.com``, without a path; plain http on loopback only.
        connections: Requests at once.
        connect_seconds: For one address of the host, TLS included.
        answer_seconds: Longest silence after the request.
        longest_seconds: For one whole exchange, an answer that drips included.
    """

    base_url: str
    connections: int = 8
    connect_seconds: float = _CONNECT_SECONDS
    answer_seconds: float = _ANSWER_SECONDS
    longest_seconds: float = _LONGEST_SECONDS

    def __post_init__(self) -> None:
        """Refuse an address that would send keys and people's emails in the clear.

        Raises:
            InvalidInputError: No https address, or one with a path or a password in it.
        """
        parts = urlsplit(self.base_url)
        is_safe = parts.scheme == "https" or (
            parts.scheme == "http" and parts.hostname in _LOOPBACK
        )
        is_bare = parts.path in {"", "/"} and not (parts.query or parts.fragment or parts.username)
        if not parts.hostname or not is_safe or not is_bare:
            raise InvalidInputError(
                "the provider's address must begin with https:// and hold nothing but its host",
                field="base_url",
                remedy="Leave it as it ships, or write it like https://api.example.com.",
            )

    @property
    def host(self) -> str:
        """Host and port, as a request's ``Host`` names them."""
        return urlsplit(self.base_url).netloc


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """One request; ``query`` is sorted by name, as signatures want it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back.

    Attributes:
        is_whole: False where it was cut short, or longer than an answer can be.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=CaseInsensitiveDict)
    body: bytes = b""
    is_whole: bool = True

    @property
    def fields(self) -> Mapping[str, object] | None:
        """The JSON object in it, ``None`` where there is none that can be trusted."""
        if not self.is_whole:
            return None
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):  # not UTF-8, no JSON, or a bomb of brackets
            return None
        return found if isinstance(found, dict) else None

    @property
    def retry_after(self) -> timedelta | None:
        """How long ``Retry-After`` asks to wait, in seconds or to a date (RFC 9110, 10.2.3).

        A date is counted from the answer's own ``Date``: our clock is not asked. ``None`` where it
        says nothing that makes sense; a day at most.
        """
        value = self.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdecimal():
            return timedelta(seconds=min(int(value[:9]), int(_LONGEST_WAIT.total_seconds())))
        with suppress(ValueError, TypeError, OverflowError):
            wait = parsedate_to_datetime(value) - parsedate_to_datetime(
                self.headers.get("Date", "")
            )
            return min(max(wait, timedelta(0)), _LONGEST_WAIT)
        return None


class HeldError(SendError):
    """The caller's time was over before the body left: nothing was sent."""


class CannotReachError(NotSentError):
    """The provider could not be reached at all; says nothing about the message."""


class _Body:
    """A request's body that says when it begins to leave, and knows when the last of it went.

    A stream to requests: it has a length and can be read. No ``tell``, so nobody rewinds it.
    """

    def __init__(self, body: bytes, *, before: Callable[[], None]) -> None:
        self._rest = memoryview(body)
        self._length = len(body)
        self._before: Callable[[], None] | None = before
        self.has_left = False

    def __len__(self) -> int:  # becomes Content-Length
        return self._length

    def __iter__(self) -> Iterator[bytes]:  # tells requests a stream; it is read, not iterated
        while piece := self.read(_PIECE):
            yield piece

    def read(self, size: int = -1) -> bytes:
        if self._before is not None:
            before, self._before = self._before, None
            before()
        piece = self._rest[:size] if size >= 0 else self._rest
        self._rest = self._rest[len(piece) :]
        # From here on the other side can have all of it.
        self.has_left = self.has_left or not self._rest
        return bytes(piece)


class ApiConnection:
    """One kept connection; serves one thread at a time."""

    def __init__(self, settings: ApiSettings) -> None:
        """Take the settings; nothing is opened before the first request."""
        self._settings = settings
        self._session: requests.Session | None = None
        self._used_at = 0.0

    def post(self, request: ApiRequest, *, before: Callable[[], None]) -> Answer:
        """Send a request once and return its answer, whatever its status.

        Args:
            request: Its body carries an email, or anything that must not be repeated.
            before: Called when the connection stands and the head of the request is out, right
                before the body; what it raises ends the request, and nothing was sent.

        Raises:
            CannotReachError: No connection, no TLS.
            NotSentError: It broke before the last of the body was out.
            UnknownOutcomeError: It broke after that, and no status line came.
        """
        body = _Body(request.body, before=before)
        try:
            return self._exchange(request, body)
        except requests.RequestException as error:
            reason = _shown(error)
            if body.has_left:
                raise UnknownOutcomeError(f"no answer came: {reason}") from error
            if isinstance(error, requests.ConnectionError):
                raise CannotReachError(f"cannot reach the provider: {reason}") from error
            raise NotSentError(f"the request broke off: {reason}") from error

    def get(self, request: ApiRequest) -> Answer:
        """Ask something that changes nothing.

        Raises:
            CannotReachError: No answer came.
        """
        try:
            return self._exchange(request, None)
        except requests.RequestException as error:
            raise CannotReachError(f"cannot reach the provider: {_shown(error)}") from error

    def close(self) -> None:
        """Give the connection back; the next request opens another."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _exchange(self, request: ApiRequest, body: _Body | None) -> Answer:
        deadline = time.monotonic() + self._settings.longest_seconds
        query = f"?{urlencode(request.query, quote_via=quote)}" if request.query else ""
        is_reusable = False
        try:
            with self._ready().request(
                request.method,
                f"{self._settings.base_url.rstrip('/')}{request.path}{query}",
                data=body,
                # Never gzip: a small answer gains nothing, and a bomb is one header away.
                headers={"Accept-Encoding": "identity", **request.headers},
                timeout=(self._settings.connect_seconds, self._settings.answer_seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                content, is_whole = _content(response, deadline)
                is_reusable = is_whole
                return Answer(
                    status=response.status_code,
                    headers=response.headers,
                    body=content,
                    is_whole=is_whole,
                )
        finally:
            self._used_at = time.monotonic()
            if not is_reusable:
                self.close()

    def _ready(self) -> requests.Session:
        if time.monotonic() - self._used_at > _IDLE_SECONDS:
            self.close()
        if self._session is None:
            self._session = _new_session()
        return self._session


def _new_session() -> requests.Session:
    session = requests.Session()
    # No .netrc, which would replace our own Authorization; proxies from the environment go with it.
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _content(response: requests.Response, deadline: float) -> tuple[bytes, bool]:
    """Return what can be read of the answer, and whether that is all of it."""
    content = bytearray()
    try:
        for piece in response.iter_content(_PIECE):
            content += piece
            if len(content) > _LARGEST_ANSWER or time.monotonic() > deadline:
                return bytes(content[:_LARGEST_ANSWER]), False
    except requests.RequestException:  # cut short, stalled, or chunks that are none
        return bytes(content), False
    return bytes(content), True


def _shown(error: BaseException) -> str:
    """Return what happened in one line, without the pool and object names of the libraries."""
    cause: BaseException = error
    while (deeper := _inner(cause)) is not None:
        cause = deeper
    text = str(cause) or type(cause).__name__
    return clean_text(text.rpartition(">: ")[2], limit=_LONGEST_REASON)


def _inner(error: BaseException) -> BaseException | None:
    reason = getattr(error, "reason", None)
    found = reason if isinstance(reason, BaseException) else None
    for each in error.args:
        found = found or (each if isinstance(each, BaseException) else None)
    return found
