"""One non-blocking socket that speaks lines of SMTP, in steps that somebody else drives.

What would wait yields instead which event it waits for: a conversation reads like one that blocks,
and one selector drives many of them (``funnel.sending.smtp``). Whoever drives throws
``TimeoutError`` into a conversation whose ``deadline`` has come.

``smtplib`` is not used: its ``sendmail`` hides on which side of the final dot it broke, and its
time-out is per read, so a server that sends a byte now and then holds a worker for ever.
"""

import ipaddress
import os
import re
import socket
import ssl
from collections.abc import Generator
from contextlib import suppress
from selectors import EVENT_READ, EVENT_WRITE, BaseSelector
from traceback import walk_tb
from typing import NamedTuple, TypeVar

from funnel.domain.errors import NotSentError
from funnel.domain.text import clean_text

_Result = TypeVar("_Result")
# A conversation: yields the event it waits for (EVENT_READ, EVENT_WRITE), returns its result.
Steps = Generator[int, None, _Result]

_LONGEST_REPLY_LINE = 4096  # RFC 5321 allows 512; some servers send more
_MOST_REPLY_LINES = 100
_LONGEST_TEXT = 300
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?")
# One line with its end, the usual reply; [^\r\n] so that nothing is mistaken for it.
_SHORT_REPLY = re.compile(rb"([2-5][0-9]{2})(?: ([^\r\n]*))?\r\n")
_ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")


