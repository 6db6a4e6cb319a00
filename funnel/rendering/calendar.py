"""The calendar file of one seat (RFC 5545): the same UID from the first date to the last change."""

from dataclasses import dataclass
from datetime import UTC, datetime

from icalendar import Calendar, Event, vCalAddress, vText, vUri

from funnel.domain.text import clean_text

PRODUCT_ID = "-//Masterclass Funnel//EN"
TEXT_LIMIT = 200
DESCRIPTION_LIMIT = 2_000
URL_LIMIT = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class Organiser:
    """Who holds the session, and the address that answers."""

    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """One seat as a calendar shows it.

    Attributes:
        uid: Stays the same when the date changes, so that the entry moves instead of doubling.
        sequence: Grows with every change (RFC 5545, 3.8.7.4); 0 at first.
        title: The session's title.
        starts_at: Aware moment.
        ends_at: Aware moment, after ``starts_at``.
        join_url: The person's own link.
        organiser: The host.
        description: Plain text; may have line breaks.
        stamp: Aware moment at which this file was made, given so that a retry makes the same bytes.
        is_cancelled: Whether the seat or the session has ended.
    """

    uid: str
    sequence: int
    title: str
    starts_at: datetime
    ends_at: datetime
    join_url: str
    organiser: Organiser
    description: str
    stamp: datetime
    is_cancelled: bool = False

    @property
    def method(self) -> str:
        """The iTIP method, which the attachment's Content-Type names as well (RFC 6047, 2.4).

        PUBLISH and not REQUEST: a request needs the person as ATTENDEE, and calendars then show
        Yes, No and Maybe. Those answers are iTIP replies to the host's mailbox that nobody reads,
        so a "No" would look like a seat given up. RFC 5546, 3.2.1 and 3.2.5.
        """
        return "CANCEL" if self.is_cancelled else "PUBLISH"


def calendar_file(event: CalendarEvent) -> bytes:
    """Return the file: UTF-8, CRLF, lines folded at 75 octets, all times in UTC.

    Raises:
        ValueError: A moment is naive, or the event ends before it starts.
    """
    for moment in (event.starts_at, event.ends_at, event.stamp):
        if moment.tzinfo is None:
            raise ValueError("a calendar file needs aware moments")
    if event.ends_at <= event.starts_at:
        raise ValueError("the event ends before it starts")
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT_ID)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", event.method)
    calendar.add_component(_entry(event))
    return bytes(calendar.to_ical(sorted=False))


def _entry(event: CalendarEvent) -> Event:
    entry = Event()
    join_url = clean_text(event.join_url, limit=URL_LIMIT)
    entry.add("UID", clean_text(event.uid, limit=TEXT_LIMIT))
    entry.add("SEQUENCE", event.sequence)
    # Whole seconds: RFC 5545 knows no smaller ones.
    entry.add("DTSTAMP", event.stamp.astimezone(UTC).replace(microsecond=0))
    entry.add("DTSTART", event.starts_at.astimezone(UTC).replace(microsecond=0))
    entry.add("DTEND", event.ends_at.astimezone(UTC).replace(microsecond=0))
    entry.add("SUMMARY", clean_text(event.title, limit=TEXT_LIMIT))
    entry.add("STATUS", "CANCELLED" if event.is_cancelled else "CONFIRMED")
    entry.add("ORGANIZER", _organiser(event.organiser))
    entry.add("DESCRIPTION", _description(event.description))
    if join_url and not event.is_cancelled:
        entry.add("LOCATION", join_url)  # what phones show first
        entry.add("URL", vUri(join_url))
    return entry


def _organiser(organiser: Organiser) -> vCalAddress:
    address = vCalAddress(f"mailto:{clean_text(organiser.address, limit=TEXT_LIMIT)}")
    # RFC 5545, 3.2: a parameter value cannot hold a double quote at all.
    name = clean_text(organiser.name, limit=TEXT_LIMIT).replace('"', "'")
    address.params["CN"] = vText(name)
    return address


def _description(text: str) -> str:
    lines = (clean_text(line, limit=DESCRIPTION_LIMIT) for line in text.splitlines())
    return "\n".join(lines)[:DESCRIPTION_LIMIT].rstrip()
