"""A rehearsal as one calendar file: an entry for each email that somebody gets (RFC 5545)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import uuid5

from icalendar import Calendar, Event

from funnel.domain.rehearsal import RehearsedEmail, RehearsedLife, RehearsedPerson
from funnel.domain.rehearsal_text import email_label
from funnel.domain.text import clean_text
from funnel.rendering.calendar import PRODUCT_ID, TEXT_LIMIT

# An email has no length; calendars draw an entry without one as a line that is easily overlooked.
_SHOWN_FOR = timedelta(minutes=15)


def rehearsal_calendar(lives: Iterable[RehearsedLife], *, stamp: datetime) -> bytes:
    """Return the file: UTF-8, CRLF, all times in UTC; what is not sent has no entry.

    Args:
        lives: As a rehearsal gives them.
        stamp: Aware moment of making, given so that the same rehearsal makes the same bytes.
    """
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT_ID)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", "PUBLISH")
    for life in lives:
        for number, email in enumerate(life.emails):
            if email.has_left:
                calendar.add_component(_entry(life.person, email, number, stamp))
    return bytes(calendar.to_ical(sorted=False))


def _entry(person: RehearsedPerson, email: RehearsedEmail, number: int, stamp: datetime) -> Event:
    entry = Event()
    starts_at = email.moment.astimezone(UTC).replace(microsecond=0)
    entry.add("UID", f"{uuid5(person.id, f'{number} {email_label(email)}')}@rehearsal.invalid")
    entry.add("DTSTAMP", stamp.astimezone(UTC).replace(microsecond=0))
    entry.add("DTSTART", starts_at)
    entry.add("DTEND", starts_at + _SHOWN_FOR)
    summary = f"{person.name}: {email_label(email)}"
    entry.add("SUMMARY", clean_text(summary, limit=TEXT_LIMIT))
    entry.add("DESCRIPTION", "; ".join(email.reasons))
    entry.add("TRANSP", "TRANSPARENT")  # nobody is busy because an email comes
    return entry
