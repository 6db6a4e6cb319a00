"""When to plan a run again, without planning all of it.

What counts from an unsettled step comes after that step, and what counts from a moment comes no
sooner than its delay: whatever cannot be the next is left undecided, unless the next depends on it.
"""

from datetime import UTC, datetime

from funnel.domain.planning import Planning
from funnel.domain.prepared import PreparedStep
from funnel.domain.step_lines import counted_moment, decide_step

_NEVER = datetime.max.replace(tzinfo=UTC)


def find_next_due(planning: Planning) -> datetime | None:
    """Return when the plan wants to be asked again: what ``plan`` finds by deciding every step."""
    put_off = _PutOff(planning)
    for step in planning.prepared.steps:
        if put_off.takes(step):
            continue
        put_off.decide(step)
        if planning.soonest is not None and planning.soonest <= planning.now:
            return planning.now
    return planning.soonest


class _PutOff:
    """The steps that were left undecided so far, each with a moment before which it cannot ask."""

    def __init__(self, planning: Planning) -> None:
        self._planning = planning
        self._positions: set[int] = set()
        self._not_before: dict[str, datetime] = {}
        self._letters_are_over = (
            planning.enrollment.letters_end is not None or planning.exit is not None
        )

    def takes(self, step: PreparedStep) -> bool:
        """Leave a step undecided if it cannot be the next; say whether it was left."""
        # What is over is settled at once, and a limit may pass long before its step is due.
        if step.key in self._planning.rows or step.within:
            return False
        if step.is_letter and self._letters_are_over:
            return False
        soonest = self._planning.soonest
        not_before = self._bound(step)
        if not_before is not _NEVER and (soonest is None or not_before < soonest):
            return False
        self._positions.add(step.position)
        self._not_before[step.key] = not_before
        return True

    def decide(self, step: PreparedStep) -> None:
        """Decide a step, and before it, in list order, what of the steps left it depends on."""
        if self._positions:
            for position in sorted(self._needed(step)):
                self._positions.remove(position)
                decide_step(self._planning.prepared.steps[position], self._planning)
        decide_step(step, self._planning)

    def _bound(self, step: PreparedStep) -> datetime:
        planning = self._planning
        timing = step.without_seat if planning.registration is None else step.with_seat
        if timing is None:
            return _NEVER
        if timing.step_key in self._not_before and timing.step_key not in planning.counted_from:
            return self._not_before[timing.step_key]
        counted_at = counted_moment(timing, planning)
        return _NEVER if counted_at is None else timing.not_before(counted_at)

    def _needed(self, step: PreparedStep) -> set[int]:
        found: set[int] = set()
        waiting = [step]
        while waiting:
            for position in waiting.pop().needs:
                if position in self._positions and position not in found:
                    found.add(position)
                    waiting.append(self._planning.prepared.steps[position])
        return found
