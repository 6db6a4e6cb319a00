"""Which local days the letters of one run may take, and which are taken."""

from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from funnel.domain.session import Session
from funnel.domain.timing import ONE_DAY, SendWindow, local_day, local_moment

_WEEKDAYS = "its weekdays leave that day out"
_HOURS = "its hours of that day are over"
_BLACKOUT = "no letters leave on that date"
_TAKEN = "a letter of another run has that day"
_SESSION = "not on the session's day or the day after it"

_MIDNIGHT = time(0)
_MOMENT = timedelta(microseconds=1)


# Tuples, because a plan makes many of them and a frozen dataclass costs four times as much.
class Wish(NamedTuple):
    """What a letter asks for.

    Attributes:
        key: The letter's own; what it took itself does not stand in its way.
        due: The moment that its timing names, aware UTC; never earlier.
        at: Local hour on any day but that of ``due``; ``None``: when the window opens.
        not_before: It may not leave earlier, for another reason than its timing; in words.
        why_not_before: That reason.
        ignored: Letters whose days do not stand in its way.
        slots: Where its slots are kept, for a letter that is due at an hour: everybody in a zone
            asks for the same few. ``None``: not at all.
    """

    key: str
    due: datetime
    at: time | None
    window: SendWindow
    not_before: datetime | None = None
    why_not_before: str = ""
    ignored: AbstractSet[str] = frozenset()
    slots: "KeptSlots | None" = None


class Slot(NamedTuple):
    """A day for a letter: it may leave from ``moment`` up to and including ``closes_at``.

    Attributes:
        days: The local days on which it may leave: two, if its hours go over midnight.
    """

    days: tuple[date, ...]
    moment: datetime
    closes_at: datetime
    reasons: tuple[str, ...] = ()


