"""The one planner: for every step a moment, or a decision not to send, each with its reason.

Dispatch, calendar, rehearsal, impact and explanation all ask this function. It reads no clock, no
row and no setting: the same facts always give the same plan.
"""

from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime

from funnel.domain.enrollment import Enrollment, Facts
from funnel.domain.next_due import find_next_due
from funnel.domain.outlook import Outlook
from funnel.domain.plan import Decision, Plan, PlannedStep, SkipReason
from funnel.domain.planning import Planning
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.step_lines import decide_step

__all__ = ["Decision", "Plan", "PlannedStep", "SkipReason", "next_due_at", "outlook", "plan"]


def plan(
    enrollment: Enrollment,
    version: SequenceDefinition,
    facts: Facts,
    taken_days: AbstractSet[date],
    now: datetime,
) -> Plan:
    """Return what every step of ``version`` means for this enrollment.

    Args:
        enrollment: The run: when it began, in which zone its person lives.
        version: The published definition that the run points to.
        facts: All that happened so far; the order in which it is listed does not matter.
        taken_days: Local days on which another run of this person sends or sent a letter.
        now: Aware moment in plan time.
    """
    planning = Planning(enrollment, version, facts, taken_days, now.astimezone(UTC))
    lines: list[PlannedStep] = []
    for step in planning.prepared.steps:
        decide_step(step, planning, lines)
    soonest = planning.soonest
    return Plan(
        steps=tuple(lines),
        next_due_at=None if soonest is None else max(soonest, planning.now),
        letter_days=frozenset(planning.letter_days),
        is_complete=soonest is None,
    )


def next_due_at(
    enrollment: Enrollment,
    version: SequenceDefinition,
    facts: Facts,
    taken_days: AbstractSet[date],
    now: datetime,
) -> datetime | None:
    """Return ``plan(...).next_due_at`` of the same arguments, for a fraction of its time.

    It decides only the steps that can be the next, and what they depend on.

    Returns:
        Aware UTC moment at which to plan again at the latest; ``None`` where nothing is left.
    """
    return find_next_due(Planning(enrollment, version, facts, taken_days, now.astimezone(UTC)))


def outlook(
    enrollment: Enrollment,
    version: SequenceDefinition,
    facts: Facts,
    taken_days: AbstractSet[date],
    now: datetime,
) -> Outlook:
    """Return what ``plan(...)`` of the same arguments comes to, for a fraction of its time."""
    return Outlook(Planning(enrollment, version, facts, taken_days, now.astimezone(UTC)))
