"""One plan in the making: what all its steps share, and what each leaves behind for the next."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from uuid import UUID

from funnel.domain.enrollment import Enrollment, Facts, PassedStep
from funnel.domain.letter_days import LetterDays
from funnel.domain.message import MessageStatus
from funnel.domain.plan import Decision, PlannedStep, SkipReason
from funnel.domain.sequence import SequenceDefinition, Step, StepKind, Timing
from funnel.domain.timing_text import timing_text

# A person has, or may have, got what is in one of these.
_LEFT_OR_LEAVING = frozenset(
    {
        MessageStatus.QUEUED,
        MessageStatus.SENDING,
        MessageStatus.ACCEPTED,
        MessageStatus.UNKNOWN,
    }
)
# Here the row's own time tells on which day the person got it; before that, the plan does.
_HANDED_OVER = frozenset({MessageStatus.ACCEPTED, MessageStatus.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class DueStep:
    """One step of one person that is still to be decided.

    Attributes:
        copy: The copy that is being planned.
        row: Its message, where it is queued already; its place is asked again.
        timing: The timing that applies to this person.
        counted_at: The moment that its anchor names.
        moment: When it is due, before its conditions or its day are asked (UTC).
    """

    step: Step
    copy: int
    row: PassedStep | None
    timing: Timing
    counted_at: datetime
    moment: datetime

    def skipped(self, moment: datetime, skip: SkipReason, *reasons: str) -> PlannedStep:
        """Return the line that says why this step is not sent."""
        return PlannedStep(
            key=self.step.key,
            kind=self.step.kind,
            copy=self.copy,
            decision=Decision.SKIP,
            moment=moment,
            skip=skip,
            reasons=(timing_text(self.timing), *(each for each in reasons if each)),
        )

    def sent(
        self,
        moment: datetime,
        *reasons: str,
        valid_until: datetime,
        is_open: bool = False,
    ) -> PlannedStep:
        """Return the line that lets this step leave at ``moment``."""
        return PlannedStep(
            key=self.step.key,
            kind=self.step.kind,
            copy=self.copy,
            decision=Decision.SEND,
            moment=moment,
            valid_until=valid_until,
            ask_at=moment if is_open else None,
            is_open=is_open,
            reasons=(timing_text(self.timing), *(each for each in reasons if each)),
        )

    def waiting(self, ask_at: datetime, *reasons: str, valid_until: datetime) -> PlannedStep:
        """Return the line that waits for a word, at most until ``ask_at``."""
        return PlannedStep(
            key=self.step.key,
            kind=self.step.kind,
            copy=self.copy,
            decision=Decision.WAIT,
            moment=self.moment,
            valid_until=valid_until,
            ask_at=ask_at,
            is_open=True,
            reasons=(timing_text(self.timing), *(each for each in reasons if each)),
        )


class Planning:
    """What one call of the planner knows: the facts in order, and what earlier steps decided.

    Attributes:
        rows: Message rows by step key, copies in order.
        counted_from: For each step decided so far, the moment that others count from.
        unsettled: Those of them that are not settled yet.
        leaves_at: When a step left or will leave, for steps that keep apart from it.
        days: Who has which letter day.
        letter_days: Local days on which a letter of this run is going to leave.
        timers: When each unsettled step wants the planner to be asked again.
        has_removed_in_flight: A step that the version does not have is in a worker's hands.
    """

    def __init__(
        self,
        enrollment: Enrollment,
        version: SequenceDefinition,
        facts: Facts,
        taken_days: AbstractSet[date],
        now: datetime,
    ) -> None:
        self.enrollment = enrollment
        self.facts = facts
        self.now = now
        registration = facts.registration
        self.session = None if registration is None else registration.session
        self.rows: dict[str, list[PassedStep]] = {}
        for row in sorted(facts.passed, key=attrgetter("copy")):
            self.rows.setdefault(row.key, []).append(row)
        self.counted_from: dict[str, datetime] = {}
        self.unsettled: set[str] = set()
        self.leaves_at: dict[str, datetime] = {}
        self.letter_days: set[date] = set()
        self.timers: list[datetime] = []
        self.days = LetterDays(
            enrollment.zone,
            self.session,
            days_apart=version.days_between_letters,
            blackout_dates=version.blackout_dates,
            taken_days=taken_days,
        )
        self._counterparts: dict[str, set[str]] = {}
        self.has_removed_in_flight = False
        for step in version.steps:
            self._remember(step)
        self._remember_removed(version)

    def has_counterpart(self, step: Step) -> bool:
        """Whether another step of this one's group was, or is being, sent for this session."""
        return bool(self._counterparts.get(step.one_of, set()) - {step.key})

    def take_line(self, step: Step, line: PlannedStep) -> None:
        """Remember what a line decided, for the steps after it."""
        if line.decision in {Decision.SEND, Decision.WAIT} and line.moment is not None:
            self.leaves_at[step.key] = line.moment
        else:
            self.leaves_at.pop(step.key, None)
        if step.one_of:
            members = self._counterparts.setdefault(step.one_of, set())
            if line.decision is Decision.SEND and not line.is_open:
                members.add(step.key)
            else:
                members.discard(step.key)

    def _remember(self, step: Step) -> None:
        for row in self.rows.get(step.key, ()):
            if row.status in _LEFT_OR_LEAVING:
                self._remember_left(step, row)
            if step.kind is StepKind.LETTER:
                self._remember_day(row)

    def _remember_removed(self, version: SequenceDefinition) -> None:
        """Of steps that the version does not have, a letter's day stays used; the rest is over."""
        for key in self.rows.keys() - {step.key for step in version.steps}:
            for row in self.rows[key]:
                if row.is_letter:
                    self._remember_day(row)
                self.has_removed_in_flight |= not row.status.is_settled

    def _remember_left(self, step: Step, row: PassedStep) -> None:
        self.leaves_at[step.key] = row.settled_at or row.moment
        if step.one_of and row.session_id == self._session_id():
            self._counterparts.setdefault(step.one_of, set()).add(step.key)

    def _remember_day(self, row: PassedStep) -> None:
        if row.status is MessageStatus.CANCELLED:
            return
        if row.status is MessageStatus.SKIPPED and not (row.skip and row.skip.keeps_day):
            return
        self.days.use_moment(row.moment, row.key)
        if row.status in _HANDED_OVER and row.settled_at is not None:
            self.days.use_moment(row.settled_at, row.key)

    def _session_id(self) -> UUID | None:
        return None if self.session is None else self.session.id
