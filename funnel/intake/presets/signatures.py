"""HMAC-SHA256 over a raw body, in hexadecimal: what four of the five presets have in common."""

import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from funnel.domain.signing import (
    TOLERANCE,
    MissingSignatureError,
    StaleSignatureError,
    WrongSignatureError,
)
from funnel.intake.presets.preset import Delivery, Verified

_SECONDS: Final = re.compile(r"0|[1-9][0-9]{0,10}")
_MOST_OFFERED: Final = 10  # signatures in one header; a rotation needs two


def only_header(headers: Mapping[str, str], name: str) -> str:
    """Return a header that must be there once.

    Raises:
        MissingSignatureError: It is not.
    """
    values = [value for key, value in headers.items() if key.lower() == name]
    if len(values) != 1:
        raise MissingSignatureError(f"{name} must be given once")
    return values[0]


def signed_seconds(text: str, *, name: str) -> int:
    """Return a signed time, in whole seconds since 1970.

    Raises:
        MissingSignatureError: It is none.
    """
    if not _SECONDS.fullmatch(text):
        raise MissingSignatureError(f"{name} must be whole seconds since 1970")
    return int(text)


def check_age(seconds: int, now: datetime, *, name: str) -> None:
    """Raise unless a signed time is at most five minutes from ``now`` (aware, real), both ways.

    Raises:
        StaleSignatureError: Rightly signed, but a replay, or a clock that is wrong.
    """
    if abs(seconds - now.timestamp()) > TOLERANCE.total_seconds():
        raise StaleSignatureError(f"{name} is too far from the present")


def signing_secret(
    content: bytes, offered: Iterable[str], secrets: Iterable[str], *, name: str
) -> str:
    """Return the secret with which one of the offered signatures was made.

    Args:
        content: The bytes that are signed.
        offered: Signatures in hexadecimal, as they came.
        secrets: Any of them may have signed; an empty one opens nothing.
        name: Of the header, for the message.

    Raises:
        WrongSignatureError: Nothing fits; also when there is no secret.
    """
    given = [each.encode("utf-8", "replace") for each in offered][:_MOST_OFFERED]
    found = ""
    for secret in secrets:
        if not secret:
            continue
        expected = sign_hex(content, secret).encode()
        for candidate in given:
            # No early way out: the time must not tell which secret or signature fits.
            if hmac.compare_digest(expected, candidate):
                found = secret
    if not found:
        raise WrongSignatureError(f"no signature in {name} fits")
    return found


def sign_hex(content: bytes, secret: str) -> str:
    """Return the HMAC-SHA256 of ``content`` in hexadecimal; the key is the secret's text."""
    return hmac.digest(secret.encode(), content, "sha256").hex()


def verify_timed(delivery: Delivery, *, header: str) -> Verified:
    """Return what a header like ``t=1767225600,v1=ab…`` vouches for: HMAC over ``time.body``.

    Raises:
        SignatureError: The header is missing, nothing fits, or it is more than five minutes old.
    """
    timestamp, offered = _timed_parts(only_header(delivery.headers, header))
    seconds = signed_seconds(timestamp, name=f"t in {header}")
    content = f"{timestamp}.".encode() + delivery.body
    secret = signing_secret(content, offered, delivery.source.secrets, name=header)
    check_age(seconds, delivery.now, name=f"t in {header}")
    return Verified(secret=secret)


def _timed_parts(header: str) -> tuple[str, list[str]]:
    """Return time and signatures of a header like ``t=1767225600,v1=ab…,v1=cd…``.

    Schemes other than ``v1`` are left out, so that nobody can choose a weaker one.
    """
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for key, _, value in pairs if key == "t"]
    return (times[0] if len(times) == 1 else ""), [value for key, _, value in pairs if key == "v1"]
