"""How Cal.com signs: cal.com/docs, "Webhooks", "Verifying the authenticity".

No time is signed beside the body. What protects from a replay is that an event is taken once, and
that a fact stays the same fact however often it is told.
"""

from typing import Final

from funnel.domain.signing import MissingSignatureError
from funnel.intake.presets.preset import Delivery, Verified
from funnel.intake.presets.signatures import only_header, signing_secret

SIGNATURE_HEADER: Final = "x-cal-signature-256"
TO_CHECK: Final = (
    "Write this source's secret into the field Secret of the webhook in Cal.com (Settings, "
    "Developer, Webhooks): without one its events are not signed."
)
_NO_SECRET: Final = "no-secret-provided"  # noqa: S105  (what Cal.com sends instead of a signature)


def verify(delivery: Delivery) -> Verified:
    """Return what Cal.com's signature vouches for: HMAC-SHA256 over the body.

    Raises:
        SignatureError: The header is missing, or nothing fits.
    """
    given = only_header(delivery.headers, SIGNATURE_HEADER)
    if given == _NO_SECRET:
        raise MissingSignatureError("the webhook has no secret in Cal.com")
    secrets = delivery.source.secrets
    return Verified(secret=signing_secret(delivery.body, [given], secrets, name=SIGNATURE_HEADER))
