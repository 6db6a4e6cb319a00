"""How everybody else signs: Standard Webhooks 1.0 (standardwebhooks.com), as signups do."""

from typing import Final

from funnel.domain.signing import verify_webhook
from funnel.intake.presets.preset import Delivery, Verified

TO_CHECK: Final = (
    "Sign the raw body by the Standard Webhooks scheme with this source's secret: "
    "docs/connect-facts.md has it in Python and for the shell."
)


def verify(delivery: Delivery) -> Verified:
    """Return what a signature by Standard Webhooks vouches for: the body, and its id.

    Raises:
        SignatureError: A header is missing, nothing fits, or it is more than five minutes old.
    """
    verified = verify_webhook(
        delivery.body,
        delivery.headers,
        secrets=delivery.source.secrets,
        now=delivery.now,
    )
    return Verified(secret="", webhook_id=verified.webhook_id)
