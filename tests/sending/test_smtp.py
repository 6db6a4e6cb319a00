"""SMTP against a real server (aiosmtpd): the contract, TLS in both forms, log-in, RFC 6531."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from funnel.sending import mime
from funnel.sending.mailer import MailerCheckError, OutcomeStatus
from funnel.sending.smtp import SmtpMailer, SmtpSecurity, SmtpSettings
from tests.sending.certificates import make_certificate
from tests.sending.kit import MailerKit, an_email, send

USER, PASSWORD = "funnel", "s3crét\\"


class Sink:
    """Takes every message and keeps it with its envelope."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.envelopes: list[tuple[str, list[str], list[str]]] = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.messages.append(envelope.content)
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos, envelope.mail_options))
        return "250 2.0.0 Ok: queued as 4XyZ"


class FreePortController(Controller):
    """Listens on a port that the system chooses."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def running(sink: Sink, **options) -> Iterator[Controller]:
    controller = FreePortController(sink, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        yield controller
    finally:
        controller.stop()


@contextmanager
def mailer_for(controller: Controller, **changes) -> Iterator[SmtpMailer]:
    values = {"host": "localhost", "port": controller.port, "security": SmtpSecurity.NONE}
    values["connections"] = 1
    mailer = SmtpMailer(SmtpSettings(**(values | changes)))
    try:
        yield mailer
    finally:
        mailer.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"), host="localhost")


@pytest.fixture
def server_tls(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def sink() -> Sink:
    return Sink()


class TestSmtpMailer(MailerKit):
    @pytest.fixture
    def mailer(self, sink):
        with running(sink) as controller, mailer_for(controller) as mailer:
            yield mailer

    @pytest.fixture
    def received(self, sink):
        return lambda: list(sink.messages)


class TestSmtpMailerWithStartTls(MailerKit):
    @pytest.fixture
    def mailer(self, sink, server_tls, certificate):
        with (
            running(sink, tls_context=server_tls, require_starttls=True) as controller,
            mailer_for(
                controller, security=SmtpSecurity.STARTTLS, ca_file=certificate[0]
            ) as mailer,
        ):
            yield mailer

    @pytest.fixture
    def received(self, sink):
        return lambda: list(sink.messages)


def test_the_envelope_is_sender_and_recipient_in_ascii(sink):
    with running(sink) as controller, mailer_for(controller) as mailer:
        send(mailer, an_email(from_address="ana@bücher.example", to_address="zoe@münchen.de"))
    ((sender, recipients, _),) = sink.envelopes
    assert sender == "ana@xn--bcher-kva.example"
    assert recipients == ["zoe@xn--mnchen-3ya.de"]


def test_the_servers_own_id_is_kept(sink):
    with running(sink) as controller, mailer_for(controller) as mailer:
        (outcome,) = send(mailer, an_email())
    assert outcome.provider_id == "4XyZ"
    assert outcome.code == "250 2.0.0"


def test_one_connection_carries_a_batch_and_the_next(sink):
    with running(sink) as controller, mailer_for(controller) as mailer:
        before = controller.smtpd
        send(mailer, an_email())
        first = controller.smtpd
        send(mailer, an_email(), an_email())
        assert controller.smtpd is first
        assert first is not before
    assert len(sink.messages) == 3


def test_tls_from_the_first_byte(sink, server_tls, certificate):
    with (
        running(sink, ssl_context=server_tls) as controller,
        mailer_for(controller, security=SmtpSecurity.TLS, ca_file=certificate[0]) as mailer,
    ):
        mailer.check()
        (outcome,) = send(mailer, an_email())
    assert outcome.status is OutcomeStatus.ACCEPTED
    assert len(sink.messages) == 1


@pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.STARTTLS_IF_OFFERED])
def test_a_certificate_that_nobody_vouches_for_is_not_spoken_to(sink, server_tls, security):
    with (
        running(sink, tls_context=server_tls) as controller,
        mailer_for(controller, security=security) as mailer,
    ):
        (outcome,) = send(mailer, an_email())
        with pytest.raises(MailerCheckError, match="certificate") as caught:
            mailer.check()
    assert outcome.status is OutcomeStatus.DEFERRED
    assert "certificate" in caught.value.remedy
    assert sink.messages == []


def test_a_certificate_for_another_host_is_not_spoken_to(sink, server_tls, certificate):
    with (
        running(sink, tls_context=server_tls) as controller,
        mailer_for(
            controller,
            host="127.0.0.1",
            security=SmtpSecurity.STARTTLS,
            ca_file=certificate[0],
        ) as mailer,
    ):
        (outcome,) = send(mailer, an_email())
    assert outcome.status is OutcomeStatus.DEFERRED
    assert "certificate" in outcome.reason


def test_a_server_without_starttls_gets_nothing_where_it_is_required(sink):
    with (
        running(sink) as controller,
        mailer_for(controller, security=SmtpSecurity.STARTTLS) as mailer,
    ):
        (outcome,) = send(mailer, an_email())
        with pytest.raises(MailerCheckError, match="STARTTLS"):
            mailer.check()
    assert outcome.status is OutcomeStatus.DEFERRED
    assert sink.messages == []


def test_a_server_without_starttls_is_used_where_it_is_optional(sink):
    with (
        running(sink) as controller,
        mailer_for(controller, security=SmtpSecurity.STARTTLS_IF_OFFERED) as mailer,
    ):
        (outcome,) = send(mailer, an_email())
    assert outcome.status is OutcomeStatus.ACCEPTED


def test_tls_to_a_port_that_speaks_plainly_is_explained(sink):
    with (
        running(sink) as controller,
        mailer_for(controller, security=SmtpSecurity.TLS) as mailer,
        pytest.raises(MailerCheckError, match="does not speak TLS") as caught,
    ):
        mailer.check()
    assert "587" in caught.value.remedy


def asking_for_a_log_in(sink, server_tls, **options):
    def check(server, session, envelope, mechanism, data):
        assert isinstance(data, LoginPassword)
        is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)

    return running(sink, tls_context=server_tls, authenticator=check, auth_required=True, **options)


@pytest.mark.parametrize("excluded", [[], ["PLAIN"]])
def test_logging_in_by_plain_or_login(sink, server_tls, certificate, excluded):
    with (
        asking_for_a_log_in(sink, server_tls, auth_exclude_mechanism=excluded) as controller,
        mailer_for(
            controller,
            security=SmtpSecurity.STARTTLS,
            ca_file=certificate[0],
            user=USER,
            password=PASSWORD,
        ) as mailer,
    ):
        mailer.check()
        (outcome,) = send(mailer, an_email())
    assert outcome.status is OutcomeStatus.ACCEPTED


@pytest.mark.parametrize(
    ("case", "changes", "code"),
    [
        ("wrong password", {"user": USER, "password": "guess"}, "535 5.7.8"),
        ("wrong user", {"user": "eve", "password": PASSWORD}, "535 5.7.8"),
        ("no log-in where one is asked for", {}, "530 5.7.0"),
    ],
)
def test_a_failed_log_in_defers_and_is_nobodys_fault(
    sink, server_tls, certificate, case, changes, code
):
    with (
        asking_for_a_log_in(sink, server_tls) as controller,
        mailer_for(
            controller, security=SmtpSecurity.STARTTLS, ca_file=certificate[0], **changes
        ) as mailer,
    ):
        outcomes = send(mailer, an_email(), an_email())
        if changes:
            with pytest.raises(MailerCheckError) as caught:
                mailer.check()
            assert "password" in caught.value.remedy
            assert "guess" not in str(caught.value)
    assert [each.status for each in outcomes] == [OutcomeStatus.DEFERRED] * 2
    assert {each.code for each in outcomes} == {code}
    assert sink.messages == []


def test_no_known_way_to_log_in_is_explained(sink, server_tls, certificate):
    exclude = ["PLAIN", "LOGIN"]
    with (
        asking_for_a_log_in(sink, server_tls, auth_exclude_mechanism=exclude) as controller,
        mailer_for(
            controller,
            security=SmtpSecurity.STARTTLS,
            ca_file=certificate[0],
            user=USER,
            password=PASSWORD,
        ) as mailer,
        pytest.raises(MailerCheckError, match="no known way"),
    ):
        mailer.check()


@pytest.mark.parametrize("address", ['"john doe"@example.org', '"a@b>"@example.org'])
def test_a_quoted_local_part_goes_to_the_server_in_its_quotes(sink, address):
    with running(sink) as controller, mailer_for(controller) as mailer:
        (outcome,) = send(mailer, an_email(to_address=address))
    assert outcome.status is OutcomeStatus.ACCEPTED
    ((_, recipients, _),) = sink.envelopes
    assert recipients == [address]


def test_a_local_part_beyond_ascii_goes_by_smtputf8(sink):
    email = an_email(to_address="zoë@münchen.de")
    with running(sink, enable_SMTPUTF8=True) as controller, mailer_for(controller) as mailer:
        (outcome,) = send(mailer, email)
    assert outcome.status is OutcomeStatus.ACCEPTED
    ((_, recipients, options),) = sink.envelopes
    assert recipients == ["zoë@xn--mnchen-3ya.de"]
    assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(options)
    assert sink.messages == [mime.build(email)]


def test_a_local_part_beyond_ascii_is_refused_where_nobody_can_carry_it(sink):
    with running(sink, enable_SMTPUTF8=False) as controller, mailer_for(controller) as mailer:
        outcomes = send(mailer, an_email(to_address="zoë@example.org"), an_email())
    assert [each.status for each in outcomes] == [OutcomeStatus.REFUSED, OutcomeStatus.ACCEPTED]
    assert "SMTPUTF8" in outcomes[0].reason
    assert not outcomes[0].is_address_dead
    assert len(sink.messages) == 1


def test_a_message_over_the_servers_limit_is_refused_before_it_is_sent(sink):
    with running(sink, data_size_limit=20_000) as controller, mailer_for(controller) as mailer:
        outcomes = send(mailer, an_email(text="x " * 20_000), an_email())
    assert [each.status for each in outcomes] == [OutcomeStatus.REFUSED, OutcomeStatus.ACCEPTED]
    assert "20000" in outcomes[0].reason


def test_settings_do_not_show_the_password():
    assert "geheim" not in repr(SmtpSettings(host="localhost", user="a", password="geheim"))  # noqa: S106 - made up