class DroppedError(NotSentError):
    """The server ended the connection before the final dot: a fresh one may do better at once.

    Attributes:
        code: The code it hung up with (421), empty where it just went away.
    """

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class CannotOpenError(NotSentError):
    """No usable connection: unreachable, no TLS, wrong log-in.

    Attributes:
        remedy: One sentence that says what to change.
        code: The server's code, empty where none came.
    """

    def __init__(self, message: str, *, remedy: str, code: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy
        self.code = code


class Reply(NamedTuple):
    """A server's answer; its words are decoded only where somebody reads them.

    A named tuple, since four of them are made for each message.
    """

    code: int
    lines: tuple[bytes, ...]

    @property
    def text(self) -> str:
        """Return the words as one clean line for people."""
        text = b" ".join(self.lines).decode("utf-8", "replace")
        if len(text) <= _LONGEST_TEXT and text.isascii() and text.isprintable():
            return text
        return clean_text(text, limit=_LONGEST_TEXT)

    @property
    def enhanced_code(self) -> str:
        """Return the code of RFC 3463 (``5.1.1``), empty where the server gives none."""
        found = _ENHANCED_CODE.match(self.text)
        return found.group() if found else ""

    @property
    def codes(self) -> str:
        """Return both codes, as a row keeps them."""
        return f"{self.code} {self.enhanced_code}".rstrip()

    @property
    def is_positive(self) -> bool:
        """Whether it says yes."""
        return self.code // 100 == 2


class Wire:
    """A connected socket, or one that is being connected, watched by a selector until it closes.

    Attributes:
        watched: The events that the selector looks for now.
        unsent: How many bytes of a ``send`` that failed were not given to the network.
    """

    __slots__ = ("_received", "_selector", "_socket", "unsent", "watched")

    def __init__(self, sock: socket.socket, selector: BaseSelector, owner: object) -> None:
        """Take a socket that does not block; ``owner`` is what the selector hands out for it."""
        self._socket = sock
        self._selector = selector
        self._received = b""
        self.unsent = 0
        self.watched = EVENT_READ
        selector.register(sock.fileno(), self.watched, owner)

    def watch(self, event: int) -> None:
        """Have the selector look for another event."""
        key = self._selector.get_key(self._socket.fileno())
        self._selector.modify(key.fd, event, key.data)
        self.watched = event

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return isinstance(self._socket, ssl.SSLSocket)

    @property
    def is_local(self) -> bool:
        """Whether the server is this very machine, so that nobody can listen on the way."""
        return ipaddress.ip_address(str(self._socket.getpeername()[0])).is_loopback

    @property
    def is_early(self) -> bool:
        """Whether the server has said more than it was asked."""
        return bool(self._received)

    def own_literal(self) -> str:
        """Return our address as RFC 5321 4.1.4 wants it from who has no name of its own."""
        own = str(self._socket.getsockname()[0]).partition("%")[0]
        return f"[IPv6:{own}]" if ":" in own else f"[{own}]"

    def connected(self) -> Steps[None]:
        """Wait until a dialled wire is connected.

        Raises:
            OSError: It cannot be; ``TimeoutError`` where nobody answered in time.
        """
        yield EVENT_WRITE
        failure = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise OSError(failure, os.strerror(failure))

    def start_tls(self, context: ssl.SSLContext, host: str) -> Steps[None]:
        """Encrypt from here on.

        Raises:
            OSError: The handshake failed (``ssl.SSLError``) or took too long.
            NotSentError: The server, or somebody in between, sent plain text after its promise.
        """
        if self._received:
            raise NotSentError("text was slipped in before TLS")  # CVE-2011-0411
        encrypted = self._wrapped(context, host)
        while True:
            try:
                return encrypted.do_handshake()
            except ssl.SSLWantReadError:
                yield EVENT_READ
            except ssl.SSLWantWriteError:
                yield EVENT_WRITE

    def _wrapped(self, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
        number = self._socket.fileno()
        try:
            encrypted = context.wrap_socket(
                self._socket, server_hostname=host, do_handshake_on_connect=False
            )
        except (OSError, ValueError) as error:
            if self._socket.fileno() < 0:
                # It took the socket over before it failed. Its number will be given out again, and
                # a selector that still knew it would refuse the next connection.
                self._selector.unregister(number)
                _close_what_was_taken(error)
            raise
        self._socket = encrypted
        return encrypted

    def send(self, data: bytes) -> Steps[None]:
        """Give bytes to the network.

        Raises:
            DroppedError: The connection broke, or words lie there that nobody asked for.
            NotSentError: The server takes nothing more.
        """
        self.unsent = len(data)
        if self._received:
            # Or its next word, meant for something else, would pass as the answer to this.
            raise DroppedError("the server answers before it is asked")
        rest: bytes | memoryview = data
        while True:
            try:
                sent = self._socket.send(rest)
            except ssl.SSLWantReadError:
                yield from self._wait(EVENT_READ, "the server took nothing more")
            except (BlockingIOError, ssl.SSLWantWriteError):
                yield from self._wait(EVENT_WRITE, "the server took nothing more")
            except OSError as error:
                raise DroppedError(f"the connection broke: {error}") from error
            else:
                self.unsent -= sent
                if not self.unsent:
                    return
                rest = memoryview(data)[-self.unsent :]

    def reply(self) -> Steps[Reply]:
        """Return the next reply.

        Raises:
            DroppedError: The server went away.
            NotSentError: It fell silent, or does not speak SMTP.
        """
        received = self._received
        if not received:
            yield from self._fill()
            received = self._received
        usual = _SHORT_REPLY.match(received)
        if usual is not None and usual.end() - usual.start() <= _LONGEST_REPLY_LINE:
            self._received = received[usual.end() :]
            return Reply(int(usual[1]), (usual[2] or b"",))
        return (yield from self._long_reply())

    def close(self) -> None:
        """Close the socket; the server is told nothing."""
        if self._socket.fileno() >= 0:
            self._selector.unregister(self._socket.fileno())
            self._socket.close()

    def _long_reply(self) -> Steps[Reply]:
        lines: list[bytes] = []
        while len(lines) < _MOST_REPLY_LINES:
            line = yield from self._line()
            found = _REPLY_LINE.fullmatch(line)
            if found is None:
                break
            code, more, text = found.groups()
            lines.append(text or b"")
            if more != b"-":
                return Reply(int(code), tuple(lines))
        raise NotSentError("the server does not answer in SMTP")

    def _line(self) -> Steps[bytes]:
        while b"\n" not in self._received:
            if len(self._received) > _LONGEST_REPLY_LINE:
                raise NotSentError("the server answers without end")
            yield from self._fill()
        line, _, self._received = self._received.partition(b"\n")
        if len(line) > 4 * _LONGEST_REPLY_LINE:
            raise NotSentError("the server answers without end")
        return line.rstrip(b"\r")

    def _fill(self) -> Steps[None]:
        """Wait for more and read it."""
        sock = self._socket
        if not (isinstance(sock, ssl.SSLSocket) and sock.pending()):
            yield from self._wait(EVENT_READ, "the server fell silent")
        while True:
            try:
                piece = sock.recv(_LONGEST_REPLY_LINE)
            except (BlockingIOError, ssl.SSLWantReadError):
                yield from self._wait(EVENT_READ, "the server fell silent")
                continue
            except ssl.SSLWantWriteError:
                yield from self._wait(EVENT_WRITE, "the server fell silent")
                continue
            except OSError as error:
                raise DroppedError(f"the connection broke: {error}") from error
            if not piece:
                raise DroppedError("the server hung up")
            self._received += piece
            return

    @staticmethod
    def _wait(event: int, complaint: str) -> Steps[None]:
        try:
            yield event
        except TimeoutError as error:
            raise NotSentError(complaint) from error


def _close_what_was_taken(error: BaseException) -> None:
    """Close the socket that ``SSLContext.wrap_socket`` made and left open as it failed.

    It closes what it made after most failures, but not where the connection was reset before
    (``SSLSocket._create``, Python 3.11 to 3.13); nobody else has it then.
    """
    for frame, _ in walk_tb(error.__traceback__):
        taken = frame.f_locals.get("self")
        if isinstance(taken, ssl.SSLSocket):
            taken.close()


def dial(family: int, address: tuple[str, int], *, selector: BaseSelector, owner: object) -> Wire:
    """Begin to connect and return at once; ``Wire.connected`` waits for it.

    Raises:
        OSError: It cannot even begin.
    """
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)  # noqa: FBT003 - the library's own call
        # Without it the second small packet of a message waits 40 ms for an answer to the first.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(BlockingIOError):
            sock.connect(address)
    except OSError:
        sock.close()
        raise
    return Wire(sock, selector, owner)
