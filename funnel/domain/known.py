"""What is known of one run, as conditions ask for it: worked out once, and only when asked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from funnel.domain.enrollment import Enrollment, Facts, PassedStep
from funnel.domain.happenings import happened_at
from funnel.domain.message import MessageStatus
from funnel.domain.sequence import Condition, ConditionKind, SequenceDefinition
from funnel.domain.session import Attendance, Registration
from funnel.domain.timing import Delay, due_at

# The email may be with them.
_LEFT = frozenset({MessageStatus.ACCEPTED, MessageStatus.UNKNOWN})
# A click or a reply is about one email; a booking, a purchase, a tag stay what they are.
_ONCE_EACH = frozenset({ConditionKind.CLICKED, ConditionKind.REPLIED})

_SEAT = frozenset(
    {
        ConditionKind.REGISTERED,
        ConditionKind.ATTENDED,
        ConditionKind.MISSED,
        ConditionKind.LEFT_BEFORE,
        ConditionKind.STAYED_UNTIL,
    }
)
_EVER = datetime.max.replace(tzinfo=UTC)


class Known:
    """The facts of one run, with the questions that conditions put to them.

    Args:
        enrollment: The run.
        facts: All that happened.
        version: Its goal and its ends.
        rows: Message rows by step key, copies in order.
    """

    def __init__(
        self,
        enrollment: Enrollment,
        facts: Facts,
        version: SequenceDefinition,
        rows: Mapping[str, Sequence[PassedStep]],
    ) -> None:
        self.registration = facts.registration
        self._enrolled_at = enrollment.enrolled_at
        self._zone: ZoneInfo = enrollment.zone
        self._facts = facts
        self._version = version
        self._rows = rows
        self._planned: dict[str, datetime] = {}

    def plan_email(self, key: str, moment: datetime) -> None:
        """Note when an email that is not settled yet is going to leave."""
        self._planned[key] = moment

    def email_at(self, key: str) -> datetime | None:
        """Return when an email of this run left or will leave; ``None``: they do not get it."""
        left = [row for row in self._rows.get(key, ()) if row.status in _LEFT]
        if left:
            return left[0].settled_at or left[0].moment
        return self._planned.get(key)

    def may_happen(self, condition: Condition) -> bool:
        """Whether it can happen to them at all: nobody clicks in an email that they do not get."""
        if condition.kind is ConditionKind.REPLAY_WATCHED:
            return self.registration is not None
        return not condition.step_key or self.email_at(condition.step_key) is not None

    def limit_at(self, condition: Condition, limit: Delay, counted_at: datetime) -> datetime:
        """Return when the limit of a condition has passed.

        Counted from its email where it names one that leaves, else from ``counted_at``.
        """
        start = counted_at
        if condition.step_key:
            start = self.email_at(condition.step_key) or counted_at
        return due_at(start, limit, at=None, window=None, zone=self._zone)

    def says(self, condition: Condition) -> bool:
        """Whether a field of the person says what a condition asks for."""
        said = self._facts.fields.get(condition.name, "").strip()
        if not condition.value:
            return bool(said)
        return said.casefold() == condition.value.strip().casefold()

    def happened_at(
        self, condition: Condition, *, counted_at: datetime | None = None
    ) -> datetime | None:
        """Return since when something has happened; ``None`` where it has not.

        Args:
            condition: One of those that happen.
            counted_at: For a limit: a click or a reply counts only from here on, unless it names
                its email; what somebody booked, bought or was tagged before counts as well.
        """
        if condition.kind is ConditionKind.GOAL_REACHED:
            return self.goal_at()
        if condition.kind is ConditionKind.REPLAY_WATCHED:
            return _watched_at(self.registration)
        if not self._facts.happened:
            return None
        is_about_one = condition.kind in _ONCE_EACH and not condition.step_key
        return happened_at(
            condition,
            self._facts.happened,
            enrolled_at=self._enrolled_at,
            since=counted_at if is_about_one else None,
        )

    def goal_at(self) -> datetime | None:
        """Return since when the goal is reached: reported as such, or one of the sequence's."""
        others = [
            each for each in self._version.goal if each.kind is not ConditionKind.GOAL_REACHED
        ]
        found = self._first(others)
        reported_at = self._facts.goal_reached_at
        if found is None or reported_at is None:
            return reported_at if found is None else found[0]
        return min(reported_at, found[0])

    def exit(self) -> Condition | None:
        """Return the condition that has ended the letters, the earliest; ``None`` while none."""
        found = self._first(self._version.exit_if)
        return None if found is None else found[1]

    def _first(self, conditions: Iterable[Condition]) -> tuple[datetime, Condition] | None:
        found: tuple[datetime, Condition] | None = None
        for each in conditions:
            at = self._held_since(each)
            if at is not None and (found is None or at < found[0]):
                found = at, each
        return found

    def _held_since(self, condition: Condition) -> datetime | None:
        """Return since when a goal or an end holds, at any time and for no step."""
        if condition.kind is ConditionKind.FIELD:
            return self._enrolled_at if self.says(condition) else None
        if condition.kind in _SEAT:
            return _seat_since(condition, self.registration)
        return self._happened_within(condition) if self.may_happen(condition) else None

    def _happened_within(self, condition: Condition) -> datetime | None:
        limit = condition.limit
        if limit is None:
            return self.happened_at(condition)
        at = self.happened_at(condition, counted_at=self._enrolled_at)
        ends_at = self.limit_at(condition, limit, self._enrolled_at)
        return at if at is not None and at <= ends_at else None


def _watched_at(registration: Registration | None) -> datetime | None:
    """Return when they watched; before the session's end there is nothing to watch."""
    at = None if registration is None else registration.watched_at
    if registration is None or at is None or at < registration.session.ends_at:
        return None
    return at


def _seat_since(condition: Condition, registration: Registration | None) -> datetime | None:
    if registration is None:
        return None
    if condition.kind is ConditionKind.REGISTERED:
        return registration.registered_at
    attendance, known_at = attendance_word(registration)
    wanted = Attendance.MISSED if condition.kind is ConditionKind.MISSED else Attendance.ATTENDED
    if attendance is not wanted:
        return None
    since = known_at or registration.session.ends_at
    return _room_since(condition, registration, since) if condition.elapsed else since


def _room_since(
    condition: Condition, registration: Registration, since: datetime
) -> datetime | None:
    is_early = left_before(condition, registration)
    if is_early is None or registration.left_at is None:
        return None
    is_so = is_early is (condition.kind is ConditionKind.LEFT_BEFORE)
    return max(since, registration.left_at) if is_so else None


def left_before(condition: Condition, registration: Registration) -> bool | None:
    """Return whether they left before the time that a condition names; ``None``: not known."""
    if registration.left_at is None:
        return None
    return registration.left_at < registration.session.starts_at + condition.elapsed


def attendance_word(
    registration: Registration, moment: datetime = _EVER
) -> tuple[Attendance, datetime | None]:
    """Return the attendance that was known at ``moment``, and since when."""
    known_at = registration.attendance_known_at
    if registration.attendance is not Attendance.UNKNOWN and (
        known_at is None or known_at <= moment
    ):
        return registration.attendance, known_at
    closed_at = registration.session.closed_at
    if closed_at is not None and closed_at <= moment:
        return Attendance.MISSED, closed_at
    return Attendance.UNKNOWN, None
