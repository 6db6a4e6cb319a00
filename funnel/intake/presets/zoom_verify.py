"""How Zoom signs: developers.zoom.us/docs/api/webhooks, "Verify webhook events"."""

from typing import Final

from funnel.intake.presets.preset import Challenge, Delivery, Verified
from funnel.intake.presets.signatures import (
    check_age,
    only_header,
    sign_hex,
    signed_seconds,
    signing_secret,
)

SIGNATURE_HEADER: Final = "x-zm-signature"
TIMESTAMP_HEADER: Final = "x-zm-request-timestamp"
TO_CHECK: Final = (
    "Give the source the Secret Token of the Zoom app's page Features, Access: not its client "
    "secret, and not the verification token of old."
)
_VERSION: Final = "v0"


def verify(delivery: Delivery) -> Verified:
    """Return what Zoom's signature vouches for: HMAC-SHA256 over ``v0:time:body``.

    Raises:
        SignatureError: A header is missing, nothing fits, or it is more than five minutes old.
    """
    timestamp = only_header(delivery.headers, TIMESTAMP_HEADER)
    given = only_header(delivery.headers, SIGNATURE_HEADER)
    seconds = signed_seconds(timestamp, name=TIMESTAMP_HEADER)
    content = f"{_VERSION}:{timestamp}:".encode() + delivery.body
    version, _, signature = given.partition("=")
    offered = [signature] if version == _VERSION else []
    secret = signing_secret(content, offered, delivery.source.secrets, name=SIGNATURE_HEADER)
    check_age(seconds, delivery.now, name=TIMESTAMP_HEADER)
    return Verified(secret=secret)


def answer(plain_token: str, verified: Verified) -> Challenge:
    """Return the answer to ``endpoint.url_validation``, which Zoom asks every 72 hours.

    The token comes back hashed with the secret that signed the question, so that a change of
    secret needs no pause.
    """
    hashed = sign_hex(plain_token.encode(), verified.secret)
    return Challenge(answer={"plainToken": plain_token, "encryptedToken": hashed})
