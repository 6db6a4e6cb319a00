"""Days and hours as pages show them, in somebody's own zone; the words are those of the emails.

What belongs to no person and to no date (when something was saved, who did what) is told in the
zone of whoever reads the studio. Like its language it belongs to the request, and is set at its
door: the page's script says it once, in a cookie.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from funnel.domain.calendar_words import month_name, short_day, short_weekday, weekday_name
from funnel.domain.session import Session
from funnel.domain.speech import say, spoken
from funnel.rendering.words import (
    LANGUAGES,
    Language,
    day_in_words,
    hour_in_words,
    local_time,
    place_in_words,
)

_SHORT_MONTH = 3  # letters
_reader_zone: ContextVar[str] = ContextVar("reader_zone", default="UTC")


def reader_zone() -> str:
    """Return the zone of whoever reads; UTC until their browser has said it."""
    return _reader_zone.get()


@contextmanager
def read_in(zone: str) -> Iterator[None]:
    """Tell moments in another reader's zone within the block."""
    token = _reader_zone.set(zone)
    try:
        yield
    finally:
        _reader_zone.reset(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A session's time: "Tuesday 22 September", "18:00", "19:30", "in Berlin".

    ``starts_iso`` and ``ends_iso`` are UTC, for the script that shows the same in the visitor's
    own zone.
    """

    day: str
    hour: str
    ends_hour: str
    where: str
    starts_iso: str
    ends_iso: str


def span_of(session: Session, zone: str, now: datetime) -> Span:
    """Return the words for a session in ``zone``; ``now`` is plan time, see ``day_of``."""
    return Span(
        day=day_of(session.starts_at, zone, now),
        hour=hour_of(session.starts_at, zone),
        ends_hour=hour_of(session.ends_at, zone),
        where=where_of(zone),
        starts_iso=iso(session.starts_at),
        ends_iso=iso(session.ends_at),
    )


def day_of(moment: datetime, zone: str, now: datetime) -> str:
    """Return "Tuesday 22 September", with its year where ``now`` has another one there."""
    known = ZoneInfo(zone)
    day = day_in_words(moment, zone=known, language=_language())
    year = local_time(moment, known).year
    return day if year == local_time(now, known).year else f"{day} {year}"


def day_in_month(moment: datetime, zone: str) -> str:
    """Return "Tuesday 22", beside another day of the same month."""
    local = local_time(moment, ZoneInfo(zone))
    return say("{long_weekday} {day}", long_weekday=weekday_name(local), day=local.day)


def month_of(moment: datetime, zone: str) -> str:
    """Return "September 2026"."""
    local = local_time(moment, ZoneInfo(zone))
    return f"{month_name(local)} {local.year}"


def short_day_in_month(moment: datetime, zone: str) -> str:
    """Return "Tue 22", beside another day of the same month."""
    local = local_time(moment, ZoneInfo(zone))
    return short_day(local, beside=local)


def short_day_of(moment: datetime, zone: str) -> str:
    """Return "Tue 22 Sep"."""
    local = local_time(moment, ZoneInfo(zone))
    return say(
        "{weekday} {day} {month}",
        weekday=short_weekday(local),
        day=local.day,
        month=month_name(local)[:_SHORT_MONTH],
    )


def moment_here(moment: datetime) -> str:
    """Return "Thu 12 Nov, 14:03 in Berlin", in the zone of whoever reads."""
    zone = reader_zone()
    return say(
        "{day}, {hour} {where}",
        day=short_day_of(moment, zone),
        hour=hour_of(moment, zone),
        where=where_of(zone),
    )


def hour_of(moment: datetime, zone: str) -> str:
    """Return "18:00"."""
    return hour_in_words(moment, zone=ZoneInfo(zone))


def place_of(zone: str) -> str:
    """Return the city that names a zone: "Buenos Aires" for "America/Argentina/Buenos_Aires"."""
    return place_in_words(ZoneInfo(zone))


def where_of(zone: str) -> str:
    """Return "in Berlin", or "UTC"."""
    place = place_of(zone)
    return place if place.startswith("UTC") else say("in {place}", place=place)


def iso(moment: datetime) -> str:
    """Return a moment for scripts and ``datetime`` attributes: UTC, to the second."""
    return local_time(moment, ZoneInfo("UTC")).isoformat(timespec="seconds").replace("+00:00", "Z")


def _language() -> Language:
    return LANGUAGES[spoken().language]
