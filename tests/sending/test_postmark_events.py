"""Postmark's webhooks: who comes in, and what it says."""

import base64
import json
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from uuid import UUID

import pytest

from funnel.domain.delivery_event import DeliveryEvent, DeliveryEventKind
from funnel.domain.errors import InvalidInputError, SignatureError
from funnel.sending.delivery_events import EventPost
from funnel.sending.postmark_events import PostmarkEvents

NOW = datetime(2031, 3, 4, 12, tzinfo=UTC)
OURS = UUID("0193a5e2-0000-7000-8000-000000000001")
SECRET, FORMER = "a-secret-of-enough-length", "the-former-secret-of-ours"
Kind = DeliveryEventKind

COMMON = {
    "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
    "ServerID": 23,
    "MessageStream": "outbound",
    "Tag": "short/first",
    "Metadata": {"message": str(OURS)},
}
DELIVERY = COMMON | {
    "RecordType": "Delivery",
    "Recipient": "ana@example.org",
    "DeliveredAt": "2031-03-04T11:59:54.9070259Z",
    "Details": "smtp;250 2.0.0 OK",
}
BOUNCE = COMMON | {
    "RecordType": "Bounce",
    "ID": 692560173,
    "Type": "HardBounce",
    "TypeCode": 1,
    "Name": "Hard bounce",
    "Description": "The server was unable to deliver your message.",
    "Details": "smtp;550 5.1.1 The email account does not exist.",
    "Email": "ana@example.org",
    "From": "mira@example.org",
    "BouncedAt": "2031-03-04T06:28:10.2735393-05:00",
    "DumpAvailable": True,
    "Inactive": True,
    "CanActivate": True,
    "Subject": "Test subject",
}
CHANGE = COMMON | {
    "RecordType": "SubscriptionChange",
    "ChangedAt": "2031-03-04T11:53:34.416071Z",
    "Recipient": "ana@example.org",
    "Origin": "Recipient",
    "SuppressSending": True,
    "SuppressionReason": "ManualSuppression",
}
OPEN = COMMON | {
    "RecordType": "Open",
    "Recipient": "ana@example.org",
    "ReceivedAt": "2031-03-04T11:53:34.416071Z",
    "UserAgent": "Thing/1.0",
    "Geo": {"IP": "192.0.2.1"},
}


def basic(password: str, name: str = "postmark") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def read(payload: object, **changed: Any) -> DeliveryEvent:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    values: dict[str, Any] = {"headers": basic(SECRET), "body": body, "now": NOW} | changed
    (found,) = PostmarkEvents([SECRET, FORMER]).read(EventPost(**values))
    return found


class TestWhoComesIn:
    @pytest.mark.parametrize("secret", [SECRET, FORMER])
    @pytest.mark.parametrize("name", ["postmark", "", "anybody"])
    def test_by_password(self, secret: str, name: str) -> None:
        assert read(DELIVERY, headers=basic(secret, name)).kind is Kind.DELIVERED

    def test_by_the_path(self) -> None:
        assert read(DELIVERY, headers={}, path_secret=FORMER).kind is Kind.DELIVERED

    def test_a_password_with_a_colon_or_in_another_script(self) -> None:
        for secret in ("with:a:colon-inside-it", "schlüssel-für-uns-zwei"):
            post = EventPost(headers=basic(secret), body=json.dumps(DELIVERY).encode(), now=NOW)
            assert PostmarkEvents([secret]).read(post)

    @pytest.mark.parametrize(
        ("case", "headers", "path_secret"),
        [
            ("nothing", {}, ""),
            ("another password", basic("a-secret-of-enough-lengtH"), ""),
            ("the beginning of it", basic(SECRET[:-1]), SECRET[:-1]),
            ("the name and no password", basic("", SECRET), ""),
            ("an empty password", basic(""), ""),
            ("not basic", {"Authorization": f"Bearer {SECRET}"}, ""),
            ("not base64", {"Authorization": "Basic §§§"}, ""),
            ("not text", {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()}, ""),
            ("twice", {**basic(SECRET), "AUTHORIZATION": "Basic x"}, ""),
            ("another path", {}, "a-secret-of-enough-lengti"),
            ("a path that is no text", {}, "\udcff" * 20),
        ],
    )
    def test_who_does_not(self, case: str, headers: dict[str, str], path_secret: str) -> None:
        with pytest.raises(SignatureError):
            read(DELIVERY, headers=headers, path_secret=path_secret)

    @pytest.mark.parametrize("secrets", [[], [""], ["short"], ["x" * 15]], ids=str)
    def test_where_nothing_is_set_up_nobody_comes_in(self, secrets: list[str]) -> None:
        for secret in chain(secrets, ["", SECRET]):
            post = EventPost(headers=basic(secret), body=b"{}", now=NOW, path_secret=secret)
            with pytest.raises(SignatureError, match="no secret is set up"):
                PostmarkEvents(secrets).read(post)

    def test_of_a_stranger_nothing_is_read(self) -> None:
        with pytest.raises(SignatureError):
            read(b"{", headers={})


