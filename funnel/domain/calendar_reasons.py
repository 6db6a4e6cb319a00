"""Why an email of one person comes when it does, or does not: one plain sentence each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from funnel.domain.calendar_conditions import failed_text
from funnel.domain.calendar_words import (
    day_and_month,
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
from funnel.domain.speech import mark, say, say_many
from funnel.domain.timing import SendWindow, local_day

_MOST_RULES = 2
_WEEKDAYS = "weekdays"
_HAD_ON = "had it on "


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """What keeps a letter from a day: whole, and as it goes on after another about letters."""

    whole: str
    further: str = ""


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
        return say("moved on from {day}", day=short_day(due_day, beside=day))
    if next(iter(rules)) == _WEEKDAYS and not is_short:
        beginning = (
            say("{timing} is a {weekday}", timing=told.timing_words, weekday=weekday_name(due_day))
            if told.due_at > now
            else say(
                "{timing} was a {weekday}", timing=told.timing_words, weekday=weekday_name(due_day)
            )
        )
        return f"{beginning}; {_joined(rules)}"
    return say("from {day}: {rules}", day=short_day(due_day, beside=day), rules=_joined(rules))


def _joined(rules: Mapping[str, _Rule]) -> str:
    first, *others = list(rules.values())[:_MOST_RULES]
    if not others:
        return first.whole
    if first.further and others[0].further:
        return say("{rule} and {further}", rule=first.whole, further=others[0].further)
    return f"{first.whole}; {others[0].whole}"


def _rules(told: Told) -> dict[str, _Rule]:
    """Return the rules that kept the letter from earlier days, the first one first."""
    found: dict[str, _Rule] = {}
    for reason in told.reasons[1:]:
        name, rule = next(
            ((name, rule) for name, rule in _RULES.items() if name in reason), ("", None)
        )
        if rule is not None:
            found.setdefault(name, rule(told))
    return found


def _weekdays_rule(told: Told) -> _Rule:
    days = weekdays_text((told.step.window or SendWindow()).weekdays)
    return _Rule(
        whole=say("letters leave on {days}", days=days), further=say("leave on {days}", days=days)
    )


def _apart_rule(told: Told) -> _Rule:
    days = told.version.days_between_letters
    number = number_word(days)
    return _Rule(
        whole=say_many(
            "letters stay {number} day apart",
            "letters stay {number} days apart",
            days,
            number=number,
        ),
        further=say_many(
            "stay {number} day apart", "stay {number} days apart", days, number=number
        ),
    )


def _pause_rule(told: Told) -> _Rule:
    until = told.letters_paused_until
    if until is None:
        return _Rule(whole=say("your letters were paused"))
    day = long_day(local_day(until, told.zone))
    return _Rule(whole=say("your letters are paused until {day}", day=day))


# By a word of the planner's sentence about a day that a letter could not take.
_RULES: Mapping[str, Callable[[Told], _Rule]] = {
    "paus": _pause_rule,
    _WEEKDAYS: _weekdays_rule,
    "hours of that day": lambda _: _Rule(whole=say("it was too late on that day")),
    "session's day": lambda _: _Rule(
        whole=say("no letter on the day of the masterclass or the next")
    ),
    "apart from": _apart_rule,
    "another run": lambda _: _Rule(whole=say("you never get two letters in a day")),
    "that date": lambda _: _Rule(whole=say("no letters leave on that date")),
}


def skip_text(told: Told, skip: SkipReason, *, late_by: timedelta) -> str:
    """Return why an email is not sent, as a sentence that begins with "skipped".

    Args:
        told: The email.
        skip: The planner's reason.
        late_by: How long after its moment it was, or would be, decided.
    """
    return say("skipped: {why}", why=_skip_reason(told, skip, late_by))


def _skip_reason(told: Told, skip: SkipReason, late_by: timedelta) -> str:
    if skip is SkipReason.LATE:
        return _late(late_by)
    if skip in (SkipReason.CONDITION, SkipReason.NOT_IN_TIME, SkipReason.GOAL):
        return failed_text(told.step, told.version, told.reasons)
    if skip is SkipReason.HAD_IT:
        return _had_it(told.reasons)
    if skip is SkipReason.TOO_CLOSE:
        return say("too soon after {email}", email=_neighbour(told))
    is_after = told.begins_at is not None and told.begins_at < told.at
    is_before_it = skip is SkipReason.NO_LEAD and is_after
    return say(_BEGINS_BEFORE if is_before_it else _SKIPS[skip])


def _late(by: timedelta) -> str:
    # What may leave for a while after its moment is late only then; the reader counts from the
    # moment.
    if by < timedelta(minutes=1):
        return say("would be late")
    return say("would be late, by {span}", span=span_text(by))


_BEGINS_BEFORE = mark("the masterclass begins before it")
_SKIPS: Mapping[SkipReason, str] = {
    SkipReason.NO_WORD: mark("no word came in time"),
    SkipReason.NO_REPLAY: mark("there is no replay"),
    SkipReason.NO_LEAD: mark("the masterclass begins too soon after it"),
    SkipReason.ONE_OF: mark("you get another email in its place"),
    SkipReason.NO_LETTERS: mark("you do not get the letters"),
    SkipReason.NO_SEAT_EMAILS: mark("you stopped the emails about your seat"),
    SkipReason.SUPERSEDED: mark("you began anew, and the letters go on there"),
    SkipReason.EXIT: mark("your letters have ended"),
    SkipReason.ADDED_LATER: mark("it was added after its moment"),
    SkipReason.NO_SESSION: mark("you hold no seat"),
    SkipReason.SUPPRESSED: mark("we may not write to your address"),
    SkipReason.NOT_RENDERED: mark("it could not be written"),
    SkipReason.BY_HAND: mark("the host took it out"),
    SkipReason.BEFORE_IMPORT: mark("it came before your move to this place"),
}


def _had_it(reasons: Sequence[str]) -> str:
    told = reasons[-1] if reasons else ""
    if not told.startswith(_HAD_ON):
        return say("you had it before")
    return say("you had it on {day}", day=day_and_month(told.removeprefix(_HAD_ON)))


def _neighbour(told: Told) -> str:
    words = told.reasons[-1] if told.reasons else ""
    keys = [key for key, _ in told.step.apart_from if words.endswith(key)]
    return told.version.name_of(keys[0]) if keys else say("another email")
