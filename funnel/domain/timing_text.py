"""Timings in words, as the sequence file writes them and the calendar explains them.

The words are "2 days after listening, 09:00": how far, on which side, of what, at which local hour.
"""

import re
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from funnel.domain.errors import InvalidInputError
from funnel.domain.sequence import Anchor, AnchorKind, SequenceDefinition, Timing
from funnel.domain.speech import mark, say
from funnel.domain.timing import Delay

STEP_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_KEY = 64

_NO_TIME = timedelta(0)
# Four digits are years of waiting in any unit but minutes; more would only overflow somewhere.
_AMOUNT = re.compile(r"(\d{1,4}) ?([a-z]+) ?")
_TIMING = re.compile(r"(?:(on|at)|(.+?) (before|after)) (.+?)(?:, ?(\d\d?:\d\d))?")
_UNITS = {
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("min", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("s", "second", "seconds"), timedelta(seconds=1)),
}
# Delays are added to it, and a calendar ends somewhere.
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_SHOWN_UNITS = ("h", "min", "s")
_DAYS = frozenset({"day", "days"})
_NAMED_ANCHORS = {
    each.value: each for each in AnchorKind if each not in {AnchorKind.STEP, AnchorKind.FIXED}
}
_TIMING_EXAMPLE = mark(
    'Write it like "2 days after listening, 09:00" or "1 h before session start".'
)
_TIME_EXAMPLE = mark('Write hours and minutes of a day, like "09:00".')
_DURATION_EXAMPLE = mark('Write it like "2 h", "30 min" or "1 h 30 min".')


@lru_cache(maxsize=1024)  # a plan says the same few timings again for everybody
def timing_text(timing: Timing) -> str:
    """Return a timing in words: "2 days after listening, 09:00"."""
    return _counted_from(timing, anchor_text(timing.anchor))


def named_timing_text(timing: Timing, version: SequenceDefinition) -> str:
    """Return a timing in words with the names that people know: "2 days after Listening, 09:00"."""
    step_key = timing.anchor.step_key
    return _counted_from(timing, version.name_of(step_key)) if step_key else timing_text(timing)


def _counted_from(timing: Timing, anchor: str) -> str:
    words = f"{_relation(timing.delay)} {anchor}"
    return words if timing.at is None else f"{words}, {timing.at:%H:%M}"


def anchor_text(anchor: Anchor) -> str:
    """Return what a timing counts from: a step's key, a moment, or the anchor's own name."""
    if anchor.kind is AnchorKind.STEP:
        return anchor.step_key
    if anchor.kind is AnchorKind.FIXED and anchor.fixed_at is not None:
        return anchor.fixed_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return anchor.kind.value


def duration_text(duration: timedelta) -> str:
    """Return a duration to the second, without its sign: "1 h 30 min"; "0 min" for none."""
    rest = abs(duration)
    words = []
    for name in _SHOWN_UNITS:
        number, rest = divmod(rest, _UNITS[name])
        if number:
            words.append(f"{number} {name}")
    return " ".join(words) or "0 min"


def read_timing(text: str) -> Timing:
    """Return the timing that these words mean; the opposite of ``timing_text``.

    Raises:
        InvalidInputError: Not a timing; the message says which part is not understood.
    """
    found = _TIMING.fullmatch(text)
    if found is None:
        raise InvalidInputError(
            say('"{text}" is not a timing', text=text), remedy=say(_TIMING_EXAMPLE)
        )
    _, amount, side, anchor, hour = found.groups()
    delay = Delay() if amount is None else _read_delay(amount, is_before=side == "before")
    at = None if hour is None else read_time(hour)
    return Timing(anchor=_read_anchor(anchor), delay=delay, at=at)


def read_time(text: str) -> time:
    """Return the local time that "09:00" names.

    Raises:
        InvalidInputError: Not a time of day.
    """
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text) is None:
        raise InvalidInputError(
            say('"{text}" is not a time of day', text=text), remedy=say(_TIME_EXAMPLE)
        )
    return time.fromisoformat(text)


def read_duration(text: str) -> timedelta:
    """Return the duration that "1 h 30 min" names; days are no durations, a clock change away.

    Raises:
        InvalidInputError: Not a duration, or none at all.
    """
    delay = read_delay(text)
    if delay.days:
        raise InvalidInputError(
            say('"{text}" counts days, which are not always 24 h', text=text),
            remedy=say("Write hours: 24 h."),
        )
    return delay.elapsed


def delay_text(delay: Delay) -> str:
    """Return a delay without its side: "1 day 2 h"; empty for none."""
    words = []
    if delay.days:
        words.append(f"{abs(delay.days)} {'day' if abs(delay.days) == 1 else 'days'}")
    if delay.elapsed:
        words.append(duration_text(delay.elapsed))
    return " ".join(words)


def read_delay(text: str) -> Delay:
    """Return the delay forwards that "2 days" or "36 h" names; the opposite of ``delay_text``.

    Raises:
        InvalidInputError: Not a delay, or none at all.
    """
    return _read_delay(text, is_before=False)


def _relation(delay: Delay) -> str:
    days, elapsed = delay.days, delay.elapsed
    if not days and not elapsed:
        return "on"
    side = "before" if days < 0 or (not days and elapsed < _NO_TIME) else "after"
    return f"{delay_text(delay)} {side}"


def _read_delay(text: str, *, is_before: bool) -> Delay:
    sign = -1 if is_before else 1
    days, elapsed, position = 0, _NO_TIME, 0
    while position < len(text):
        found = _AMOUNT.match(text, position)
        if found is None or (found[2] not in _DAYS and found[2] not in _UNITS):
            raise InvalidInputError(
                say('"{text}" is not a duration', text=text), remedy=say(_DURATION_EXAMPLE)
            )
        number = sign * int(found[1])
        if found[2] in _DAYS:
            days += number
        else:
            elapsed += number * _UNITS[found[2]]
        position = found.end()
    if not days and not elapsed:
        raise InvalidInputError(
            say('"{text}" is no time at all', text=text), remedy=say(_DURATION_EXAMPLE)
        )
    return Delay(days=days, elapsed=elapsed)


def _read_anchor(text: str) -> Anchor:
    if text in _NAMED_ANCHORS:
        return Anchor(kind=_NAMED_ANCHORS[text])
    if text[:1].isdigit() and "T" in text:
        return Anchor(kind=AnchorKind.FIXED, fixed_at=_read_moment(text))
    if STEP_KEY.fullmatch(text) is None:
        raise InvalidInputError(
            say('"{text}" is nothing to count from', text=text),
            remedy=say(
                "Count from {names}, the key of an earlier step, or a moment like "
                "2026-12-01T09:00+01:00.",
                names=", ".join(_NAMED_ANCHORS),
            ),
        )
    return Anchor(kind=AnchorKind.STEP, step_key=text)


def _read_moment(text: str) -> datetime:
    remedy = say("Write a moment with its offset, like 2026-12-01T09:00+01:00.")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(
            say('"{text}" is not a moment: {reason}', text=text, reason=error), remedy=remedy
        ) from error
    if moment.tzinfo is None:
        raise InvalidInputError(say('"{text}" has no offset from UTC', text=text), remedy=remedy)
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise InvalidInputError(
            say(
                '"{text}" is not between {first_year} and {last_year}',
                text=text,
                first_year=_FIRST_YEAR,
                last_year=_LAST_YEAR,
            ),
            remedy=remedy,
        )
    return moment.astimezone(UTC)
