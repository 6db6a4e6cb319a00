"""Amazon SNS over HTTPS: its envelope, verified.

From the public documentation: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
(what is signed, and how), .../sns-message-and-json-formats.html (the three types of message),
.../sns-message-delivery-retries.html (a message is tried for an hour at most). Signature version 2
alone: version 1 is SHA-1.

Who signs is known by where the certificate lies: an HTTPS address whose host is exactly
``sns.<region>.amazonaws.com``, of the region that our own topic is in. TLS vouches for that host by
the public certification authorities. The certificate that lies there is one alone, without those
that issued it; of it are asked its dates, that it names SNS (as the AWS SDK for Java does:
``SnsHostProvider``), and a key of 2,048 bits or more.
"""

import base64
import binascii
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from funnel.domain.errors import InvalidInputError, SignatureError
from funnel.domain.signing import StaleSignatureError, WrongSignatureError
from funnel.domain.strict_json import read_object
from funnel.sending.delivery_events import Fields, moment_of

NOTIFICATION: Final = "Notification"
SUBSCRIPTION: Final = "SubscriptionConfirmation"
UNSUBSCRIPTION: Final = "UnsubscribeConfirmation"

# SNS gives a message up after an hour. A clock that is wrong by the usual five minutes is allowed.
FRESH_FOR: Final = timedelta(hours=1)
AHEAD: Final = timedelta(minutes=5)

_SIGNED: Final = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIPTION: (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
    UNSUBSCRIPTION: (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}
_TOPIC: Final = re.compile(
    r"arn:aws:sns:(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9]):[0-9]{12}:[A-Za-z0-9_.-]{1,256}"
)
_LEAST_KEY_BITS: Final = 2048
_MOST_CERTIFICATE_BYTES: Final = 64 * 1024
_KEPT_CERTIFICATES: Final = 16  # SNS has one a region, and changes it once a year
_KEPT_FOR: Final = timedelta(hours=24)

Fetch = Callable[[str], bytes]
"""Returns what lies at an HTTPS address; raises ``UnreachableError``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One verified message of SNS; ``subscribe_url`` only where it is about a subscription."""

    kind: str
    message_id: str
    topic: str
    message: str = field(repr=False)
    sent_at: datetime
    subscribe_url: str = field(default="", repr=False)


class SnsVerifier:
    """Verifies messages of the topics that are ours; keeps certificates for a day."""

    def __init__(self, topics: Collection[str], fetch: Fetch) -> None:
        """Take the ARNs of our topics (none: closed), and how a certificate is fetched."""
        self._topics = {each: region for each in topics if (region := region_of(each))}
        self._fetch = fetch
        self._kept: dict[str, tuple[datetime, x509.Certificate]] = {}
        self._lock = Lock()

    def verify(self, body: bytes, *, now: datetime) -> Envelope:
        """Return what the signature vouches for.

        Args:
            body: The raw bytes as they came.
            now: Aware real moment.

        Raises:
            SignatureError: Not of a topic of ours, wrongly signed, or too old.
            UnreachableError: The certificate cannot be fetched now.
        """
        fields = _fields(body)
        region = self._topics.get(fields.get("TopicArn", ""))
        if region is None:
            raise SignatureError(
                "it is not of a topic that is set up" if self._topics else "no topic is set up"
            )
        _check_signature(fields, self._certificate(fields, region, now))
        sent_at = _sent_at(fields)
        if not now - FRESH_FOR - AHEAD <= sent_at <= now + AHEAD:
            raise StaleSignatureError("it was signed too long ago, or in the future")
        url = fields.get("SubscribeURL", "")
        if fields["Type"] != NOTIFICATION:
            check_subscribe_url(url, fields["TopicArn"])
        return Envelope(
            kind=fields["Type"],
            message_id=fields["MessageId"],
            topic=fields["TopicArn"],
            message=fields["Message"],
            sent_at=sent_at,
            subscribe_url=url if fields["Type"] != NOTIFICATION else "",
        )

    def _certificate(
        self, fields: Mapping[str, str], region: str, now: datetime
    ) -> x509.Certificate:
        url = fields.get("SigningCertURL", "")
        if not _lies_at_sns(url, region, _CERTIFICATE):
            raise SignatureError("its certificate does not lie at the topic's own SNS")
        kept = self._kept.get(url)
        if kept is None or now - kept[0] > _KEPT_FOR:
            # Without the lock: two that fetch the same at once do no harm.
            kept = (now, _read_certificate(self._fetch(url)))
            _check_certificate(kept[1], region, now)
            self._keep(url, kept)
        _check_certificate(kept[1], region, now)
        return kept[1]

    def _keep(self, url: str, kept: tuple[datetime, x509.Certificate]) -> None:
        with self._lock:
            if len(self._kept) >= _KEPT_CERTIFICATES:
                self._kept.clear()
            self._kept[url] = kept


def region_of(topic: str) -> str | None:
    """Return the region that an SNS topic's ARN names; ``None`` where it is none."""
    found = _TOPIC.fullmatch(topic)
    return found["region"] if found else None


def check_subscribe_url(url: str, topic: str) -> None:
    """Raise unless a link to confirm a subscription leads to SNS itself, of the topic's region.

    Raises:
        SignatureError: It leads elsewhere.
    """
    if not _lies_at_sns(url, region_of(topic), _QUERY):
        raise SignatureError("its link does not lead to the topic's own SNS")


# The whole address is compared, as text: what takes it apart first may read it otherwise than what
# fetches it.
_QUERY: Final = r"\?Action=ConfirmSubscription&[A-Za-z0-9&=%._~:+-]{1,2000}"
_CERTIFICATE: Final = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}\.pem"


