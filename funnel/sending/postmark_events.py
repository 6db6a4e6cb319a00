"""Postmark's webhooks: deliveries, bounces, spam complaints and changes of its suppression list.

From its public documentation: https://postmarkapp.com/developer/webhooks/webhooks-overview (and
delivery-webhook, bounce-webhook, spam-complaint-webhook, subscription-change-webhook beside it),
https://postmarkapp.com/developer/api/bounce-api#bounce-types. Postmark signs nothing: it sends the
name and password that stand in the address (basic authentication), or posts to an address that
nobody else knows. One event a request. What is not answered by 200 comes again: bounces ten times
within 10.5 hours, the others three times within a quarter of an hour; never after a 403.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from funnel.domain.delivery_event import DeliveryEvent, DeliveryEventKind
from funnel.domain.errors import InvalidInputError, SignatureError
from funnel.domain.strict_json import read_object
from funnel.domain.text import clean_text
from funnel.sending.delivery_events import (
    EventPost,
    Fields,
    message_id_of,
    moment_of,
    object_of,
    provider_id_of,
    required_text,
    text_of,
)

LEAST_SECRET: Final = 16  # characters: a shorter one could be guessed, and opens nothing

Kind = DeliveryEventKind

# What each type of bounce says, and whether the address is dead by it. Postmark goes on trying
# after "Transient" and "DnsError", and says later how it ended. "Blocked" and "DMARCPolicy" are
# about the sender: the address is as good as before.
_BOUNCES: Final[dict[str, tuple[DeliveryEventKind, bool]]] = {
    "HardBounce": (Kind.BOUNCED, True),
    "BadEmailAddress": (Kind.BOUNCED, True),
    "SoftBounce": (Kind.BOUNCED, False),
    "Blocked": (Kind.BOUNCED, False),
    "DMARCPolicy": (Kind.BOUNCED, False),
    "VirusNotification": (Kind.BOUNCED, False),
    "Undeliverable": (Kind.BOUNCED, False),
    "Unknown": (Kind.BOUNCED, False),
    "ManuallyDeactivated": (Kind.BOUNCED, False),
    "Transient": (Kind.DEFERRED, False),
    "DnsError": (Kind.DEFERRED, False),
    # A filter's word, not the reader's: it withdraws nobody's consent.
    "SpamNotification": (Kind.BOUNCED, False),
    "SpamComplaint": (Kind.COMPLAINED, False),
    # Answers of people's own mail programs: the email came.
    "AutoResponder": (Kind.OTHER, False),
    "AddressChange": (Kind.OTHER, False),
    "ChallengeVerification": (Kind.OTHER, False),
    "OpenRelayTest": (Kind.OTHER, False),
    # Of Postmark's own lists and of other parts of its account.
    "Subscribe": (Kind.OTHER, False),
    "Unsubscribe": (Kind.OTHER, False),
    "Unconfirmed": (Kind.OTHER, False),
    "SMTPApiError": (Kind.OTHER, False),
    "InboundError": (Kind.OTHER, False),
    "TemplateRenderingFailed": (Kind.OTHER, False),
}

# Reason and origin of a suppression. Who runs the account may take an address off as well: that is
# their business with Postmark, which will refuse emails to it and say so.
_SUPPRESSED: Final[dict[tuple[str, str], tuple[DeliveryEventKind, bool]]] = {
    ("HardBounce", "Recipient"): (Kind.BOUNCED, True),
    ("SpamComplaint", "Recipient"): (Kind.COMPLAINED, False),
    ("ManualSuppression", "Recipient"): (Kind.UNSUBSCRIBED, False),
}


class PostmarkEvents:
    """Reads what one Postmark server says."""

    provider = "postmark"
    to_check = (
        "Put one of FUNNEL_POSTMARK_WEBHOOK_SECRETS into the webhook's address, as its password "
        "or as its last part; docs/connect-provider-events.md shows both."
    )

    def __init__(self, secrets: Sequence[str]) -> None:
        """Take the secrets; any of them opens, so that one can be changed. None: closed."""
        self._secrets = tuple(each.encode() for each in secrets if len(each) >= LEAST_SECRET)

    def read(self, post: EventPost) -> tuple[DeliveryEvent, ...]:
        """Verify a request, then read its one event."""
        self._verify(post)
        fields = read_object(post.body)
        record = required_text(fields, "RecordType")
        read = _READERS.get(record)
        return (read(fields) if read else _unknown(fields, record, post),)

    def _verify(self, post: EventPost) -> None:
        given = [each for each in (_password(post), post.path_secret) if each]
        is_known = False
        for secret in self._secrets:
            for each in given:
                # No early way out: the time must not tell which secret fits.
                is_known |= hmac.compare_digest(secret, each.encode("utf-8", "replace"))
        if not is_known:
            raise SignatureError("the secret is missing or wrong" if self._secrets else _CLOSED)


_CLOSED: Final = "no secret is set up, so nobody can come in"


def _password(post: EventPost) -> str:
    """Return the password of basic authentication (RFC 7617); the name may be any."""
    values = [value for key, value in post.headers.items() if key.lower() == "authorization"]
    scheme, _, encoded = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    if scheme.lower() != "basic":
        return ""
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return decoded.partition(":")[2]


def _delivery(fields: Fields) -> DeliveryEvent:
    at = moment_of(fields, "DeliveredAt")
    return _event(
        fields,
        Kind.DELIVERED,
        at=at,
        address=text_of(fields, "Recipient"),
        reason=text_of(fields, "Details"),
    )


def _bounce(fields: Fields) -> DeliveryEvent:
    kind = required_text(fields, "Type")
    says, is_hard = _BOUNCES.get(kind, (Kind.BOUNCED, False))
    number = fields.get("ID")
    if not isinstance(number, int) or isinstance(number, bool):
        raise InvalidInputError("“ID” is missing or no number", field="ID")
    details = text_of(fields, "Details") or text_of(fields, "Description")
    return _event(
        fields,
        says,
        at=moment_of(fields, "BouncedAt"),
        address=text_of(fields, "Email"),
        reason=f"{kind}: {details}" if details else kind,
        is_hard=is_hard,
        number=str(number),
    )


def _subscription(fields: Fields) -> DeliveryEvent:
    reason = text_of(fields, "SuppressionReason")
    origin = text_of(fields, "Origin")
    is_suppressed = fields.get("SuppressSending") is True
    says = _SUPPRESSED.get((reason, origin)) if is_suppressed else None
    kind, is_hard = says or (Kind.OTHER, False)
    return _event(
        fields,
        kind,
        at=moment_of(fields, "ChangedAt"),
        address=text_of(fields, "Recipient"),
        reason=f"{reason or 'reactivated'}, by {origin}",
        is_hard=is_hard,
    )


def _seen(kind: DeliveryEventKind) -> Callable[[Fields], DeliveryEvent]:
    def read(fields: Fields) -> DeliveryEvent:
        at = moment_of(fields, "ReceivedAt")
        # Who opened and where from is not ours to keep.
        return _event(fields, kind, at=at, address=text_of(fields, "Recipient"))

    return read


def _unknown(fields: Fields, record: str, post: EventPost) -> DeliveryEvent:
    shown = clean_text(record, limit=40)
    return DeliveryEvent(
        event_id=f"{shown}:{hashlib.sha256(post.body).hexdigest()}",
        kind=Kind.OTHER,
        occurred_at=post.now,
        message_id=_our_id(fields),
        provider_id=provider_id_of(text_of(fields, "MessageID")),
        reason=f"a record of the type “{shown}”",
    )


def _event(  # noqa: PLR0913  (the parts of one event)
    fields: Fields,
    kind: DeliveryEventKind,
    *,
    at: datetime,
    address: str,
    reason: str = "",
    is_hard: bool = False,
    number: str = "",
) -> DeliveryEvent:
    record, theirs = text_of(fields, "RecordType"), text_of(fields, "MessageID")
    return DeliveryEvent(
        event_id=f"{record}:{provider_id_of(theirs) or ''}:{number or _digest(at, address)}"[:255],
        kind=kind,
        message_id=_our_id(fields),
        provider_id=provider_id_of(theirs),
        address=address or None,
        occurred_at=at,
        reason=reason,
        is_hard=is_hard,
    )


def _digest(at: datetime, address: str) -> str:
    """Stand in for the number that only bounces have: alike at every retry, and nobody's address.

    The payload is made once, so its moment (to the ten-millionth) is the same each time.
    """
    return hashlib.sha256(
        f"{at.isoformat()} {address.lower()}".encode("utf-8", "replace")
    ).hexdigest()[:32]


def _our_id(fields: Fields) -> UUID | None:
    return message_id_of(text_of(object_of(fields, "Metadata"), "message"))


_READERS: Final[dict[str, Callable[[Fields], DeliveryEvent]]] = {
    "Delivery": _delivery,
    "Bounce": _bounce,
    "SpamComplaint": _bounce,
    "SubscriptionChange": _subscription,
    "Open": _seen(Kind.OPENED),
    "Click": _seen(Kind.CLICKED),
}
