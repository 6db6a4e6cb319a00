"""A system that tells what people did, and one event of it: read, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from funnel.domain.facts import FactReport

MOST_EVENT_BYTES: Final = 256 * 1024  # a checkout with its items, or a hundred facts at once
MOST_FACTS_AT_ONCE: Final = 100
EVENT_ID_LIMIT: Final = 255  # characters
FACT_NAME_LIMIT: Final = 100  # characters


class PresetName(StrEnum):
    """Whose webhooks a source sends: how they are signed and what their payloads mean."""

    ZOOM = "zoom"
    CALENDLY = "calendly"
    CAL_COM = "cal-com"
    STRIPE = "stripe"
    GENERIC = "generic"


class EventStatus(StrEnum):
    """What became of an event; only a waiting one changes later by itself."""

    APPLIED = "applied"
    WAITING = "waiting"  # nobody known has that address yet, or no session that number
    IGNORED = "ignored"  # not ours to know: another kind, or about nobody
    REFUSED = "refused"  # cannot be right or read; kept, with its reason


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSource:
    """A system that reports facts.

    Attributes:
        secrets: Verify its webhooks, newest first; none: it is closed.
        field_mapping: Our field to the places that it has there, as ``contact.email``; the first
            that is filled wins, and one that begins with "=" is a fixed value.
        per_minute: Events a minute beyond which the answer is 429; ``None``: no limit.
    """

    id: UUID
    slug: str
    preset: PresetName
    secrets: tuple[str, ...] = field(default=(), repr=False)
    field_mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    per_minute: int | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FactEvent:
    """One event of a source, read.

    Attributes:
        event_id: The same whenever the same event is sent again.
        report: What it says in our words, ``at`` in real time; ``None``: nothing that is ours.
        payload: The event as it came, kept until it is applied.
        ignored_because: Why it says nothing, where it does not.
    """

    event_id: str
    report: FactReport | None = None
    payload: bytes = field(default=b"", repr=False)
    ignored_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of one event.

    Attributes:
        is_new: ``False``: it had been received before, and nothing was changed.
    """

    event_id: str
    status: EventStatus
    reason: str = ""
    is_new: bool = True
