"""An SMTP server that does, at every step, exactly what a test tells it to.

A script names steps (``connect``, a verb, ``TLS`` before a handshake, ``content`` for the middle of
a message, ``dot`` for its end) and for each the acts of its first, second, … time; afterwards it
behaves well.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

STEPS_BEFORE_THE_DOT = ("connect", "EHLO", "MAIL", "RCPT", "DATA")

_WELL_BEHAVED = {
    "connect": "220 scripted ESMTP",
    "EHLO": "250-scripted\r\n250-SIZE 20000000\r\n250-8BITMIME\r\n250 SMTPUTF8",
    "DATA": "354 go on",
    "dot": "250 2.0.0 Ok: queued as 4XyZ",
    "QUIT": "221 bye",
    "STARTTLS": "220 go on",
    "AUTH": "235 welcome",
}
PIPELINING = "250-scripted\r\n250-PIPELINING\r\n250-SIZE 20000000\r\n250 8BITMIME"


class ScriptedServer:
    """Listens on a free port until it is closed; one thread for each connection."""

    def __init__(
        self, script: Mapping[str, Sequence["Act"]] | None = None, *, host: str = "127.0.0.1"
    ) -> None:
        self.script = {step: list(acts) for step, acts in (script or {}).items()}
        self.steps: list[str] = []  # what clients did, over all connections
        self.connections = 0
        self.handed_over: list[bytes] = []  # every message whose final dot came
        self.accepted: list[bytes] = []  # those that were answered with 250
        self.is_over = threading.Event()
        self._acting = threading.Lock()
        self.tls: ssl.SSLContext | None = None  # after STARTTLS
        self.is_encrypted_at_once = False  # or from the first byte
        self._listener = socket.create_server((host, 0))
        # Small, so that a large message is still under way when the script strikes.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.host, self.port = self._listener.getsockname()[:2]
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()

    def __enter__(self) -> "ScriptedServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def act(self, step: str) -> "Act":
        """Return what to do now, and remember that this step was reached."""
        with self._acting:  # several connections may reach the last act of a step at once
            self.steps.append(step)
            acts = self.script.get(step)
            if acts:
                return acts.pop(0)
        return let_it_come if step in ("content", "TLS") else well_behaved

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=Conversation(self, connection).run)
            self._threads.append(thread)
            thread.start()


class ConversationOverError(Exception):
    """This connection says no more."""


class Conversation:
    """One client's connection."""

    def __init__(self, server: ScriptedServer, connection: socket.socket) -> None:
        self.server = server
        self.socket = connection
        # Each send is a packet of its own: an answer in pieces arrives in pieces.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.step = "connect"
        self.tls: ssl.SSLContext | None = None  # of this connection, once it is asked for
        self._received = b""
        self.message = b""

    def run(self) -> None:
        self.socket.settimeout(0.05)
        try:
            if self.server.is_encrypted_at_once:
                self._encrypt()
            self._do("connect")
            while True:
                verb = self._read_until(b"\r\n").decode().split(" ")[0].upper()
                self._do(verb)
                if verb == "STARTTLS" and self.server.tls:
                    self._encrypt()
                if verb == "DATA" and self.step == "content":
                    self._take_message()
        except (ConversationOverError, OSError):
            pass
        finally:
            self.socket.close()

    def _encrypt(self) -> None:
        self.tls = self.server.tls
        self._do("TLS")
        assert self.tls is not None
        self.socket.settimeout(30)  # a busy client takes its time
        self.socket = self.tls.wrap_socket(self.socket, server_side=True)
        self.socket.settimeout(0.05)

    def _take_message(self) -> None:
        if self.server.script.get("content"):
            first = self._read_until(b"\r\n")
            self._do("content")
            self._received = first + b"\r\n" + self._received
        # The line's end before the dot is that of DATA where the message is empty.
        self._received = b"\r\n" + self._received
        message = self._read_until(b"\r\n.\r\n").removeprefix(b"\r\n") + b"\r\n"
        self.message = message
        self.server.handed_over.append(message)
        self._do("dot")

    def _do(self, step: str) -> None:
        self.step = step
        self.server.act(step)(self)

    def say(self, text: str, *, piece: int = 65536) -> None:
        if text.startswith("354"):
            self.step = "content"
        if self.step == "dot" and text.startswith("250"):
            self.server.accepted.append(self.message)
        answer = f"{text}\r\n".encode()
        for start in range(0, len(answer), piece):
            self.send(answer[start : start + piece])

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def wait(self, seconds: float) -> None:
        """Wait, reading nothing, until then or until the test is over."""
        if self.server.is_over.wait(seconds):
            raise ConversationOverError

    def _read_until(self, end: bytes) -> bytes:
        while end not in self._received:
            try:
                piece = self.socket.recv(65536)
            except TimeoutError:
                self.wait(0)
                continue
            if not piece:
                raise ConversationOverError
            self._received += piece
        found, _, self._received = self._received.partition(end)
        return found


Act = Callable[[Conversation], None]


def well_behaved(conversation: Conversation) -> None:
    conversation.say(_WELL_BEHAVED.get(conversation.step, "250 2.0.0 Ok"))


def let_it_come(_: Conversation) -> None:
    """Say nothing: nobody speaks in the middle of a message, or before a handshake."""


def say(text: str) -> Act:
    """Answer with these words."""
    return lambda conversation: conversation.say(text)


def hang_up(conversation: Conversation) -> None:
    """Close the connection in good order."""
    raise ConversationOverError


def reset(conversation: Conversation) -> None:
    """Break the connection: the client sees ECONNRESET or EPIPE."""
    conversation.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConversationOverError


def silence(conversation: Conversation) -> None:
    """Neither read nor answer, for as long as the test lasts."""
    conversation.wait(60)


def forget_the_rest(conversation: Conversation) -> None:
    """Answer, and lose what was sent ahead: a server that does not do what it offers."""
    well_behaved(conversation)
    conversation._received = b""


def drip(conversation: Conversation) -> None:
    """Answer without end, a little at a time, so that no single wait is ever long."""
    while True:
        conversation.send(b"250-")
        conversation.wait(0.02)
        conversation.send(b"more\r\n" if conversation.step != "dot" else b"m")


def in_pieces(text: str) -> Act:
    """Answer byte by byte."""
    return lambda conversation: conversation.say(text, piece=1)


def half_an_answer(text: str) -> Act:
    """Send the beginning of an answer, without its end, and hang up."""

    def act(conversation: Conversation) -> None:
        conversation.send(text.encode())
        raise ConversationOverError

    return act
