"""Delays, windows and local hours, right across every change of the clocks."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY_DAY = frozenset(range(7))
WEEKDAYS = frozenset(range(5))


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
    """Local weekdays (Monday is 0) and hours in which a letter may leave; ``closes`` is excluded."""

    weekdays: frozenset[int] = EVERY_DAY
    opens: time = time(9)
    closes: time = time(17)
