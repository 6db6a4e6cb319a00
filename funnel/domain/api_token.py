"""Ways in for programs: what a token is, and what it is good for."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from funnel.domain.errors import FunnelError

_PREFIX = "funnel_"  # so that scanners of code, and people, see what it is
_RANDOM_BYTES = 32


class Scope(StrEnum):
    """What a token may be used for."""

    READ = "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token as its row has it; the token itself is known to its owner only. Moments: real."""

    id: UUID
    name: str
    scopes: frozenset[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class UnknownTokenError(FunnelError):
    """No token, one that does not exist, or one that was revoked: answer 401."""


class MissingScopeError(FunnelError):
    """A good token that is not good for this: answer 403; ``scope`` is what it lacks."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"this token has not the scope “{scope}”")
        self.scope = scope


def new_token() -> str:
    """Return a token that nobody can guess."""
    return _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def token_digest(token: str) -> bytes:
    """Return what a token is kept and looked up by.

    Plain SHA-256 is enough: it has 256 random bits, so there is nothing to try out. The look-up
    compares digests in an index; how long that takes tells nothing about the token.
    """
    return hashlib.sha256(token.encode()).digest()
