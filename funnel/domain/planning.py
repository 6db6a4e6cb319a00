"""One plan in the making: what all its steps share, and what each leaves behind for the next."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter

from funnel.domain.enrollment import Enrollment, Facts, PassedStep
from funnel.domain.known import Known
from funnel.domain.letter_days import LetterDays
from funnel.domain.message import MessageStatus
from funnel.domain.plan import Decision, PlannedStep, SkipReason
from funnel.domain.prepared import PreparedStep, PreparedTiming, prepare
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.step_moments import anchor_moments

# ``valid_until`` is the last good moment, and the database counts microseconds.
JUST_AFTER = timedelta(microseconds=1)
# Who carries a message reports by itself; this is only how long the plan trusts that it does.
IN_FLIGHT_ASK = timedelta(minutes=10)

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


# Not frozen, though nobody changes one: a plan makes twenty of them for itself, and freezing would
# cost more than deciding.
@dataclass(slots=True)
class DueStep:
    """One step of one person that is still to be decided.

    Attributes:
        copy: The copy that is being planned.
        row: Its message, where it is queued already; its place is asked again.
        timing: The timing that applies to this person.
        counted_at: The moment that its anchor names.
        moment: When it is due, before its conditions or its day are asked (UTC).
    """

    step: PreparedStep
    copy: int
    row: PassedStep | None
    timing: PreparedTiming
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
            reasons=self._reasons(reasons),
        )

    def sent(
        self,
        moment: datetime,
        *reasons: str,
        valid_until: datetime,
        ask_at: datetime | None = None,
    ) -> PlannedStep:
        """Return the line that lets this step leave at ``moment``; open if it is to be asked."""
        return PlannedStep(
            key=self.step.key,
            kind=self.step.kind,
            copy=self.copy,
            decision=Decision.SEND,
            moment=moment,
            valid_until=valid_until,
            ask_at=ask_at,
            is_open=ask_at is not None,
            reasons=self._reasons(reasons),
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
            reasons=self._reasons(reasons),
        )

    def _reasons(self, reasons: tuple[str, ...]) -> tuple[str, ...]:
        if not any(reasons):
            return self.timing.reasons
        return (self.timing.words, *[each for each in reasons if each])


class Planning:
    """What one call of the planner knows: the facts in order, and what earlier steps decided.

    Attributes:
        rows: Message rows by step key, copies in order.
        known: The facts, as conditions ask for them.
        exit: The condition that has ended the letters; ``None``: they go on.
        in_hand: Steps of which some copy is queued, or in somebody's hands.
        counted_from: For each step decided so far, the moment that others count from.
        unsettled: Those of them that are not settled yet.
        leaves_at: When a step left or will leave, for steps that keep apart from it.
        days: Who has which letter day.
        letter_days: Local days on which a letter of this run is going to leave.
        anchors: The moments of ``AnchorKind``, in its order.
        soonest: When the first unsettled step wants the planner to be asked again.
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
        self.zone = enrollment.zone
        self.facts = facts
        self.now = now
        self.just_after = now + JUST_AFTER
        self.registration = facts.registration
        self.session = None if facts.registration is None else facts.registration.session
        self.prepared = prepare(version)
        self.rows: dict[str, list[PassedStep]] = {}
        self.known = Known(enrollment, facts, version, self.rows)
        self.in_hand: set[str] = set()
        self.counted_from: dict[str, datetime] = {}
        self.unsettled: set[str] = set()
        self.leaves_at: dict[str, datetime] = {}
        self.letter_days: set[date] = set()
        self.soonest: datetime | None = None
        self.anchors = anchor_moments(enrollment, facts.registration)
        self._counterparts: dict[str, set[str]] = {}
        self.days = LetterDays(
            enrollment.zone,
            self.session,
            days_apart=version.days_between_letters,
            blackout_dates=version.blackout_dates,
            taken_days=taken_days,
        )
        if facts.passed:
            self._take_rows(facts)
        self.exit = self.known.exit() if version.exit_if else None

    def wake(self, moment: datetime) -> None:
        """Note that something wants the planner to be asked again at this moment."""
        if self.soonest is None or moment < self.soonest:
            self.soonest = moment

    def has_counterpart(self, step: PreparedStep) -> bool:
        """Whether another step of this one's group was, or is being, sent for this session."""
        group = step.step.one_of
        return bool(group and self._counterparts.get(group, set()) - {step.key})

    def take_line(self, step: PreparedStep, line: PlannedStep) -> None:
        """Remember what a line decided, for the steps after it."""
        is_coming = line.decision is Decision.SEND or line.decision is Decision.WAIT
        if step.is_neighbour:
            if is_coming and line.moment is not None:
                self.leaves_at[step.key] = line.moment
            else:
                self.leaves_at.pop(step.key, None)
        if step.is_asked and is_coming and line.moment is not None:
            self.known.plan_email(step.key, max(line.moment, self.just_after))
        if step.step.one_of:
            members = self._counterparts.setdefault(step.step.one_of, set())
            if line.decision is Decision.SEND and not line.is_open:
                members.add(step.key)
            else:
                members.discard(step.key)

    def take_unsettled(self, step: PreparedStep, row: PassedStep) -> None:
        """Remember a message that somebody carries: whoever does reports, or is asked for it."""
        self.wake(self.now + IN_FLIGHT_ASK)
        if step.is_asked:
            self.known.plan_email(step.key, max(row.moment, self.just_after))
        if step.is_letter:
            self.letter_days.update(self.days.days_until(row.moment, step.window))

    def _take_rows(self, facts: Facts) -> None:
        for row in sorted(facts.passed, key=attrgetter("copy")):
            copies = self.rows.get(row.key)
            if copies is None:
                self.rows[row.key] = [row]
            else:
                copies.append(row)
            if not row.status.is_settled:
                self.in_hand.add(row.key)
            step = self.prepared.by_key.get(row.key)
            if step is None:
                self._take_removed(row)
                continue
            if step.is_letter:
                self._take_day(row, step)
            if row.status in _LEFT_OR_LEAVING:
                self._take_left(step, row)

    def _take_removed(self, row: PassedStep) -> None:
        """Of steps that the version does not have, a letter's day stays used; the rest is over."""
        if row.is_letter:
            self._take_day(row, None)
        if not row.status.is_settled:
            self.wake(self.now + IN_FLIGHT_ASK)

    def _take_left(self, step: PreparedStep, row: PassedStep) -> None:
        if step.is_neighbour:
            self.leaves_at[step.key] = row.settled_at or row.moment
        if step.step.one_of:
            session_id = None if self.session is None else self.session.id
            if row.session_id == session_id:
                self._counterparts.setdefault(step.step.one_of, set()).add(step.key)

    def _take_day(self, row: PassedStep, step: PreparedStep | None) -> None:
        status = row.status
        if status is MessageStatus.CANCELLED:
            return
        if status is MessageStatus.SKIPPED and not (row.skip and row.skip.keeps_day):
            return
        self.days.use_moment(row.moment, row.key)
        if status in _HANDED_OVER and row.settled_at is not None:
            self.days.use_moment(row.settled_at, row.key)
        if step is not None and step.window.is_over_midnight:
            # Also once it has left: the days of others do not depend on which of two it took.
            self.days.use(self.days.days_until(row.moment, step.window), row.key)
