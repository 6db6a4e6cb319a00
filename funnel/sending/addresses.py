"""Addresses as SMTP and headers want them: the domain in ASCII, the local part as it is.

RFC 5321 (4.1.2, quoted local parts too), RFC 5891 (domains), RFC 6531 (local parts beyond ASCII).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import idna

from funnel.domain.errors import InvalidInputError

# "atext" of RFC 5322, and what RFC 6531 adds to it.
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
# "Quoted-string" of RFC 5321 4.1.2: qtextSMTP, and quoted-pairSMTP; blanks, but no controls.
_QUOTED_LOCAL = re.compile(r'"(?:[ !#-\[\]-~]|\\[ -~])+"')
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_LABEL = r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_LONGEST_LOCAL = 64  # octets, RFC 5321 4.5.3.1.1
_LONGEST_ADDRESS = 254  # octets, RFC 5321 4.5.3.1.3 without the angle brackets


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A bare address, ready for an envelope and a header; ``domain`` is lower-case ASCII."""

    local: str
    domain: str

    @property
    def text(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether no ASCII form of it exists (RFC 6531): every server on the way must agree."""
        return not self.local.isascii()


@lru_cache(maxsize=512)  # it is asked for the header and for the envelope
def parse_address(text: str, *, field: str) -> Address:
    """Return the parts of a bare address, its domain as A-labels.

    Args:
        text: Like ``ana@example.com`` or ``"ana b"@example.com``; no display name.
        field: Whose address it is; the error names it.

    Raises:
        InvalidInputError: Not an address that could be sent to.
    """
    local, _, domain = text.rpartition("@")
    address = Address(local=local, domain=ascii_domain(domain, field=field))
    # A letter stands in for each sign beyond ASCII; what cannot be seen is refused.
    visible = local if local.isascii() else _BEYOND_ASCII.sub("x", local)
    is_local = (
        _LOCAL.fullmatch(visible) or _QUOTED_LOCAL.fullmatch(visible)
    ) and local.isprintable()
    octets = len(local.encode("utf-8", "replace"))
    # The domain is ASCII by now.
    is_short = octets <= _LONGEST_LOCAL and octets + 1 + len(address.domain) <= _LONGEST_ADDRESS
    if not is_local or not is_short:
        raise InvalidInputError(f"{field} is not an email address", field=field)
    return address


@lru_cache(maxsize=4096)  # most people are at few domains; what is refused is not kept
def ascii_domain(domain: str, *, field: str) -> str:
    """Return a domain as lower-case A-labels (IDNA 2008).

    Raises:
        InvalidInputError: No domain name.
    """
    name = domain.lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise InvalidInputError(f"{field} has no valid domain", field=field) from error
    if not _DOMAIN.fullmatch(name):
        raise InvalidInputError(f"{field} has no valid domain", field=field)
    return name
