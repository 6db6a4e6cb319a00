"""How Stripe signs: docs.stripe.com/webhooks/signature, "Verify manually"."""

from typing import Final

from funnel.intake.presets.preset import Delivery, Verified
from funnel.intake.presets.signatures import (
    check_age,
    only_header,
    signed_seconds,
    signing_secret,
    timed_parts,
)

SIGNATURE_HEADER: Final = "stripe-signature"
TO_CHECK: Final = (
    "Give the source the signing secret of this very endpoint (whsec_…, in Stripe's Workbench "
    "under Webhooks): each endpoint, and test mode, has its own; it is no API key."
)


def verify(delivery: Delivery) -> Verified:
    """Return what Stripe's signature vouches for: HMAC-SHA256 over ``time.body``.

    The key is the whole text of the secret, ``whsec_`` included. While a secret is rolled Stripe
    signs with both, so there may be several ``v1``.

    Raises:
        SignatureError: The header is missing, nothing fits, or it is more than five minutes old.
    """
    timestamp, offered = timed_parts(only_header(delivery.headers, SIGNATURE_HEADER))
    seconds = signed_seconds(timestamp, name=f"t in {SIGNATURE_HEADER}")
    content = f"{timestamp}.".encode() + delivery.body
    secret = signing_secret(content, offered, delivery.source.secrets, name=SIGNATURE_HEADER)
    check_age(seconds, delivery.now, name=f"t in {SIGNATURE_HEADER}")
    return Verified(secret=secret)
