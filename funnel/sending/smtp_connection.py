"""One SMTP connection, driven step by step so that it is always known how far a message got.

``smtplib`` is not used: its ``sendmail`` hides on which side of the final dot it broke, and its
time-out is per read, so a server that sends a byte now and then holds a worker for ever. Here one
deadline covers everything up to the final dot, and another the answer to it (RFC 5321, RFC 1047).
"""

import base64
import ipaddress
import re
import socket
import ssl
import time
from dataclasses import dataclass
from enum import StrEnum

from funnel.domain.errors import NotSentError, UnknownOutcomeError
from funnel.domain.text import clean_text
from funnel.sending.addresses import Address

_LONGEST_REPLY_LINE = 4096  # RFC 5321 allows 512; some servers send more
_MOST_REPLY_LINES = 100
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?")
_ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


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


class SmtpSecurity(StrEnum):
    """How the connection is encrypted. Certificates are verified wherever TLS is spoken."""

    STARTTLS = "starttls"  # required after EHLO, usually on port 587
    TLS = "tls"  # from the first byte, usually on port 465
    STARTTLS_IF_OFFERED = "starttls-if-offered"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A server's answer; ``text`` is one line for people."""

    code: int
    text: str

    @property
    def enhanced_code(self) -> str:
        """Return the code of RFC 3463 (``5.1.1``), empty where the server gives none."""
        found = _ENHANCED_CODE.match(self.text)
        return found.group() if found else ""

    @property
    def codes(self) -> str:
        return f"{self.code} {self.enhanced_code}".rstrip()

    @property
    def is_positive(self) -> bool:
        return self.code // 100 == 2


