"""SNS and SES: what is believed, and what it says."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from funnel.domain.delivery_event import DeliveryEvent, DeliveryEventKind
from funnel.domain.errors import InvalidInputError, SignatureError
from funnel.sending.delivery_events import EventPost, Reading, SubscriptionAsk, UnreachableError
from funnel.sending.ses_events import SesEvents
from funnel.sending.sns import SUBSCRIPTION, UNSUBSCRIPTION, region_of
from tests.sending.sns_signed import (
    CERTIFICATE_URL,
    LATE,
    NOW,
    SUBSCRIBE_URL,
    TOPIC,
    Sns,
    bounced,
    certificate,
    event,
    mail,
)

OURS = UUID("0193a5e2-0000-7000-8000-000000000001")
Kind = DeliveryEventKind


def read(body: bytes, sns: Sns, *, topics: tuple[str, ...] = (TOPIC,)) -> Reading:
    return SesEvents(topics, sns.fetch).read(EventPost(headers={}, body=body, now=NOW))


def events(content: object, sns: Sns | None = None) -> tuple[DeliveryEvent, ...]:
    sns = sns or Sns()
    found = read(sns.message(content), sns)
    assert isinstance(found, tuple)
    return found


class TestBelieved:
    def test_a_message_of_our_topic(self) -> None:
        sns = Sns()
        reader = SesEvents((TOPIC,), sns.fetch)
        for _ in range(3):
            post = EventPost(headers={}, body=sns.message(bounced(OURS)), now=NOW)
            assert len(tuple(reader.read(post))) == 1  # type: ignore[arg-type]  # events
        assert sns.fetched == [CERTIFICATE_URL]  # fetched once, kept for a day
        reader.read(
            EventPost(
                headers={},
                body=sns.message(bounced(OURS), sent_at=NOW + timedelta(hours=25)),
                now=NOW + timedelta(hours=25),
            )
        )
        assert len(sns.fetched) == 2

    @pytest.mark.parametrize("subject", ["Amazon SES Email Event Notification", "ä\n“x”", None])
    def test_with_a_subject_and_without_one(self, subject: str | None) -> None:
        sns = Sns()
        assert read(sns.message(bounced(OURS), Subject=subject), sns)

    @pytest.mark.parametrize(
        "name",
        [
            "sns.amazonaws.com",
            "sns.eu-central-1.amazonaws.com",
            "sns-signing.eu-central-1.amazonaws.com",
        ],
    )
    def test_a_certificate_that_names_sns(self, name: str) -> None:
        sns = Sns(pem=certificate(name=name))
        assert read(sns.message(bounced(OURS)), sns)


def _resigned(**changed: str | None) -> Callable[[Sns], bytes]:
    return lambda sns: sns.message(bounced(OURS), **changed)


def _altered(name: str, value: object) -> Callable[[Sns], bytes]:
    def body(sns: Sns) -> bytes:
        fields = json.loads(sns.message(bounced(OURS)))
        return json.dumps(fields | {name: value}).encode()

    return body


def _at(moment: timedelta) -> Callable[[Sns], bytes]:
    return lambda sns: sns.message(bounced(OURS), sent_at=NOW + moment)


NOT_BELIEVED: dict[str, Callable[[Sns], bytes]] = {
    "the text changed": _altered("Message", "{}"),
    "another id": _altered("MessageId", "another"),
    "another moment": _altered("Timestamp", "2031-03-04T12:00:01.000Z"),
    "a subject put in": _altered("Subject", "Hello"),
    "another type": _altered("Type", SUBSCRIPTION),
    "no type": _altered("Type", None),
    "an unknown type": _resigned(Type="Greeting"),
    "no signature": _altered("Signature", None),
    "an empty signature": _altered("Signature", ""),
    "a signature that is no base64": _altered("Signature", "§§§"),
    "a signature of something else": _altered("Signature", "AAAA" * 85),
    "signature version 1": _altered("SignatureVersion", "1"),
    "no version": _altered("SignatureVersion", None),
    "another topic": _resigned(TopicArn=f"{TOPIC}-2"),
    "no topic": _altered("TopicArn", None),
    "too old": _at(-LATE),
    "ahead": _at(timedelta(minutes=6)),
    "no moment": _resigned(Timestamp="yesterday"),
    "a moment without its zone": _resigned(Timestamp="2031-03-04T12:00:00"),
    "truncated": lambda sns: sns.message(bounced(OURS))[:-40],
    "empty": lambda _: b"",
    "not JSON": lambda _: b"<xml/>",
    "a list": lambda _: b"[]",
    "a name twice": lambda sns: b'{"Type": "Notification", ' + sns.message(bounced(OURS))[1:],
    "deep": lambda _: b"[" * 100_000,
    "another encoding": lambda sns: sns.message(bounced(OURS)).decode().encode("utf-16"),
    "raw delivery": lambda _: json.dumps(bounced(OURS)).encode(),
}
URLS = [
    "http://sns.eu-central-1.amazonaws.com/a.pem",
    "https://sns.eu-west-1.amazonaws.com/a.pem",
    "https://sns.amazonaws.com/a.pem",
    "https://sns.eu-central-1.amazonaws.com.example.org/a.pem",
    "https://example.org/sns.eu-central-1.amazonaws.com/a.pem",
    "https://sns.eu-central-1.amazonaws.com@example.org/a.pem",
    "https://example.org#sns.eu-central-1.amazonaws.com/a.pem",
    "https://example.org\\@sns.eu-central-1.amazonaws.com/a.pem",
    "https://user@sns.eu-central-1.amazonaws.com/a.pem",
    "https://sns.eu-central-1.amazonaws.com:444/a.pem",
    "https://sns.eu-central-1.amazonaws.com:x/a.pem",
    "https://xsns.eu-central-1.amazonaws.com/a.pem",
    "https://snsxeu-central-1.amazonaws.com/a.pem",
    "https://bucket.s3.eu-central-1.amazonaws.com/a.pem",
    "https://sns.eu-central-1.amazonaws.com/a.pem?x=1",
    "https://sns.eu-central-1.amazonaws.com/a.pem#x",
    "https://sns.eu-central-1.amazonaws.com/a.txt",
    "https://sns.eu-central-1.amazonaws.com/../a.pem/",
    "https://sns.eu-central-1.amazonaws.com/?Action=Publish&x=.pem",
    "//sns.eu-central-1.amazonaws.com/a.pem",
    " https://sns.eu-central-1.amazonaws.com/a.pem",
    "https://sns.eu-central-1.amazonaws.com/a.pem\n",
    "https://sns.eu-central-1\t.amazonaws.com/a.pem",
    "file:///etc/ssl/a.pem",
    "https://[::1/a.pem",
    "",
]


class TestNotBelieved:
    @pytest.mark.parametrize("case", NOT_BELIEVED)
    def test_a_message(self, case: str) -> None:
        sns = Sns()
        with pytest.raises(SignatureError):
            read(NOT_BELIEVED[case](sns), sns)

    @pytest.mark.parametrize("url", URLS)
    def test_a_certificate_from_elsewhere_is_not_even_fetched(self, url: str) -> None:
        sns = Sns()
        with pytest.raises(SignatureError):
            read(sns.message(bounced(OURS), SigningCertURL=url), sns)
        assert sns.fetched == []

    @pytest.mark.parametrize(
        ("case", "pem"),
        [
            ("over", lambda: certificate(ends=NOW - timedelta(days=1))),
            ("not begun", lambda: certificate(begins=NOW + timedelta(days=1))),
            ("of somebody else", lambda: certificate(name="example.org")),
            ("of another region", lambda: certificate(name="sns.eu-west-1.amazonaws.com")),
            ("of another key", lambda: certificate(key=rsa.generate_private_key(65537, 2048))),
            ("not PEM", lambda: b"<html>"),
            ("too large", lambda: b"-" * 70_000),
        ],
        ids=lambda each: each if isinstance(each, str) else "",
    )
    def test_a_certificate(self, case: str, pem: Callable[[], bytes]) -> None:
        sns = Sns(pem=pem())
        with pytest.raises(SignatureError):
            read(sns.message(bounced(OURS)), sns)

    def test_a_weak_key(self) -> None:
        sns = Sns(pem=certificate(bits=1024), bits=1024)
        with pytest.raises(SignatureError, match="too weak"):
            read(sns.message(bounced(OURS)), sns)

    @pytest.mark.parametrize(
        "topics", [(), ("",), ("arn:aws:sns:*:*:*",), ("not an arn",)], ids=str
    )
    def test_where_nothing_is_set_up_nobody_comes_in(self, topics: tuple[str, ...]) -> None:
        sns = Sns()
        with pytest.raises(SignatureError, match="no topic is set up"):
            read(sns.message(bounced(OURS)), sns, topics=topics)
        assert sns.fetched == []

    def test_what_cannot_be_verified_now_is_no_forgery(self) -> None:
        sns = Sns(is_up=False)
        with pytest.raises(UnreachableError):
            read(sns.message(bounced(OURS)), sns)


class TestSubscriptions:
    @pytest.mark.parametrize("kind", [SUBSCRIPTION, UNSUBSCRIPTION])
    def test_it_is_asked_and_never_followed(self, kind: str) -> None:
        sns = Sns()
        found = read(sns.message("You have chosen", kind=kind), sns)
        assert found == SubscriptionAsk(
            topic=TOPIC, subscribe_url=SUBSCRIBE_URL, has_ended=kind == UNSUBSCRIPTION
        )
        assert sns.fetched == [CERTIFICATE_URL]

    @pytest.mark.parametrize("url", ["https://example.org/?Action=ConfirmSubscription", *URLS])
    def test_a_link_that_leads_elsewhere_is_refused(self, url: str) -> None:
        sns = Sns()
        with pytest.raises(SignatureError):
            read(sns.message("x", kind=SUBSCRIPTION, SubscribeURL=url), sns)

    def test_regions(self) -> None:
        assert region_of("arn:aws:sns:us-gov-west-1:123456789012:x") == "us-gov-west-1"
        assert region_of("arn:aws:sqs:us-east-1:123456789012:x") is None
        assert region_of("arn:aws:sns:us-east-1.evil.org/:123456789012:x") is None


class TestSaid:
    def test_a_hard_bounce(self) -> None:
        (found,) = events(bounced(OURS))
        assert (found.kind, found.is_hard, found.message_id) == (Kind.BOUNCED, True, OURS)
        assert found.code == "550 5.1.1"
        assert found.reason == "Permanent (General): smtp; 550 5.1.1 user unknown"
        assert (found.address, found.provider_id) == ("ana@example.org", "0100-theirs-000000")
        assert found.event_id.endswith(":0")

    def test_the_other_shape_without_tags(self) -> None:
        said = bounced(OURS)
        said["notificationType"] = said.pop("eventType")
        said["mail"] = {**mail(OURS), "tags": {}}
        (found,) = events(said)
        assert (found.kind, found.message_id) == (Kind.BOUNCED, None)
        said["mail"] = {**mail(OURS), "tags": {}, "commonHeaders": {"messageId": f"<{OURS}@a.org>"}}
        (found,) = events(said)
        assert found.message_id == OURS

    @pytest.mark.parametrize(
        ("case", "changed", "kind", "is_hard"),
        [
            (
                "on the account's list",
                {"bounceSubType": "OnAccountSuppressionList"},
                Kind.BOUNCED,
                False,
            ),
            ("on the global list", {"bounceSubType": "Suppressed"}, Kind.BOUNCED, True),
            (
                "soft",
                {"bounceType": "Transient", "bounceSubType": "MailboxFull"},
                Kind.BOUNCED,
                False,
            ),
            ("undetermined", {"bounceType": "Undetermined"}, Kind.BOUNCED, False),
            (
                "out of office",
                {
                    "bounceType": "Transient",
                    "bouncedRecipients": [{"emailAddress": "ana@example.org"}],
                },
                Kind.DEFERRED,
                False,
            ),
        ],
    )
    def test_other_bounces(
        self,
        case: str,
        changed: dict[str, object],
        kind: DeliveryEventKind,
        is_hard: bool,  # noqa: FBT001  (a column of the table above)
    ) -> None:
        (found,) = events(bounced(OURS, **changed))
        assert (found.kind, found.is_hard) == (kind, is_hard)

    def test_one_event_a_recipient(self) -> None:
        people = [{"emailAddress": f"{each}@example.org", "status": "5.1.1"} for each in range(50)]
        found = events(bounced(OURS, bouncedRecipients=people))
        assert len({each.event_id for each in found}) == 50
        assert "@" not in "".join(each.event_id for each in found)
        assert [each.address for each in found][:2] == ["0@example.org", "1@example.org"]

    @pytest.mark.parametrize(
        ("said", "kind", "reason"),
        [
            (
                event("Complaint", OURS, complaint={
                    "complainedRecipients": [{"emailAddress": "ana@example.org"}],
                    "timestamp": "2031-03-04T12:00:00.000Z", "complaintFeedbackType": "abuse"}),
                Kind.COMPLAINED, "abuse",
            ),
            (
                event("Complaint", OURS, complaint={
                    "complainedRecipients": [{"emailAddress": "ana@example.org"}],
                    "timestamp": "2031-03-04T12:00:00.000Z",
                    "complaintSubType": "OnAccountSuppressionList"}),
                Kind.BOUNCED, "a complaint without its kind (OnAccountSuppressionList)",
            ),
            (
                event("Delivery", OURS, delivery={
                    "timestamp": "2031-03-04T12:00:00.000Z", "recipients": ["ana@example.org"],
                    "smtpResponse": "250 2.6.0 Message received"}),
                Kind.DELIVERED, "250 2.6.0 Message received",
            ),
            (
                event("DeliveryDelay", OURS, deliveryDelay={
                    "timestamp": "2031-03-04T12:00:00.000Z", "delayType": "SpamDetected",
                    "delayedRecipients": [{"emailAddress": "ana@example.org", "status": "4.4.1"}]}),
                Kind.DEFERRED, "SpamDetected",
            ),
            (event("Send", OURS, send={}), Kind.ACCEPTED, ""),
            (
                event("Reject", OURS, reject={"reason": "Bad content"}),
                Kind.BOUNCED, "Reject: Bad content",
            ),
            (event("Open", OURS, open={"ipAddress": "192.0.2.1"}), Kind.OPENED, ""),
            (event("Click", OURS, click={"link": "https://a.org"}), Kind.CLICKED, ""),
            (
                event("Rendering Failure", OURS),
                Kind.OTHER, "an event of the type “Rendering Failure”",
            ),
            (event("Subscription", OURS), Kind.OTHER, "an event of the type “Subscription”"),
            ("Successfully validated SNS topic.", Kind.OTHER, "Successfully validated SNS topic."),
        ],
        ids=str,
    )  # fmt: skip
    def test_other_events(self, said: object, kind: DeliveryEventKind, reason: str) -> None:
        (found,) = events(said)
        assert (found.kind, found.reason, found.is_hard) == (kind, reason, False)

    @pytest.mark.parametrize(
        "said",
        [
            {},
            {"eventType": "Bounce"},
            {"eventType": "Bounce", "bounce": []},
            bounced(OURS, bouncedRecipients=[]),
            bounced(OURS, bouncedRecipients=["ana@example.org"]),
            bounced(OURS, bouncedRecipients=[{"emailAddress": "a@b.org"}] * 51),
            bounced(OURS, bouncedRecipients=[{"emailAddress": "a@b.org"}] * 10_000),
            bounced(OURS, timestamp="soon"),
            bounced(OURS, bounceType=None),
            event("Delivery", OURS, delivery={"timestamp": "2031-03-04T12:00:00"}),
            event("Delivery", OURS, delivery={"timestamp": 7}),
            event("Delivery", OURS, delivery={
                "timestamp": "2031-03-04T12:00:00Z", "recipients": ["a@b.org"] * 10_000}),
            "{",
            '{"eventType": "Send", "eventType": "Bounce"}',
            '{"eventType": NaN}',
        ],
        ids=lambda each: json.dumps(each)[:60],
    )  # fmt: skip
    def test_what_cannot_be_read_says_why(self, said: Any) -> None:
        with pytest.raises(InvalidInputError) as error:
            events(said)
        assert str(error.value)

    def test_a_tag_that_is_not_our_id(self) -> None:
        for odd in ("", "x", 7, None, [], {"a": 1}, f"{{{OURS}}}"):
            said = bounced(OURS)
            said["mail"] = {**mail(OURS), "tags": {"message": [odd]}}
            assert events(said)[0].message_id is None
        for odd in (None, "text", [], {"message": OURS.hex}):
            said = bounced(uuid4())
            said["mail"] = {"tags": odd if odd != {"message": OURS.hex} else {"message": OURS.hex}}
            assert events(said)[0].message_id is None
