"""Moments and spans in a reader's words, short enough to stand beside the name of an email."""

from datetime import date, timedelta
from typing import Final

from funnel.domain.message import Notice
from funnel.domain.sequence import AnchorKind, SequenceDefinition, Timing, key_in_words
from funnel.domain.speech import mark, say, say_many
from funnel.domain.timing import WEEKDAYS, Delay

# Not from ``strftime``: the machine's locale must not change what a calendar says.
_DAYS: Final = (
    *(mark("Monday"), mark("Tuesday"), mark("Wednesday"), mark("Thursday")),
    *(mark("Friday"), mark("Saturday"), mark("Sunday")),
)
_SHORT_DAYS: Final = (
    *(mark("Mon"), mark("Tue"), mark("Wed"), mark("Thu"), mark("Fri"), mark("Sat"), mark("Sun")),
)
_MONTHS: Final = (
    *(mark("January"), mark("February"), mark("March"), mark("April"), mark("May"), mark("June")),
    *(mark("July"), mark("August"), mark("September"), mark("October")),
    *(mark("November"), mark("December")),
)
_NUMBERS: Final = (
    *(mark("no"), mark("one"), mark("two"), mark("three"), mark("four"), mark("five")),
    *(mark("six"), mark("seven")),
)
_NOON = 12
_ONE_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)

_NOTICES: Final = {
    Notice.CONFIRM: mark("Confirm your seat"),
    Notice.CONFIRM_AGAIN: mark("Confirm your seat, again"),
    Notice.WELCOME: mark("Welcome"),
    Notice.SESSION_MOVED: mark("Your new date"),
    Notice.SESSION_CANCELLED: mark("Called off"),
}
# So far before, and so far after, what an email is counted from. Whole, not put together: other
# languages bend the words after "after".
_WITHOUT_SEAT: Final = (
    mark("{amount} before you asked for the letters"),
    mark("{amount} after you asked for the letters"),
)
_WITH_SEAT: Final = (
    mark("{amount} before you took your seat"),
    mark("{amount} after you took your seat"),
)
_MASTERCLASS: Final = (
    mark("{amount} before the masterclass"),
    mark("{amount} after the masterclass"),
)
_APART: Final = {
    AnchorKind.ENROLLMENT: _WITH_SEAT,
    AnchorKind.REGISTRATION: _WITH_SEAT,
    AnchorKind.SESSION_START: _MASTERCLASS,
    AnchorKind.SESSION_END: _MASTERCLASS,
    AnchorKind.REPLAY_END: (
        mark("{amount} before the replay ends"),
        mark("{amount} after the replay ends"),
    ),
    AnchorKind.FIXED: (
        mark("{amount} before a fixed day"),
        mark("{amount} after a fixed day"),
    ),
    AnchorKind.STEP: (mark("{amount} before {email}"), mark("{amount} after {email}")),
}
# At once with it; the second where a time of day is named.
_AT_ONCE: Final = {
    AnchorKind.ENROLLMENT: mark("when you took your seat"),
    AnchorKind.REGISTRATION: mark("when you took your seat"),
    AnchorKind.REPLAY_END: mark("when the replay ends"),
    AnchorKind.SESSION_START: mark("when the masterclass begins"),
    AnchorKind.SESSION_END: mark("when the masterclass ends"),
    AnchorKind.FIXED: mark("on a fixed day"),
    AnchorKind.STEP: mark("right after {email}"),
}
_ON_ITS_DAY: Final = {
    AnchorKind.SESSION_START: (
        mark("on the morning of the masterclass"),
        mark("on the day of the masterclass"),
    ),
    AnchorKind.SESSION_END: (
        mark("on the morning of the masterclass"),
        mark("on the day of the masterclass"),
    ),
    AnchorKind.STEP: (mark("on the morning of {email}"), mark("on the day of {email}")),
}


def notice_name(key: str) -> str:
    """Return the name of a notice; one that we do not ship is named by its key."""
    return say(_NOTICES[Notice(key)]) if key in set(Notice) else key_in_words(key)


def weekday_name(day: date) -> str:
    """Return "Sunday"."""
    return say(_DAYS[day.weekday()])


def short_weekday(day: date) -> str:
    """Return "Sun"."""
    return say(_SHORT_DAYS[day.weekday()])


