"""Why an email of one person comes when it does, or does not: one plain sentence each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from funnel.domain.calendar_conditions import failed_text
from funnel.domain.calendar_words import (
    long_day,
    number_word,
    short_day,
    span_text,
    timing_words,
    weekday_name,
    weekdays_text,
)
from funnel.domain.plan import SkipReason
from funnel.domain.sequence import SequenceDefinition, Step, StepKind, Timing
from funnel.domain.timing import SendWindow, local_day

_MOST_RULES = 2
_WEEKDAYS = "weekdays"
_SUBJECT = "letters "


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of one email when its sentence is made.

    Attributes:
        timing: The one that applies to the reader; ``None``: it counts from what they do not have.
        due_at: What the timing names, before its day is asked; ``None`` where that is not known.
        at: When it leaves, left or would have left.
        reasons: The planner's own sentences, the timing first.
        begins_at: When the masterclass of the seat held begins.
    """

    step: Step
    version: SequenceDefinition
    timing: Timing | None
    due_at: datetime | None
    at: datetime
    reasons: Sequence[str]
    zone: ZoneInfo
    began_with_seat: bool
    letters_paused_until: datetime | None = None
    begins_at: datetime | None = None

    @property
    def timing_words(self) -> str:
        """Its timing in words; empty where none applies."""
        if self.timing is None:
            return ""
        return timing_words(self.timing, self.version, began_with_seat=self.began_with_seat)


def moment_text(told: Told, now: datetime, *, condition: str = "") -> str:
    """Return why an email has the moment that it has, with what it depends on.

    Its timing where that gave the day; else the rules that moved it on from there.
    """
    rules = _moved_text(told, now, is_short=bool(condition))
    if rules:
        return f"{condition}; {rules}" if condition else rules
    return ", ".join(part for part in (told.timing_words, condition) if part)


def _moved_text(told: Told, now: datetime, *, is_short: bool) -> str:
    """Return what moved a letter on from the day that its timing gives; empty for nothing."""
    if told.step.kind is not StepKind.LETTER or told.due_at is None:
        return ""
    due_day, day = local_day(told.due_at, told.zone), local_day(told.at, told.zone)
    if day <= due_day:
        return ""
    rules = _rules(told)
    if not rules:
        return f"moved on from {short_day(due_day, beside=day)}"
    if next(iter(rules)) == _WEEKDAYS and not is_short:
        is_or_was = "is" if told.due_at > now else "was"
        return f"{told.timing_words} {is_or_was} a {weekday_name(due_day)}; {_joined(rules)}"
    return f"from {short_day(due_day, beside=day)}: {_joined(rules)}"


def _joined(rules: Mapping[str, str]) -> str:
    first, *others = list(rules.values())[:_MOST_RULES]
    if first.startswith(_SUBJECT):  # "letters leave on weekdays and stay two days apart"
        return " and ".join((first, *(each.removeprefix(_SUBJECT) for each in others)))
    return "; ".join((first, *others))


def _rules(told: Told) -> dict[str, str]:
    """Return the rules that kept the letter from earlier days, the first one first."""
    found: dict[str, str] = {}
    for reason in told.reasons[1:]:
        name, rule = next(
            ((name, rule) for name, rule in _RULES.items() if name in reason), ("", None)
        )
        if rule is not None:
            found.setdefault(name, rule(told))
    return found


def _weekdays_rule(told: Told) -> str:
    window = told.step.window or SendWindow()
    return f"letters leave on {weekdays_text(window.weekdays)}"


def _apart_rule(told: Told) -> str:
    return f"letters stay {number_word(told.version.days_between_letters)} days apart"


def _pause_rule(told: Told) -> str:
    until = told.letters_paused_until
    if until is None:
        return "your letters were paused"
    return f"your letters are paused until {long_day(local_day(until, told.zone))}"


# By a word of the planner's sentence about a day that a letter could not take.
_RULES: Mapping[str, Callable[[Told], str]] = {
    "paus": _pause_rule,
    _WEEKDAYS: _weekdays_rule,
    "hours of that day": lambda _: "it was too late on that day",
    "session's day": lambda _: "no letter on the day of the masterclass or the next",
    "apart from": _apart_rule,
    "another run": lambda _: "you never get two letters in a day",
    "that date": lambda _: "no letters leave on that date",
}


def skip_text(told: Told, skip: SkipReason, *, late_by: timedelta) -> str:
    """Return why an email is not sent, as a sentence that begins with "skipped".

    Args:
        told: The email.
        skip: The planner's reason.
        late_by: How long after its moment it was, or would be, decided.
    """
    if skip is SkipReason.LATE:
        # What may leave for a while after its moment is late only then; the reader counts from
        # the moment.
        by = f", by {span_text(late_by)}" if late_by >= timedelta(minutes=1) else ""
        return f"skipped: would be late{by}"
    if skip in (SkipReason.CONDITION, SkipReason.NOT_IN_TIME, SkipReason.GOAL):
        return f"skipped: {failed_text(told.step, told.version, told.reasons)}"
    if skip is SkipReason.HAD_IT:
        return f"skipped: you {_had_on(told.reasons)}"
    if skip is SkipReason.TOO_CLOSE:
        return f"skipped: too soon after {_neighbour(told)}"
    is_after = told.begins_at is not None and told.begins_at < told.at
    is_before_it = skip is SkipReason.NO_LEAD and is_after
    return f"skipped: {'the masterclass begins before it' if is_before_it else _SKIPS[skip]}"


_SKIPS: Mapping[SkipReason, str] = {
    SkipReason.NO_WORD: "no word came in time",
    SkipReason.NO_REPLAY: "there is no replay",
    SkipReason.NO_LEAD: "the masterclass begins too soon after it",
    SkipReason.ONE_OF: "you get another email in its place",
    SkipReason.NO_LETTERS: "you do not get the letters",
    SkipReason.NO_SEAT_EMAILS: "you stopped the emails about your seat",
    SkipReason.SUPERSEDED: "you began anew, and the letters go on there",
    SkipReason.EXIT: "your letters have ended",
    SkipReason.ADDED_LATER: "it was added after its moment",
    SkipReason.NO_SESSION: "you hold no seat",
    SkipReason.SUPPRESSED: "we may not write to your address",
    SkipReason.NOT_RENDERED: "it could not be written",
}


def _had_on(reasons: Sequence[str]) -> str:
    told = reasons[-1] if reasons else ""
    return told if told.startswith("had it") else "had it before"


def _neighbour(told: Told) -> str:
    words = told.reasons[-1] if told.reasons else ""
    keys = [key for key, _ in told.step.apart_from if words.endswith(key)]
    return told.version.name_of(keys[0]) if keys else "another email"
