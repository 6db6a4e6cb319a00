"""What the planner says: a line for every step, and when to ask again."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from funnel.domain.message import MessageStatus
from funnel.domain.sequence import StepKind
from funnel.domain.speech import mark


class Decision(StrEnum):
    """What the plan says about one step."""

    PASSED = "passed"  # a row exists: settled, or queued and in its place
    SEND = "send"  # leaves at its moment
    WAIT = "wait"  # its moment has come; a condition is still open, asked again at ``ask_at``
    SKIP = "skip"  # will not be sent; the row says why, written when its moment comes
    NOT_COUNTED = "not counted"  # counts from something this person does not have (yet)


class SkipReason(StrEnum):
    """Why a step is not sent; stored in the row, shown in words."""

    LATE = mark("would be late")
    CONDITION = mark("does not apply")
    NO_WORD = mark("no word came in time")
    NOT_IN_TIME = mark("it did not happen in time")
    NO_REPLAY = mark("there is no replay link")
    TOO_CLOSE = mark("would follow another email too closely")
    NO_LEAD = mark("the session starts too soon after")
    ONE_OF = mark("got its counterpart for this session")
    NO_LETTERS = mark("did not ask for letters")
    NO_SEAT_EMAILS = mark("stopped the emails of the seat")
    GOAL = mark("the goal is reached")
    SUPERSEDED = mark("a newer run has begun")
    EXIT = mark("the letters have ended")
    ADDED_LATER = mark("added to the sequence after its moment")
    HAD_IT = mark("had it before")
    NO_SESSION = mark("holds no seat")
    SUPPRESSED = mark("the address is on the do-not-email list")
    NOT_RENDERED = mark("could not be rendered")
    BEFORE_IMPORT = mark("was before their import")  # they came from another tool, to a later email
    # Somebody who works here decided it, before its moment as a rule.
    BY_HAND = mark("skipped by hand")

    @property
    def keeps_day(self) -> bool:
        """Whether a letter skipped for this reason was only given up at its moment.

        Its day stays used then; what was decided against earlier has given its day away.
        """
        return self in _KEEP_DAY


_KEEP_DAY = frozenset(
    {
        SkipReason.NO_WORD,
        SkipReason.NOT_IN_TIME,
        SkipReason.SUPPRESSED,
        SkipReason.NOT_RENDERED,
    }
)


# A tuple, because a plan makes dozens of them and a frozen dataclass costs four times as much.
class PlannedStep(NamedTuple):
    """One line of a plan.

    Attributes:
        copy: 0, or the number of the copy after a change of date.
        moment: When it leaves, left, or would have left; ``None`` only where not counted.
        valid_until: Last moment at which it may still leave; ``None`` unless ``SEND``/``WAIT``.
        ask_at: When to plan again though nothing happened; ``None`` where nothing is open.
        is_open: A condition is not known yet: the step may still turn out a skip.
        skip: Why not, with ``Decision.SKIP``.
        reasons: Short sentences, in order, that say how the moment came about.
    """

    key: str
    kind: StepKind
    copy: int
    decision: Decision
    moment: datetime | None
    valid_until: datetime | None = None
    ask_at: datetime | None = None
    is_open: bool = False
    skip: SkipReason | None = None
    reasons: tuple[str, ...] = ()

    def is_due(self, written: MessageStatus | None, now: datetime) -> bool:
        """Return whether something is to be written: a new row, or an end to a queued one.

        Args:
            written: State of the row that there is already; ``None``: there is none.
            now: Aware moment, in plan time.
        """
        if self.decision not in (Decision.SEND, Decision.SKIP) or self.moment is None:
            return False
        if written is not None:
            # Decided against while it is queued: at once, not at its moment.
            return self.decision is Decision.SKIP and written is MessageStatus.QUEUED
        return self.moment <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the planner says for one enrollment at one moment.

    Attributes:
        steps: One line per step and copy, in list order; passed copies before the current one.
        next_due_at: When to plan again at the latest; ``None`` exactly when ``is_complete``.
        letter_days: Local days that this run's unsettled letters take, for other runs to avoid.
        is_complete: Nothing is left: every step that counts is settled.
    """

    steps: tuple[PlannedStep, ...]
    next_due_at: datetime | None
    letter_days: frozenset[date]
    is_complete: bool
