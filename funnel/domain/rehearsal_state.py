"""A rehearsed person as rows would have them: runs, seats, words, and what was written.

It mirrors the columns that planning reads, so that a rehearsal does what dispatch does; the test
that compares both is tests/services/test_rehearsal_is_dispatch.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from funnel.domain.enrollment import Enrollment, EnrollmentState, Facts, LettersEnd, PassedStep
from funnel.domain.facts import Happening
from funnel.domain.message import MessageStatus, Notice
from funnel.domain.rehearsal import (
    RehearsalFinding,
    RehearsedEmail,
    RehearsedPerson,
    RehearsedWorld,
    Scene,
    Severity,
)
from funnel.domain.sequence import StepKind
from funnel.domain.session import Attendance, Registration, Session
from funnel.domain.timing import local_day

# PRODUCT, "Another date": a letter that the person got within this time is not repeated.
REMEMBERED_FOR = timedelta(days=180)
_ON_ITS_WAY = frozenset({MessageStatus.QUEUED, MessageStatus.ACCEPTED})


@dataclass(slots=True, kw_only=True)
class Seat:
    """A registration of a run."""

    session_id: UUID
    registered_at: datetime
    attendance: Attendance = Attendance.UNKNOWN
    known_at: datetime | None = None
    watched_at: datetime | None = None
    left_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class SignupState:
    """A signup that was not confirmed yet; ``None``: never, or no more.

    Attributes:
        number: Which of the person's signups, the first is 1.
        presses_at: When the button of its confirmation is pressed.
        reminded_at: When it is to be reminded of.
    """

    number: int
    session_id: UUID | None
    expires_at: datetime
    presses_at: datetime | None
    reminded_at: datetime | None


@dataclass(slots=True, kw_only=True)
class RunState:
    """One run.

    Attributes:
        seat: The one held.
        last_session_id: That of the newest seat, held or not.
        has_just_left: An email of it is on its way: the timer is the moment of its acceptance.
    """

    id: UUID
    number: int
    enrolled_at: datetime
    state: EnrollmentState = EnrollmentState.ACTIVE
    letters_end: LettersEnd | None = None
    goal_reached_at: datetime | None = None
    seat: Seat | None = None
    last_session_id: UUID | None = None
    calendar_revision: int = 0
    next_due_at: datetime | None = None
    has_just_left: bool = False
    letter_days: frozenset[date] = frozenset()
    rows: dict[tuple[str, int], PassedStep] = field(default_factory=dict)
    clicks: list[Happening] = field(default_factory=list)

    @property
    def is_active(self) -> bool:
        """Whether it is still planned."""
        return self.state is EnrollmentState.ACTIVE


@dataclass(slots=True, kw_only=True)
class PersonState:
    """One person in the middle of a rehearsal."""

    person: RehearsedPerson
    world: RehearsedWorld
    sessions: dict[UUID, Session]
    letters: frozenset[str]
    wants_letters: bool = False
    wants_seat: bool = False
    has_left: bool = False
    paused_until: datetime | None = None
    happened: list[Happening] = field(default_factory=list)
    signups: list[SignupState] = field(default_factory=list)
    signups_made: int = 0
    runs: list[RunState] = field(default_factory=list)
    emails: list[RehearsedEmail] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    findings: list[RehearsalFinding] = field(default_factory=list)

    def active(self) -> list[RunState]:
        """Return the runs that are planned, the older first."""
        return [run for run in self.runs if run.is_active]

    def session_of(self, run: RunState) -> Session | None:
        """Return the date of the seat that a run holds; a cancelled one counts as none."""
        session = self.sessions.get(run.seat.session_id) if run.seat else None
        return None if session is None or session.cancelled_at is not None else session

    def facts(self, run: RunState, now: datetime) -> Facts:
        """Return what the planner is told about a run."""
        happened: Iterable[Happening] = self.happened
        if run.clicks:
            happened = sorted([*self.happened, *run.clicks], key=_moment_of)
        return Facts(
            registration=self._registration(run),
            passed=tuple(run.rows.values()),
            wants_letters=self.wants_letters,
            wants_seat_emails=self.wants_seat,
            goal_reached_at=run.goal_reached_at,
            had_letters={**self.person.had_letters, **self._had(run, now)},
            happened=tuple(happened),
            fields=self.person.fields,
            letters_paused_until=self.paused_until,
        )

    def enrollment(self, run: RunState) -> Enrollment:
        """Return the run as the planner sees it."""
        return Enrollment(
            enrolled_at=run.enrolled_at, zone=self.person.zone, letters_end=run.letters_end
        )

    def taken_days(self, run: RunState, now: datetime) -> frozenset[date]:
        """Return the days that letters of other runs have; the older run chooses first."""
        if len(self.runs) == 1:
            return self.person.taken_days
        days = set(self.person.taken_days)
        for other in self.runs:
            if other is run:
                continue
            if other.is_active and other.number < run.number:
                days |= other.letter_days
            days.update(self._day_of(row) for row in self._letters_of(other, now))
        return frozenset(days)

    def tell(
        self,
        notice: Notice,
        now: datetime,
        *,
        run: RunState | None,
        dedupe: str,
        former: Session | None = None,
        session: Session | None = None,
    ) -> None:
        """Note a notice, which leaves at once; asked for twice, it is told once."""
        key = f"{notice}:{dedupe}"
        if key in self.told:
            return
        self.told.add(key)
        self.emails.append(
            RehearsedEmail(
                key=notice,
                copy=0,
                kind=None,
                run=run.number if run else 0,
                status=MessageStatus.ACCEPTED,
                moment=now,
                settled_at=now + self.world.latency,
                session_id=session.id if session else None,
                scene=self.scene(run, session=session, former=former),
            )
        )

    def scene(
        self,
        run: RunState | None,
        *,
        session: Session | None = None,
        former: Session | None = None,
    ) -> Scene:
        """Return how the person stands now, for the text of an email."""
        held = self.session_of(run) if run else None
        return Scene(
            run_id=run.id if run else self.run_id(1),
            session=session or held,
            holds_seat=run is not None and run.seat is not None,
            calendar_revision=run.calendar_revision if run else 0,
            wants_letters=self.wants_letters or (run is None and self.person.wants_letters),
            former=former,
        )

    def run_id(self, number: int) -> UUID:
        """Return the same made-up id at every rehearsal."""
        return uuid5(self.person.id, f"run {number}")

    def warn(self, message: str, remedy: str = "") -> None:
        """Note something about this person's script."""
        self.findings.append(
            RehearsalFinding(
                severity=Severity.WARNING,
                message=message,
                remedy=remedy,
                person=self.person.name,
            )
        )

    def _registration(self, run: RunState) -> Registration | None:
        session = self.session_of(run)
        if session is None or run.seat is None:
            return None
        return Registration(
            session=session,
            registered_at=run.seat.registered_at,
            attendance=run.seat.attendance,
            attendance_known_at=run.seat.known_at,
            watched_at=run.seat.watched_at,
            left_at=run.seat.left_at,
        )

    def _had(self, run: RunState, now: datetime) -> dict[str, date]:
        if len(self.runs) == 1:
            return {}
        return {
            row.key: self._day_of(row)
            for other in self.runs
            if other is not run
            for row in self._letters_of(other, now)
            if row.status is MessageStatus.ACCEPTED
        }

    def _letters_of(self, run: RunState, now: datetime) -> list[PassedStep]:
        since = now - REMEMBERED_FOR
        return [
            row
            for row in run.rows.values()
            if row.key in self.letters and row.status in _ON_ITS_WAY and row.moment >= since
        ]

    def _day_of(self, row: PassedStep) -> date:
        return local_day(row.settled_at or row.moment, self.person.zone)


def new_state(person: RehearsedPerson, world: RehearsedWorld) -> PersonState:
    """Return somebody who has not signed up yet."""
    return PersonState(
        person=person,
        world=world,
        sessions={each.id: each for each in world.sessions},
        letters=frozenset(step.key for step in world.version.steps if step.kind is StepKind.LETTER),
    )


def _moment_of(happening: Happening) -> datetime:
    return happening.at
