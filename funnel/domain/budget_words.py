"""Budgets in words: what a limit is, and how long a number of letters takes under it."""

from datetime import datetime, timedelta
from typing import Final

from funnel.domain.budget import DAY, HOUR, MINUTE, SECOND, Budget, Drain, Limit
from funnel.domain.speech import mark, mark_many, number, say, say_many
from funnel.domain.timing_text import duration_text

_LIMITS: Final = {
    SECOND: mark("{limit} a second"),
    MINUTE: mark("{limit} a minute"),
    HOUR: mark("{limit} an hour"),
    DAY: mark("{limit} a day"),
}
_TAKES: Final = {
    SECOND: mark_many(
        "{count} letter takes {duration} at {limit} a second",
        "{count} letters take {duration} at {limit} a second",
    ),
    MINUTE: mark_many(
        "{count} letter takes {duration} at {limit} a minute",
        "{count} letters take {duration} at {limit} a minute",
    ),
    HOUR: mark_many(
        "{count} letter takes {duration} at {limit} an hour",
        "{count} letters take {duration} at {limit} an hour",
    ),
    DAY: mark_many(
        "{count} letter takes {duration} at {limit} a day",
        "{count} letters take {duration} at {limit} a day",
    ),
}


def limit_text(limit: Limit) -> str:
    """Return a limit in words: "300 an hour"."""
    return say(_LIMITS[limit.span], limit=number(limit.number))


def budget_text(budget: Budget, now: datetime) -> str:
    """Return all limits that hold at ``now`` in words: "14 a second, 50,000 a day"."""
    limits = [limit_text(each) for each in budget.limits(now)]
    return ", ".join(limits) if limits else say("no limit")


def drain_text(count: int, found: Drain, now: datetime) -> str:
    """Return how long letters take: "1,200 letters take 4 h at 300 an hour".

    Args:
        count: How many letters.
        found: What ``drain`` foresees for them.
        now: Aware; from when it foresees.
    """
    if found.limit is None:
        return say_many("{count} letter leaves at once", "{count} letters leave at once", count)
    return say_many(
        *_TAKES[found.limit.span],
        count,
        duration=_duration(None if found.last_at is None else found.last_at - now),
        limit=number(found.limit.number),
    )


def _duration(duration: timedelta | None) -> str:
    """Return about how long; to the minute below a day, to the hour above."""
    if duration is None:
        return say("more than a month")
    step = SECOND if duration < 2 * MINUTE else MINUTE if duration < 2 * HOUR else 15 * MINUTE
    step = step if duration < 2 * DAY else HOUR
    rounded = -(-duration // step) * step
    return duration_text(rounded)
