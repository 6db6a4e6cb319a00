"""A series: sessions that come again by a rule, of which the next ones are kept as sessions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.errors import InvalidInputError
from funnel.domain.mistakes import Mistakes
from funnel.domain.recurrence import Occurrence, RecurrenceRule, occurrence_on, parse_rule
from funnel.domain.session_plan import (
    FURTHEST,
    check_length,
    check_seats,
    check_title,
    check_url,
    check_zone,
)
from funnel.domain.speech import say

MOST_AHEAD: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Sessions that come again.

    Attributes:
        rule: As ``recurrence`` reads it.
        zone: IANA name of the zone whose clocks the rule means.
        ahead: How many coming sessions are kept.
        begins_on: Its first day, in its zone.
        ends_on: Its last day; ``None``: no end.
        ended_at: Since when no further session is made, plan time.
    """

    id: UUID
    sequence_id: UUID
    rule: RecurrenceRule
    zone: str
    title: str
    length: timedelta
    begins_on: date
    seats: int | None = None
    join_url: str = ""
    clicks_count: bool = False
    ahead: int = 3
    ends_on: date | None = None
    ended_at: datetime | None = None

    def occurrences(self, now: datetime) -> Iterator[Occurrence]:
        """Yield its coming days, the earliest first, as far ahead as sessions may be added.

        Args:
            now: Aware, plan time.
        """
        zone = ZoneInfo(self.zone)
        for day in self.rule.days_from(now.astimezone(zone).date(), self.begins_on):
            if self.ends_on is not None and day > self.ends_on:
                return
            occurrence = occurrence_on(day, self.rule.at, zone)
            if occurrence.starts_at - now > FURTHEST:
                return
            if occurrence.starts_at > now:
                yield occurrence


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSeries:
    """A series as somebody asks for it; ``begins_on``: ``None`` for today."""

    sequence_slug: str
    rule: str
    zone: str
    title: str
    length: timedelta = timedelta(minutes=90)
    seats: int | None = None
    join_url: str = ""
    clicks_count: bool = False
    ahead: int = 3
    begins_on: date | None = None
    ends_on: date | None = None


def check_series(new: NewSeries, mistakes: Mistakes | None = None) -> RecurrenceRule:
    """Return the rule of a series that can be held.

    Args:
        new: As somebody typed it.
        mistakes: What could not even be read of it; its fields are not looked at again.

    Raises:
        InvalidInputError: Names the field and what to do; all that is wrong is said at once.
    """
    heard = mistakes or Mistakes()
    rule = heard.hear(parse_rule, new.rule)
    heard.hear(check_zone, new.zone)
    heard.hear(check_title, new.title)
    if not heard.is_about("length"):
        heard.hear(check_length, new.length)
    if not heard.is_about("seats"):
        heard.hear(check_seats, new.seats)
    heard.hear(check_url, "join", new.join_url)
    if not heard.is_about("ahead"):
        heard.hear(_check_ahead, new.ahead)
    heard.hear(_check_days, new)
    heard.end()
    return rule or parse_rule(new.rule)


def _check_ahead(ahead: int) -> None:
    if not 1 <= ahead <= MOST_AHEAD:
        raise InvalidInputError(
            say("{ahead} sessions cannot be kept ahead", ahead=ahead),
            field="ahead",
            remedy=say("Give a number from 1 to {most_ahead}.", most_ahead=MOST_AHEAD),
        )


def _check_days(new: NewSeries) -> None:
    if new.ends_on is not None and new.begins_on is not None and new.ends_on < new.begins_on:
        raise InvalidInputError(
            say("the series would end before it begins"),
            field="until",
            remedy=say("Give a last day that comes after the first."),
        )
