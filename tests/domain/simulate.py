"""Walks one person through a sequence: asks the planner, settles what is due, moves to the next.

It is the smallest dispatcher there can be, without rows, queues or clocks: what the planner says
is what happens. Events change the facts on the way, as signups, words and goals do.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from funnel.domain.enrollment import Enrollment, Facts, PassedStep
from funnel.domain.message import MessageStatus
from funnel.domain.planner import Decision, Plan, PlannedStep, SkipReason, plan
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.session import Attendance, Registration, Session

Change = Callable[[Facts], Facts]
Event = tuple[datetime, Change]

# A run of twenty steps is over after a few dozen moves; more means that time stands still.
MOST_MOVES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One step as it went: when it was planned for, and when it was settled, as what."""

    key: str
    copy: int
    moment: datetime
    settled_at: datetime
    status: MessageStatus
    skip: SkipReason | None = None

    @property
    def left(self) -> bool:
        return self.status is MessageStatus.ACCEPTED


class StoodStillError(AssertionError):
    """The planner asked to be asked again and again, and nothing came of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One run of one person, as the planner is given it."""

    enrollment: Enrollment
    version: SequenceDefinition
    facts: Facts = field(default_factory=Facts)
    taken_days: AbstractSet[date] = frozenset()

    def plan(self, now: datetime) -> Plan:
        return plan(self.enrollment, self.version, self.facts, self.taken_days, now)


def walk(
    person: Person,
    *,
    events: Iterable[Event] = (),
    latency: timedelta = timedelta(seconds=1),
    starts_at: datetime | None = None,
) -> list[Settled]:
    """Return every step of a run in the order in which it was settled.

    Args:
        person: The run as it begins.
        events: Moments and what they change; an event at the same moment as a step comes first.
        latency: From the decision to the hand-over; time moves on by it.
        starts_at: First moment of asking; the enrollment's own without it.
    """
    waiting = sorted(events, key=lambda event: event[0])
    now = starts_at or person.enrollment.enrolled_at
    settled: list[Settled] = []
    for _ in range(MOST_MOVES):
        while waiting and waiting[0][0] <= now:
            person = replace(person, facts=waiting.pop(0)[1](person.facts))
        planned = person.plan(now)
        line = _due(planned, now)
        if line is not None:
            done = _settle(line, now, latency)
            settled.append(done)
            person = replace(person, facts=_with_row(person.facts, done))
            now = done.settled_at
        elif planned.is_complete and not waiting:
            return settled
        else:
            now = _next_moment(planned, waiting, now)
    raise StoodStillError(f"still not over at {now}: {planned}")


def _due(planned: Plan, now: datetime) -> PlannedStep | None:
    for line in planned.steps:
        if line.decision in {Decision.SEND, Decision.SKIP} and line.moment and line.moment <= now:
            return line
    return None


def _settle(line: PlannedStep, now: datetime, latency: timedelta) -> Settled:
    assert line.moment is not None
    sends = line.decision is Decision.SEND
    return Settled(
        key=line.key,
        copy=line.copy,
        moment=line.moment,
        settled_at=now + latency if sends else now,
        status=MessageStatus.ACCEPTED if sends else MessageStatus.SKIPPED,
        skip=line.skip,
    )


def _with_row(facts: Facts, done: Settled) -> Facts:
    session = facts.registration.session if facts.registration else None
    row = PassedStep(
        key=done.key,
        copy=done.copy,
        status=done.status,
        moment=done.moment,
        settled_at=done.settled_at,
        session_id=session.id if session else None,
        session_starts_at=session.starts_at if session else None,
        skip=done.skip,
    )
    return replace(facts, passed=(*facts.passed, row))


def _next_moment(planned: Plan, waiting: list[Event], now: datetime) -> datetime:
    moments = [] if planned.next_due_at is None else [planned.next_due_at]
    moments += [event[0] for event in waiting[:1]]
    moment = min(moments)
    assert moment > now, f"nothing is due at {now}, yet the planner wants to be asked at {moment}"
    return moment


def word(attendance: Attendance, at: datetime) -> Event:
    """A word about this person's attendance."""

    def change(facts: Facts) -> Facts:
        return _with_seat(facts, attendance=attendance, attendance_known_at=at)

    return at, change


def closing(at: datetime) -> Event:
    """The host closes the session."""
    return _session_event(at, closed_at=at)


def replay_link(at: datetime) -> Event:
    """The host enters the replay's link."""
    return _session_event(at, replay_url="https://replay.example", replay_known_at=at)


def watching(at: datetime) -> Event:
    """The press on "Watch"."""
    return at, lambda facts: _with_seat(facts, watched_at=at)


def moved_session(at: datetime, session: Session) -> Event:
    """The seat is for another session from now on, or for the same at another time."""
    return at, lambda facts: _with_seat(facts, session=session)


def seat(at: datetime, session: Session) -> Event:
    """A seat is taken."""
    return at, lambda facts: replace(
        facts, registration=Registration(session=session, registered_at=at)
    )


def goal(at: datetime) -> Event:
    """The goal is reached."""
    return at, lambda facts: replace(facts, goal_reached_at=at)


def _with_seat(facts: Facts, **changes: object) -> Facts:
    assert facts.registration is not None
    return replace(facts, registration=replace(facts.registration, **changes))


def _session_event(at: datetime, **changes: object) -> Event:
    def change(facts: Facts) -> Facts:
        assert facts.registration is not None
        return _with_seat(facts, session=replace(facts.registration.session, **changes))

    return at, change
