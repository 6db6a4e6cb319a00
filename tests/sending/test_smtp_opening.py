"""Opening an SMTP connection: what fails here is no email's fault, and is explained."""

import socket
import ssl

import pytest

from funnel.sending.mailer import MailerCheckError, OutcomeStatus
from funnel.sending.smtp import SmtpMailer, SmtpSecurity, SmtpSettings
from tests.sending.conftest import PATIENCE
from tests.sending.kit import an_email, send
from tests.sending.scripted_server import hang_up, reset, say, silence

ACCEPTED, _, DEFERRED, _ = OutcomeStatus
SHORT = 0.4


def test_where_nobody_listens_the_batch_is_deferred_with_one_try():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    mailer = SmtpMailer(SmtpSettings(host="127.0.0.1", port=port, security=SmtpSecurity.NONE))
    emails = [an_email() for _ in range(3)]
    held = emails[1].message_id
    outcomes = list(mailer.send_all(emails, may_begin=lambda each: each != held))
    assert [each.message_id for each in outcomes] == [emails[0].message_id, emails[2].message_id]
    assert {each.status for each in outcomes} == {DEFERRED}
    with pytest.raises(MailerCheckError) as caught:
        mailer.check()
    assert "port" in caught.value.remedy


def test_a_server_that_is_down_is_knocked_at_once_for_a_batch(start):
    server, mailer = start({"connect": [say("421 too busy"), say("421 too busy")]})
    outcomes = send(mailer, an_email(), an_email(), an_email())
    assert {each.status for each in outcomes} == {DEFERRED}
    assert server.connections == 1
    server.script.clear()
    assert [each.status for each in send(mailer, an_email())] == [ACCEPTED]


@pytest.mark.parametrize("host", ["nobody.invalid", "a..b", "x" * 70])
def test_a_host_without_an_address_is_explained(host):
    mailer = SmtpMailer(SmtpSettings(host=host, security=SmtpSecurity.NONE))
    (outcome,) = send(mailer, an_email())
    assert outcome.status is DEFERRED
    with pytest.raises(MailerCheckError, match="has no address"):
        mailer.check()


def test_certificates_that_cannot_be_read_are_explained(start, tmp_path):
    greeting = say("250-scripted\r\n250 STARTTLS")
    server, mailer = start(
        {"EHLO": [greeting, greeting]}, security=SmtpSecurity.STARTTLS, ca_file=tmp_path / "no.pem"
    )
    (outcome,) = send(mailer, an_email())
    assert outcome.status is DEFERRED
    with pytest.raises(MailerCheckError, match=r"no\.pem"):
        mailer.check()
    assert "MAIL" not in server.steps


def test_a_server_of_the_old_kind_is_greeted_by_helo(start):
    server, mailer = start({"EHLO": [say("502 what?")]})
    (outcome,) = send(mailer, an_email())
    assert outcome.status is ACCEPTED
    assert "HELO" in server.steps


def test_text_slipped_in_before_tls_ends_the_connection(start):
    script = {
        "EHLO": [say("250-scripted\r\n250 STARTTLS")],
        "STARTTLS": [say("220 go on\r\n250 slipped in")],
    }
    server, mailer = start(script, security=SmtpSecurity.STARTTLS)
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (outcome,) = send(mailer, an_email())
    assert outcome.status is DEFERRED
    assert "slipped in" in outcome.reason


@pytest.mark.parametrize(
    "act", [say("454 not now"), hang_up, reset, say("220 go on")], ids=["454", "fin", "rst", "lie"]
)
def test_a_failed_starttls_sends_nothing_in_the_clear(start, act):
    script = {"EHLO": [say("250-scripted\r\n250 STARTTLS")], "STARTTLS": [act]}
    server, mailer = start(script, security=SmtpSecurity.STARTTLS_IF_OFFERED, patience=2.0)
    (outcome,) = send(mailer, an_email())
    assert outcome.status is DEFERRED
    assert "MAIL" not in server.steps


@pytest.mark.parametrize(
    ("act", "patience"),
    [
        (hang_up, PATIENCE),
        (reset, PATIENCE),
        (silence, SHORT),
        (say("454 4.7.0 not now"), PATIENCE),
    ],
    ids=["fin", "rst", "silence", "454"],
)
def test_a_log_in_that_breaks_defers(start, act, patience):
    script = {"EHLO": [say("250-scripted\r\n250 AUTH PLAIN")], "AUTH": [act]}
    server, mailer = start(script, user="a", password="b", patience=patience)  # noqa: S106 - made up
    (outcome,) = send(mailer, an_email())
    assert outcome.status is DEFERRED
    assert "MAIL" not in server.steps


def addresses_of_this_machine() -> list[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing, only chooses the way out
        except OSError:
            return []
        return [probe.getsockname()[0]]


@pytest.mark.skipif(not addresses_of_this_machine(), reason="only loopback addresses here")
def test_a_password_does_not_travel_unencrypted_to_another_machine(start):
    server, mailer = start(
        {"EHLO": [say("250-scripted\r\n250 AUTH PLAIN")]},
        host=addresses_of_this_machine()[0],
        user="a",
        password="b",  # noqa: S106 - made up
    )
    with pytest.raises(MailerCheckError, match="unencrypted"):
        mailer.check()
    assert "AUTH" not in server.steps
