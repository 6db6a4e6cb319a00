"""Walks one person through a sequence: asks the planner, acts on the answer, moves to the next.

It is the smallest dispatcher there can be, without rows, workers or clocks. What is due is queued;
a little later the planner is asked once more, and what it still wants leaves. Events change the
facts on the way, as signups, words and goals do; an outage is a time in which nothing is done.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from funnel.domain.enrollment import Enrollment, Facts, PassedStep
from funnel.domain.facts import FactKind, Happening
from funnel.domain.message import MessageStatus
from funnel.domain.planner import Decision, Plan, PlannedStep, SkipReason, next_due_at, plan
from funnel.domain.sequence import SequenceDefinition
from funnel.domain.session import Attendance, Registration, Session

Event = tuple[datetime, Callable[[Facts], Facts]]

# A run of twenty steps is over after a few hundred moves; more means that time stands still.
MOST_MOVES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One run of one person, as the planner is given it."""

    enrollment: Enrollment
    version: SequenceDefinition
    facts: Facts = field(default_factory=Facts)
    taken_days: AbstractSet[date] = frozenset()

    def plan(self, now: datetime) -> Plan:
        return plan(self.enrollment, self.version, self.facts, self.taken_days, now)

    def next_due_at(self, now: datetime) -> datetime | None:
        return next_due_at(self.enrollment, self.version, self.facts, self.taken_days, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What happens around a run.

    Attributes:
        events: Moments and what they change; an event comes before what is done at its moment.
        outages: From when until when nothing is queued and nothing leaves.
        latency: From queueing to the hand-over.
    """

    events: tuple[Event, ...] = ()
    outages: tuple[tuple[datetime, datetime], ...] = ()
    latency: timedelta = timedelta(seconds=1)


class StoodStillError(AssertionError):
    """The planner asked to be asked again and again, and nothing came of it."""


@dataclass(slots=True)
class _Walk:
    person: Person
    world: World
    now: datetime
    waiting: list[Event]
    opens_at: dict[tuple[str, int], datetime] = field(default_factory=dict)


def walk(person: Person, world: World | None = None) -> list[PassedStep]:
    """Return the rows of a run from its enrollment to its end, in the order of their settling."""
    return list(settled_rows(travel(person, world)))


def settled_rows(travels: Iterable[tuple[datetime, Person]]) -> list[PassedStep]:
    """Return the rows of the last stop of a journey, in the order of their settling."""
    *_, (_, person) = travels
    return sorted(person.facts.passed, key=lambda row: row.settled_at or row.moment)


def travel(person: Person, world: World | None = None) -> Iterable[tuple[datetime, Person]]:
    """Yield the moment and the person after everything that is done, from enrollment to end."""
    world = world or World()
    walking = _Walk(
        person=person,
        world=world,
        now=person.enrollment.enrolled_at,
        waiting=sorted(world.events, key=lambda event: event[0]),
    )
    for _ in range(MOST_MOVES):
        while walking.waiting and walking.waiting[0][0] <= walking.now:
            change = walking.waiting.pop(0)[1]
            walking.person = replace(walking.person, facts=change(walking.person.facts))
        planned = walking.person.plan(walking.now)
        if _act(walking, planned):
            yield walking.now, walking.person
        elif planned.is_complete and not walking.waiting:
            yield walking.now, walking.person
            return
        else:
            walking.now = _next_moment(walking, planned)
    raise StoodStillError(f"still not over at {walking.now}: {planned}")


def _act(walking: _Walk, planned: Plan) -> bool:
    """Do the first thing there is to do; return whether there was one."""
    rows = {(row.key, row.copy): row for row in walking.person.facts.passed}
    for line in planned.steps:
        row = rows.get((line.key, line.copy))
        if line.moment is None or line.decision in {Decision.PASSED, Decision.WAIT}:
            continue
        if row is not None:
            if _act_on_queued(walking, line, row):
                return True
        elif line.decision is Decision.SKIP and line.moment <= walking.now:
            _write(walking, _row(line, walking, MessageStatus.SKIPPED))
            return True
        elif line.decision is Decision.SEND and line.moment <= walking.now:
            assert line.valid_until is not None
            assert walking.now <= line.valid_until
            _write(walking, _row(line, walking, MessageStatus.QUEUED))
            walking.opens_at[line.key, line.copy] = walking.now + walking.world.latency
            return True
    return False


def _act_on_queued(walking: _Walk, line: PlannedStep, row: PassedStep) -> bool:
    assert row.status is MessageStatus.QUEUED
    assert line.moment is not None
    if line.decision is Decision.SKIP:
        _write(walking, _row(line, walking, MessageStatus.SKIPPED))
        return True
    if line.moment != row.moment:
        _write(walking, _row(line, walking, MessageStatus.QUEUED))
        walking.opens_at[line.key, line.copy] = max(line.moment, walking.now)
        return True
    if walking.opens_at[line.key, line.copy] <= walking.now:
        _write(walking, _row(line, walking, MessageStatus.ACCEPTED))
        return True
    return False


def _row(line: PlannedStep, walking: _Walk, status: MessageStatus) -> PassedStep:
    assert line.moment is not None
    registration = walking.person.facts.registration
    session = registration.session if registration else None
    return PassedStep(
        key=line.key,
        copy=line.copy,
        status=status,
        moment=line.moment,
        settled_at=walking.now if status.is_settled else None,
        session_id=session.id if session else None,
        session_starts_at=session.starts_at if session else None,
        skip=line.skip,
    )


def _write(walking: _Walk, row: PassedStep) -> None:
    facts = walking.person.facts
    others = [each for each in facts.passed if (each.key, each.copy) != (row.key, row.copy)]
    walking.person = replace(walking.person, facts=replace(facts, passed=(*others, row)))


def _next_moment(walking: _Walk, planned: Plan) -> datetime:
    queued = {
        (row.key, row.copy)
        for row in walking.person.facts.passed
        if row.status is MessageStatus.QUEUED
    }
    moments = [walking.opens_at[each] for each in queued if walking.opens_at[each] > walking.now]
    moments += [event[0] for event in walking.waiting[:1]]
    moments += [] if planned.next_due_at is None else [planned.next_due_at]
    moment = min(moments)
    assert moment > walking.now, f"nothing to do at {walking.now}, yet asked again at {moment}"
    for begins, ends in walking.world.outages:
        if begins <= moment < ends:
            return ends
    return moment


def word(attendance: Attendance, at: datetime) -> Event:
    """A word about this person's attendance."""
    return at, lambda facts: _with_seat(facts, attendance=attendance, attendance_known_at=at)


def closing(at: datetime) -> Event:
    """The host closes the session."""
    return at, lambda facts: _with_session(facts, closed_at=at)


def replay_link(at: datetime) -> Event:
    """The host enters the replay's link."""
    return at, lambda facts: _with_session(
        facts, replay_url="https://replay.example", replay_known_at=at
    )


def watching(at: datetime) -> Event:
    """The press on "Watch"."""
    return at, lambda facts: _with_seat(facts, watched_at=at)


def moving(at: datetime, session: Session) -> Event:
    """The seat is for another session from now on, or for the same at another time."""
    return at, lambda facts: _with_seat(facts, session=session)


def taking_seat(at: datetime, session: Session) -> Event:
    """The press on "Take my seat"."""
    return at, lambda facts: replace(
        facts, registration=Registration(session=session, registered_at=at)
    )


def giving_up_seat(at: datetime) -> Event:
    """The seat is given up, or the session cancelled."""
    return at, lambda facts: replace(facts, registration=None)


def goal(at: datetime) -> Event:
    """The goal is reached."""
    return at, lambda facts: replace(facts, goal_reached_at=at)


def happening(at: datetime, kind: FactKind, *, name: str = "", step_key: str = "") -> Event:
    """A click, a tag, a booking, a purchase or a reply."""
    found = Happening(kind=kind, at=at, name=name, step_key=step_key)
    return at, lambda facts: replace(facts, happened=(*facts.happened, found))


def field_said(at: datetime, name: str, value: str) -> Event:
    """The person says something about themselves."""
    return at, lambda facts: replace(facts, fields={**facts.fields, name: value})


def pausing(at: datetime, until: datetime | None) -> Event:
    """The person pauses the letters, or goes on at once."""
    return at, lambda facts: replace(facts, letters_paused_until=until)


def leaving_room(at: datetime) -> Event:
    """The platform says when the person left the session."""
    return at, lambda facts: _with_seat(facts, left_at=at)


def consent(at: datetime, **topics: bool) -> Event:
    """A change of ``wants_letters`` or ``wants_seat_emails``."""
    return at, lambda facts: replace(facts, **topics)


def _with_seat(facts: Facts, **changes: object) -> Facts:
    assert facts.registration is not None
    return replace(facts, registration=replace(facts.registration, **changes))


def _with_session(facts: Facts, **changes: object) -> Facts:
    assert facts.registration is not None
    return _with_seat(facts, session=replace(facts.registration.session, **changes))


__all__ = [
    "Event",
    "Person",
    "SkipReason",
    "StoodStillError",
    "World",
    "closing",
    "consent",
    "field_said",
    "giving_up_seat",
    "goal",
    "happening",
    "leaving_room",
    "moving",
    "pausing",
    "replay_link",
    "settled_rows",
    "taking_seat",
    "travel",
    "walk",
    "watching",
    "word",
]
