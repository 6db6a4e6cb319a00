"""A draft beside what is live, email by email: the same, changed, new, removed or moved."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from funnel.domain.sequence import SequenceDefinition, Step


class StepState(StrEnum):
    """How an email of the draft stands beside the live version."""

    SAME = "same"
    CHANGED = "changed"
    NEW = "new"
    REMOVED = "removed"
    MOVED = "moved"  # at another place of the list, and the same for the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPair:
    """One email: as the draft has it, and as it is live.

    Attributes:
        position: In the draft, counted from 0; ``None`` for a removed one.
        was_position: In the live version; ``None`` for a new one.
    """

    state: StepState
    step: Step
    was: Step | None
    position: int | None
    was_position: int | None


def pair_steps(draft: SequenceDefinition, live: SequenceDefinition | None) -> tuple[StepPair, ...]:
    """Return the emails of a draft in its order; removed ones stand where they stood.

    Args:
        draft: What may come.
        live: What is; ``None``: the sequence is new.
    """
    if live is None:
        return tuple(_new(step, at) for at, step in enumerate(draft.steps))
    former = {step.key: at for at, step in enumerate(live.steps)}
    kept = [former[step.key] for step in draft.steps if step.key in former]
    in_order = _longest_in_order(kept)
    pairs = [
        _pair(step, at, live, former[step.key], is_moved=former[step.key] not in in_order)
        if step.key in former
        else _new(step, at)
        for at, step in enumerate(draft.steps)
    ]
    present = {step.key for step in draft.steps}
    for at, step in enumerate(live.steps):
        if step.key not in present:
            pairs.insert(_place(pairs, at), _removed(step, at))
    return tuple(pairs)


def _new(step: Step, at: int) -> StepPair:
    return StepPair(state=StepState.NEW, step=step, was=None, position=at, was_position=None)


def _removed(step: Step, at: int) -> StepPair:
    return StepPair(state=StepState.REMOVED, step=step, was=step, position=None, was_position=at)


def _pair(
    step: Step, at: int, live: SequenceDefinition, was_at: int, *, is_moved: bool
) -> StepPair:
    was = live.steps[was_at]
    if replace(step, name=step.known_as) != replace(was, name=was.known_as):
        state = StepState.CHANGED
    else:
        state = StepState.MOVED if is_moved else StepState.SAME
    return StepPair(state=state, step=step, was=was, position=at, was_position=was_at)


def _place(pairs: Sequence[StepPair], was_at: int) -> int:
    """Return where a removed email stands: below the nearest one that stood above it."""
    above = [
        at
        for at, each in enumerate(pairs)
        if each.was_position is not None and each.was_position < was_at
    ]
    return above[-1] + 1 if above else 0


def _longest_in_order(positions: Sequence[int]) -> frozenset[int]:
    """Return the most of these that are in order already: what else there is has moved."""
    tails: list[int] = []
    chains: list[tuple[int, ...]] = []
    for each in positions:
        at = bisect_left(tails, each)
        chain = (*(chains[at - 1] if at else ()), each)
        tails[at:] = [each, *tails[at + 1 :]]
        chains[at:] = [chain, *chains[at + 1 :]]
    return frozenset(chains[-1]) if chains else frozenset()
