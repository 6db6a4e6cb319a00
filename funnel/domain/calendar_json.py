"""A person's calendar as JSON: what the API answers and the command line prints; docs/api.md."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.calendar import CalendarLine, PersonCalendar
from funnel.domain.session import Session


def calendars_as_json(subscriber_id: UUID, calendars: Sequence[PersonCalendar]) -> dict[str, Any]:
    """Return a person's calendars, one a run, the newest first."""
    return {
        "subscriber_id": str(subscriber_id),
        "calendars": [calendar_as_json(each) for each in calendars],
    }


def calendar_as_json(calendar: PersonCalendar) -> dict[str, Any]:
    """Return one run's calendar: moments in UTC, and beside them the reader's wall clock."""
    zone = ZoneInfo(calendar.zone)
    return {
        "enrollment_id": str(calendar.enrollment_id),
        "sequence_id": str(calendar.sequence_id),
        "zone": calendar.zone,
        "now": _utc(calendar.now),
        "is_complete": calendar.is_complete,
        "letters_paused_until": _utc(calendar.letters_paused_until),
        "session": calendar.session and _session(calendar.session),
        "emails": [_line(each, zone) for each in calendar.lines],
    }


def _session(session: Session) -> dict[str, Any]:
    return {
        "id": str(session.id),
        "title": session.title,
        "starts_at": _utc(session.starts_at),
        "ends_at": _utc(session.ends_at),
        "zone": session.zone,
    }


def _line(line: CalendarLine, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "key": line.key,
        "name": line.name,
        "copy": line.copy,
        "kind": line.kind.value if line.kind else "notice",
        "state": line.state.value,
        "at": _utc(line.at),
        "local": line.at and _seconds(line.at.astimezone(zone)),
        "why": line.why,
    }


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else _seconds(moment.astimezone(UTC)).replace("+00:00", "Z")


def _seconds(moment: datetime) -> str:
    # To the second: nobody plans by microseconds.
    return moment.replace(microsecond=0).isoformat()
