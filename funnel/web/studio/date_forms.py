"""What somebody typed about a date: a day, an hour, a number of seats."""

from datetime import UTC, date, datetime, time, timedelta

from funnel.domain.errors import InvalidInputError
from funnel.domain.mistakes import Mistakes
from funnel.domain.session_plan import announced_moment, check_zone
from funnel.domain.speech import say
from funnel.web.forms import PostedForm

_FIRST_YEAR, _LAST_YEAR = 2000, 9000


def typed_start(day: str, hour: str, zone: str) -> datetime:
    """Return the moment of a day and an hour on the clocks of ``zone``, aware UTC.

    Raises:
        InvalidInputError: It is no day, no hour, or no zone; or clocks skip that hour.
    """
    mistakes = Mistakes()
    on = mistakes.hear(typed_day, day, "start")
    at = mistakes.hear(_typed_hour, hour)
    mistakes.hear(check_zone, zone)
    mistakes.end()
    return announced_moment(datetime.combine(on or date.min, at or time.min), zone)


def typed_day(text: str, field: str) -> date:
    """Return the day that a field holds.

    Raises:
        InvalidInputError: It is none.
    """
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInputError(
            say("“{text}” is not a day", text=text) if text else say("the day is missing"),
            field=field,
            remedy=say("Write it as 2027-03-11."),
        ) from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise InvalidInputError(
            say("nobody plans in the year {year}", year=day.year),
            field=field,
            remedy=say("Look at the year."),
        )
    return day


def _typed_hour(text: str) -> time:
    try:
        hour = time.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidInputError(
            say("“{text}” is not an hour", text=text) if text else say("the hour is missing"),
            field="hour",
            remedy=say("Write it as 18:00."),
        ) from error
    return hour.replace(second=0, microsecond=0, tzinfo=None)


def typed_number(text: str, field: str) -> int | None:
    """Return a whole number, ``None`` where nothing was typed.

    Raises:
        InvalidInputError: It is none, or one that nobody means.
    """
    typed = text.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) < 8):
        raise InvalidInputError(
            say("“{text}” is not a number", text=typed),
            field=field,
            remedy=say("Write it in digits, as 90."),
        )
    return int(typed)


def typed_length(posted: PostedForm) -> timedelta:
    """Return the length of a session, 90 minutes where none was typed.

    Raises:
        InvalidInputError: It is no number of minutes.
    """
    minutes = typed_number(posted.get("minutes"), "length")
    return timedelta(minutes=90 if minutes is None else minutes)


def read_moment(text: str) -> datetime | None:
    """Return an aware moment of the years that anybody plans in, ``None`` for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    return moment.astimezone(UTC)
