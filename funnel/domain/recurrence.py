"""Rules by which sessions come again, in the words that a host would use.

``every Thursday, 18:00``, ``every 2 weeks on Thursday, 18:00``, ``every first Thursday, 18:00``,
``every last Friday, 12:30``, ``on the 15th of every month, 09:00``. Days and hours are those of
the zone in which the session is announced: they stay when clocks are put forward or back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import count
from zoneinfo import ZoneInfo

from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import mark, say

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_MOST_WEEKS = 52
_EXAMPLES = mark(
    "Write one of: “every Thursday, 18:00”, “every 2 weeks on Thursday, "
    "18:00”, “every first Thursday, 18:00”, “every last Friday, 12:30”, "
    "“on the 15th of every month, 09:00”."
)


class RuleKind(StrEnum):
    WEEKS = "weeks"  # every so many weeks, on a weekday
    MONTH_WEEKDAY = "month weekday"  # the first, second ... last such weekday of each month
    MONTH_DAY = "month day"  # the same day of each month


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrenceRule:
    """When sessions of a series are held, on the clocks of its zone.

    Attributes:
        weekday: Monday is 0; with ``WEEKS`` and ``MONTH_WEEKDAY``.
        weeks: From one to the next, with ``WEEKS``.
        ordinal: 1 to 4, or -1 for the last one, with ``MONTH_WEEKDAY``.
        day: 1 to 31, with ``MONTH_DAY``; a month that is too short has none.
        at: Local time of day.
    """

    kind: RuleKind
    at: time
    weekday: int = 0
    weeks: int = 1
    ordinal: int = 1
    day: int = 1

    @property
    def text(self) -> str:
        """The rule in words; ``parse_rule`` reads them."""
        weekday = _WEEKDAYS[self.weekday]
        if self.kind is RuleKind.MONTH_DAY:
            words = f"on the {_ordinal_number(self.day)} of every month"
        elif self.kind is RuleKind.MONTH_WEEKDAY:
            names = {number: name for name, number in _ORDINALS.items()}
            words = f"every {names[self.ordinal]} {weekday}"
        else:
            words = (
                f"every {weekday}" if self.weeks == 1 else f"every {self.weeks} weeks on {weekday}"
            )
        return f"{words}, {self.at:%H:%M}"

    def days_from(self, first: date, begins_on: date) -> Iterator[date]:
        """Yield the days on which it is held, from ``first`` on, without an end.

        Args:
            first: The earliest day that is wanted.
            begins_on: The series' own first day: it says which weeks count where not all do.
        """
        days = self._weeks(begins_on) if self.kind is RuleKind.WEEKS else self._months(begins_on)
        return (day for day in days if day >= max(first, begins_on))

    def _weeks(self, begins_on: date) -> Iterator[date]:
        first = begins_on + timedelta(days=(self.weekday - begins_on.weekday()) % 7)
        return (first + timedelta(weeks=self.weeks * number) for number in count())

    def _months(self, begins_on: date) -> Iterator[date]:
        for number in count(begins_on.year * 12 + begins_on.month - 1):
            month = date(number // 12, number % 12 + 1, 1)
            day = self._in_month(month)
            if day is not None:
                yield day

    def _in_month(self, month: date) -> date | None:
        after = (month + timedelta(days=31)).replace(day=1)
        if self.kind is RuleKind.MONTH_DAY:
            day = month + timedelta(days=self.day - 1)
            return day if day < after else None
        if self.ordinal > 0:
            first = month + timedelta(days=(self.weekday - month.weekday()) % 7)
            return first + timedelta(weeks=self.ordinal - 1)
        last = after - timedelta(days=1)
        return last - timedelta(days=(last.weekday() - self.weekday) % 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One day of a series.

    Attributes:
        on: The local day.
        starts_at: Its moment, UTC.
        note: What is odd about its hour; empty where nothing is.
    """

    on: date
    starts_at: datetime
    note: str = ""


