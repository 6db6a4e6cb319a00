"""From a host name to an SMTP connection that takes mail: reach it, encrypt, log in.

Whatever goes wrong here is no fault of any email, so it is ``CannotOpenError`` throughout, with a
remedy that ``funnel doctor`` can print.
"""

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from selectors import BaseSelector

from funnel.domain.errors import NotSentError
from funnel.sending.smtp_connection import SmtpConnection, SmtpSecurity
from funnel.sending.smtp_wire import CannotOpenError, Reply, Steps, dial

Trust = Callable[[], ssl.SSLContext]
Found = tuple[int, tuple[str, int]]  # family, and where to

_PORTS = "Port 587 usually speaks STARTTLS, port 465 TLS from the first byte."


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """Where and how mail is handed over.

    Attributes:
        host: Name that the server's certificate must carry.
        user: Empty for no log-in.
        timeout_seconds: For one email, everything up to its final dot: connecting, logging in,
            envelope and content together.
        answer_seconds: For the answer to the final dot. RFC 5321 would wait ten minutes; with
            ``timeout_seconds`` and a batch's 10 s it must stay under the task's 90 s limit, or
            the worker is killed in the middle.
        connections: How many messages travel at once at most; a connection each, opened as needed.
        ca_file: Certificates to trust in place of the machine's own, for a private server.
    """

    host: str
    port: int = 587
    security: SmtpSecurity = SmtpSecurity.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)
    timeout_seconds: float = 30.0
    answer_seconds: float = 40.0
    connections: int = 8
    ca_file: Path | None = None


def trusted(settings: SmtpSettings) -> ssl.SSLContext:
    """Return whom TLS trusts; loading the machine's list takes up to a tenth of a second.

    Raises:
        CannotOpenError: The file with certificates cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise CannotOpenError(
            f"{settings.ca_file} holds no certificates: {error}",
            remedy="Name a readable PEM file, or none.",
        ) from error


def find(settings: SmtpSettings) -> Sequence[Found]:
    """Return the addresses of the server; asks the resolver and waits for it.

    Raises:
        CannotOpenError: It has none.
    """
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: a label that is empty or too long
        raise CannotOpenError(
            f"{settings.host} has no address: {error}", remedy="Check the SMTP host's name."
        ) from error
    return [(family, (str(address[0]), settings.port)) for family, *_, address in found]


def opening(
    connection: SmtpConnection,
    settings: SmtpSettings,
    *,
    found: Sequence[Found],
    selector: BaseSelector,
    trust: Trust,
) -> Steps[None]:
    """Make a connection ready for its first message, by its deadline.

    Args:
        connection: A new one; closed where it cannot be opened.
        settings: Where and how.
        found: Addresses of the server, best first.
        selector: Watches the socket, and hands out the connection for it.
        trust: Asked for the trusted certificates where TLS is spoken.

    Raises:
        CannotOpenError: With what to change.
    """
    try:
        yield from _reach(connection, settings, found, selector)
        yield from _introduce(connection, settings, trust)
        connection.is_open = True
    except CannotOpenError:
        raise
    except NotSentError as error:
        raise CannotOpenError(
            f"{settings.host}:{settings.port}: {error}",
            remedy=f"Check that port and security fit together. {_PORTS}",
        ) from error
    finally:
        if not connection.is_open:
            connection.close()


def _reach(
    connection: SmtpConnection,
    settings: SmtpSettings,
    found: Sequence[Found],
    selector: BaseSelector,
) -> Steps[None]:
    failure = OSError("no address")
    deadline = connection.deadline
    for index, (family, address) in enumerate(found):
        # A fair share for each: a dead IPv6 route must not use up the time of IPv4.
        now = time.monotonic()
        connection.deadline = now + max(deadline - now, 0.1) / (len(found) - index)
        try:
            connection.wire = dial(family, address, selector=selector, owner=connection)
            yield from connection.wire.connected()
        except OSError as error:
            failure = error
            connection.close()
        else:
            connection.deadline = deadline
            return
    raise CannotOpenError(
        f"{settings.host}:{settings.port} cannot be reached: {str(failure) or 'nobody answers'}",
        remedy="Check host, port and firewall; many hosting companies block port 25.",
    ) from failure


def _introduce(connection: SmtpConnection, settings: SmtpSettings, trust: Trust) -> Steps[None]:
    if settings.security is SmtpSecurity.TLS:
        yield from _encrypt(connection, settings, trust)
    _expect((yield from connection.wire.reply()), "the server does not want to talk")
    _expect((yield from connection.greet()), "the server refuses our greeting")
    if settings.security in {SmtpSecurity.STARTTLS, SmtpSecurity.STARTTLS_IF_OFFERED}:
        yield from _upgrade(connection, settings, trust)
    if settings.user:
        yield from _log_in(connection, settings)


def _upgrade(connection: SmtpConnection, settings: SmtpSettings, trust: Trust) -> Steps[None]:
    if "STARTTLS" not in connection.extensions:
        if settings.security is SmtpSecurity.STARTTLS_IF_OFFERED:
            return
        raise CannotOpenError("the server offers no STARTTLS", remedy=f"Check the port. {_PORTS}")
    _expect((yield from connection.command("STARTTLS")), "the server refuses to encrypt")
    yield from _encrypt(connection, settings, trust)
    # What was said before TLS could have been said by anybody (RFC 3207 4.2).
    _expect((yield from connection.greet()), "the server refuses our greeting")


def _encrypt(connection: SmtpConnection, settings: SmtpSettings, trust: Trust) -> Steps[None]:
    try:
        yield from connection.wire.start_tls(trust(), settings.host)
    except ssl.SSLCertVerificationError as error:
        raise CannotOpenError(
            f"the certificate of {settings.host} cannot be trusted: {error.verify_message}",
            remedy="Use the host name that the certificate carries; for a private server, name "
            "the file with its certificate authority.",
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a host that no certificate can name
        raise CannotOpenError(
            f"{settings.host}:{settings.port} does not speak TLS: {error}",
            remedy=f"Check that port and security fit together. {_PORTS}",
        ) from error


def _log_in(connection: SmtpConnection, settings: SmtpSettings) -> Steps[None]:
    if not (connection.wire.is_encrypted or connection.wire.is_local):
        raise CannotOpenError(
            "the password would travel unencrypted", remedy="Choose STARTTLS or TLS."
        )
    reply = yield from connection.log_in(settings.user, settings.password)
    if not reply.is_positive:
        raise CannotOpenError(
            f"the log-in failed: {reply.codes} {reply.text}",
            remedy="Check user and password; many providers want an app password or an API key.",
            code=reply.codes,
        )


def _expect(reply: Reply, complaint: str) -> None:
    if not reply.is_positive:
        raise CannotOpenError(
            f"{complaint}: {reply.codes} {reply.text}",
            remedy="The server's words say why; its log says more.",
            code=reply.codes,
        )
