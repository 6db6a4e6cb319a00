"""One email in a marketer's words: when it leaves, to whom, and what if it is late."""

from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Final

from funnel.domain.sequence import (
    AnchorKind,
    SequenceDefinition,
    Step,
    StepKind,
    Timing,
)
from funnel.domain.speech import mark, say, say_many
from funnel.domain.step_counts import root_anchor
from funnel.domain.timing import EVERY_DAY, WEEKDAYS, Delay, SendWindow
from funnel.domain.timing_text import duration_text
from funnel.domain.who_words import condition_words

_HOUR, _MINUTE, _SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
_SHORT_GRACE: Final = timedelta(minutes=10)
_USUAL_HOURS: Final = SendWindow()
_DAYS: Final = (
    mark("Monday"),
    mark("Tuesday"),
    mark("Wednesday"),
    mark("Thursday"),
    mark("Friday"),
    mark("Saturday"),
    mark("Sunday"),
)
_AFTER: Final = {
    AnchorKind.ENROLLMENT: mark("{amount} after they joined"),
    AnchorKind.REGISTRATION: mark("{amount} after they took the seat"),
    AnchorKind.SESSION_START: mark("{amount} after the masterclass begins"),
    AnchorKind.SESSION_END: mark("{amount} after the masterclass"),
    AnchorKind.REPLAY_END: mark("{amount} after the replay ends"),
    AnchorKind.STEP: mark("{amount} after {name}"),
}
_BEFORE: Final = {
    AnchorKind.SESSION_START: mark("{amount} before the masterclass"),
    AnchorKind.SESSION_END: mark("{amount} before the masterclass ends"),
    AnchorKind.REPLAY_END: mark("{amount} before the replay ends"),
}
_AT_ONCE: Final = {
    AnchorKind.ENROLLMENT: mark("at once, when they join"),
    AnchorKind.REGISTRATION: mark("at once, when the seat is taken"),
    AnchorKind.SESSION_START: mark("when the masterclass begins"),
    AnchorKind.SESSION_END: mark("when the masterclass ends"),
    AnchorKind.REPLAY_END: mark("when the replay ends"),
}
_ON_THE_DAY: Final = {
    AnchorKind.ENROLLMENT: mark("on the day on which they join, at {hour} their time"),
    AnchorKind.REGISTRATION: mark("on the day on which they take the seat, at {hour} their time"),
    AnchorKind.SESSION_START: mark("on the day of the masterclass, at {hour} their time"),
    AnchorKind.SESSION_END: mark("on the day of the masterclass, at {hour} their time"),
    AnchorKind.REPLAY_END: mark("on the day on which the replay ends, at {hour} their time"),
}


class SequencePart(StrEnum):
    """Which part of the way an email belongs to, for headings of the list."""

    BEFORE = "before the masterclass"
    REMINDERS = "reminders"
    AFTER = "after it"
    LETTERS_AFTER = "letters after it"
    OTHER = "on fixed days"


def part_of(step: Step, version: SequenceDefinition) -> SequencePart:
    """Return the part of the way, by what an email counts from in the end."""
    anchor = root_anchor(version, step)
    if anchor in (AnchorKind.ENROLLMENT, AnchorKind.REGISTRATION):
        return SequencePart.BEFORE
    if anchor is AnchorKind.SESSION_START:
        return SequencePart.REMINDERS
    if anchor is AnchorKind.FIXED:
        return SequencePart.OTHER
    is_letter = step.kind is StepKind.LETTER
    return SequencePart.LETTERS_AFTER if is_letter else SequencePart.AFTER


def when_words(step: Step, version: SequenceDefinition) -> str:
    """Return "2 days after Listening, at 09:00 their time, on weekdays"."""
    words = timing_in_words(step.timing, version)
    window = step.window
    if window is None or step.kind is not StepKind.LETTER:
        return words
    if (window.opens, window.closes) != (_USUAL_HOURS.opens, _USUAL_HOURS.closes):
        opens, closes = f"{window.opens:%H:%M}", f"{window.closes:%H:%M}"
        words = say("{when}, between {opens} and {closes}", when=words, opens=opens, closes=closes)
    if window.weekdays == EVERY_DAY:
        return words
    if window.weekdays == WEEKDAYS:
        return say("{when}, on weekdays", when=words)
    days = ", ".join(say(_DAYS[each]) for each in sorted(window.weekdays))
    return say("{when}, only on {days}", when=words, days=days)


