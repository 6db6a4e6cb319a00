"""When to plan a run again, and what is to be written now, without planning all of it.

What counts from an unsettled step comes after that step, and what counts from a moment comes no
sooner than its delay: whatever cannot be the next is left undecided, unless the next depends on it.
"""

from datetime import UTC, datetime
from heapq import heapify, heappop, heapreplace

from funnel.domain.plan import PlannedStep
from funnel.domain.planning import JUST_AFTER, Planning
from funnel.domain.prepared import PreparedStep, PreparedTiming
from funnel.domain.step_lines import counted_moment, decide_step, is_over, take_count

_NEVER = datetime.max.replace(tzinfo=UTC)
_AT_ANY_TIME = datetime.min.replace(tzinfo=UTC)


def find_next_due(planning: Planning) -> datetime | None:
    """Return when the plan wants to be asked again: what ``plan`` finds by deciding every step."""
    search = Search(planning)
    search.decide_next()
    return None if planning.soonest is None else max(planning.soonest, planning.now)


class Search:
    """The steps that are still ahead, each with a moment before which it asks for nothing.

    Args:
        planning: Takes what is decided. Its facts do not change meanwhile.
        lines: Takes the lines of what is decided, in no order; ``None``: they are not wanted.
    """

    def __init__(self, planning: Planning, lines: list[PlannedStep] | None = None) -> None:
        self._planning = planning
        self._lines = lines
        self._undecided: set[int] = set()
        self._waiting: list[tuple[datetime, int]] = []
        self._not_before: dict[str, datetime] = {}
        self._is_close: set[str] = set()
        self._letters_are_over = (
            planning.enrollment.letters_end is not None or planning.exit is not None
        )
        self._look_over()

    def is_more_coming(self) -> bool:
        """Whether any step that is not decided yet has something to count from."""
        # A step that counts from another undecided one comes if that one does: the first one tells.
        timings = (self._timing(self._planning.prepared.steps[each]) for each in self._undecided)
        return any(
            each is not None and counted_moment(each, self._planning) is not None
            for each in timings
        )

    def decide_now(self) -> None:
        """Decide whatever may ask for something by now."""
        while (step := self._first(self._planning.now)) is not None:
            self._decide(step)

    def decide_letters(self) -> None:
        """Decide each letter that will be: each takes its day, and the next one keeps apart."""
        for step in self._planning.prepared.letters:
            if step.position in self._undecided and self._not_before[step.key] != _NEVER:
                self._decide(step)

    def decide_next(self) -> None:
        """Decide what can be the next to ask for something."""
        planning = self._planning
        while planning.soonest is None or planning.soonest > planning.now:
            step = self._first(None if planning.soonest is None else planning.soonest - JUST_AFTER)
            if step is None:
                return
            self._decide(step)

    def _first(self, by: datetime | None) -> PreparedStep | None:
        """Return the step that could ask first, if it could by then; ``None`` is for ever."""
        while self._waiting:
            not_before, position = self._waiting[0]
            if by is not None and not_before > by:
                return None
            step = self._planning.prepared.steps[position]
            if position not in self._undecided:
                heappop(self._waiting)
            elif (closer := self._closer(step)) > not_before:
                heapreplace(self._waiting, (closer, position))
            else:
                heappop(self._waiting)
                return step
        return None

    def _look_over(self) -> None:
        """Take what has passed, and note for everything else how soon it could ask."""
        planning = self._planning
        for step in planning.prepared.steps:
            rows = planning.rows.get(step.key)
            if rows is not None and is_over(step, rows, planning):
                if step.is_counted:
                    take_count(step, rows, None, planning)
                continue
            self._undecided.add(step.position)
            not_before = self._bound(step, is_begun=rows is not None)
            self._not_before[step.key] = not_before
            if not_before != _NEVER:
                self._waiting.append((not_before, step.position))
        heapify(self._waiting)

    def _closer(self, step: PreparedStep) -> datetime:
        """Return the last moment that is known to lie before all that a step may ask for."""
        not_before, timing = self._not_before[step.key], self._timing(step)
        if timing is None or not_before == _AT_ANY_TIME or step.key in self._is_close:
            return not_before
        self._is_close.add(step.key)
        anchor = self._planning.prepared.by_key.get(timing.step_key)
        if anchor is not None and anchor.position in self._undecided:
            closer = timing.not_before(max(self._closer(anchor), self._planning.just_after))
        elif not timing.is_local:
            return not_before  # no zone to be asked: it is as close as can be
        else:
            counted_at = counted_moment(timing, self._planning)
            if counted_at is None:
                return not_before
            closer = timing.due_at(counted_at, self._planning.zone)
        self._not_before[step.key] = closer
        return closer

    def _decide(self, step: PreparedStep) -> None:
        """Decide a step, and before it, in list order, what else it depends on."""
        for position in (*sorted(self._needed(step)), step.position):
            self._undecided.remove(position)
            decide_step(self._planning.prepared.steps[position], self._planning, self._lines)

    def _timing(self, step: PreparedStep) -> PreparedTiming | None:
        return step.without_seat if self._planning.registration is None else step.with_seat

    def _bound(self, step: PreparedStep, *, is_begun: bool) -> datetime:
        """Return a moment before which a step asks for nothing."""
        # What is queued may have to move, what is over is settled at once, and a limit may pass
        # long before its step is due.
        if is_begun or step.within or (step.is_letter and self._letters_are_over):
            return _AT_ANY_TIME
        timing = self._timing(step)
        if timing is None:
            return _NEVER
        if timing.step_key in self._not_before:
            return self._bound_after(timing)
        counted_at = counted_moment(timing, self._planning)
        return _NEVER if counted_at is None else timing.not_before(counted_at)

    def _bound_after(self, timing: PreparedTiming) -> datetime:
        """Return the same for a step that counts from one which is still ahead."""
        rows = self._planning.rows.get(timing.step_key)
        if rows is not None and any(row.status.is_settled for row in rows):
            return _AT_ANY_TIME  # another copy is ahead, but others count from the first
        settled_at = self._not_before[timing.step_key]
        if settled_at == _NEVER:
            return _NEVER
        # Not settled yet: it will be after now, and what counts from it later than that.
        return timing.not_before(max(settled_at, self._planning.just_after))

    def _needed(self, step: PreparedStep) -> set[int]:
        found: set[int] = set()
        waiting = [step]
        while waiting:
            for position in waiting.pop().needs:
                if position in self._undecided and position not in found:
                    found.add(position)
                    waiting.append(self._planning.prepared.steps[position])
        return found
