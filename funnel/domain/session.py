"""One sitting of the masterclass, and a person's seat in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

REPLAY_STAYS_OPEN = timedelta(days=7)  # PRODUCT: a replay without an end ends after 7 days
DOOR_OPENS_BEFORE = timedelta(minutes=10)


class Attendance(StrEnum):
    UNKNOWN = "unknown"
    ATTENDED = "attended"
    MISSED = "missed"


class SeatStatus(StrEnum):
    REGISTERED = "registered"
    MOVED = "moved"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sitting: all moments are aware UTC, in plan time.

    Attributes:
        zone: IANA name of the zone in which the host announces it.
        seats: How many may register; ``None`` without a limit.
        replay_ends_at: When the replay closes; ``None`` counts 7 days from the end.
        replay_known_at: When the replay link was entered; ``None`` means it was always known.
        closed_at: When the host closed it: from then on, who is not known to have attended missed.
    """

    id: UUID
    title: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    seats: int | None = None
    join_url: str = ""
    replay_url: str = ""
    replay_ends_at: datetime | None = None
    replay_known_at: datetime | None = None
    closed_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def replay_closes_at(self) -> datetime:
        """The moment after which the replay is no longer shown."""
        return self.replay_ends_at or self.ends_at + REPLAY_STAYS_OPEN

    @property
    def door_opens_at(self) -> datetime:
        """From when on a personal join link leads into the room."""
        return self.starts_at - DOOR_OPENS_BEFORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A seat, counted from the press on "Take my seat".

    Attributes:
        registered_at: Plan time of the press, or of the latest change of date.
        attendance_known_at: Plan time at which the word about attendance came.
        watched_at: Plan time of the press on "Watch" on the replay page.
        left_at: When they left the room for the last time; ``None``: not known.
    """

    session: Session
    registered_at: datetime
    attendance: Attendance = Attendance.UNKNOWN
    attendance_known_at: datetime | None = None
    watched_at: datetime | None = None
    left_at: datetime | None = None
