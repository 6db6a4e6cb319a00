"""Which local days the letters of one run may take, and which are taken."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from funnel.domain.session import Session
from funnel.domain.timing import ONE_DAY, SendWindow, local_day, local_moment

_WEEKDAYS = "its weekdays leave that day out"
_HOURS = "its hours of that day are over"
_BLACKOUT = "no letters leave on that date"
_TAKEN = "a letter of another run has that day"
_SESSION = "not on the session's day or the day after it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a letter asks for.

    Attributes:
        key: The letter's own; what it took itself does not stand in its way.
        due: The moment that its timing names, aware UTC; never earlier.
        at: Local hour on any day but that of ``due``; ``None``: when the window opens.
    """

    key: str
    due: datetime
    at: time | None
    window: SendWindow


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A day for a letter: it may leave from ``moment`` up to and including ``closes_at``."""

    day: date
    moment: datetime
    closes_at: datetime
    reasons: tuple[str, ...] = ()


class LetterDays:
    """The calendar of one run's letters: gives the first free day, and remembers who took which.

    Args:
        zone: The reader's; every day here is a day there.
        session: The session held, whose days and the day after stay free of letters.
        days_apart: How far the days of two letters of this run stand apart; at least one.
        blackout_dates: Days on which no letter leaves.
        taken_days: Days of other runs' letters.
    """

    def __init__(
        self,
        zone: ZoneInfo,
        session: Session | None,
        *,
        days_apart: int,
        blackout_dates: AbstractSet[date],
        taken_days: AbstractSet[date],
    ) -> None:
        self._zone = zone
        self._days_apart = max(1, days_apart)
        self._blackout_dates = blackout_dates
        self._taken_days = taken_days
        self._used: list[tuple[int, str]] = []
        self._session_days: tuple[date, date] | None = None
        if session is not None:
            last = local_day(session.ends_at, zone) + ONE_DAY
            self._session_days = (local_day(session.starts_at, zone), last)

    def use(self, day: date, key: str) -> None:
        """Note that the letter ``key`` has this day."""
        self._used.append((day.toordinal(), key))

    def use_moment(self, moment: datetime, key: str) -> None:
        """Note that the letter ``key`` has the local day of an aware moment."""
        self.use(local_day(moment, self._zone), key)

    def give_up(self, key: str) -> None:
        """Forget every day that the letter ``key`` has."""
        self._used = [each for each in self._used if each[1] != key]

    def first(self, wish: Wish, *, not_over_at: datetime | None = None) -> Slot:
        """Return the first day that suits, whether its hours are over by now or not.

        Args:
            wish: Which letter, from when on, at which hour.
            not_over_at: Only a slot that has not closed before this moment.
        """
        due_day = local_day(wish.due, self._zone)
        day = due_day
        bars: list[str] = []
        while True:
            bar = self._bar(day, wish)
            if bar is None:
                moment, closes_at = self._hours(day, due_day, wish)
                if moment < closes_at and (not_over_at is None or closes_at >= not_over_at):
                    return Slot(day=day, moment=moment, closes_at=closes_at, reasons=tuple(bars))
                bar = _HOURS
            if bar not in bars:
                bars.append(bar)
            day += ONE_DAY

    def _bar(self, day: date, wish: Wish) -> str | None:
        """Return what keeps the letter from this day, in words, or ``None``."""
        if day.weekday() not in wish.window.weekdays:
            return _WEEKDAYS
        if self._session_days is not None and (
            self._session_days[0] <= day <= self._session_days[1]
        ):
            return _SESSION
        number = day.toordinal()
        for used, key in self._used:
            if abs(number - used) < self._days_apart and key != wish.key:
                return f"keeps {self._days_apart} days apart from {key}"
        if day in self._taken_days:
            return _TAKEN
        return _BLACKOUT if day in self._blackout_dates else None

    def _hours(self, day: date, due_day: date, wish: Wish) -> tuple[datetime, datetime]:
        """Return from when and until when the letter may leave on this day, as UTC."""
        opens_at, closes_at = wish.window.hours_on(day, self._zone)
        if day == due_day:
            return max(opens_at, wish.due), closes_at
        if wish.at is None or wish.at >= wish.window.closes:
            return opens_at, closes_at
        return max(opens_at, local_moment(day, wish.at, self._zone)), closes_at
