"""A stand-in for Amazon SNS: it signs as the documentation says, with a certificate of its own."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from funnel.sending.delivery_events import UnreachableError
from funnel.sending.sns import NOTIFICATION, SUBSCRIPTION

REGION = "eu-central-1"
TOPIC = f"arn:aws:sns:{REGION}:123456789012:funnel-events"
CERTIFICATE_URL = f"https://sns.{REGION}.amazonaws.com/SimpleNotificationService-0123abcd.pem"
SUBSCRIBE_URL = f"https://sns.{REGION}.amazonaws.com/?Action=ConfirmSubscription&Token=123"
NOW = datetime(2031, 3, 4, 12, tzinfo=UTC)

# Written out anew, from the documentation: not the table of the code under test.
_SIGNED = {
    NOTIFICATION: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
    SUBSCRIPTION: [
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ],
}


@cache
def _key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def certificate(
    *,
    name: str = "sns.amazonaws.com",
    begins: datetime | None = None,
    ends: datetime | None = None,
    bits: int = 2048,
    key: rsa.RSAPrivateKey | None = None,
) -> bytes:
    """Return a certificate as SNS keeps it, in PEM."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key((key or _key(bits)).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins or datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(ends or datetime(2100, 1, 1, tzinfo=UTC))
        .sign(_key(bits), hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


@dataclass(slots=True)
class Sns:
    """Signs messages and keeps its certificate where it is fetched from."""

    topic: str = TOPIC
    pem: bytes = field(default_factory=certificate)
    bits: int = 2048
    is_up: bool = True
    fetched: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if not self.is_up:
            raise UnreachableError("SNS cannot be reached")
        return self.pem

    def message(
        self,
        content: object = "Hello",
        *,
        kind: str = NOTIFICATION,
        sent_at: datetime | None = None,
        **changed: str | None,
    ) -> bytes:
        """Return a signed message; ``changed`` fields are part of what is signed."""
        text = content if isinstance(content, str) else json.dumps(content)
        fields: dict[str, Any] = {
            "Type": kind,
            "MessageId": str(uuid4()),
            "TopicArn": self.topic,
            "Message": text,
            "Timestamp": (sent_at or NOW).strftime("%Y-%m-%dT%H:%M:%S.123Z"),
            "SignatureVersion": "2",
            "SigningCertURL": CERTIFICATE_URL,
        }
        if kind != NOTIFICATION:
            fields |= {"Token": "123", "SubscribeURL": SUBSCRIBE_URL}
        fields |= changed
        fields = {name: value for name, value in fields.items() if value is not None}
        return json.dumps(fields | {"Signature": self.sign(fields)}).encode()

    def sign(self, fields: Mapping[str, str]) -> str:
        names = _SIGNED.get(fields["Type"], _SIGNED[SUBSCRIPTION])
        lines = [f"{name}\n{fields[name]}\n" for name in names if name in fields]
        signed = _key(self.bits).sign("".join(lines).encode(), padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signed).decode()


def event(kind: str, message_id: object, **parts: object) -> dict[str, object]:
    """Return an event as a configuration set publishes it."""
    return {"eventType": kind, "mail": mail(message_id)} | parts


def mail(message_id: object) -> dict[str, object]:
    return {
        "timestamp": "2031-03-04T11:59:00.000Z",
        "messageId": "0100-theirs-000000",
        "destination": ["ana@example.org"],
        "tags": {"ses:configuration-set": ["funnel"], "message": [str(message_id)]},
    }


def bounced(message_id: object, **changed: object) -> dict[str, object]:
    """Return a hard bounce."""
    bounce: dict[str, object] = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [
            {
                "emailAddress": "ana@example.org",
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 user unknown",
            }
        ],
        "timestamp": "2031-03-04T12:00:00.000Z",
        "feedbackId": "0100-feedback",
    }
    return event("Bounce", message_id, bounce=bounce | changed)


LATE = timedelta(hours=1, minutes=6)
