"""How Calendly signs: developer.calendly.com/api-docs/overview/webhooks/webhook-signatures."""

from typing import Final

from funnel.intake.presets.preset import Delivery, Verified
from funnel.intake.presets.signatures import (
    check_age,
    only_header,
    signed_seconds,
    signing_secret,
    timed_parts,
)

SIGNATURE_HEADER: Final = "calendly-webhook-signature"
TO_CHECK: Final = (
    "Create the webhook subscription with this source's secret as its signing_key; a subscription "
    "without one is not signed."
)


def verify(delivery: Delivery) -> Verified:
    """Return what Calendly's signature vouches for: HMAC-SHA256 over ``time.body``.

    Raises:
        SignatureError: The header is missing, nothing fits, or it is more than five minutes old.
    """
    timestamp, offered = timed_parts(only_header(delivery.headers, SIGNATURE_HEADER))
    seconds = signed_seconds(timestamp, name=f"t in {SIGNATURE_HEADER}")
    content = f"{timestamp}.".encode() + delivery.body
    secret = signing_secret(content, offered, delivery.source.secrets, name=SIGNATURE_HEADER)
    check_age(seconds, delivery.now, name=f"t in {SIGNATURE_HEADER}")
    return Verified(secret=secret)
