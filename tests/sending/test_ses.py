"""Amazon SES: the kits, signatures, clocks, its own table of errors, the probe."""

from datetime import UTC, datetime, timedelta

import pytest

from funnel.domain.errors import InvalidInputError
from funnel.domain.failure import FailureKind
from funnel.sending import ses
from funnel.sending.http_api import ApiSettings
from funnel.sending.mailer import MailerCheckError, OutcomeStatus
from funnel.sending.ses import SesMailer, SesSettings
from funnel.sending.signature_v4 import Signer
from tests.sending import provider_server as acts
from tests.sending.http_kit import HttpMailerKit
from tests.sending.kit import SENT_AT, Notebook, always, an_email, send
from tests.sending.ses_server import ACCESS_KEY, REGION, SECRET_KEY, SesServer

_KEYS = {"region": REGION, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}


def open_ses(base_url: str, *, clock=None, settings=None, **api) -> SesMailer:
    where = ApiSettings(base_url=base_url, **api)
    return SesMailer(
        SesSettings(**{**_KEYS, **(settings or {}), "api": where}),
        clock=clock or (lambda: datetime.now(UTC)),
    )


@pytest.fixture
def server():
    with SesServer() as server:
        yield server


@pytest.fixture
def mailer(server):
    mailer = open_ses(server.base_url)
    yield mailer
    mailer.close()


class TestSesMailer(HttpMailerKit):
    @pytest.fixture
    def server(self):
        with SesServer() as server:
            yield server

    @pytest.fixture
    def open_mailer(self, server):
        # The kit stops the server's clock; ours goes with it.
        return lambda base_url, **api: open_ses(base_url, clock=lambda: server.now(), **api)


# AWS's published test suite for signature version 4: get-vanilla, post-vanilla,
# post-x-www-form-urlencoded.
@pytest.mark.parametrize(
    ("method", "headers", "body", "signature"),
    [
        ("GET", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "POST",
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
    ids=["get-vanilla", "post-vanilla", "post-x-www-form-urlencoded"],
)
def test_signatures_are_those_of_the_published_suite(method, headers, body, signature):
    signer = Signer(
        access_key=ACCESS_KEY, secret_key=SECRET_KEY, region="us-east-1", service="service"
    )
    now = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    all_headers = {"Host": "example.amazonaws.com", **headers}
    signed = signer.sign(method, "/", all_headers, body, now=now)
    names = ";".join(sorted([*map(str.lower, all_headers), "x-amz-date"]))
    assert signed["Authorization"] == (
        f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    assert signed["X-Amz-Date"] == "20150830T123600Z"


def test_an_email_carries_our_id_its_sort_and_its_configuration_set(server):
    mailer = open_ses(server.base_url, settings={"configuration_set": "letters"})
    email = an_email(tag="disruption/tables-turned", to_address="zoe@bücher.example")
    (outcome,) = send(mailer, email)
    mailer.close()
    assert outcome.status is OutcomeStatus.ACCEPTED
    assert outcome.provider_id
    (request,) = server.requests_read
    assert request["EmailTags"] == [
        {"Name": "message", "Value": str(email.message_id)},
        {"Name": "template", "Value": "disruption_tables-turned"},
    ]
    assert request["ConfigurationSetName"] == "letters"
    assert request["Destination"] == {"ToAddresses": ["zoe@xn--bcher-kva.example"]}


@pytest.mark.parametrize("error", sorted(ses.ERRORS))
@pytest.mark.parametrize("is_in_header", [True, False])
def test_each_error_of_the_table_means_what_it_says(server, mailer, error, is_in_header):
    rule = ses.ERRORS[error]
    body, headers = {"message": "Because."}, {"x_amzn_ErrorType": f"{error}:http://x/"}
    if not is_in_header:
        body, headers = {"__type": f"com.amazon.ses#{error}", "Message": "Because."}, {}
    server.script[:] = [acts.says(400, body, **headers)]
    (outcome,) = send(mailer, an_email())
    assert outcome.status is rule.status
    assert outcome.failure is rule.failure
    assert outcome.code == f"400 {error}"
    assert outcome.reason == "Because."
    assert not outcome.is_address_dead


@pytest.mark.parametrize(
    ("error", "said", "failure", "wait"),
    [
        ("MessageRejected", "Email address is not verified. …", FailureKind.BLOCKED, None),
        (
            "LimitExceededException",
            "Daily message quota exceeded.",
            FailureKind.RATE,
            timedelta(minutes=10),
        ),
        ("ThrottlingException", "Maximum sending rate exceeded.", FailureKind.RATE, None),
        ("SomethingNew", "what is that?", FailureKind.OTHER, None),
    ],
)
def test_words_that_change_the_meaning(server, mailer, error, said, failure, wait):
    server.script[:] = [acts.says(400, {"message": said}, x_amzn_ErrorType=error)]
    (outcome,) = send(mailer, an_email())
    assert outcome.status is OutcomeStatus.DEFERRED
    assert outcome.failure is failure
    assert outcome.retry_after == wait


@pytest.mark.parametrize("off", [timedelta(hours=-3), timedelta(minutes=9), timedelta(days=400)])
def test_a_clock_that_is_off_is_corrected_once_by_the_servers(server, off):
    server.now = lambda: SENT_AT
    mailer = open_ses(server.base_url, clock=lambda: SENT_AT + off, connections=1)
    book = Notebook()
    emails = [an_email() for _ in range(3)]
    outcomes = list(mailer.send_all(emails, may_begin=always, journal=book))
    mailer.close()
    assert {each.status for each in outcomes} == {OutcomeStatus.ACCEPTED}
    assert len(server.taken) == 3
    assert len(server.requests) == 4  # the first twice: refused for its time, nothing taken
    assert [word for word, _ in book.lines].count("begun") == 4


def test_a_clock_that_cannot_be_corrected_is_tried_once_more_only(server):
    server.now = lambda: SENT_AT
    late = acts.says(403, {"message": "x"}, x_amzn_ErrorType="RequestTimeTooSkewed")
    server.script[:] = [late] * 5
    mailer = open_ses(server.base_url, clock=lambda: SENT_AT + timedelta(hours=2), connections=1)
    (outcome,) = send(mailer, an_email())
    mailer.close()
    assert outcome.status is OutcomeStatus.DEFERRED
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"secret_key": "wrong"}, "403 InvalidSignatureException"),
        ({"access_key": "AKIAOTHER"}, "403 UnrecognizedClientException"),
        ({"region": "eu-west-1"}, "403 InvalidSignatureException"),
        ({"configuration_set": "typo"}, "404 NotFoundException"),
    ],
)
def test_a_wrong_setting_fails_nobody_and_ends_the_batch(server, settings, error):
    mailer = open_ses(server.base_url, settings=settings, connections=1)
    outcomes = send(mailer, *[an_email() for _ in range(4)])
    mailer.close()
    assert {each.status for each in outcomes} == {OutcomeStatus.DEFERRED}
    assert {each.code for each in outcomes} == {error}
    assert len(server.requests) == 1


