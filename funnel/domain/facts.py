"""What happened to a person, in the words that reports use."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from funnel.domain.speech import mark


class FactKind(StrEnum):
    SIGNED_UP = mark("signed up")
    CONFIRMED = mark("confirmed")
    # A platform gave them a way into the room of their own.
    REGISTERED_THERE = mark("registered there")
    ATTENDED = mark("attended")
    MISSED = mark("missed")
    JOINED = mark("joined")
    LEFT_ROOM = mark("left the room")
    WATCHED = mark("watched")
    CLICKED = mark("clicked")
    TAGGED = mark("tagged")
    UNTAGGED = mark("untagged")
    BOOKED = mark("booked")
    BOOKING_CANCELLED = mark("booking cancelled")
    BOUGHT = mark("bought")
    REPLIED = mark("replied")
    GOAL = mark("goal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened to a person, as conditions ask for it.

    Attributes:
        at: When it happened, aware UTC, plan time.
        name: The link, tag, kind of booking or product.
        step_key: The email of this run in which a link was clicked.
        reference: Which booking, by its own id; empty where nobody said.
        replaces: The id of the booking that was moved, and became this one.
    """

    kind: FactKind
    at: datetime
    name: str = ""
    step_key: str = ""
    reference: str = ""
    replaces: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactReport:
    """A word about one person, named by ``email`` or by a run of theirs.

    Attributes:
        session_id: Which sitting it is about; ``None``: the one that ``platform_id`` names, else
            the one whose seat the person holds.
        platform_id: What the room's platform calls the sitting: Zoom's meeting id.
        source: Who says so: "by hand", "demo", a fact source's name.
        at: When it happened, aware, plan time; ``None``: now.
        name: The link, tag, kind of booking or product.
        step_key: The email in which a link was clicked.
        url: The person's own way into the room, with ``REGISTERED_THERE``.
        dedupe: What makes it the same fact if it is reported twice, within its source.
        reference: Which booking, by the id that it has in its source. The end of a booking that
            names it ends that one alone; without it those of its ``name``, or all.
        replaces: The id of the booking that was moved, and became this one.
    """

    kind: FactKind
    source: str
    email: str | None = None
    enrollment_id: UUID | None = None
    session_id: UUID | None = None
    platform_id: str = ""
    at: datetime | None = None
    name: str = ""
    step_key: str = ""
    url: str = ""
    dedupe: str = ""
    reference: str = ""
    replaces: str = ""