def occurrence_on(day: date, at: time, zone: ZoneInfo) -> Occurrence:
    """Return the occurrence of a day: where clocks skip its hour, the moment after the gap.

    An hour that comes twice is meant the first time (PEP 495, fold 0).
    """
    wanted = datetime.combine(day, at)
    starts_at = wanted.replace(tzinfo=zone).astimezone(UTC)
    shown = starts_at.astimezone(zone).replace(tzinfo=None)
    note = ""
    if shown != wanted:
        note = say(
            "there is no {at} on {day}: it starts at {shown}",
            at=f"{at:%H:%M}",
            day=day,
            shown=f"{shown:%H:%M}",
        )
    return Occurrence(on=day, starts_at=starts_at, note=note)


def parse_rule(text: str) -> RecurrenceRule:
    """Read a rule in words; capital letters and spaces do not matter.

    Raises:
        InvalidInputError: It is none, or it names a day or an hour that there is not.
    """
    words = " ".join(text.split()).casefold()
    for pattern, read in _PATTERNS:
        found = pattern.fullmatch(words)
        if found is not None:
            return read(found)
    if not re.search(r"\d{1,2}:\d{2}$", words):
        raise _wrong(
            say("“{text}” names no hour", text=text),
            say("End it with a comma and the hour: “, 18:00”."),
        )
    raise _wrong(say("“{text}” is not a rule that is known", text=text), say(_EXAMPLES))


def _read_weeks(found: re.Match[str]) -> RecurrenceRule:
    weeks = int(found["weeks"] or 1)
    if not 1 <= weeks <= _MOST_WEEKS:
        raise _wrong(
            say("a series cannot come every {weeks} weeks", weeks=weeks),
            say("Give 1 to {most_weeks} weeks.", most_weeks=_MOST_WEEKS),
        )
    return RecurrenceRule(
        kind=RuleKind.WEEKS, at=_hour(found), weekday=_weekday(found), weeks=weeks
    )


def _read_month_weekday(found: re.Match[str]) -> RecurrenceRule:
    return RecurrenceRule(
        kind=RuleKind.MONTH_WEEKDAY,
        at=_hour(found),
        weekday=_weekday(found),
        ordinal=_ORDINALS[found["ordinal"]],
    )


def _read_month_day(found: re.Match[str]) -> RecurrenceRule:
    day = int(found["day"])
    if not 1 <= day <= 31:
        raise _wrong(say("no month has a day {day}", day=day), say("Give a day from 1 to 31."))
    return RecurrenceRule(kind=RuleKind.MONTH_DAY, at=_hour(found), day=day)


def _weekday(found: re.Match[str]) -> int:
    wanted = found["weekday"]
    matches = [
        number
        for number, name in enumerate(_WEEKDAYS)
        if wanted in (name.lower(), name[:3].lower())
    ]
    if not matches:
        raise _wrong(
            say("“{wanted}” is not a weekday", wanted=wanted),
            say("Name a day from Monday to Sunday."),
        )
    return matches[0]


def _hour(found: re.Match[str]) -> time:
    hours, minutes = int(found["hour"]), int(found["minute"])
    if hours >= 24 or minutes >= 60:
        raise _wrong(
            say("no clock shows {hours}:{minutes}", hours=hours, minutes=f"{minutes:02}"),
            say("Give an hour from 00:00 to 23:59."),
        )
    return time(hours, minutes)


_AT = r",? (?:at )?(?P<hour>\d{1,2}):(?P<minute>\d{2})"
_PATTERNS = (
    (
        re.compile(rf"every (?P<ordinal>{'|'.join(_ORDINALS)}) (?P<weekday>\w+){_AT}"),
        _read_month_weekday,
    ),
    (
        re.compile(rf"every (?:(?P<weeks>\d+) weeks? on )?(?P<weekday>[^\W\d]+){_AT}"),
        _read_weeks,
    ),
    (
        re.compile(rf"on the (?P<day>\d{{1,2}})(?:st|nd|rd|th)? of every month{_AT}"),
        _read_month_day,
    ),
)


def _ordinal_number(day: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}th" if day in (11, 12, 13) else f"{day}{suffix}"


def _wrong(problem: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(problem, field="rule", remedy=remedy)