def _lies_at_sns(url: str, region: str | None, path: str) -> bool:
    if region is None:
        return False
    host = re.escape(f"sns.{region}.amazonaws.com")
    return re.fullmatch(f"https://{host}/{path}", url) is not None


def _fields(body: bytes) -> dict[str, str]:
    """Return the fields of an envelope; whoever cannot write one is not SNS."""
    try:
        found = read_object(body)
    except InvalidInputError as error:
        raise SignatureError(f"it is no message of SNS: {error}") from error
    fields = {name: value for name, value in found.items() if isinstance(value, str)}
    kind = fields.get("Type", "")
    if kind not in _SIGNED:
        raise SignatureError("it is no message of SNS: its type is missing or unknown")
    missing = [name for name in _SIGNED[kind] if name not in fields and name != "Subject"]
    if missing:
        raise SignatureError(f"it is no message of SNS: “{missing[0]}” is missing")
    return fields


def _sent_at(fields: Fields) -> datetime:
    try:
        return moment_of(fields, "Timestamp")
    except InvalidInputError as error:
        raise SignatureError(str(error)) from error


def _read_certificate(pem: bytes) -> x509.Certificate:
    if len(pem) > _MOST_CERTIFICATE_BYTES:
        raise SignatureError("its certificate is too large")
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise SignatureError("its certificate cannot be read") from error


def _check_certificate(certificate: x509.Certificate, region: str, now: datetime) -> None:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise SignatureError("its certificate is not valid now")
    names = {
        "sns.amazonaws.com",
        f"sns.{region}.amazonaws.com",
        f"sns-signing.{region}.amazonaws.com",  # regions that have to be switched on
        "sns-us-gov-west-1.amazonaws.com",
    }
    if not names & _names_of(certificate):
        raise SignatureError("its certificate is not one of SNS")
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _LEAST_KEY_BITS:
        raise SignatureError("its certificate's key is too weak")


def _names_of(certificate: x509.Certificate) -> set[str]:
    subject = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    names = {str(each.value) for each in subject}
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return names
    return names | set(extension.value.get_values_for_type(x509.DNSName))


def _check_signature(fields: Mapping[str, str], certificate: x509.Certificate) -> None:
    if fields.get("SignatureVersion") != "2":
        raise WrongSignatureError(
            "signature version 2 is needed; set the topic's SignatureVersion to 2"
        )
    try:
        signature = base64.b64decode(fields.get("Signature", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise WrongSignatureError("its signature is not base64") from error
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise WrongSignatureError("its certificate holds no RSA key")
    try:
        key.verify(signature, signed_text(fields), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise WrongSignatureError("its signature does not fit") from error


def signed_text(fields: Mapping[str, str]) -> bytes:
    """Return what SNS signs of a message: names and values, a line each, in the order of bytes."""
    names = [name for name in _SIGNED[fields["Type"]] if name in fields]
    return "".join(f"{name}\n{fields[name]}\n" for name in names).encode("utf-8", "replace")