def test_what_ses_cannot_carry_is_refused_before_it_leaves(server, mailer):
    (outcome,) = send(mailer, an_email(to_address="zoë@example.org"))
    assert outcome.status is OutcomeStatus.REFUSED
    assert server.requests == []


def test_there_is_nobody_to_ask_for_a_message(mailer):
    email = an_email()
    assert mailer.look_up(email.message_id, provider_id="x", since=SENT_AT) is None
    assert mailer.repeats_safely is None


def test_an_account_is_read_also_with_a_clock_that_is_off(server):
    mailer = open_ses(server.base_url, clock=lambda: SENT_AT)
    account = mailer.account()
    assert (account.per_day, account.per_second, account.sent_last_day) == (50000, 14.0, 1200)
    assert not account.is_sandbox
    server.account["SendQuota"]["Max24HourSend"] = -1
    assert mailer.account().per_day is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ProductionAccessEnabled": False}, "sandbox: only verified .* 50000 emails a day"),
        ({"SendingEnabled": False}, "paused"),
        ({"EnforcementStatus": "SHUTDOWN"}, "paused"),
    ],
    ids=["sandbox", "paused", "shut-down"],
)
def test_the_probe_finds_what_would_go_wrong(server, mailer, changes, says):
    mailer.check()
    server.account |= changes
    with pytest.raises(MailerCheckError, match=says) as caught:
        mailer.check()
    assert caught.value.remedy


def test_the_probe_names_the_keys_that_do_not_let_us_in(server):
    mailer = open_ses(server.base_url, settings={"secret_key": "wrong"})
    with pytest.raises(MailerCheckError, match="InvalidSignatureException") as caught:
        mailer.check()
    assert "FUNNEL_SES_SECRET_KEY" in caught.value.remedy


@pytest.mark.parametrize("name", ["region", "access_key", "secret_key"])
def test_a_missing_setting_is_named(name):
    with pytest.raises(InvalidInputError) as caught:
        SesMailer(SesSettings(**{**_KEYS, name: ""}), clock=lambda: SENT_AT)
    assert caught.value.field == f"FUNNEL_SES_{name.upper()}"
    assert caught.value.field in caught.value.remedy


def test_a_region_that_is_none_reaches_nobody():
    with pytest.raises(InvalidInputError):
        SesMailer(
            SesSettings(**{**_KEYS, "region": "evil.example/eu-west-1"}), clock=lambda: SENT_AT
        )


def test_a_secret_is_not_in_what_is_printed():
    settings = SesSettings(**_KEYS)
    assert SECRET_KEY not in repr(settings)
    assert SECRET_KEY not in repr(
        Signer(access_key=ACCESS_KEY, secret_key=SECRET_KEY, region=REGION, service="ses")
    )
