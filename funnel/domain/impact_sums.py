"""What an edit means for everybody in a sequence, summed up and said in words.

However many people are added, what is kept is a number for each step and kind of change.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from funnel.domain.impact import Change, StepChange
from funnel.domain.plan import SkipReason
from funnel.domain.sequence import key_in_words
from funnel.domain.speech import mark, mark_many, number, say, say_many
from funnel.domain.timing import local_day

# Not from ``strftime``: the machine's locale must not change what is kept.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOVED: Final = re.compile(
    r"to (?P<hour>\d\d:\d\d) on the same day|from (?P<was>\w+) to (?P<will>\w+)"
    r"|by (?P<weeks>\d+) weeks? or more (?P<side>later|earlier)"
)
_DAYS_OF_MOVE: Final = ("was", "will")
_TODAY, _TOMORROW, _LATER = "today", "tomorrow", "later"
_WEEK = timedelta(days=7)
_MOST_MOVES = 3
# Of a row that was settled without being sent or skipped, in words.
_PASSED = {"failed": mark("sending it failed"), "cancelled": mark("it was cancelled")}


# What one clause of the sentence says; the first of them says "people" with its number.
_GETS: Final = {
    _TODAY: mark_many("{who} gets {name} today", "{who} get {name} today"),
    _TOMORROW: mark_many("{who} gets {name} tomorrow", "{who} get {name} tomorrow"),
    _LATER: mark_many("{who} gets {name} later", "{who} get {name} later"),
}
_MAY_GET: Final = mark_many(
    "{who} gets {name} if its condition turns out so",
    "{who} get {name} if its condition turns out so",
)
_HAD: Final = mark_many("{who} had {name} already", "{who} had {name} already")
_MISSES_AS_BEFORE: Final = mark_many(
    "{who} misses {name} as before, for another reason",
    "{who} miss {name} as before, for another reason",
)
_PAST_IT: Final = mark_many(
    "{who} past this point will not get {name}", "{who} past this point will not get {name}"
)
_WILL_NOT_GET: Final = mark_many(
    "{who} will not get {name} ({reason})", "{who} will not get {name} ({reason})"
)
_NOT_ANY_MORE: Final = mark_many(
    "{who} will not get {name} any more", "{who} will not get {name} any more"
)
_MOVES: Final = mark_many("{who} moves {how} (“{name}”)", "{who} move {how} (“{name}”)")


class _Clause(Protocol):
    """One part of the sentence; it is given how to write its number: the first says "people"."""

    def __call__(self, who: "_Who") -> str: ...


class _Who(Protocol):
    def __call__(self, people: int) -> str: ...


@dataclass(slots=True)
class StepSums:
    """How many people an edit changes one email for, and in which way.

    Attributes:
        name: What people see of the email.
        gets: Who will get it, and would not have: by when, "today", "tomorrow" or "later".
        may_get: Of those, who will get it only if what is not known yet turns out so.
        misses: Who would have got it, or meets it as a new one, and will not: by the reason.
        had: Who meets it as a new one, and has had it: it was in the sequence before.
        moves: Whose moment changes, by how: "from Tue to Thu".
        removed: Who would have got it, but it is no longer in the sequence.
        other_reasons: Who will not get it as before, for another reason.
    """

    key: str
    name: str
    is_new: bool
    gets: Counter[str] = field(default_factory=Counter)
    may_get: int = 0
    misses: Counter[str] = field(default_factory=Counter)
    had: int = 0
    moves: Counter[str] = field(default_factory=Counter)
    removed: int = 0
    other_reasons: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the sums as ``from_json`` takes them: the order of what was counted stays."""
        return {
            name: list(value.items()) if isinstance(value, Counter) else value
            for name, value in ((name, getattr(self, name)) for name in self.__slots__)
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "StepSums":
        """Return sums that were kept."""
        values: dict[str, Any] = {
            name: Counter(dict(value)) if isinstance(value, list) else value
            for name, value in found.items()
        }
        return cls(**values)


class ImpactSums:
    """Adds up the changes of one person after the other.

    Args:
        new_keys: Steps that the sequence did not have before.
        names: What people see of each step, by key; what is not in it is named by its key.
    """

    def __init__(
        self, new_keys: Iterable[str] = (), names: Mapping[str, str] | None = None
    ) -> None:
        self._new = frozenset(new_keys)
        self._names = names or {}
        self._steps: dict[str, StepSums] = {}
        self.people = 0
        self.changed = 0
        self.moved = 0

    def to_json(self) -> dict[str, Any]:
        """Return the sums so far, for ``go_on``."""
        return {
            "people": self.people,
            "changed": self.changed,
            "moved": self.moved,
            "steps": [each.to_json() for each in self._steps.values()],
        }

    def go_on(self, found: Mapping[str, Any]) -> None:
        """Begin with sums that were kept; the next person is added to them."""
        self.people, self.changed = found["people"], found["changed"]
        self.moved = found["moved"]
        kept = [StepSums.from_json(each) for each in found["steps"]]
        self._steps = {each.key: each for each in kept}

    @property
    def steps(self) -> tuple[StepSums, ...]:
        """What changes, by email."""
        return tuple(self._steps.values())

    def add(self, changes: Sequence[StepChange], zone: ZoneInfo, now: datetime) -> None:
        """Add one person: their changes, seen from the calendar day that it is for them."""
        self.people += 1
        told = [each for each in changes if each.change is not Change.UNCHANGED]
        self.changed += any(each.change is not Change.HAD_IT for each in told)
        self.moved += any(each.change is Change.MOVES for each in told)
        for change in told:
            sums = self._steps.get(change.key)
            if sums is None:
                name = self._names.get(change.key) or key_in_words(change.key)
                sums = StepSums(change.key, name, is_new=change.key in self._new)
                self._steps[change.key] = sums
            _add(sums, change, zone, now)

    def sentence(self, version: int) -> str:
        """Return one sentence: "Publishing v8: 412 people past this point will not get …"."""
        named = [(sums, self._name(sums)) for sums in self._steps.values()]
        clauses = [each for sums, name in named for each in _said(sums, name)]
        moves = [each for sums, _ in named for each in _moves_said(sums)]
        clauses += [self._all_moves] if len(moves) > _MOST_MOVES else moves
        if not clauses:
            return say_many(
                "Publishing v{version}: nothing changes for {count} person in it.",
                "Publishing v{version}: nothing changes for {count} people in it.",
                self.people,
                version=version,
            )
        first, *others = clauses
        said = ", ".join((first(in_words), *(each(_figure) for each in others)))
        return say("Publishing v{version}: {what}.", version=version, what=said)

    def _all_moves(self, who: _Who) -> str:
        return say_many(
            "{who} gets other emails at other moments",
            "{who} get other emails at other moments",
            self.moved,
            who=who(self.moved),
        )

    def _name(self, sums: StepSums) -> str:
        return say("the new email") if self._new == {sums.key} else f"“{sums.name}”"


def in_words(people: int) -> str:
    """Return "1 person" or "1,204 people"."""
    return say_many("{count} person", "{count} people", people)


def _figure(people: int) -> str:
    return number(people)


def sentence_for_keep(people: int, version: int) -> str:
    """Return what a publish that moves nobody means."""
    return say_many(
        "Publishing v{version}: {count} person in it keeps the version they have; whoever enters "
        "from now on gets v{version}.",
        "Publishing v{version}: {count} people in it keep the version they have; whoever enters "
        "from now on gets v{version}.",
        people,
        version=version,
    )


def moved_in_words(before: datetime, after: datetime, zone: ZoneInfo) -> str:
    """Return how far an email moves, in the reader's days: "from Tue to Thu".

    In English, as sums are kept; ``say_move`` says it.
    """
    was, will = local_day(before, zone), local_day(after, zone)
    if was == will:
        return f"to {after.astimezone(zone):%H:%M} on the same day"
    if abs(will - was) < _WEEK:
        return f"from {_DAYS[was.weekday()]} to {_DAYS[will.weekday()]}"
    weeks = abs(will - was) // _WEEK
    side = "later" if will > was else "earlier"
    return f"by {weeks} {'week' if weeks == 1 else 'weeks'} or more {side}"


def say_move(words: str) -> str:
    """Return what ``moved_in_words`` returned in the spoken language."""
    found = _MOVED.fullmatch(words)
    if found is None:
        return words
    if found["hour"]:
        return say("to {hour} on the same day", hour=found["hour"])
    if found["was"]:
        was, will = (say(found[side]) for side in _DAYS_OF_MOVE)
        return say("from {was} to {will}", was=was, will=will)
    weeks = int(found["weeks"])
    if found["side"] == "later":
        return say_many("by {count} week or more later", "by {count} weeks or more later", weeks)
    return say_many("by {count} week or more earlier", "by {count} weeks or more earlier", weeks)


def _add(sums: StepSums, change: StepChange, zone: ZoneInfo, now: datetime) -> None:
    if change.change is Change.WILL_GET and change.after is not None:
        if change.is_open:
            sums.may_get += 1
        else:
            sums.gets[_day_in_words(local_day(change.after, zone), local_day(now, zone))] += 1
    elif change.change is Change.WILL_NOT_GET:
        sums.misses[_why_not(change)] += 1
    elif change.change is Change.HAD_IT:
        sums.had += 1
    elif change.change is Change.MOVES and change.before and change.after:
        sums.moves[moved_in_words(change.before, change.after, zone)] += 1
    elif change.change is Change.REMOVED:
        sums.removed += 1
    else:
        sums.other_reasons += 1


def _why_not(change: StepChange) -> str:
    return change.skip.value if change.skip else _PASSED.get(change.why, change.why)


def _day_in_words(day: date, today: date) -> str:
    if day <= today:
        return _TODAY
    return _TOMORROW if (day - today).days == 1 else _LATER


def _said(sums: StepSums, name: str) -> Iterator[_Clause]:
    yield from _misses_said(sums, name)
    for when in (_TODAY, _TOMORROW, _LATER):
        if sums.gets[when]:
            yield _clause(_GETS[when], sums.gets[when], name=name)
    if sums.may_get:
        yield _clause(_MAY_GET, sums.may_get, name=name)
    if sums.had:
        yield _clause(_HAD, sums.had, name=name)
    if sums.other_reasons:
        yield _clause(_MISSES_AS_BEFORE, sums.other_reasons, name=name)


def _misses_said(sums: StepSums, name: str) -> Iterator[_Clause]:
    for reason, people in sums.misses.most_common():
        if reason == SkipReason.ADDED_LATER:
            yield _clause(_PAST_IT, people, name=name)
        else:
            yield _clause(_WILL_NOT_GET, people, name=name, reason=say(reason))
    if sums.removed:
        yield _clause(_NOT_ANY_MORE, sums.removed, name=name)


def _moves_said(sums: StepSums) -> Iterator[_Clause]:
    for words, people in sums.moves.most_common():
        yield _clause(_MOVES, people, how=say_move(words), name=sums.name)


def _clause(forms: tuple[str, str], people: int, **values: str) -> _Clause:
    return lambda who: say_many(*forms, people, who=who(people), **values)
