"""Two plans of one run, side by side: what an edit or another date changes for this person."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from funnel.domain.message import MessageStatus
from funnel.domain.plan import Decision, Plan, PlannedStep, SkipReason
from funnel.domain.sequence import StepKind

_LEFT = frozenset({MessageStatus.ACCEPTED, MessageStatus.UNKNOWN, MessageStatus.SENDING})


class Change(StrEnum):
    """What becomes of one email of one person."""

    WILL_GET = "will get"
    WILL_NOT_GET = "will not get"
    MOVES = "moves"
    REASON_CHANGES = "reason changes"
    HAD_IT = "had it already"
    REMOVED = "removed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChange:
    """One email of one person, before and after; moments are aware UTC, plan time.

    Attributes:
        copy: 0, or the number of the copy after a change of date.
        before: When it would have left; ``None`` where it would not.
        after: When it will leave; ``None`` where it will not.
        is_open: What it waits for is not known yet: it may still turn out a skip.
        skip: Why it does not leave afterwards.
        why: The last of the planner's reasons, in words.
    """

    key: str
    kind: StepKind
    copy: int
    change: Change
    before: datetime | None = None
    after: datetime | None = None
    is_open: bool = False
    skip: SkipReason | None = None
    why: str = ""


def compare(before: Plan, after: Plan) -> tuple[StepChange, ...]:
    """Return what changes between two plans of one run, in the order of ``after``.

    What has left, or is in a worker's hands, is unchanged: nothing takes it back. A message that is
    queued counts as one that will leave. Of a step that only ``after`` has, the last copy tells
    what becomes of it. Steps that only ``before`` has come last.
    """
    former = {(line.key, line.copy): line for line in before.steps}
    newest = {line.key: line.copy for line in after.steps}
    changes = [
        _change(
            former.pop((line.key, line.copy), None), line, is_newest=line.copy == newest[line.key]
        )
        for line in after.steps
    ]
    changes += [_gone(line) for line in former.values()]
    return tuple(changes)


def _change(before: PlannedStep | None, after: PlannedStep, *, is_newest: bool) -> StepChange:
    will_leave = _will_leave(after)
    return StepChange(
        key=after.key,
        kind=after.kind,
        copy=after.copy,
        change=_kind_of(before, after) if before or is_newest else Change.UNCHANGED,
        before=before.moment if before is not None and _will_leave(before) else None,
        after=after.moment if will_leave else None,
        is_open=will_leave and after.is_open,
        skip=None if will_leave else after.skip,
        why=after.reasons[-1] if after.reasons else "",
    )


def _kind_of(before: PlannedStep | None, after: PlannedStep) -> Change:
    did = before is not None and _will_leave(before)
    will = _will_leave(after)
    if did and will and before is not None:
        return Change.UNCHANGED if before.moment == after.moment else Change.MOVES
    if did or will:
        return Change.WILL_GET if will else Change.WILL_NOT_GET
    if before is None:
        return Change.HAD_IT if _has_left(after) else Change.WILL_NOT_GET
    return Change.UNCHANGED if _fate(before) == _fate(after) else Change.REASON_CHANGES


def _fate(line: PlannedStep) -> tuple[bool, SkipReason | None]:
    return line.decision is Decision.NOT_COUNTED, line.skip


def _gone(line: PlannedStep) -> StepChange:
    did = _will_leave(line)
    return StepChange(
        key=line.key,
        kind=line.kind,
        copy=line.copy,
        # What was never to come is no loss; what has left stays where it is.
        change=Change.REMOVED if did else Change.UNCHANGED,
        before=line.moment if did else None,
    )


def _will_leave(line: PlannedStep) -> bool:
    return line.decision in {Decision.SEND, Decision.WAIT}


def _has_left(line: PlannedStep) -> bool:
    """Whether a row says that the email is with them, may be, or is on its way."""
    return line.decision is Decision.PASSED and not _LEFT.isdisjoint(line.reasons)
