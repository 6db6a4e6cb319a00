"""A definition made ready for planning: what would else be worked out anew for every person.

A definition never changes, so what follows from it alone is kept, for as many definitions as a
process is likely to plan at a time.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from funnel.domain.letter_days import KeptSlots
from funnel.domain.sequence import (
    AnchorKind,
    Condition,
    ConditionKind,
    SequenceDefinition,
    Step,
    StepKind,
    Timing,
)
from funnel.domain.timing import SendWindow, due_at
from funnel.domain.timing_text import timing_text

_MOST_KEPT = 256
_NO_TIME = timedelta(0)
_A_DAY = timedelta(days=1)
_MOMENT = timedelta(microseconds=1)
# A local day begins at most a day before the moment that names it, clocks shift by hours, and a
# country that crosses the date line loses or repeats a day.
_SLACK = timedelta(hours=51)
_ENDS = frozenset({AnchorKind.SESSION_END, AnchorKind.REPLAY_END})


class PreparedTiming:
    """A timing with what is asked of it for everybody.

    Attributes:
        words: The timing as the file would write it.
        reasons: These words alone, as a line gives its reasons.
        step_key: The step that it counts from; empty for another anchor.
        anchor_number: Where the anchor stands in ``AnchorKind``.
        fixed_at: The moment of a fixed anchor.
        is_local: The reader's zone decides about it.
    """

    __slots__ = (
        "_delay",
        "_happens_first",
        "_is_end",
        "_least",
        "anchor",
        "anchor_number",
        "at",
        "fixed_at",
        "is_local",
        "reasons",
        "step_key",
        "timing",
        "words",
    )

    def __init__(self, timing: Timing) -> None:
        self.timing = timing
        self.anchor = timing.anchor.kind
        self.anchor_number = tuple(AnchorKind).index(self.anchor)
        self.fixed_at = timing.anchor.fixed_at
        self.step_key = timing.anchor.step_key if self.anchor is AnchorKind.STEP else ""
        self.words = timing_text(timing)
        self.reasons = (self.words,)
        self.at = timing.at
        self._delay = timing.delay
        self._happens_first = self.anchor.happens_first
        self._is_end = self.anchor in _ENDS
        self.is_local = bool(timing.delay.days) or timing.at is not None
        self._least = timing.delay.elapsed
        if self.is_local:
            self._least += timing.delay.days * _A_DAY - _SLACK

    def due_at(self, counted_at: datetime, zone: ZoneInfo) -> datetime:
        """Return when this timing is due, given the moment that its anchor names (UTC).

        Never before what it counts from, even where its local hour ("09:00 of that day") is; only
        sessions, replays and fixed moments have a time before them.
        """
        counted_at = counted_at.astimezone(UTC)
        if self.is_local:
            due = self._local_due_at(counted_at, zone)
        else:
            due = counted_at + self._delay.elapsed
        if self._happens_first and due < counted_at:
            return counted_at
        return due

    def _local_due_at(self, counted_at: datetime, zone: ZoneInfo) -> datetime:
        """Count days and hours of the reader's calendar.

        An end at midnight belongs to the day before: a session from 22:00 to 00:00 on Thursday has
        its next morning on Friday.
        """
        if self._is_end and self.at is not None:
            counted_at -= _MOMENT
        return due_at(counted_at, self._delay, at=self.at, window=None, zone=zone)

    def not_before(self, counted_at: datetime) -> datetime:
        """Return a moment before which it cannot be due, without asking any zone."""
        least = counted_at + self._least
        return max(least, counted_at) if self._happens_first else least


class PreparedStep:
    """A step with what is asked of it for everybody.

    Attributes:
        position: Its place in the list.
        with_seat: Its timing for whoever holds a seat.
        without_seat: Its timing for the others; ``None``: not for them.
        waits_until: The end of its wait.
        within: Those of its conditions that have a limit.
        needs: Positions of the steps above whose lines its own may depend on.
        slots: Slots of letters that are due at an hour, as ``LetterDays`` keeps them.
        letters_below: Keys of the letters that ask for their days after it.
        is_counted: Some step counts from it.
        is_neighbour: Some step keeps apart from it.
        is_asked: Some condition asks what was clicked in it.
    """

    __slots__ = (
        "conditions",
        "is_asked",
        "is_counted",
        "is_letter",
        "is_neighbour",
        "key",
        "kind",
        "letters_below",
        "needs",
        "position",
        "slots",
        "step",
        "waits_until",
        "window",
        "with_seat",
        "within",
        "without_seat",
    )

    def __init__(self, step: Step, position: int) -> None:
        self.step = step
        self.key = step.key
        self.kind = step.kind
        self.position = position
        self.is_letter = step.kind is StepKind.LETTER
        self.with_seat = PreparedTiming(step.timing)
        self.without_seat = self._without_seat(step)
        self.waits_until: PreparedTiming | None = None
        if step.wait is not None:
            end = Timing(anchor=step.timing.anchor, delay=step.wait.delay, at=step.wait.at)
            self.waits_until = PreparedTiming(end)
        self.window = step.window or SendWindow()
        self.conditions = step.conditions
        self.within = tuple(each for each in step.conditions if each.limit is not None)
        self.slots: KeptSlots = {}
        self.needs: tuple[int, ...] = ()
        self.letters_below: frozenset[str] = frozenset()
        self.is_counted = False
        self.is_neighbour = False
        self.is_asked = False

    def _without_seat(self, step: Step) -> PreparedTiming | None:
        if step.without_session is not None:
            return PreparedTiming(step.without_session)
        return None if step.timing.anchor.kind.needs_session else self.with_seat

    def keys_above(self) -> set[str]:
        """Return the keys of the steps that it counts from, keeps apart from or asks about."""
        keys = {self.with_seat.step_key, *(key for key, _ in self.step.apart_from)}
        keys |= {each.step_key for each in self.conditions}
        if self.without_seat is not None:
            keys.add(self.without_seat.step_key)
        return keys


class Prepared:
    """A definition made ready.

    Attributes:
        steps: In list order.
        letters: Those of them that are letters.
        by_key: All by their keys.
    """

    __slots__ = ("by_key", "definition", "letters", "steps")

    def __init__(self, definition: SequenceDefinition) -> None:
        self.definition = definition
        self.steps = tuple(
            PreparedStep(step, position) for position, step in enumerate(definition.steps)
        )
        self.letters = tuple(each for each in self.steps if each.is_letter)
        self.by_key = {each.key: each for each in self.steps}
        for each in self.steps:
            each.needs = tuple(sorted(self._needs(each)))
            below = self.steps[each.position + 1 :]
            each.letters_below = frozenset(other.key for other in below if other.is_letter)
            self._mark(each)
        self._mark_asked((*definition.goal, *definition.exit_if))

    def _needs(self, step: PreparedStep) -> Iterable[int]:
        keys = step.keys_above()
        group = step.step.one_of
        for other in self.steps[: step.position]:
            is_day_before = step.is_letter and other.is_letter
            is_mate = group and other.step.one_of == group
            if is_day_before or is_mate or other.key in keys:
                yield other.position

    def _mark(self, step: PreparedStep) -> None:
        for timing in (step.with_seat, step.without_seat):
            if timing is not None and timing.step_key in self.by_key:
                self.by_key[timing.step_key].is_counted = True
        for key, _ in step.step.apart_from:
            if key in self.by_key:
                self.by_key[key].is_neighbour = True
        self._mark_asked((*step.conditions, *self._goal_if_asked(step.conditions)))

    def _goal_if_asked(self, conditions: Sequence[Condition]) -> Sequence[Condition]:
        is_asked = any(each.kind is ConditionKind.GOAL_REACHED for each in conditions)
        return self.definition.goal if is_asked else ()

    def _mark_asked(self, conditions: Sequence[Condition]) -> None:
        for each in conditions:
            if each.step_key in self.by_key:
                self.by_key[each.step_key].is_asked = True


# By identity: a definition's hash would cost more than a plan. Each entry holds its definition,
# so an identity is not used again while it is here.
_KEPT: dict[int, Prepared] = {}


def prepare(definition: SequenceDefinition) -> Prepared:
    """Return the definition made ready; worked out once while it is in use."""
    found = _KEPT.get(id(definition))
    if found is None:
        found = Prepared(definition)
        while len(_KEPT) >= _MOST_KEPT:
            _KEPT.pop(next(iter(list(_KEPT))), None)
        _KEPT[id(definition)] = found
    return found
