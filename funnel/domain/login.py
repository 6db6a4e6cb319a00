"""A person's way in to the pages: how long it lasts, how it is found, what proves a form is ours.

Never called a session: that is the masterclass.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from funnel.domain.access import User
from funnel.domain.errors import FunnelError

_RANDOM_BYTES: Final = 32
LONGEST_TOKEN: Final = 200  # characters; ours are shorter

IDLE: Final = timedelta(days=7)  # not seen for so long: over
LASTS: Final = timedelta(days=30)  # over, however often it was seen
SEEN_EVERY: Final = timedelta(minutes=1)  # last seen is written no more often than this
LINK_LASTS: Final = timedelta(hours=24)
_FORM: Final = b"funnel: a form of the studio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One browser's way in, with whose it is. Moments are aware, real time."""

    id: UUID
    user: User
    ip: str | None
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """Where somebody comes in from; ``network`` is what limits count by."""

    network: str
    ip: str | None = None
    user_agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLogin:
    """A way in that has just been made; ``token`` is the cookie's, known to nobody else."""

    token: str
    user: User


class NotLoggedInError(FunnelError):
    """No way in, or one that is over: ask for the password again."""


class WrongPasswordError(FunnelError):
    """The address or the password is wrong; which of them is not said, and not to be found out."""


class LinkUnusableError(FunnelError):
    """A one-time link that is unknown, used or too old; the message says what to do."""


def new_login_token() -> str:
    """Return a token that nobody can guess: 256 random bits."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def login_digest(token: str) -> bytes:
    """Return what a token is kept and found by.

    Plain SHA-256 is enough for 256 random bits; who reads the table cannot come in.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def form_token(token: str) -> str:
    """Return what each form of a log-in carries: it cannot be made without the cookie's token."""
    key = token.encode("utf-8", "surrogatepass")
    return urlsafe_b64encode(hmac.digest(key, _FORM, "sha256")[:18]).decode()


def is_form_of(token: str, given: str) -> bool:
    """Say whether a form was made for this log-in; takes the same time for every wrong one."""
    return hmac.compare_digest(form_token(token).encode(), given.encode("utf-8", "surrogatepass"))


def is_over(login: Login, now: datetime) -> bool:
    """Say whether a log-in has lasted long enough or was forgotten; ``now`` is real time."""
    return now >= login.expires_at or now - login.last_seen_at >= IDLE