class SmtpConnection:
    """The wire: commands out, replies in, and the final dot as a step of its own.

    Everything before ``finish`` raises ``NotSentError`` (``DroppedError`` where the server hung
    up); ``finish`` raises ``UnknownOutcomeError`` once the dot has left.
    """

    def __init__(self, sock: socket.socket, *, deadline: float) -> None:
        """Take a connected socket; ``deadline`` is a monotonic moment, moved by the caller."""
        # Without it the second small packet of a message waits 40 ms for an answer to the first.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.deadline = deadline
        self.extensions: dict[str, str] = {}
        self._socket = sock
        self._received = b""

    # -- opening ---------------------------------------------------------------------------

    @property
    def is_encrypted(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    @property
    def is_local(self) -> bool:
        """Whether the server is this very machine, so that nobody can listen on the way."""
        return ipaddress.ip_address(str(self._socket.getpeername()[0])).is_loopback

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Encrypt from here on.

        Raises:
            OSError: The handshake failed (``ssl.SSLError``) or took too long.
            NotSentError: The server, or somebody in between, sent plain text after its promise.
        """
        if self._received:
            raise NotSentError("text was slipped in before TLS")  # CVE-2011-0411
        self._socket.settimeout(self._time_left())
        self._socket = context.wrap_socket(self._socket, server_hostname=host)
        self.extensions = {}

    def greet(self) -> Reply:
        """Say EHLO (HELO to a server of the old kind) and learn what the server can do."""
        host = self._own_literal()
        reply, lines = self._exchange(f"EHLO {host}")
        if reply.code // 100 == 5:
            return self.command(f"HELO {host}")
        words = [line.split(" ", 1) for line in lines[1:]]
        self.extensions = {name.upper(): " ".join(rest) for name, *rest in words}
        return reply

    def _own_literal(self) -> str:
        """Return our address as RFC 5321 4.1.4 wants it from who has no name of its own."""
        own = str(self._socket.getsockname()[0]).partition("%")[0]
        return f"[IPv6:{own}]" if ":" in own else f"[{own}]"

    def log_in(self, user: str, password: str) -> Reply:
        """Prove who we are by PLAIN, or LOGIN where the server has no PLAIN (RFC 4954).

        Raises:
            CannotOpenError: The server offers neither.
        """
        offered = self.extensions.get("AUTH", "").upper().split()
        if "PLAIN" in offered:
            identity = _base64("\0".join(("", user, password)))
            return self.command(f"AUTH PLAIN {identity}")
        if "LOGIN" not in offered:
            raise CannotOpenError(
                f"the server offers no known way to log in ({' '.join(offered) or 'none'})",
                remedy="Choose the port for submission (587 or 465), or leave the user empty.",
            )
        reply = self.command("AUTH LOGIN")
        for answer in (user, password):
            if reply.code == 334:
                reply = self.command(_base64(answer))
        return reply

    # -- one message -----------------------------------------------------------------------

    def envelope(self, sender: Address, recipient: Address, *, options: str) -> tuple[str, Reply]:
        """Give sender, recipient and DATA; return the last command and its reply.

        The reply to the last command is the one that decides: 354 means "go on".
        """
        command, reply = "MAIL", self.command(f"MAIL FROM:<{sender.text}>{options}")
        if reply.is_positive:
            command, reply = "RCPT", self.command(f"RCPT TO:<{recipient.text}>")
        if reply.is_positive:
            command, reply = "DATA", self.command("DATA")
        return command, reply

    def content(self, raw: bytes) -> None:
        """Send the message without its final dot, each leading dot doubled (RFC 5321 4.5.2)."""
        self._send(_LEADING_DOT.sub(b"..", raw))

    def finish(self, *, answer_seconds: float) -> Reply:
        """Send the final dot and return the server's verdict.

        Raises:
            NotSentError: The dot could not be given to the network, so nobody has seen it.
            UnknownOutcomeError: It left, and no answer that can be understood came back.
        """
        self._send(b".\r\n")
        self.deadline = time.monotonic() + answer_seconds
        try:
            reply = self.reply()
        except NotSentError as error:
            raise UnknownOutcomeError(f"after the final dot: {error}") from error
        if reply.code // 100 == 3:
            raise UnknownOutcomeError(f"after the final dot: {reply.code} {reply.text}")
        return reply

    # -- the wire --------------------------------------------------------------------------

    def command(self, line: str) -> Reply:
        """Send one command and return its reply."""
        return self._exchange(line)[0]

    def reply(self) -> Reply:
        """Return the next reply."""
        return self._reply()[0]

    def close(self) -> None:
        self._socket.close()

    def _exchange(self, line: str) -> tuple[Reply, list[str]]:
        self._send(line.encode() + b"\r\n")
        return self._reply()

    def _send(self, data: bytes) -> None:
        if self._received:
            # Or its next word, meant for something else, would pass as the answer to this.
            raise DroppedError("the server answers before it is asked")
        view = memoryview(data)
        while view:
            try:
                self._socket.settimeout(self._time_left())
                view = view[self._socket.send(view) :]
            except TimeoutError as error:
                raise NotSentError("the server took nothing more") from error
            except OSError as error:
                raise DroppedError(f"the connection broke: {error}") from error

    def _reply(self) -> tuple[Reply, list[str]]:
        lines: list[str] = []
        while len(lines) < _MOST_REPLY_LINES:
            found = _REPLY_LINE.fullmatch(self._line())
            if found is None:
                break
            code, more, text = found.groups()
            lines.append((text or b"").decode("utf-8", "replace"))
            if more != b"-":
                return Reply(code=int(code), text=_one_line(lines)), lines
        raise NotSentError("the server does not answer in SMTP")

    def _line(self) -> bytes:
        while b"\n" not in self._received:
            if len(self._received) > _LONGEST_REPLY_LINE:
                raise NotSentError("the server answers without end")
            try:
                self._socket.settimeout(self._time_left())
                piece = self._socket.recv(_LONGEST_REPLY_LINE)
            except TimeoutError as error:
                raise NotSentError("the server fell silent") from error
            except OSError as error:
                raise DroppedError(f"the connection broke: {error}") from error
            if not piece:
                raise DroppedError("the server hung up")
            self._received += piece
        line, _, self._received = self._received.partition(b"\n")
        return line.rstrip(b"\r")

    def _time_left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:  # settimeout(0) would mean "do not wait" and raise something else
            raise TimeoutError
        return left


def _one_line(lines: list[str]) -> str:
    return clean_text(" ".join(lines), limit=300)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