def month_name(day: date) -> str:
    """Return "December"."""
    return say(_MONTHS[day.month - 1])


def short_day(day: date, *, beside: date | None = None) -> str:
    """Return "Fri 18", with its month where ``beside`` is in another one."""
    weekday = short_weekday(day)
    if beside is not None and (day.year, day.month) == (beside.year, beside.month):
        return say("{weekday} {day}", weekday=weekday, day=day.day)
    return say("{weekday} {day} {month}", weekday=weekday, day=day.day, month=month_name(day))


def long_day(day: date) -> str:
    """Return "Monday 7 December"."""
    return say(
        "{long_weekday} {day} {month}",
        long_weekday=weekday_name(day),
        day=day.day,
        month=month_name(day),
    )


def day_and_month(words: str) -> str:
    """Return "14 September", as rows have it, in the spoken language."""
    day, _, month = words.partition(" ")
    return say("{day} {month}", day=day, month=say(month)) if month in _MONTHS else words


def weekdays_text(weekdays: frozenset[int]) -> str:
    """Return "weekdays", or the days by name: "Monday and Friday"."""
    if weekdays == WEEKDAYS:
        return say("weekdays")
    return and_joined([say(_DAYS[each]) for each in sorted(weekdays)])


def and_joined(words: list[str]) -> str:
    """Return "a, b and c"."""
    *most, last = words
    return say("{most} and {last}", most=", ".join(most), last=last) if most else last


def span_text(span: timedelta) -> str:
    """Return how long something is, to the minute: "2 h 15 min"; days where it is days."""
    if span >= 2 * _ONE_DAY:
        return say_many("{count} day", "{count} days", span.days)
    hours, rest = divmod(span, _HOUR)
    minutes = rest // _MINUTE
    if hours and minutes:
        return say("{hours} h {minutes} min", hours=hours, minutes=minutes)
    if hours:
        return say("{hours} h", hours=hours)
    return say("{minutes} min", minutes=minutes) if minutes else say("less than a minute")


def amount_text(delay: Delay) -> str:
    """Return how far a delay goes, without its side: "2 days", "1 hour 30 minutes"."""
    hours, rest = divmod(abs(delay.elapsed), _HOUR)
    days, minutes = abs(delay.days), rest // _MINUTE
    parts = (
        say_many("{count} day", "{count} days", days) if days else "",
        say_many("{count} hour", "{count} hours", hours) if hours else "",
        say_many("{count} minute", "{count} minutes", minutes) if minutes else "",
    )
    return " ".join(part for part in parts if part)


def counted(number: int, unit: str) -> str:
    """Return "1 day", "2 days"."""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def number_word(number: int) -> str:
    """Return "two"; figures from eight on."""
    return say(_NUMBERS[number]) if number < len(_NUMBERS) else str(number)


def timing_words(timing: Timing, version: SequenceDefinition, *, began_with_seat: bool) -> str:
    """Return when an email comes: "2 days after Listening", "1 hour before the masterclass".

    Args:
        timing: The one that applies to this reader.
        version: Names the email that it counts from.
        began_with_seat: They came for a date; otherwise for the letters alone.
    """
    kind, delay = timing.anchor.kind, timing.delay
    is_for_letters = kind is AnchorKind.ENROLLMENT and not began_with_seat
    email = version.name_of(timing.anchor.step_key) if kind is AnchorKind.STEP else ""
    if not delay.days and not delay.elapsed:
        if is_for_letters:
            return say("when you asked for the letters")
        return say(_at_anchor(timing), email=email)
    if kind is AnchorKind.SESSION_END and delay == Delay(days=1) and _is_morning(timing):
        return say("on the morning after the masterclass")
    before, after = _WITHOUT_SEAT if is_for_letters else _APART[kind]
    is_before = delay.days < 0 or (not delay.days and delay.elapsed < timedelta(0))
    return say(before if is_before else after, amount=amount_text(delay), email=email)


def _at_anchor(timing: Timing) -> str:
    kind = timing.anchor.kind
    if timing.at is None or kind not in _ON_ITS_DAY:
        return _AT_ONCE[kind]
    morning, day = _ON_ITS_DAY[kind]
    return morning if _is_morning(timing) else day


def _is_morning(timing: Timing) -> bool:
    return timing.at is not None and timing.at.hour < _NOON