class TestSaid:
    def test_a_delivery(self) -> None:
        found = read(DELIVERY)
        assert (found.kind, found.message_id, found.address) == (
            Kind.DELIVERED,
            OURS,
            "ana@example.org",
        )
        assert found.occurred_at == datetime(2031, 3, 4, 11, 59, 54, 907025, tzinfo=UTC)
        assert found.provider_id == COMMON["MessageID"]
        assert found.event_id.startswith(f"Delivery:{COMMON['MessageID']}:")
        assert "ana" not in found.event_id

    def test_a_bounce(self) -> None:
        found = read(BOUNCE)
        assert (found.kind, found.is_hard) == (Kind.BOUNCED, True)
        assert found.occurred_at == datetime(2031, 3, 4, 11, 28, 10, 273539, tzinfo=UTC)
        assert found.reason == "HardBounce: smtp;550 5.1.1 The email account does not exist."
        assert found.event_id == f"Bounce:{COMMON['MessageID']}:692560173"

    @pytest.mark.parametrize(
        ("type_", "kind", "is_hard"),
        [
            ("BadEmailAddress", Kind.BOUNCED, True),
            ("SoftBounce", Kind.BOUNCED, False),
            ("Blocked", Kind.BOUNCED, False),
            ("DMARCPolicy", Kind.BOUNCED, False),
            ("SpamNotification", Kind.BOUNCED, False),
            ("Transient", Kind.DEFERRED, False),
            ("DnsError", Kind.DEFERRED, False),
            ("SpamComplaint", Kind.COMPLAINED, False),
            ("AutoResponder", Kind.OTHER, False),
            ("TypeOfTomorrow", Kind.BOUNCED, False),
        ],
    )
    def test_other_bounces(
        self,
        type_: str,
        kind: DeliveryEventKind,
        is_hard: bool,  # noqa: FBT001  (a column of the table above)
    ) -> None:
        found = read(BOUNCE | {"Type": type_})
        assert (found.kind, found.is_hard) == (kind, is_hard)

    def test_a_complaint(self) -> None:
        found = read(BOUNCE | {"RecordType": "SpamComplaint", "Type": "SpamComplaint"})
        assert found.kind is Kind.COMPLAINED
        assert found.event_id.startswith("SpamComplaint:")

    @pytest.mark.parametrize(
        ("changed", "kind", "is_hard"),
        [
            ({}, Kind.UNSUBSCRIBED, False),
            ({"SuppressionReason": "HardBounce"}, Kind.BOUNCED, True),
            ({"SuppressionReason": "SpamComplaint"}, Kind.COMPLAINED, False),
            ({"Origin": "Customer", "MessageID": None}, Kind.OTHER, False),
            ({"Origin": "Admin", "SuppressionReason": "HardBounce"}, Kind.OTHER, False),
            ({"SuppressSending": False, "SuppressionReason": None}, Kind.OTHER, False),
            ({"SuppressSending": "true"}, Kind.OTHER, False),
        ],
        ids=str,
    )
    def test_a_change_of_the_list(
        self,
        changed: dict[str, object],
        kind: DeliveryEventKind,
        is_hard: bool,  # noqa: FBT001  (a column of the table above)
    ) -> None:
        found = read(CHANGE | changed)
        assert (found.kind, found.is_hard) == (kind, is_hard)

    def test_two_people_taken_off_at_once_are_two_events(self) -> None:
        bulk = CHANGE | {"Origin": "Customer", "MessageID": None}
        one, other = read(bulk), read(bulk | {"Recipient": "bea@example.org"})
        assert one.event_id != other.event_id

    def test_a_retry_is_the_same_event(self) -> None:
        for payload in (DELIVERY, BOUNCE, CHANGE, OPEN):
            assert read(payload).event_id == read(json.dumps(payload, indent=1).encode()).event_id

    def test_what_is_not_ours_to_know_keeps_nothing_of_it(self) -> None:
        found = read(OPEN)
        assert (found.kind, found.reason) == (Kind.OPENED, "")
        other = read({"RecordType": "Telepathy\0", "Email": "ana@example.org"})
        assert (other.kind, other.reason) == (Kind.OTHER, "a record of the type “Telepathy”")

    @pytest.mark.parametrize(
        "payload",
        [
            b"",
            b"{",
            b"[]",
            json.dumps([DELIVERY] * 10_000).encode(),
            json.dumps(BOUNCE).encode()[:-30],
            b"\xff",
            b'{"RecordType": "Delivery", "RecordType": "Bounce"}',
            b'{"RecordType": NaN}',
            b"[" * 100_000,
            {},
            {"RecordType": 7},
            DELIVERY | {"DeliveredAt": None},
            DELIVERY | {"DeliveredAt": "2031-03-04T11:59:54"},
            DELIVERY | {"DeliveredAt": "9999-12-31T23:59:59-23:59"},
            BOUNCE | {"ID": None},
            BOUNCE | {"ID": True},
            BOUNCE | {"Type": None},
            BOUNCE | {"BouncedAt": "yesterday"},
        ],
        ids=lambda each: str(each)[:50],
    )
    def test_what_cannot_be_read_says_why(self, payload: object) -> None:
        with pytest.raises(InvalidInputError) as error:
            read(payload)
        assert str(error.value)

    @pytest.mark.parametrize(
        "odd", [None, 7, "", "x" * 9, [], {}, f"{{{OURS}}}", OURS.hex], ids=str
    )
    def test_metadata_that_is_not_our_id(self, odd: object) -> None:
        assert read(DELIVERY | {"Metadata": {"message": odd}}).message_id is None
        assert read(DELIVERY | {"Metadata": odd}).message_id is None