def timing_in_words(timing: Timing, version: SequenceDefinition) -> str:
    """Return "2 days after Listening, at 09:00 their time"; names as the version has them."""
    kind, delay, at = timing.anchor.kind, timing.delay, timing.at
    hour = "" if at is None else f"{at:%H:%M}"
    if kind is AnchorKind.SESSION_END and delay == Delay(days=1) and hour:
        return say("the morning after the masterclass, at {hour} their time", hour=hour)
    is_at_once = not delay.days and not delay.elapsed
    if is_at_once and hour and kind in _ON_THE_DAY:
        return say(_ON_THE_DAY[kind], hour=hour)
    words = _without_hour(timing, version)
    return say("{when}, at {hour} their time", when=words, hour=hour) if hour else words


def _without_hour(timing: Timing, version: SequenceDefinition) -> str:
    kind, delay = timing.anchor.kind, timing.delay
    if kind is AnchorKind.FIXED:
        return _fixed(timing)
    name = version.name_of(timing.anchor.step_key) if timing.anchor.step_key else ""
    if not delay.days and not delay.elapsed:
        return say("right after {name}", name=name) if name else say(_AT_ONCE[kind])
    is_before = delay.days < 0 or (not delay.days and delay.elapsed < timedelta(0))
    words = _BEFORE if is_before and kind in _BEFORE else _AFTER
    return say(words[kind], amount=delay_in_words(delay), name=name)


def _fixed(timing: Timing) -> str:
    moment = timing.anchor.fixed_at
    words = "" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
    delay = timing.delay
    if not delay.days and not delay.elapsed:
        return say("on {moment}", moment=words)
    if delay.days < 0 or delay.elapsed < timedelta(0):
        return say("{amount} before {moment}", amount=delay_in_words(delay), moment=words)
    return say("{amount} after {moment}", amount=delay_in_words(delay), moment=words)


def delay_in_words(delay: Delay) -> str:
    """Return how far a delay goes, without its side: "2 days", "1 hour 30 minutes"."""
    hours, rest = divmod(abs(delay.elapsed), _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    days, seconds = abs(delay.days), rest // _SECOND
    parts = [
        say_many("{count} day", "{count} days", days) if days else "",
        say_many("{count} hour", "{count} hours", hours) if hours else "",
        say_many("{count} minute", "{count} minutes", minutes) if minutes else "",
        say_many("{count} second", "{count} seconds", seconds) if seconds else "",
    ]
    return " ".join(each for each in parts if each) or say("no time")


def late_words(step: Step) -> str:
    """Return what becomes of an email that could not leave at its moment."""
    if step.kind is StepKind.LETTER:
        return say("if late, on the next free day")
    if step.grace <= _SHORT_GRACE:
        return say("if late, skipped")
    amount = delay_in_words(Delay(elapsed=step.grace))
    return say("if late, it may still leave within {amount}", amount=amount)


def for_whom(step: Step, version: SequenceDefinition) -> tuple[str, ...]:
    """Return an email's conditions, one phrase each."""
    return tuple(condition_words(each, version) for each in step.conditions)


def without_seat_words(step: Step, version: SequenceDefinition) -> str:
    """Return when it leaves for somebody without a seat; "" where it counts alike for all."""
    if step.without_session is not None:
        when = timing_in_words(step.without_session, version)
        return say("without a seat: {when}", when=when)
    needs_seat = step.timing.anchor.kind.needs_session
    return say("only with a seat") if needs_seat else ""


def also_words(step: Step, version: SequenceDefinition) -> tuple[str, ...]:
    """Return the rest of what holds for an email, one phrase each."""
    return tuple(_also(step, version))


def _also(step: Step, version: SequenceDefinition) -> Iterator[str]:
    if step.wait is not None:
        until = Timing(anchor=step.timing.anchor, delay=step.wait.delay, at=step.wait.at)
        yield say("waits for the answer until {when}", when=timing_in_words(until, version))
    if step.lead is not None:
        amount = delay_in_words(Delay(elapsed=step.lead))
        yield say("only if that is {amount} before it or more", amount=amount)
    for key, gap in step.apart_from:
        amount, name = duration_text(gap), version.name_of(key)
        yield say("not within {amount} of {name}", amount=amount, name=name)
    if step.one_of:
        others = ", ".join(
            each.known_as
            for each in version.steps
            if each.one_of == step.one_of and each is not step
        )
        yield say("they get only one of this and {others}", others=others)
    if step.repeats_when_moved:
        yield say("again, when the date changes")
