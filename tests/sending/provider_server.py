"""Providers' sides of HTTP, on a free port: strict, and scripted where a test wants them to fail.

Each refuses what its provider's documentation says that it refuses. A script gives the acts of the
first, second, … email handed over; afterwards it behaves well.
"""

import json
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


class RefusalError(Exception):
    """What the provider says to a request that it does not take."""

    def __init__(self, status: int, body: object, headers: Mapping[str, str] | None = None):
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


class ProviderServer:
    """Listens until it is closed; a subclass says what it takes and what it answers."""

    def __init__(self, script: Sequence["Act"] = ()) -> None:
        self.script = list(script)
        self.requests: list[str] = []  # "POST /email", of every request that came
        self.taken: list[bytes] = []  # messages that somebody will receive
        self.at_once = 0
        self.most_at_once = 0
        self.connections = 0
        self.is_over = threading.Event()
        self.lock = threading.Lock()
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._server = _Listener(("127.0.0.1", 0), _Handler)
        self._server.provider = self
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def takes_by(self, handler: "_Handler") -> bool:
        """Return whether this request hands an email over."""
        raise NotImplementedError

    def take(self, handler: "_Handler", body: bytes) -> tuple[object, bytes]:
        """Return the answer to an email, and the message; refuse what is wrong with it."""
        raise NotImplementedError

    def answer(self, handler: "_Handler") -> object:
        """Return the answer to any other request."""
        raise NotImplementedError


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    provider: ProviderServer

    def server_bind(self) -> None:
        # Small, so that a large request is still under way when a script strikes.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        super().server_bind()

    def handle_error(self, request, client_address) -> None:
        """A client that goes away in the middle is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener
    disable_nagle_algorithm = True

    @property
    def provider(self) -> ProviderServer:
        return self.server.provider

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query))

    def setup(self) -> None:
        super().setup()
        with self.provider.lock:
            self.provider.connections += 1

    def do_GET(self) -> None:
        self._note()
        try:
            self.say(200, self.provider.answer(self))
        except RefusalError as error:
            self.say(error.status, error.body, error.headers)

    def do_POST(self) -> None:
        self._note()
        with self.provider.lock:
            self.provider.at_once += 1
            self.provider.most_at_once = max(self.provider.most_at_once, self.provider.at_once)
            act = self.provider.script.pop(0) if self.provider.script else well_behaved
        try:
            act(self)
        finally:
            with self.provider.lock:
                self.provider.at_once -= 1

    def _note(self) -> None:
        with self.provider.lock:
            self.provider.requests.append(f"{self.command} {urlsplit(self.path).path}")

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def take(self) -> object:
        """Read and take the email; return what would be answered."""
        body = self.body()
        with self.provider.lock:
            answer, message = self.provider.take(self, body)
            self.provider.taken.append(message)
        return answer

    def say(
        self, status: int, body: object = None, headers: Mapping[str, str] | None = None
    ) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def hang_up(self) -> None:
        self.close_connection = True

    def date_time_string(self, timestamp=None) -> str:
        return format_datetime(self.provider.now(), usegmt=True)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


Act = Callable[[_Handler], None]


def well_behaved(handler: _Handler) -> None:
    try:
        handler.say(200, handler.take())
    except RefusalError as error:
        handler.say(error.status, error.body, error.headers)


def says(status: int, body: object = None, **headers: str) -> Act:
    """Refuse, whatever it is: nothing is taken."""

    def act(handler: _Handler) -> None:
        handler.body()
        handler.say(status, body, {key.replace("_", "-"): value for key, value in headers.items()})

    return act


def takes_and(then: Callable[[_Handler, bytes], None]) -> Act:
    """Take the email, then do something else than to say so."""

    def act(handler: _Handler) -> None:
        then(handler, json.dumps(handler.take()).encode())

    return act


def _failing(status: int, body: object) -> Act:
    return takes_and(lambda handler, _: handler.say(status, body))


def fails_after_taking(status: int = 500, body: object = None) -> Act:
    return _failing(status, body)


def hangs_up(handler: _Handler) -> None:
    """Close before the body was read."""
    handler.hang_up()


hangs_up_after_taking = takes_and(lambda handler, _: handler.hang_up())


@takes_and
def silent_after_taking(handler: _Handler, _: bytes) -> None:
    handler.provider.is_over.wait(30)
    handler.hang_up()


@takes_and
def drips_after_taking(handler: _Handler, _: bytes) -> None:
    """Answer one byte at a time, each within any time-out, and never come to an end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
    while not handler.provider.is_over.wait(0.05):
        handler.wfile.write(b".")
        handler.wfile.flush()
    handler.hang_up()


@takes_and
def cuts_its_answer(handler: _Handler, answer: bytes) -> None:
    handler.say(200, answer[:-3], {"Content-Length": str(len(answer))})
    handler.hang_up()


@takes_and
def says_half_json(handler: _Handler, answer: bytes) -> None:
    handler.say(200, answer[:-3])


@takes_and
def says_too_much(handler: _Handler, answer: bytes) -> None:
    handler.say(200, answer[:-1] + b', "filler": "' + b"x" * 3_000_000 + b'"}')


@takes_and
def says_no_status(handler: _Handler, _: bytes) -> None:
    handler.wfile.write(b"\x00\x01 what\r\n\r\n")
    handler.hang_up()


@takes_and
def says_other_json(handler: _Handler, _: bytes) -> None:
    handler.say(200, [1, 2, 3])
