"""What a preset is: a way to verify a body, and a way to read it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from funnel.domain.fact_source import FactEvent, FactSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook as it came, of a source that is known.

    Attributes:
        headers: Names in any case.
        now: Aware real moment at which it came.
    """

    source: FactSource
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What the signature vouches for besides the body.

    Attributes:
        secret: The one that signed: what is answered is signed with the same.
        webhook_id: The sender's id of this delivery, where it signs one.
    """

    secret: str = field(repr=False)
    webhook_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A question whether we hold the secret, and the ``answer`` to it, to be sent as JSON."""

    answer: Mapping[str, str] = field(repr=False)


Reading = tuple[FactEvent, ...] | Challenge


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How one system's webhooks are verified and read.

    Attributes:
        verify: Raises ``SignatureError`` unless the body is the source's own.
        read: Gives the events of a verified body. Raises ``InvalidInputError`` where it cannot be
            read; what is no news to us is an event without a report.
        to_check: What to look at when a signature is wrong, a sentence or two.
        is_secret_theirs: The provider makes the secret; otherwise we do, and it is given one.
        fields: Fields of ours that the source may map.
    """

    verify: Callable[[Delivery], Verified]
    read: Callable[[Delivery, Verified], Reading]
    to_check: str
    is_secret_theirs: bool
    fields: tuple[str, ...] = ("email", "name")
