"""What a new session must be like, before it is written."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from funnel.domain.errors import InvalidInputError
from funnel.domain.links import is_web_address
from funnel.domain.mistakes import Mistakes
from funnel.domain.speech import say
from funnel.domain.subscriber import known_zone
from funnel.domain.text import clean_text

TITLE_LIMIT: Final = 200  # characters
_PLATFORM_ID_LIMIT: Final = 100  # characters; Zoom's have 11
_LONGEST: Final = timedelta(days=1)
FURTHEST: Final = timedelta(days=3 * 366)  # a later year is a slip of the finger
_DEFAULT_LENGTH: Final = timedelta(minutes=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A sitting that is to be added.

    Attributes:
        starts_at: Aware, plan time.
        zone: IANA name of the zone in which it is announced.
        seats: ``None`` without a limit.
        clicks_count: Whether human clicks on the join link count as having come.
        platform_id: What the room's platform calls it, as Zoom's number of the meeting.
    """

    sequence_slug: str
    title: str
    starts_at: datetime
    zone: str
    length: timedelta = _DEFAULT_LENGTH
    seats: int | None = None
    join_url: str = ""
    replay_url: str = ""
    clicks_count: bool = False
    platform_id: str = ""

    @property
    def ends_at(self) -> datetime:
        """Its end, aware."""
        return self.starts_at + self.length


def check_session(session: NewSession, now: datetime, mistakes: Mistakes | None = None) -> None:
    """Raise unless the session can be held.

    Args:
        session: As somebody typed it.
        now: Aware, plan time.
        mistakes: What could not even be read of it; its fields are not looked at again.

    Raises:
        InvalidInputError: Names the field and what to do; all that is wrong is said at once.
    """
    heard = mistakes or Mistakes()
    heard.hear(check_title, session.title)
    if not heard.is_about("zone"):
        heard.hear(check_zone, session.zone)
    if not heard.is_about("start", "hour", "zone"):
        heard.hear(check_start, session.starts_at, now)
    if not heard.is_about("length"):
        heard.hear(check_length, session.length)
    if not heard.is_about("seats"):
        heard.hear(check_seats, session.seats)
    heard.hear(check_url, "join", session.join_url)
    heard.hear(check_url, "replay", session.replay_url)
    heard.end()


def check_times(starts_at: datetime, length: timedelta, now: datetime) -> None:
    """Raise unless a session can be held then, for so long.

    Args:
        starts_at: Aware, plan time.
        length: Elapsed time from its start to its end.
        now: Aware, plan time.

    Raises:
        InvalidInputError: In the past, more than three years ahead, or not within a day.
    """
    check_start(starts_at, now)
    check_length(length)


def check_start(starts_at: datetime, now: datetime) -> None:
    """Raise ``InvalidInputError`` unless a session can start then; both aware, plan time."""
    if starts_at.tzinfo is None:
        raise _wrong(
            "start", say("the start has no time zone"), say("Name the zone, as Europe/Berlin.")
        )
    if starts_at <= now:
        raise _wrong(
            "start", say("the start is in the past"), say("Give a start that is still to come.")
        )
    if starts_at - now > FURTHEST:
        raise _wrong(
            "start",
            say("the start is more than three years ahead"),
            say("Look at the year; a date further away is added when it comes nearer."),
        )


def check_length(length: timedelta) -> None:
    """Raise ``InvalidInputError`` unless a session can last so long (elapsed time)."""
    if length <= timedelta(0):
        raise _wrong("length", say("the session has no length"), say("Give its length in minutes."))
    if length > _LONGEST:
        raise _wrong(
            "length",
            say("a session lasts a day at most"),
            say("Give its length in minutes; add one session for each sitting."),
        )


def announced_moment(local: datetime, zone: str) -> datetime:
    """Return the UTC moment at which clocks in ``zone`` show a typed day and hour.

    Args:
        local: Naive, as it was typed; one that comes twice is meant the first time.
        zone: IANA name.

    Raises:
        InvalidInputError: No such zone; or clocks there skip that hour; or no calendar has it.
    """
    check_zone(zone)
    known = ZoneInfo(known_zone(zone) or zone)
    try:
        moment = local.replace(tzinfo=known, fold=0).astimezone(UTC)
        shown = moment.astimezone(known).replace(tzinfo=None)
    except OverflowError as error:
        raise _wrong("start", say("no calendar has that day"), say("Look at the year.")) from error
    if shown != local:
        raise _wrong(
            "start",
            say(
                "there is no {local} on that day in {zone}: the clocks are put forward",
                local=f"{local:%H:%M}",
                zone=zone,
            ),
            say("The next hour that there is: {shown}.", shown=f"{shown:%Y-%m-%d %H:%M}"),
        )
    return moment


def comes_twice(local: datetime, zone: str) -> bool:
    """Return whether clocks in a known ``zone`` show this naive day and hour two times."""
    known = ZoneInfo(known_zone(zone) or zone)
    first, second = (local.replace(tzinfo=known, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first < second  # in a gap it is the other way round


def clean_platform_id(platform_id: str) -> str | None:
    """Return a platform's number of a room without its spaces, ``None`` where it is empty."""
    return clean_text("".join(platform_id.split()), limit=_PLATFORM_ID_LIMIT) or None


def check_title(title: str) -> None:
    """Raise ``InvalidInputError`` unless it is one line with something in it."""
    if not title.strip() or title != clean_text(title, limit=TITLE_LIMIT):
        raise _wrong(
            "title",
            say("the title is empty, too long or not plain text"),
            say("Give one line of at most {title_limit} characters.", title_limit=TITLE_LIMIT),
        )


def check_zone(zone: str) -> None:
    """Raise ``InvalidInputError`` unless it is an IANA zone."""
    if known_zone(zone) is None:
        raise _wrong(
            "zone",
            say("the zone “{zone}” is not known", zone=zone),
            say("Name one such as Europe/Berlin."),
        )


def check_seats(seats: int | None) -> None:
    """Raise ``InvalidInputError`` unless there is a seat."""
    if seats is not None and seats < 1:
        raise _wrong(
            "seats", say("a session has one seat or more"), say("Leave it out for no limit.")
        )


def check_url(name: str, url: str) -> None:
    """Raise ``InvalidInputError`` unless it is empty or a web address on one line."""
    is_plain = url == clean_text(url, limit=2000) and " " not in url
    if url and not (is_plain and is_web_address(url)):
        raise _wrong(
            name,
            say("the join link is not a web address")
            if name == "join"
            else say("the replay link is not a web address"),
            say("Begin it with https://."),
        )


def _wrong(field: str, problem: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(problem, field=field, remedy=remedy)
