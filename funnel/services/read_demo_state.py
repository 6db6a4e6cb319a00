"""What the demo's bar says: its time, the next email and when, what it waits for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from funnel.domain.calendar_words import notice_name
from funnel.domain.demo import DemoGoal, Hold, next_move
from funnel.domain.message import Notice
from funnel.domain.plan import Decision
from funnel.domain.planner import plan
from funnel.domain.sequence import ConditionKind, Step
from funnel.storage import demo, enrollments, sequences, subscribers
from funnel.storage.enrollments import Run
from funnel.storage.transaction import Transaction, Transactions

# Whoever comes next is among those whose timers come first; a demo has few people.
_RUNS_ASKED = 20
_WORDS = frozenset({ConditionKind.ATTENDED, ConditionKind.MISSED, ConditionKind.GOAL_REACHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class NextEmail:
    """The next email of anybody.

    Attributes:
        at: Aware moment in plan time; not before now.
        key: The step's or the notice's key.
        name: What people see of it: "Your seat".
        who: The address it goes to; empty for a reminder of a confirmation.
    """

    at: datetime
    key: str
    name: str
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoState:
    """One look at the demo.

    Attributes:
        now: Plan time, aware UTC.
        next_email: ``None`` where nothing lies ahead.
        hold: Why a goal that stands is not played towards just now.
        last_left_at: When the latest email left, plan time.
        can_session: Somebody holds a seat in a coming session, so "to the session" leads somewhere.
    """

    now: datetime
    goal: DemoGoal
    is_frozen: bool
    next_email: NextEmail | None
    hold: Hold | None
    last_left_at: datetime | None
    can_session: bool

    @property
    def waiting(self) -> str:
        """What it waits for, in a sentence; empty where it does not."""
        return self.hold.value if self.hold not in (None, Hold.BREATH) else ""


def read_demo_state(transactions: Transactions) -> DemoState:
    """Return what the bar shows; reads only, and never more than a few runs."""
    with transactions.begin() as tx:
        scene = demo.read_scene(tx)
        ahead = [each for each in _ahead(tx) if each is not None]
        return DemoState(
            now=scene.now,
            goal=scene.goal,
            is_frozen=scene.is_frozen,
            next_email=min(ahead, key=lambda each: each.at, default=None),
            hold=next_move(scene).hold if scene.goal is not DemoGoal.NONE else None,
            last_left_at=scene.last_left_at,
            can_session=demo.next_start_with_seat(tx) is not None,
        )


def _ahead(tx: Transaction) -> Iterator[NextEmail | None]:
    reminder_at = demo.next_reminder_at(tx)
    if reminder_at is not None:
        key = Notice.CONFIRM_AGAIN
        yield NextEmail(at=max(reminder_at, tx.now), key=key, name=notice_name(key))
    for run in enrollments.load_runs(tx, demo.earliest_runs(tx, limit=_RUNS_ASKED)):
        yield _next_of(tx, run)


def _next_of(tx: Transaction, run: Run) -> NextEmail | None:
    version = sequences.read_definition(tx, run.version_id)
    answer = plan(run.enrollment, version, run.facts, run.taken_days, tx.now)
    lines = [
        (line.moment, line.key)
        for line in answer.steps
        if line.decision is Decision.SEND
        and line.moment is not None
        and not (line.is_open and _needs_word(version.step(line.key)))
    ]
    if not lines:
        return None
    moment, key = min(lines)
    person = subscribers.find(tx, run.subscriber_id)
    return NextEmail(
        at=max(moment, tx.now),
        key=key,
        name=version.name_of(key),
        who=person.email if person else "",
    )


def _needs_word(step: Step) -> bool:
    """Whether it leaves only if somebody says something that nobody has said yet."""
    return any(each.kind in _WORDS and not each.is_negated for each in step.conditions)
