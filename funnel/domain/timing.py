"""Delays, windows and local hours, right across every change of the clocks."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import count
from zoneinfo import ZoneInfo

from funnel.domain.errors import InvalidInputError
from funnel.domain.speech import say

EVERY_DAY = frozenset(range(7))
WEEKDAYS = frozenset(range(5))

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How far a step stands from its anchor.

    ``days`` move the wall clock, so "one day later" keeps its local hour across a DST
    change; ``elapsed`` really passes ("1 h before the session" is always 3,600 s).
    """

    days: int = 0
    elapsed: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendWindow:
    """Local weekdays (Monday is 0) and hours in which a letter may leave; ``closes`` is excluded.

    Hours that end before they begin go over midnight: "20:00-02:00" belongs to the day on which
    it opens, so a Friday's window lets a letter leave early on Saturday.

    Raises:
        InvalidInputError: It never opens: no weekday, an unknown one, or no time in between.
    """

    weekdays: frozenset[int] = EVERY_DAY
    opens: time = time(9)
    closes: time = time(17)

    def __post_init__(self) -> None:
        if not self.weekdays or not self.weekdays <= EVERY_DAY:
            raise InvalidInputError(
                say("a window needs at least one weekday"),
                remedy=say("Name days between mon and sun."),
            )
        if self.opens == self.closes:
            raise InvalidInputError(
                say("a window cannot open and close at {opens}", opens=f"{self.opens:%H:%M}"),
                remedy=say(
                    "Let it close later; 00:00-23:59 is the whole day, 20:00-02:00 a night."
                ),
            )

    @property
    def is_over_midnight(self) -> bool:
        """Whether it closes on the day after the one on which it opens."""
        return self.closes < self.opens

    def contains(self, at: time) -> bool:
        """Whether it is open at this local hour of the day."""
        if self.is_over_midnight:
            return at >= self.opens or at < self.closes
        return self.opens <= at < self.closes

    def first_in(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """Return the first moment, not before ``moment``, at which this window is open.

        Args:
            moment: Aware moment.
            zone: Time zone in which the window's days and hours are meant.

        Returns:
            Aware UTC moment.
        """
        moment = moment.astimezone(UTC)
        first_day = moment.astimezone(zone).date()
        # The window of the night before may still be open.
        for days_later in count(-1 if self.is_over_midnight else 0):
            day = first_day + timedelta(days=days_later)
            if day.weekday() not in self.weekdays:
                continue
            opens_at, closes_at = self.hours_on(day, zone)
            # A gap can swallow a short window whole; then that day has none.
            if max(opens_at, moment) < closes_at:
                return max(opens_at, moment)
        raise AssertionError("unreachable: a window has a weekday")

    def hours_on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return when the window of a local day opens and closes, weekday or not, as UTC."""
        last_day = day + ONE_DAY if self.is_over_midnight else day
        return local_moment(day, self.opens, zone), local_moment(last_day, self.closes, zone)


# The same few hours of the same days are asked for everybody in a zone.
@lru_cache(maxsize=1 << 14)
def local_moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the UTC moment at which clocks in ``zone`` show ``at`` on ``day``.

    A local time that a DST gap swallows becomes the same moment after the gap (02:30 becomes
    03:30); one that comes twice is meant the first time. Both are what PEP 495 gives for fold 0.
    """
    if at.fold:
        at = at.replace(fold=0)
    return datetime.combine(day, at, zone).astimezone(UTC)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day that ``zone`` shows at an aware moment."""
    return moment.astimezone(zone).date()


def due_at(
    anchor_at: datetime,
    delay: Delay,
    *,
    at: time | None,
    window: SendWindow | None,
    zone: ZoneInfo,
) -> datetime:
    """Return the first moment, counted by ``delay`` from the anchor, that mail may leave.

    Args:
        anchor_at: Aware moment that the delay counts from.
        delay: Calendar days first, then elapsed time; negative before the anchor.
        at: Local time of the day that ``delay.days`` names; ``None`` keeps the anchor's.
        window: Local sending hours and weekdays, asked last; ``None`` for service emails.
        zone: Time zone of the subscriber. A local time that a DST gap swallows becomes
            the same moment after the gap; one that comes twice is meant the first time.

    Returns:
        Aware UTC moment.
    """
    moment = anchor_at.astimezone(UTC)
    # Without a day or an hour to move to, the wall clock is not asked: the second 02:30 of an
    # autumn night would become the first, an hour before its anchor.
    if delay.days or at is not None:
        local = anchor_at.astimezone(zone)
        day = local.date() + timedelta(days=delay.days)
        moment = local_moment(day, local.time() if at is None else at, zone)
    moment += delay.elapsed
    return moment if window is None else window.first_in(moment, zone)
