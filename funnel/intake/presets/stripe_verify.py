"""How Stripe signs: docs.stripe.com/webhooks/signature, "Verify manually"."""

from typing import Final

from funnel.intake.presets.preset import Delivery, Verified
from funnel.intake.presets.signatures import verify_timed

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
    return verify_timed(delivery, header=SIGNATURE_HEADER)
