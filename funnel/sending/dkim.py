"""DKIM: signs finished messages (RFC 6376; RSA-SHA256, and Ed25519-SHA256 of RFC 8463).

Canonicalisation is relaxed/relaxed, so that a relay that folds anew breaks nothing. The same bytes
are signed alike each time: neither of the two ways takes chance, and no moment is written down.
Every key that fits the sender signs, so two can be in rotation and an old receiver reads RSA beside
Ed25519.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from funnel.domain.errors import InvalidInputError

_FEWEST_BITS = 2048  # RFC 8301 3.2 asks signers for at least 2048
_CRLF = b"\r\n"
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_BLANKS = re.compile(rb"[ \t]+")
_RUNS = re.compile(rb"[ \t]{2,}|\t")
_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_LONGEST_PIECE = 70

# What is shown, answered to or acted on. Every List-* header beside these (RFC 8058 4: both halves
# of one-click must be covered, and a receiver ignores them where they are not).
_SIGNED = (
    b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"mime-version",
    b"content-type", b"feedback-id", b"auto-submitted",
)  # fmt: skip
# Named once more than it is there: adding a second one breaks the signature (RFC 6376 8.15).
_OVERSIGNED = b"from"


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """A private key, the name under which DNS shows its other half, and the domain it is for."""

    selector: str
    domain: str
    key: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @property
    def algorithm(self) -> str:
        """Return the tag ``a=``."""
        return "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"

    @property
    def record_name(self) -> str:
        """Return where the TXT record belongs."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """Return the TXT record that DNS must show (RFC 6376 3.6.1, RFC 8463 4)."""
        public = self.key.public_key()
        if isinstance(self.key, RSAPrivateKey):
            kind, encoding = "rsa", serialization.Encoding.DER
            shape = serialization.PublicFormat.SubjectPublicKeyInfo
        else:
            kind, encoding = "ed25519", serialization.Encoding.Raw
            shape = serialization.PublicFormat.Raw
        shown = base64.b64encode(public.public_bytes(encoding, shape)).decode()
        return f"v=DKIM1; k={kind}; p={shown}"

    def is_for(self, domain: str) -> bool:
        """Say whether a sender of this domain is aligned with the key (RFC 7489 3.1.1, relaxed)."""
        return domain == self.domain or domain.endswith(f".{self.domain}")

    def sign(self, data: bytes) -> bytes:
        """Return the signature of what was canonicalised."""
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(data, PKCS1v15(), hashes.SHA256())
        return self.key.sign(sha256(data).digest())


class DkimSigner:
    """Signs with every key that fits the sender."""

    def __init__(self, keys: Sequence[DkimKey]) -> None:
        """Take the keys; none: every message stays as it is."""
        self._keys = tuple(keys)

    def sign(self, raw: bytes, domain: str) -> bytes:
        """Return the message with its signatures before it.

        Args:
            raw: Finished bytes, lines in CRLF, without dot-stuffing.
            domain: Domain of the From address, lower-case ASCII. Where no key is for it the message
                stays unsigned: a signature of somebody else would not count for DMARC.
        """
        keys = [each for each in self._keys if each.is_for(domain)]
        if not keys:
            return raw
        head, _, body = raw.partition(b"\r\n\r\n")
        headers = canonical_headers(head)
        names = [name for name in headers if name in _SIGNED or name.startswith(b"list-")]
        covered = b"".join(headers[name] + _CRLF for name in names)
        body_hash = base64.b64encode(sha256(canonical_body(body)).digest())
        signatures = [_signature(each, names, covered, body_hash) for each in keys]
        return b"".join((*signatures, raw))


def load_keys(selectors: Sequence[str], domain: str, files: Sequence[Path]) -> tuple[DkimKey, ...]:
    """Return the keys that the settings name.

    Args:
        selectors: The name of each key, in the order of the files.
        domain: The domain that all of them are for.
        files: Private keys as PEM, without a passphrase.

    Raises:
        InvalidInputError: A key that cannot be read or is too short, or names that do not fit.
    """
    if not (selectors or files):
        return ()
    if len(selectors) != len(files):
        raise InvalidInputError(
            f"there are {len(selectors)} DKIM selectors and {len(files)} key files",
            field="FUNNEL_DKIM_SELECTOR",
            remedy="Name one selector for each key file, in the same order.",
        )
    if not domain:
        raise InvalidInputError(
            "the domain that DKIM signs for is not named",
            field="FUNNEL_DKIM_DOMAIN",
            remedy="Name the domain of your From addresses.",
        )
    bad = next((each for each in selectors if not _SELECTOR.fullmatch(each)), None)
    if bad is not None:
        raise InvalidInputError(
            f"“{bad}” is no DKIM selector",
            field="FUNNEL_DKIM_SELECTOR",
            remedy="Use letters, digits, dots and hyphens, like 2026a.",
        )
    pairs = zip(selectors, files, strict=True)
    return tuple(
        DkimKey(selector=selector, domain=domain.lower(), key=_load(file))
        for selector, file in pairs
    )


def canonical_headers(head: bytes) -> Mapping[bytes, bytes]:
    """Return each header by its lower-case name, canonicalised (RFC 6376 3.4.2), the last first.

    Args:
        head: The lines before the empty one.
    """
    canonical = {}
    for line in _FOLD.sub(b"", head).split(_CRLF):
        name, _, value = line.partition(b":")
        key = name.strip().lower()
        canonical[key] = key + b":" + _BLANKS.sub(b" ", value).strip()
    return canonical


def canonical_body(body: bytes) -> bytes:
    """Return a body as the relaxed way has it (RFC 6376 3.4.4)."""
    if b"  " in body or b"\t" in body:
        body = _RUNS.sub(b" ", body)
    if b" \r" in body:
        body = body.replace(b" \r\n", _CRLF)
    body = body.rstrip(b" \r\n")
    return body + _CRLF if body else b""


def _signature(key: DkimKey, names: Sequence[bytes], covered: bytes, body_hash: bytes) -> bytes:
    start = (
        f"v=1; a={key.algorithm}; c=relaxed/relaxed; d={key.domain};\r\n s={key.selector};\r\n"
    ).encode()
    signed = b":\r\n  ".join(_pieces([*names, _OVERSIGNED]))
    value = b"%s h=%s;\r\n bh=%s;\r\n b=" % (start, signed, body_hash)
    own = b"dkim-signature:" + _BLANKS.sub(b" ", _FOLD.sub(b"", value)).strip()
    words = base64.b64encode(key.sign(covered + own))
    lines = [words[at : at + _LONGEST_PIECE] for at in range(0, len(words), _LONGEST_PIECE)]
    return b"DKIM-Signature: %s%s\r\n" % (value, b"\r\n  ".join(lines))


def _pieces(names: Sequence[bytes]) -> list[bytes]:
    """Return names joined by colons, in pieces that fit a line."""
    pieces = [names[0]]
    for name in names[1:]:
        if len(pieces[-1]) + len(name) < _LONGEST_PIECE:
            pieces[-1] += b":" + name
        else:
            pieces.append(name)
    return pieces


def _load(file: Path) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise InvalidInputError(
            f"the DKIM key {file} cannot be read: {error.strerror}",
            field="FUNNEL_DKIM_KEY_FILE",
            remedy="Let the workers' user read it, or name another file.",
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InvalidInputError(
            f"{file} holds no private key without a passphrase",
            field="FUNNEL_DKIM_KEY_FILE",
            remedy="Make one with: openssl genrsa -out dkim.pem 2048",
        ) from error
    if isinstance(key, RSAPrivateKey) and key.key_size < _FEWEST_BITS:
        raise InvalidInputError(
            f"the DKIM key {file} has {key.key_size} bits, and receivers want {_FEWEST_BITS}",
            field="FUNNEL_DKIM_KEY_FILE",
            remedy="Make a longer one with: openssl genrsa -out dkim.pem 2048",
        )
    if not isinstance(key, (RSAPrivateKey, Ed25519PrivateKey)):
        raise InvalidInputError(
            f"the DKIM key {file} is neither RSA nor Ed25519",
            field="FUNNEL_DKIM_KEY_FILE",
            remedy="Make one with: openssl genrsa -out dkim.pem 2048",
        )
    return key
