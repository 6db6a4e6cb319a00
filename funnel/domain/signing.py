"""HMAC codecs: signed webhooks (Standard Webhooks 1.0) and the tokens of the links in emails.

Pure functions over bytes. Comparisons take constant time, and nothing but a valid signature gets
through: no secret means no entry.
"""

import base64
import hashlib
import hmac
import re
import secrets as random_source
import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, unique
from typing import Any
from uuid import UUID

from funnel.domain.errors import InvalidInputError, SignatureError

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
TOLERANCE = timedelta(minutes=5)

_SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of the format, no secret
_SECRET_BYTES = 32
_LEAST_SECRET_BYTES = 24  # the specification's lower bound, 192 bits
_VERSION = "v1"

# Without a full stop: it separates the signed parts, so "a.1" + "2" could pass as "a" + "1.2".
_WEBHOOK_ID = re.compile(r"[!-\-/-~]{1,255}")
_TIMESTAMP = re.compile(r"0|[1-9][0-9]{0,10}")


class MissingSignatureError(SignatureError):
    """A header of the signature is absent, given twice or not of its form."""


class StaleSignatureError(SignatureError):
    """Rightly signed, but too long ago or in the future: a replay, or a clock that is wrong."""


class WrongSignatureError(SignatureError):
    """No signature fits the body and any of our secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedWebhook:
    """What the signature vouches for besides the body; ``sent_at`` is an aware UTC moment."""

    webhook_id: str
    sent_at: datetime


def new_webhook_secret() -> str:
    """Return a fresh secret in the specification's form, ``whsec_`` and base64."""
    return _SECRET_PREFIX + base64.b64encode(random_source.token_bytes(_SECRET_BYTES)).decode()


def decode_webhook_secret(secret: str) -> bytes:
    """Return the key inside a secret; the prefix ``whsec_`` may be missing.

    Raises:
        InvalidInputError: Not base64, or shorter than the specification's 24 bytes.
    """
    remedy = 'Take "whsec_" and the base64 of 24 to 64 random bytes.'
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except ValueError as error:
        raise InvalidInputError(
            "the secret is not base64", field="secret", remedy=remedy
        ) from error
    if len(key) < _LEAST_SECRET_BYTES:
        raise InvalidInputError("the secret is too short", field="secret", remedy=remedy)
    return key


def sign_webhook(
    body: bytes, *, webhook_id: str, sent_at: datetime, secrets: Sequence[str]
) -> dict[str, str]:
    """Return the three headers that sign ``body``, one signature for each secret.

    Args:
        body: The raw bytes that will travel.
        webhook_id: The same at every attempt; visible ASCII without a full stop.
        sent_at: Aware moment of this attempt.
        secrets: The current one, and during a rotation the former one too.

    Raises:
        InvalidInputError: A bad id, a bad secret, or none.
    """
    if not _WEBHOOK_ID.fullmatch(webhook_id):
        raise InvalidInputError("a webhook id is visible ASCII without a full stop", field="id")
    if not secrets:
        raise InvalidInputError("a webhook cannot be signed without a secret", field="secret")
    timestamp = str(int(sent_at.timestamp()))
    content = _signed_content(webhook_id, timestamp, body)
    signatures = (_signature(content, decode_webhook_secret(secret)) for secret in secrets)
    return {
        ID_HEADER: webhook_id,
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: " ".join(signatures),
    }


