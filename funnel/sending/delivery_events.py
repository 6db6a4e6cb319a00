"""The contract of a provider's webhook: a request in, events out.

Each provider has two files, one for what leaves and one for what it says afterwards. A reader of
events verifies first and reads second: of a request that is not the provider's nothing is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import UUID

from funnel.domain.delivery_event import DeliveryEvent
from funnel.domain.errors import FunnelError, InvalidInputError
from funnel.domain.strict_json import JsonValue
from funnel.domain.text import clean_text

MOST_EVENTS: Final = 100  # of one request; an email has 50 recipients at most, ours have one
MOST_MESSAGE_ID: Final = 255  # characters of a provider's id


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPost:
    """One request of a provider, as it came.

    Attributes:
        headers: Names in any case.
        path_secret: What stood in the address after the provider's name; "" where nothing did.
        now: Aware real moment at which it came.
    """

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    now: datetime
    path_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionAsk:
    """A topic asks to send here, or (``has_ended``) says that it will no more.

    Attributes:
        subscribe_url: The provider's own link that says yes; a person follows it, never we.
    """

    topic: str
    subscribe_url: str = field(repr=False)
    has_ended: bool = False


Reading = tuple[DeliveryEvent, ...] | SubscriptionAsk


class EventReader(Protocol):
    """One provider's webhook. An instance serves one process, several threads at once."""

    @property
    def provider(self) -> str:
        """The provider's name, as rows keep it."""

    @property
    def to_check(self) -> str:
        """What to look at when a request is turned away, a sentence or two."""

    def read(self, post: EventPost) -> Reading:
        """Verify a request, then read it.

        Raises:
            SignatureError: It is not the provider's, or too old; also where nothing is set up.
            UnreachableError: It cannot be told now whether it is: what verifies it is out of reach.
            InvalidInputError: It is, and cannot be read.
        """
        ...


class UnreachableError(FunnelError):
    """What a signature is verified with cannot be fetched now: the provider is to send it again."""


Fields = Mapping[str, JsonValue]


def text_of(fields: Fields, name: str) -> str:
    """Return a field's text; "" where it is missing, null or something else."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def required_text(fields: Fields, name: str) -> str:
    """Return a field's text.

    Raises:
        InvalidInputError: It is missing, empty or no text.
    """
    value = text_of(fields, name)
    if not value.strip():
        raise InvalidInputError(f"“{name}” is missing or no text", field=name)
    return value


def object_of(fields: Fields, name: str) -> Fields:
    """Return the object that a field holds; an empty one where it holds none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def objects_of(fields: Fields, name: str) -> list[Fields]:
    """Return the objects of a list; what else stands in it is left out.

    Raises:
        InvalidInputError: More than 100 of them.
    """
    value = fields.get(name)
    found = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    if len(found) > MOST_EVENTS:
        raise InvalidInputError(
            f"“{name}” has {len(found):,} entries; {MOST_EVENTS} are read at most", field=name
        )
    return list(found)


def moment_of(fields: Fields, name: str) -> datetime:
    """Return a field's moment in UTC: ISO 8601 with its zone, whatever the precision.

    Raises:
        InvalidInputError: It is missing, no moment, or has no zone.
    """
    given = required_text(fields, name)
    try:
        moment = datetime.fromisoformat(_to_microseconds(given))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _no_moment(name, given) from error
    raise _no_moment(name, given)


def _to_microseconds(given: str) -> str:
    """.NET writes seven digits of a second, of which Python reads six."""
    whole, point, rest = given.strip().partition(".")
    if not point:
        return whole
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return f"{whole}.{digits[:6]}{rest[len(digits) :]}"


def _no_moment(name: str, given: str) -> InvalidInputError:
    shown = clean_text(given, limit=40)
    return InvalidInputError(
        f"“{shown}” is not a moment with its zone",
        field=name,
        remedy="ISO 8601, for example 2026-11-25T09:00:00Z.",
    )


def message_id_of(value: str) -> UUID | None:
    """Return our id of a message, where the text is one."""
    try:
        found = UUID(value.strip())
    except ValueError:
        return None
    return found if str(found) == value.strip().lower() else None


def provider_id_of(value: str) -> str | None:
    """Return a provider's id of a message as it is kept; ``None`` where it has none."""
    return clean_text(value, limit=MOST_MESSAGE_ID) or None
