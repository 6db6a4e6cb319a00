"""Moments and spans in a reader's words, short enough to stand beside the name of an email."""

from datetime import date, timedelta

from funnel.domain.message import Notice
from funnel.domain.sequence import AnchorKind, SequenceDefinition, Timing, key_in_words
from funnel.domain.timing import WEEKDAYS, Delay

# Not from ``strftime``: the machine's locale must not change what a calendar says.
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven")
_NOON = 12
_ONE_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)

_NOTICES = {
    Notice.CONFIRM: "Confirm your seat",
    Notice.CONFIRM_AGAIN: "Confirm your seat, again",
    Notice.WELCOME: "Welcome",
    Notice.SESSION_MOVED: "Your new date",
    Notice.SESSION_CANCELLED: "Called off",
}
# What an anchor is called after "1 day after …".
_ANCHORS = {
    AnchorKind.ENROLLMENT: "you took your seat",
    AnchorKind.REGISTRATION: "you took your seat",
    AnchorKind.SESSION_START: "the masterclass",
    AnchorKind.SESSION_END: "the masterclass",
    AnchorKind.REPLAY_END: "the replay ends",
    AnchorKind.FIXED: "a fixed day",
}
_WITHOUT_SEAT = "you asked for the letters"


def notice_name(key: str) -> str:
    """Return the name of a notice; one that we do not ship is named by its key."""
    return _NOTICES[Notice(key)] if key in set(Notice) else key_in_words(key)


def weekday_name(day: date) -> str:
    """Return "Sunday"."""
    return _DAYS[day.weekday()]


def short_day(day: date, *, beside: date | None = None) -> str:
    """Return "Fri 18", with its month where ``beside`` is in another one."""
    words = f"{_DAYS[day.weekday()][:3]} {day.day}"
    is_clear = beside is not None and (day.year, day.month) == (beside.year, beside.month)
    return words if is_clear else f"{words} {_MONTHS[day.month - 1]}"


def long_day(day: date) -> str:
    """Return "Monday 7 December"."""
    return f"{weekday_name(day)} {day.day} {_MONTHS[day.month - 1]}"


def weekdays_text(weekdays: frozenset[int]) -> str:
    """Return "weekdays", or the days by name: "Monday and Friday"."""
    if weekdays == WEEKDAYS:
        return "weekdays"
    names = [_DAYS[each] for each in sorted(weekdays)]
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def span_text(span: timedelta) -> str:
    """Return how long something is, to the minute: "2 h 15 min"; days where it is days."""
    if span >= 2 * _ONE_DAY:
        return f"{span.days} days"
    hours, rest = divmod(span, _HOUR)
    parts = [f"{hours} h" if hours else "", f"{rest // _MINUTE} min" if rest >= _MINUTE else ""]
    return " ".join(part for part in parts if part) or "less than a minute"


def amount_text(delay: Delay) -> str:
    """Return how far a delay goes, without its side: "2 days", "1 hour 30 minutes"."""
    hours, rest = divmod(abs(delay.elapsed), _HOUR)
    parts = ((abs(delay.days), "day"), (hours, "hour"), (rest // _MINUTE, "minute"))
    return " ".join(counted(number, unit) for number, unit in parts if number)


def counted(number: int, unit: str) -> str:
    """Return "1 day", "2 days"."""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def number_word(number: int) -> str:
    """Return "two"; figures from eight on."""
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def timing_words(timing: Timing, version: SequenceDefinition, *, began_with_seat: bool) -> str:
    """Return when an email comes: "2 days after Listening", "1 hour before the masterclass".

    Args:
        timing: The one that applies to this reader.
        version: Names the email that it counts from.
        began_with_seat: They came for a date; otherwise for the letters alone.
    """
    kind, delay = timing.anchor.kind, timing.delay
    anchor = _anchor_words(timing, version, began_with_seat=began_with_seat)
    if not delay.days and not delay.elapsed:
        return _at_anchor(timing, anchor)
    if kind is AnchorKind.SESSION_END and delay == Delay(days=1) and _is_morning(timing):
        return f"on the morning after {anchor}"
    is_before = delay.days < 0 or (not delay.days and delay.elapsed < timedelta(0))
    return f"{amount_text(delay)} {'before' if is_before else 'after'} {anchor}"


def _anchor_words(timing: Timing, version: SequenceDefinition, *, began_with_seat: bool) -> str:
    kind = timing.anchor.kind
    if kind is AnchorKind.STEP:
        return version.name_of(timing.anchor.step_key)
    if kind is AnchorKind.ENROLLMENT and not began_with_seat:
        return _WITHOUT_SEAT
    return _ANCHORS[kind]


def _at_anchor(timing: Timing, anchor: str) -> str:
    kind = timing.anchor.kind
    if kind in (AnchorKind.ENROLLMENT, AnchorKind.REGISTRATION, AnchorKind.REPLAY_END):
        return f"when {anchor}"
    if timing.at is None:
        words = {AnchorKind.STEP: f"right after {anchor}", AnchorKind.FIXED: f"on {anchor}"}
        ends = kind is AnchorKind.SESSION_END
        return words.get(kind, f"when {anchor} {'ends' if ends else 'begins'}")
    if kind is AnchorKind.FIXED:
        return f"on {anchor}"
    return f"on the {'morning' if _is_morning(timing) else 'day'} of {anchor}"


def _is_morning(timing: Timing) -> bool:
    return timing.at is not None and timing.at.hour < _NOON