def verify_webhook(
    body: bytes,
    headers: Mapping[str, str],
    *,
    secrets: Iterable[str],
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> VerifiedWebhook:
    """Return what the signature vouches for, or raise.

    Args:
        body: The raw bytes as they came, before any parsing.
        headers: Names in any case; others than the three are ignored.
        secrets: Any of them may have signed. One that cannot be read opens nothing.
        now: Aware real moment.
        tolerance: How far the timestamp may be from ``now``, both ways, ends included.

    Raises:
        MissingSignatureError: A header is absent, given twice or malformed.
        WrongSignatureError: Nothing fits; also when there is no secret.
        StaleSignatureError: Rightly signed, but outside the tolerance.
    """
    webhook_id = _header(headers, ID_HEADER)
    timestamp = _header(headers, TIMESTAMP_HEADER)
    given = _header(headers, SIGNATURE_HEADER)
    if not _WEBHOOK_ID.fullmatch(webhook_id):
        raise MissingSignatureError(f"{ID_HEADER} must be visible ASCII without a full stop")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise MissingSignatureError(f"{TIMESTAMP_HEADER} must be whole seconds since 1970")
    content = _signed_content(webhook_id, timestamp, body)
    if not _is_signed(content, given, secrets):
        raise WrongSignatureError(f"no signature in {SIGNATURE_HEADER} fits")
    if abs(int(timestamp) - now.timestamp()) > tolerance.total_seconds():
        raise StaleSignatureError(f"{TIMESTAMP_HEADER} is too far from the present")
    return VerifiedWebhook(
        webhook_id=webhook_id, sent_at=datetime.fromtimestamp(int(timestamp), UTC)
    )


def _header(headers: Mapping[str, str], name: str) -> str:
    values = [value for key, value in headers.items() if key.lower() == name]
    if len(values) != 1:
        raise MissingSignatureError(f"{name} must be given once")
    return values[0]


def _signed_content(webhook_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{webhook_id}.{timestamp}.".encode("ascii") + body


def _signature(content: bytes, key: bytes) -> str:
    digest = hmac.digest(key, content, "sha256")
    return f"{_VERSION},{base64.b64encode(digest).decode()}"


def _is_signed(content: bytes, given: str, secrets: Iterable[str]) -> bool:
    offered = [each.encode("utf-8", "replace") for each in given.split(" ") if each]
    is_signed = False
    for key in _readable_keys(secrets):
        expected = _signature(content, key).encode("ascii")
        for candidate in offered:
            # No early way out: the time must not tell which secret or signature fits.
            is_signed |= hmac.compare_digest(expected, candidate)
    return is_signed


def _readable_keys(secrets: Iterable[str]) -> list[bytes]:
    keys = []
    for secret in secrets:
        try:
            keys.append(decode_webhook_secret(secret))
        except InvalidInputError:
            continue  # a secret mangled in rotation must not close the door to the good one
    return keys


@unique
class LinkPurpose(Enum):
    """What a link in an email is for.

    The numbers are in emails that have left: add new ones (up to 63), never give one away again.
    """

    CONFIRM = 1
    PREFERENCES = 2
    UNSUBSCRIBE_LETTERS = 3
    UNSUBSCRIBE_SEAT = 4
    JOIN = 5
    REPLAY = 6
    CALENDAR = 7
    CLICK = 8
    OPEN = 9


_LINK_VERSION = 1
_LINK_HEAD = struct.Struct(">B16s")  # two bits of version, six of purpose; the id
# The same, with the number of a link between them, in six bytes.
_COUNTED_HEAD = struct.Struct(">BHI16s")
_MAC_BYTES = 10  # 80 bits: a guess each microsecond needs billions of years
# 27 bytes are exactly 36 characters, 33 exactly 44: no spare bits, so a link has one spelling only.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{36}")
_COUNTED_TOKEN = re.compile(r"[A-Za-z0-9_-]{44}")
_LEAST_KEY_BYTES = 16
_BLOCK_BYTES = 64  # of SHA-256; our keys are digests, so none is longer


class LinkTokens:
    """Makes and reads the tokens of links: a purpose and an id, 36 URL-safe characters.

    A token holds no secret and does not expire; what it opens decides by itself whether it still
    does. The first key signs; all of them are accepted, so that a key can be changed.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the keys, the current one first.

        Raises:
            InvalidInputError: There is none, or one is shorter than 16 bytes.
        """
        if not keys or any(len(key) < _LEAST_KEY_BYTES for key in keys):
            raise InvalidInputError(
                "link tokens need at least one key, each of 16 bytes or more", field="keys"
            )
        # A key of its own for this use: the same secret elsewhere must not make links.
        self._keys = tuple(_Mac(hmac.digest(key, b"funnel link token", "sha256")) for key in keys)

    def make(self, purpose: LinkPurpose, target_id: UUID) -> str:
        """Return the token that opens ``purpose`` for ``target_id``; the same each time."""
        head = _LINK_HEAD.pack(_LINK_VERSION << 6 | purpose.value, target_id.bytes)
        return base64.urlsafe_b64encode(head + self._keys[0](head)).decode()

    def read(self, token: str, *, purposes: Collection[LinkPurpose]) -> tuple[LinkPurpose, UUID]:
        """Return the purpose and the id of a token.

        Args:
            token: As it came in the URL; may be anything.
            purposes: The ones that the asking page serves.

        Raises:
            SignatureError: Not one of ours, or for another purpose.
        """
        kind, target = self._unpacked(token, _TOKEN, _LINK_HEAD)
        for purpose in purposes:
            if kind == _LINK_VERSION << 6 | purpose.value:
                return purpose, UUID(bytes=target)
        raise SignatureError("a link for another purpose")

    def make_counted(self, purpose: LinkPurpose, link_id: int, run_id: UUID) -> str:
        """Return the token of a counted link in the emails of one run: 44 URL-safe characters.

        Args:
            purpose: ``CLICK`` or ``OPEN``.
            link_id: Number of the link, at least 0 and under 2 to the 48th.
            run_id: The run in whose email it stands; never a message, which is purged one day.
        """
        kind = _LINK_VERSION << 6 | purpose.value
        head = _COUNTED_HEAD.pack(kind, link_id >> 32, link_id & 0xFFFFFFFF, run_id.bytes)
        return base64.urlsafe_b64encode(head + self._keys[0](head)).decode()

    def read_counted(self, token: str, *, purpose: LinkPurpose) -> tuple[int, UUID]:
        """Return the number of the link and the run that a counted link's token names.

        Raises:
            SignatureError: Not one of ours, or for another purpose.
        """
        kind, high, low, run = self._unpacked(token, _COUNTED_TOKEN, _COUNTED_HEAD)
        if kind != _LINK_VERSION << 6 | purpose.value:
            raise SignatureError("a link for another purpose")
        return high << 32 | low, UUID(bytes=run)

    def _unpacked(
        self, token: str, form: re.Pattern[str], layout: struct.Struct
    ) -> tuple[Any, ...]:
        """Return the parts of a token's head, once one of our keys vouches for it."""
        if not form.fullmatch(token):
            raise SignatureError("not a link of ours")
        payload = base64.urlsafe_b64decode(token)
        head, mac = payload[: layout.size], payload[layout.size :]
        if not any(hmac.compare_digest(key(head), mac) for key in self._keys):
            raise SignatureError("not a link of ours")
        return layout.unpack(head)


class _Mac:
    """HMAC-SHA-256 (RFC 2104) with one key, cut to 80 bits.

    Both hashes are begun with their half of the key once: an email needs several, and that halves
    what each costs.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        padded = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def __call__(self, head: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(head)
        outer.update(inner.digest())
        return outer.digest()[:_MAC_BYTES]
