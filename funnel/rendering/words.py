"""Days, hours and places in words, in the reader's zone: made before rendering, never inside it.

Emails are in English for now. All that another language would say differently is in ``Language``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from funnel.domain.session import Session
from funnel.domain.template import ReplayContext, SessionContext
from funnel.domain.zones import listed_zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """How one language names days, hours, places and readers.

    ``day``, ``moment`` and the greetings are patterns for ``str.format``.
    """

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    day: str
    hour: str
    moment: str
    moment_without_place: str
    greeting: str
    greeting_without_name: str


ENGLISH = Language(
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    day="{weekday} {day} {month}",
    hour="%H:%M",
    moment="{weekday} {hour} in {place}",
    moment_without_place="{weekday} {hour} {place}",
    greeting="Hello {name},",
    greeting_without_name="Hello,",
)

# Public pages and emails say it once a sequence can be written in it; the studio does already.
GERMAN = Language(
    weekdays=(
        *("Montag", "Dienstag", "Mittwoch", "Donnerstag"),
        *("Freitag", "Samstag", "Sonntag"),
    ),
    months=(
        *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli"),
        *("August", "September", "Oktober", "November", "Dezember"),
    ),
    day="{weekday}, {day}. {month}",
    hour="%H:%M",
    moment="{weekday}, {hour} Uhr in {place}",
    moment_without_place="{weekday}, {hour} Uhr {place}",
    greeting="Guten Tag {name},",
    greeting_without_name="Guten Tag,",
)
LANGUAGES: Mapping[str, Language] = {"en": ENGLISH, "de": GERMAN}

_OFFSET = re.compile(r"GMT([+-])(\d{1,2})")
# Places that are written otherwise than in their zone's name.
_WRITTEN: Mapping[str, str] = {
    "America/Port-au-Prince": "Port-au-Prince",
    "America/Sao_Paulo": "São Paulo",
    "America/St_Johns": "St. John\u2019s",
    "Asia/Ho_Chi_Minh": "Ho Chi Minh City",
}


def session_context(
    session: Session,
    *,
    zone: ZoneInfo,
    seats_left: int | None = None,
    url: str = "",
    language: Language = ENGLISH,
) -> SessionContext:
    """Return a session as one reader's templates see it.

    Args:
        session: The sitting; its own zone is the host's and plays no part.
        zone: The reader's zone; all words are in it.
        seats_left: ``None`` where seats are not limited.
        url: Where this reader chooses this date; empty where that is not on offer.
        language: How to say it.
    """
    starts_at = local_time(session.starts_at, zone)
    return SessionContext(
        title=session.title,
        day=day_in_words(session.starts_at, zone=zone, language=language),
        weekday=language.weekdays[starts_at.weekday()],
        hour=starts_at.strftime(language.hour),
        ends_hour=hour_in_words(session.ends_at, zone=zone, language=language),
        opens_hour=hour_in_words(session.door_opens_at, zone=zone, language=language),
        place=place_in_words(zone),
        moment=moment_in_words(session.starts_at, zone=zone, language=language),
        minutes=round((session.ends_at - session.starts_at).total_seconds() / 60),
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        seats_left=seats_left,
        url=url,
    )


def replay_context(
    ends_at: datetime, *, zone: ZoneInfo, url: str, language: Language = ENGLISH
) -> ReplayContext:
    """Return the recording as one reader's templates see it; ``ends_at`` is when it closes."""
    return ReplayContext(
        url=url,
        ends_day=day_in_words(ends_at, zone=zone, language=language),
        ends_hour=hour_in_words(ends_at, zone=zone, language=language),
    )


def greeting_in_words(first_name: str, *, language: Language = ENGLISH) -> str:
    """Return the whole greeting, right with a name and without one (never "Hello ,")."""
    name = first_name.strip()
    return language.greeting.format(name=name) if name else language.greeting_without_name


def local_time(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return an aware moment in the reader's zone; as it is where its calendar ends (year 9999)."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def day_in_words(moment: datetime, *, zone: ZoneInfo, language: Language = ENGLISH) -> str:
    """Return the reader's day of an aware moment: "Thursday 12 November"."""
    local = local_time(moment, zone)
    return language.day.format(
        weekday=language.weekdays[local.weekday()],
        day=local.day,
        month=language.months[local.month - 1],
    )


def hour_in_words(moment: datetime, *, zone: ZoneInfo, language: Language = ENGLISH) -> str:
    """Return the reader's hour of an aware moment: "18:00"; seconds are cut."""
    return local_time(moment, zone).strftime(language.hour)


def moment_in_words(moment: datetime, *, zone: ZoneInfo, language: Language = ENGLISH) -> str:
    """Return day, hour and place of an aware moment: "Thursday 18:00 in Berlin"."""
    local = local_time(moment, zone)
    place = place_in_words(zone)
    pattern = language.moment_without_place if place.startswith("UTC") else language.moment
    return pattern.format(
        weekday=language.weekdays[local.weekday()],
        hour=local.strftime(language.hour),
        place=place,
    )


def place_in_words(zone: ZoneInfo) -> str:
    """Return the city that a zone is named after, or "UTC" with its offset where it has none."""
    key = listed_zone(zone.key)
    if key in _WRITTEN:
        return _WRITTEN[key]
    name = key.rpartition("/")[2]
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        # POSIX counts the other way round: Etc/GMT+5 is five hours behind UTC.
        sign = "\N{MINUS SIGN}" if offset.group(1) == "+" else "+"
        return f"UTC{sign}{int(offset.group(2))}" if int(offset.group(2)) else "UTC"
    return name.replace("_", " ")
