"""How Calendly signs: developer.calendly.com/api-docs/overview/webhooks/webhook-signatures."""

from typing import Final

from funnel.intake.presets.preset import Delivery, Verified
from funnel.intake.presets.signatures import verify_timed

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
    return verify_timed(delivery, header=SIGNATURE_HEADER)