# By moment and zone: the first day that the letter's weekdays allow; ``None``: its hours are over.
KeptSlots = dict[tuple[datetime, ZoneInfo, time | None], Slot | None]
_MOST_KEPT = 1 << 10


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
        self._near = range(1 - self._days_apart, self._days_apart)
        self._reach = (self._days_apart + 2) * ONE_DAY
        self._blackout_dates = blackout_dates
        self._taken_days = taken_days
        self._used: dict[int, list[str]] = {}
        self._holders: set[str] = set()
        self._noted: list[tuple[datetime, str]] = []
        self._session = session
        self._first_barred: date | None = None
        self._last_barred: date | None = None

    def use(self, days: tuple[date, ...], key: str) -> None:
        """Note that the letter ``key`` has these days."""
        self._holders.add(key)
        for day in days:
            self._used.setdefault(day.toordinal(), []).append(key)

    def use_moment(self, moment: datetime, key: str) -> None:
        """Note that the letter ``key`` has the local day of an aware moment."""
        # Most of them are long over: a day is worked out when somebody asks for one near it.
        self._holders.add(key)
        self._noted.append((moment, key))

    def give_up(self, key: str) -> None:
        """Forget every day that the letter ``key`` has."""
        if key not in self._holders:
            return
        self._holders.remove(key)
        self._noted = [each for each in self._noted if each[1] != key]
        for number, keys in list(self._used.items()):
            left = [each for each in keys if each != key]
            if left:
                self._used[number] = left
            else:
                del self._used[number]

    def days_until(self, moment: datetime, window: SendWindow) -> tuple[date, ...]:
        """Return the local days on which a letter may leave that its window let go at a moment."""
        local = moment.astimezone(self._zone)
        day = local.date()
        goes_on = window.is_over_midnight and local.time() >= window.opens
        return (day, day + ONE_DAY) if goes_on and window.closes != _MIDNIGHT else (day,)

    def first(self, wish: Wish, *, not_over_at: datetime | None = None) -> Slot:
        """Return the first day that suits, whether its hours are over by now or not.

        Args:
            wish: Which letter, from when on, at which hour.
            not_over_at: Only a slot that has not closed before this moment.
        """
        start, bars = wish.due, []
        if wish.not_before is not None and wish.not_before > start:
            start, bars = wish.not_before, [wish.why_not_before]
        self._work_out_days(start)
        if start is wish.due and wish.slots is not None:
            slot = self._kept(wish, wish.slots)
            is_kept = slot is not None and _is_open(slot, not_over_at)
            if slot is not None and is_kept and self._bar_on(slot.days[0], wish) is None:
                return slot
        due_day = local_day(wish.due, self._zone)
        day = self._first_day(start, due_day, wish)
        while True:
            slot, bar = self._ask(day, due_day, wish)
            if slot is not None and _is_open(slot, not_over_at):
                return slot._replace(reasons=tuple(bars)) if bars else slot
            bar = bar or _HOURS
            if bar not in bars:
                bars.append(bar)
            day += ONE_DAY

    def _kept(self, wish: Wish, slots: KeptSlots) -> Slot | None:
        """Return the slot of the first day by weekdays and hours alone, whoever asks."""
        place = (wish.due, self._zone, wish.at)
        if place not in slots:
            if len(slots) >= _MOST_KEPT:
                slots.clear()
            slots[place] = None if wish.window.is_over_midnight else self._by_weekday(wish)
        return slots[place]

    def _by_weekday(self, wish: Wish) -> Slot | None:
        due_day = day = local_day(wish.due, self._zone)
        while day.weekday() not in wish.window.weekdays:
            day += ONE_DAY
        # What stands in the way of a day comes before its hours: those are asked for each person.
        slot = self._day(day, due_day, wish)
        if not _is_open(slot, None):
            return None
        return slot if day == due_day else slot._replace(reasons=(_WEEKDAYS,))

    def _work_out_days(self, start: datetime) -> None:
        """Turn noted moments into days, where they can matter to a letter from ``start`` on."""
        if not self._noted:
            return
        horizon = start - self._reach
        waiting = []
        for moment, key in self._noted:
            if moment < horizon:
                waiting.append((moment, key))
            else:
                self.use((local_day(moment, self._zone),), key)
        self._noted = waiting

    def _first_day(self, start: datetime, due_day: date, wish: Wish) -> date:
        day = due_day if start is wish.due else local_day(start, self._zone)
        if wish.window.is_over_midnight:
            day_before = day - ONE_DAY
            if wish.window.hours_on(day_before, self._zone)[1] > start:
                return day_before  # the window of the night before is still open
        return day

    def _ask(self, day: date, due_day: date, wish: Wish) -> tuple[Slot | None, str | None]:
        """Return the slot of a day, or what keeps the letter from it, in words."""
        if day.weekday() not in wish.window.weekdays:
            return None, _WEEKDAYS
        if not wish.window.is_over_midnight:
            bar = self._bar_on(day, wish)
            return (self._day(day, due_day, wish), None) if bar is None else (None, bar)
        night = self._night(day, wish)
        bars = (self._bar_on(each, wish) for each in night.days)
        bar = next((each for each in bars if each is not None), None)
        return (night, None) if bar is None else (None, bar)

    def _bar_on(self, day: date, wish: Wish) -> str | None:
        if self._session is not None and self._is_of_session(day, self._session):
            return _SESSION
        if self._used:
            number = day.toordinal()
            for offset in self._near:
                for other in self._used.get(number + offset, ()):
                    if other != wish.key and other not in wish.ignored:
                        return f"keeps {self._days_apart} days apart from {other}"
        if day in self._taken_days:
            return _TAKEN
        return _BLACKOUT if day in self._blackout_dates else None

    def _is_of_session(self, day: date, session: Session) -> bool:
        """Whether it is a day of the session or the one after; an end at midnight is no new day."""
        if self._first_barred is None or self._last_barred is None:
            self._first_barred = local_day(session.starts_at, self._zone)
            last_day = local_day(session.ends_at - _MOMENT, self._zone)
            self._last_barred = last_day + ONE_DAY
        return self._first_barred <= day <= self._last_barred

    def _day(self, day: date, due_day: date, wish: Wish) -> Slot:
        """Return from when until when the letter may leave on this day."""
        window = wish.window
        opens_at, closes_at = window.hours_on(day, self._zone)
        moment = opens_at
        if day == due_day:
            moment = max(opens_at, wish.due)
        elif wish.at is not None and wish.at < window.closes:
            moment = max(opens_at, local_moment(day, wish.at, self._zone))
        if wish.not_before is not None:
            moment = max(moment, wish.not_before)
        return Slot((day,), moment, closes_at)

    def _night(self, day: date, wish: Wish) -> Slot:
        """Return the same for a window over midnight, which belongs to the day it opens on."""
        opens_at, closes_at = wish.window.hours_on(day, self._zone)
        if wish.window.closes == _MIDNIGHT:
            closes_at -= _MOMENT  # what may leave until then leaves on this day
        moment = opens_at
        if opens_at <= wish.due < closes_at:
            moment = wish.due
        elif wish.at is not None and wish.window.contains(wish.at):
            at_day = day if wish.at >= wish.window.opens else day + ONE_DAY
            moment = max(opens_at, local_moment(at_day, wish.at, self._zone))
        if wish.not_before is not None:
            moment = max(moment, wish.not_before)
        moment = max(moment, wish.due)
        days = (local_day(moment, self._zone), local_day(closes_at, self._zone))
        return Slot(days if days[0] < days[1] else days[:1], moment, closes_at)


def _is_open(slot: Slot, not_over_at: datetime | None) -> bool:
    """Whether a slot opens at all, and has not closed before that moment."""
    if slot.moment >= slot.closes_at:
        return False
    return not_over_at is None or slot.closes_at >= not_over_at
