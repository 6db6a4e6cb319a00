"""TLS on several connections at once, through the one selector, with a server that misbehaves."""

import re
import socket
import ssl
import struct
from collections import Counter
from selectors import DefaultSelector

import pytest

from funnel.domain.failure import FailureKind
from funnel.sending.mailer import MailerCheckError, OutcomeStatus
from funnel.sending.smtp import SmtpSecurity
from funnel.sending.smtp_wire import dial
from tests.sending.certificates import make_certificate
from tests.sending.kit import an_email, send
from tests.sending.scripted_server import (
    PIPELINING,
    Conversation,
    hang_up,
    reset,
    say,
    silence,
    well_behaved,
)

ACCEPTED, _, DEFERRED, UNKNOWN = OutcomeStatus
CONNECTIONS = 4
SHORT = 0.5
GREETING = f"{PIPELINING}\r\n".replace("250 8BITMIME", "250-8BITMIME\r\n250 STARTTLS").rstrip()
_SUBJECT = re.compile(rb"Subject: number (\d+)\r\n")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """The right one and one for another host, and a file that vouches for both."""
    folder = tmp_path_factory.mktemp("tls")
    made = [make_certificate(folder, host=host) for host in ("localhost", "elsewhere.example")]
    vouching = folder / "both.pem"
    vouching.write_text("".join(certificate.read_text() for certificate, _ in made))
    return [_context(*each) for each in made], vouching


def _context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.fixture(params=[SmtpSecurity.STARTTLS, SmtpSecurity.TLS])
def encrypted(request, start, certificates):
    """Return a function that starts a server that speaks TLS, and a mailer that trusts it."""
    (right, _), vouching = certificates

    def begin(script=None, **changes):
        values = {"connections": CONNECTIONS, "ca_file": vouching, "security": request.param}
        greetings = {"EHLO": [say(GREETING)] * 200}
        server, mailer = start(greetings | (script or {}), named="localhost", **values | changes)
        server.tls = right
        server.is_encrypted_at_once = request.param is SmtpSecurity.TLS
        return server, mailer

    return begin


def slowly(conversation: Conversation) -> None:
    """So slowly that another connection is worth opening."""
    conversation.wait(0.03)
    well_behaved(conversation)


def numbered(count, **changes):
    return [an_email(subject=f"number {each}", **changes) for each in range(count)]


def numbers(messages) -> Counter[int]:
    return Counter(int(_SUBJECT.search(each).group(1)) for each in messages)


def statuses(outcomes) -> Counter[OutcomeStatus]:
    return Counter(each.status for each in outcomes)


def test_all_connections_carry_and_nothing_is_mixed_up(encrypted):
    server, mailer = encrypted({"dot": [slowly] * 200})
    # Large ones do not fit into what the network takes at once: they are written in parts.
    emails = numbered(30) + [
        an_email(subject=f"number {each}", text=f"{each} " * 60_000) for each in range(30, 36)
    ]
    outcomes = send(mailer, *emails)
    assert statuses(outcomes) == {ACCEPTED: len(emails)}
    assert server.connections == CONNECTIONS
    assert numbers(server.accepted) == Counter(range(len(emails)))
    for each in server.accepted:
        number = int(_SUBJECT.search(each).group(1))
        if number >= 30:
            assert each.count(str(number).encode() + b" ") > 50_000
    assert statuses(send(mailer, *numbered(5))) == {ACCEPTED: 5}  # on kept connections
    assert server.connections == CONNECTIONS


@pytest.mark.parametrize("act", [silence, hang_up, reset], ids=["stalls", "fin", "rst"])
def test_a_further_connection_whose_handshake_fails_holds_up_nobody(encrypted, act):
    server, mailer = encrypted(
        {"TLS": [lambda _: None] + [act] * 50, "dot": [slowly] * 50}, patience=5.0
    )
    outcomes = send(mailer, *numbered(20))
    assert statuses(outcomes) == {ACCEPTED: 20}
    assert numbers(server.accepted) == Counter(range(20))
    assert server.connections > 1


