"""What an edit means for everybody in a sequence, summed up and said in words.

However many people are added, what is kept is a number for each step and kind of change.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from funnel.domain.impact import Change, StepChange
from funnel.domain.plan import SkipReason
from funnel.domain.sequence import key_in_words
from funnel.domain.timing import local_day

# Not from ``strftime``: the machine's locale must not change what is said.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TODAY, _TOMORROW, _LATER = "today", "tomorrow", "later"
_WEEK = timedelta(days=7)
_MOST_MOVES = 3
# Of a row that was settled without being sent or skipped, in words.
_PASSED = {"failed": "sending it failed", "cancelled": "it was cancelled"}


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

    def sentence(self, number: int) -> str:
        """Return one sentence: "Publishing v8: 412 people past this point will not get …"."""
        named = [(sums, self._name(sums)) for sums in self._steps.values()]
        said = [each for sums, name in named for each in _said(sums, name)]
        moves = [each for sums, _ in named for each in _moves_said(sums)]
        if len(moves) > _MOST_MOVES:
            moves = [f"{_who(self.moved, 'get')} other emails at other moments"]
        said += moves
        if not said:
            return f"Publishing v{number}: nothing changes for {in_words(self.people)} in it."
        said[0] = _with_people(said[0])
        return f"Publishing v{number}: {', '.join(said)}."

    def _name(self, sums: StepSums) -> str:
        return "the new email" if self._new == {sums.key} else f"“{sums.name}”"


def in_words(people: int) -> str:
    """Return "1 person" or "1,204 people"."""
    return "1 person" if people == 1 else f"{people:,} people"


def sentence_for_keep(people: int, number: int) -> str:
    """Return what a publish that moves nobody means."""
    return (
        f"Publishing v{number}: {in_words(people)} in it keep the version they have; "
        f"whoever enters from now on gets v{number}."
    )


def moved_in_words(before: datetime, after: datetime, zone: ZoneInfo) -> str:
    """Return how far an email moves, in the reader's days: "from Tue to Thu"."""
    was, will = local_day(before, zone), local_day(after, zone)
    if was == will:
        return f"to {after.astimezone(zone):%H:%M} on the same day"
    if abs(will - was) < _WEEK:
        return f"from {_DAYS[was.weekday()]} to {_DAYS[will.weekday()]}"
    weeks = abs(will - was) // _WEEK
    side = "later" if will > was else "earlier"
    return f"by {weeks} {'week' if weeks == 1 else 'weeks'} or more {side}"


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


def _said(sums: StepSums, name: str) -> Iterator[str]:
    yield from _misses_said(sums, name)
    for when in (_TODAY, _TOMORROW, _LATER):
        if sums.gets[when]:
            yield f"{_who(sums.gets[when], 'get')} {name} {when}"
    if sums.may_get:
        yield f"{_who(sums.may_get, 'get')} {name} if its condition turns out so"
    if sums.had:
        yield f"{sums.had:,} had {name} already"
    if sums.other_reasons:
        yield f"{_who(sums.other_reasons, 'miss')} {name} as before, for another reason"


def _misses_said(sums: StepSums, name: str) -> Iterator[str]:
    for reason, number in sums.misses.most_common():
        if reason == SkipReason.ADDED_LATER:
            yield f"{number:,} past this point will not get {name}"
        else:
            yield f"{number:,} will not get {name} ({reason})"
    if sums.removed:
        yield f"{sums.removed:,} will not get {name} any more"


def _moves_said(sums: StepSums) -> Iterator[str]:
    for words, number in sums.moves.most_common():
        yield f"{_who(number, 'move')} {words} (“{sums.name}”)"


def _who(number: int, verb: str) -> str:
    """Return "31 move" or "1 moves"."""
    if number != 1:
        return f"{number:,} {verb}"
    return f"1 {verb}{'es' if verb.endswith('s') else 's'}"


def _with_people(said: str) -> str:
    number, _, rest = said.partition(" ")
    return f"{number} {'person' if number == '1' else 'people'} {rest}"
