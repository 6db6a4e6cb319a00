"""The demo's masterclasses: when they are held, so that one can always be chosen."""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.session import Session
from funnel.domain.timing import local_moment

ZONE: Final = "Europe/Berlin"
AHEAD: Final = 3
TITLE: Final = "Leading through disruption: the three shifts"

_TUESDAY, _THURSDAY = 1, 3
_HOURS: Final = {_TUESDAY: time(18), _THURSDAY: time(12)}
_LENGTH: Final = timedelta(minutes=90)
# A letter or two come before the first date, and its reminders are all still ahead.
_FIRST_AFTER: Final = timedelta(days=3)
_SEATS: Final = {_TUESDAY: 120, _THURSDAY: 12}


def next_start(now: datetime, latest: datetime | None) -> datetime:
    """Return when the demo's next additional session begins, aware UTC.

    Evenings and middays take turns, a week and two days apart, so that somebody in Auckland and
    somebody in Los Angeles both find one.

    Args:
        now: Plan time.
        latest: Start of the latest session that lies ahead; ``None``: none does.
    """
    zone = ZoneInfo(ZONE)
    if latest is None:
        weekday, earliest = _TUESDAY, now + _FIRST_AFTER
    else:
        was_evening = latest.astimezone(zone).weekday() == _TUESDAY
        weekday, earliest = (_THURSDAY if was_evening else _TUESDAY), latest + timedelta(days=5)
    day = earliest.astimezone(zone).date()
    day += timedelta(days=(weekday - day.weekday()) % 7)
    start = local_moment(day, _HOURS[weekday], zone)
    return start if start >= earliest else start + timedelta(days=7)


def demo_session(session_id: UUID, starts_at: datetime, *, base_url: str) -> Session:
    """Return the session that begins then; its room and its recording are pages of the demo."""
    weekday = starts_at.astimezone(ZoneInfo(ZONE)).weekday()
    return Session(
        id=session_id,
        title=TITLE,
        starts_at=starts_at.astimezone(UTC),
        ends_at=starts_at.astimezone(UTC) + _LENGTH,
        zone=ZONE,
        seats=_SEATS.get(weekday, 120),
        join_url=f"{base_url}/demo/room",
        replay_url=f"{base_url}/demo/replay",
    )