@pytest.mark.parametrize("act", [silence, hang_up, reset], ids=["stalls", "fin", "rst"])
def test_where_the_first_handshake_fails_nothing_is_said_and_all_is_put_off(encrypted, act):
    server, mailer = encrypted({"TLS": [act] * 2}, patience=SHORT)
    outcomes = send(mailer, *numbered(3))
    assert statuses(outcomes) == {DEFERRED: 3}
    assert {each.failure for each in outcomes} == {FailureKind.PROVIDER_DOWN}
    assert server.connections == 1
    with pytest.raises(MailerCheckError) as caught:
        mailer.check()
    assert "port" in caught.value.remedy  # one that resets at once is not even reached
    assert "MAIL" not in server.steps
    assert statuses(send(mailer, *numbered(3))) == {ACCEPTED: 3}  # it has recovered


@pytest.mark.parametrize(
    ("host", "error"),
    [("localhost", OSError), ("a" * 70 + ".example", (OSError, ValueError))],
    ids=["reset before", "no name"],
)
def test_a_handshake_that_cannot_even_begin_leaves_no_socket_behind(host, error):
    context = ssl.create_default_context()
    with DefaultSelector() as selector, socket.create_server(("127.0.0.1", 0)) as listener:
        for _ in range(2):  # its number is given out again
            wire = dial(
                socket.AF_INET, listener.getsockname()[:2], selector=selector, owner="nobody"
            )
            accepted, _ = listener.accept()
            with accepted:
                if host == "localhost":
                    accepted.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )
                    accepted.close()
                    selector.select(30)  # the reset is here
                with pytest.raises(error):
                    next(wire.start_tls(context, host))
                wire.close()
            assert not selector.get_map()


def test_a_wrong_certificate_on_a_further_connection_is_told_nothing(encrypted, certificates):
    (_, wrong), _ = certificates

    def show_another(conversation: Conversation) -> None:
        conversation.tls = wrong

    server, mailer = encrypted(
        {"TLS": [lambda _: None] + [show_another] * 50, "dot": [slowly] * 50}
    )
    assert statuses(send(mailer, *numbered(20))) == {ACCEPTED: 20}
    assert server.connections > 1
    assert server.steps.count("MAIL") == 20
    mailer.close()
    (outcome,) = send(mailer, an_email())
    assert outcome.status is DEFERRED
    assert "certificate" in outcome.reason
    with pytest.raises(MailerCheckError, match="cannot be trusted") as caught:
        mailer.check()
    assert "host name" in caught.value.remedy
    assert server.steps.count("MAIL") == 20


@pytest.mark.parametrize("act", [hang_up, reset], ids=["fin", "rst"])
def test_a_close_in_the_middle_of_messages_loses_and_doubles_nothing(encrypted, act):
    server, mailer = encrypted(
        {"content": ([lambda _: None] * 3 + [act]) * 3, "dot": [slowly] * 200}
    )
    emails = numbered(40, text="word " * 30_000)  # so long that it strikes in the middle
    outcomes = send(mailer, *emails)
    found = statuses(outcomes)
    # What the network had taken to its dot may be there, for all that we know.
    assert found.total() == 40
    assert found[DEFERRED] + found[UNKNOWN] <= 3
    assert numbers(server.accepted).total() == found[ACCEPTED]
    assert set(numbers(server.accepted).values()) == {1}


@pytest.mark.parametrize("act", [hang_up, reset], ids=["fin", "rst"])
def test_a_close_after_the_dot_leaves_one_unknown_a_connection(encrypted, act):
    server, mailer = encrypted({"dot": [slowly] * 6 + [act, act] + [slowly] * 200})
    outcomes = send(mailer, *numbered(30))
    assert statuses(outcomes) == {ACCEPTED: 28, UNKNOWN: 2}
    assert numbers(server.handed_over) == Counter(range(30))
    assert numbers(server.accepted).total() == 28
