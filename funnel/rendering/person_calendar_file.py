"""A person's calendar as a file (RFC 5545): the masterclass, and the emails that are to come."""

from datetime import UTC, datetime
from uuid import UUID

from icalendar import Calendar, Event

from funnel.domain.calendar import CalendarLine, LineState, PersonCalendar
from funnel.domain.session import Session
from funnel.rendering.calendar import PRODUCT_ID


def person_calendar_file(calendar: PersonCalendar, *, domain: str) -> bytes:
    """Return the file: UTF-8, CRLF, all times in UTC; a look ahead, not an invitation.

    Args:
        calendar: What to write; emails that have left, or will not come, are left out.
        domain: Stands behind the "@" of each UID, so that it is nobody else's. The seat's own
            entry has the UID that the emails carry: importing this moves it and doubles nothing.
    """
    file = Calendar()
    file.add("PRODID", PRODUCT_ID)
    file.add("VERSION", "2.0")
    file.add("CALSCALE", "GREGORIAN")
    if calendar.session is not None:
        file.add_component(_masterclass(calendar.session, calendar, domain))
    for line in calendar.lines:
        if line.is_ahead and line.at is not None:
            file.add_component(_email(line, line.at, calendar, domain))
    return bytes(file.to_ical(sorted=False))


def _masterclass(session: Session, calendar: PersonCalendar, domain: str) -> Event:
    entry = _entry(f"{calendar.enrollment_id}@{domain}", calendar.now, session.starts_at)
    entry.add("DTEND", _moment(session.ends_at))
    entry.add("SUMMARY", session.title)
    return entry


def _email(line: CalendarLine, at: datetime, calendar: PersonCalendar, domain: str) -> Event:
    entry = _entry(_uid(calendar.enrollment_id, line, domain), calendar.now, at)
    # Without an end it takes no time (RFC 5545, 3.6.1), and keeps nobody from being free.
    entry.add("SUMMARY", f"Email: {line.name}")
    entry.add("DESCRIPTION", f"{line.why[:1].upper()}{line.why[1:]}.")
    entry.add("TRANSP", "TRANSPARENT")
    entry.add("STATUS", "TENTATIVE" if line.state is LineState.OPEN else "CONFIRMED")
    return entry


def _uid(enrollment_id: UUID, line: CalendarLine, domain: str) -> str:
    return f"{enrollment_id}-{line.key}-{line.copy}@{domain}"


def _entry(uid: str, stamp: datetime, starts_at: datetime) -> Event:
    entry = Event()
    entry.add("UID", uid)
    entry.add("DTSTAMP", _moment(stamp))
    entry.add("DTSTART", _moment(starts_at))
    return entry


def _moment(moment: datetime) -> datetime:
    # Whole seconds: RFC 5545 knows no smaller ones.
    return moment.astimezone(UTC).replace(microsecond=0)
