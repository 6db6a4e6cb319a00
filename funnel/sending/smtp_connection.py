"""One SMTP connection: what it can do, how to greet and log in, and how to give an envelope.

Each conversation is a generator (``funnel.sending.smtp_wire``).
"""

import base64
from enum import StrEnum

from funnel.domain.errors import NotSentError
from funnel.sending.smtp_wire import CannotOpenError, DroppedError, Reply, Steps, Wire

GO_ON = 354
HANGING_UP = 421  # RFC 5321 3.8: may come in answer to anything
VERBS = ("MAIL", "RCPT", "DATA")
_ANSWERED = {"MAIL": 2, "RCPT": 2, "DATA": 3}


class SmtpSecurity(StrEnum):
    """How the connection is encrypted. Certificates are verified wherever TLS is spoken."""

    STARTTLS = "starttls"  # required after EHLO, usually on port 587
    TLS = "tls"  # from the first byte, usually on port 465
    STARTTLS_IF_OFFERED = "starttls-if-offered"
    NONE = "none"


class SmtpConnection:
    """One server's end, from the first packet to the last.

    Attributes:
        deadline: Monotonic moment at which whoever drives throws ``TimeoutError`` into ``steps``.
        steps: The conversation under way; ``None`` between two.
        is_open: Greeted and logged in: it may carry messages.
        is_fresh: No message was settled on it yet: failing here speaks of the server itself.
        needs_reset: A refused message may have left half an envelope behind.
        used_at: Monotonic moment of its last use.
        answer_took: Seconds between the last final dot and its answer.
        extensions: What EHLO offered, with its words.
        pipelines: Whether commands are sent ahead of the answers to those before (RFC 2920).
    """

    __slots__ = (
        "_wire",
        "answer_took",
        "deadline",
        "extensions",
        "is_fresh",
        "is_open",
        "needs_reset",
        "pipelines",
        "steps",
        "used_at",
    )

    def __init__(self, *, deadline: float) -> None:
        """Begin with nothing; ``funnel.sending.smtp_opening`` opens it."""
        self.deadline = deadline
        self.steps: Steps[None] | None = None
        self.is_open = False
        self.is_fresh = True
        self.needs_reset = False
        self.used_at = 0.0
        self.answer_took = 0.0
        self.extensions: dict[str, str] = {}
        self.pipelines = False
        self._wire: Wire | None = None

    @property
    def wire(self) -> Wire:
        """Return the socket.

        Raises:
            DroppedError: It was closed.
        """
        if self._wire is None:
            raise DroppedError("the connection was closed")
        return self._wire

    @wire.setter
    def wire(self, wire: Wire) -> None:
        self._wire = wire

    @property
    def is_closed(self) -> bool:
        """Whether nothing more can be said on it."""
        return self._wire is None

    def close(self) -> None:
        """Close it without a word."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        self.is_open = False

    # -- opening ---------------------------------------------------------------------------

    def greet(self) -> Steps[Reply]:
        """Say EHLO (HELO to a server of the old kind) and learn what the server can do."""
        host = self.wire.own_literal()
        reply = yield from self.command(f"EHLO {host}")
        self.extensions = {}
        if reply.code // 100 == 5:
            return (yield from self.command(f"HELO {host}"))
        for line in reply.lines[1:]:
            name, _, words = line.decode("utf-8", "replace").partition(" ")
            self.extensions[name.upper()] = words
        return reply

    def log_in(self, user: str, password: str) -> Steps[Reply]:
        """Prove who we are by PLAIN, or LOGIN where the server has no PLAIN (RFC 4954).

        Raises:
            CannotOpenError: The server offers neither.
        """
        offered = self.extensions.get("AUTH", "").upper().split()
        if "PLAIN" in offered:
            identity = _base64("\0".join(("", user, password)))
            return (yield from self.command(f"AUTH PLAIN {identity}"))
        if "LOGIN" not in offered:
            raise CannotOpenError(
                f"the server offers no known way to log in ({' '.join(offered) or 'none'})",
                remedy="Choose the port for submission (587 or 465), or leave the user empty.",
            )
        reply = yield from self.command("AUTH LOGIN")
        for answer in (user, password):
            if reply.code == 334:
                reply = yield from self.command(_base64(answer))
        return reply

    def command(self, line: str) -> Steps[Reply]:
        """Send one command and return its reply."""
        yield from self.wire.send(f"{line}\r\n".encode())
        return (yield from self.wire.reply())

    # -- one envelope ----------------------------------------------------------------------

    def reset(self) -> Steps[None]:
        """Clear what a refused message left behind.

        Raises:
            DroppedError: The server does not: begin anew elsewhere.
        """
        try:
            reply = yield from self.command("RSET")
        except NotSentError as error:
            raise DroppedError(str(error)) from error
        if not reply.is_positive:
            raise DroppedError(f"RSET: {reply.codes} {reply.text}", code=reply.codes)
        self.needs_reset = False

    def envelope(self, commands: tuple[bytes, bytes, bytes]) -> Steps[tuple[str, Reply]]:
        """Give MAIL, RCPT and DATA one by one; return the verb that decides and its reply.

        Raises:
            DroppedError: The server hung up, also by 421.
        """
        verb, reply = "", Reply(0, ())
        for verb, line in zip(VERBS, commands, strict=True):
            yield from self.wire.send(line)
            reply = yield from self.wire.reply()
            if reply.code == HANGING_UP:
                raise _hung_up(reply)
            if reply.code // 100 != _ANSWERED[verb]:
                break
        return verb, reply

    def envelope_replies(self) -> Steps[tuple[str, Reply]]:
        """Read the answers to an envelope that was sent at once, as ``envelope`` returns them.

        Where MAIL or RCPT was refused and DATA is answered by 354 all the same, a lone dot ends
        the empty message (RFC 2920 3.1).
        """
        refused: tuple[str, Reply] | None = None
        try:
            for verb in VERBS:
                reply = yield from self.wire.reply()
                if reply.code == HANGING_UP:
                    raise _hung_up(reply)
                if refused is None and reply.code // 100 != _ANSWERED[verb]:
                    refused = verb, reply
                    if reply.code < 400:  # a "yes" where none was due: we no longer understand it
                        break
            if refused is None or verb != "DATA" or reply.code != GO_ON:
                return refused or (verb, reply)
            yield from self.command(".")
        except NotSentError:
            if refused is None:
                raise
            self.close()  # why it was refused is known; the rest does not matter
        return refused


def _hung_up(reply: Reply) -> DroppedError:
    return DroppedError(f"{reply.codes} {reply.text}", code=reply.codes)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
