"""Play one person's script: time jumps from timer to timer, and nothing happens between two.

Pure, as the planner is: the same person and world always give the same emails at the same
microseconds.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from funnel.domain.errors import InvalidInputError
from funnel.domain.message import Notice
from funnel.domain.rehearsal import (
    Act,
    RehearsalFinding,
    RehearsalStuckError,
    RehearsedEmail,
    RehearsedLife,
    RehearsedPerson,
    RehearsedWorld,
    SessionAct,
    SessionActKind,
    Severity,
)
from funnel.domain.rehearsal_acts import do_act, end_seat, go_on_with_signups, sign_up
from funnel.domain.rehearsal_host import after_act, in_order
from funnel.domain.rehearsal_plan import look_ahead, plan_runs
from funnel.domain.rehearsal_state import PersonState, RunState, new_state
from funnel.domain.rehearsal_words import act_words
from funnel.domain.sequence import Anchor, AnchorKind, Timing
from funnel.domain.session import Session
from funnel.domain.speech import say
from funnel.domain.step_words import timing_in_words
from funnel.domain.timing import due_at

# A person has twenty emails and a script of some lines; far more stops mean that time stands still.
_MOST_STOPS = 5000


def _never() -> bool:
    return False


def rehearse_person(
    person: RehearsedPerson, world: RehearsedWorld, *, is_over: Callable[[], bool] = _never
) -> RehearsedLife:
    """Return what somebody gets and does not get, from signing up to the end or the horizon.

    What the planner cannot bring to an end becomes an error among the findings.

    Args:
        person: With their script.
        world: Around them.
        is_over: Asked before each stop; from ``True`` on nothing more is played.
    """
    walk = _Walk(new_state(person, world), is_over)
    try:
        walk.play()
    except RehearsalStuckError as error:
        walk.state.findings.append(
            RehearsalFinding(
                severity=Severity.ERROR,
                message=str(error),
                remedy=say("Look at the timings of the emails around that moment."),
                person=person.name,
            )
        )
    return RehearsedLife(
        person=person,
        emails=tuple(sorted(walk.state.emails, key=_settling)),
        findings=tuple(walk.state.findings),
        has_ended=walk.has_ended,
        is_cut=walk.is_cut,
    )


def _settling(email: RehearsedEmail) -> datetime:
    return email.settled_at or email.moment


class _Walk:
    """One person on their way through the weeks."""

    def __init__(self, state: PersonState, is_over: Callable[[], bool]) -> None:
        self.state = state
        self.is_cut = False
        self._is_over = is_over
        self.world = state.world
        self.script = list(state.person.script)
        self.session_acts = in_order(state.world.acts)
        self.has_ended = False
        self.left_at: dict[tuple[int, str], datetime] = {}
        self._seen = 0
        self._zone = state.person.zone

    def play(self) -> None:
        """Sign up, then go from stop to stop."""
        now = self._signs_up_at()
        if now is None:
            self.state.warn(
                say("they cannot sign up: their moment counts from a date they do not have")
            )
            return
        self._host_until(now)
        sign_up(self.state, _date(self.state, self.state.person.session), now)
        for _ in range(_MOST_STOPS):
            self._note_left()
            moment = self._next_stop()
            if moment is None or moment > self.world.ends_at:
                self.has_ended = moment is None
                self._forgotten()
                return
            if self._is_over():
                self.is_cut = True
                return
            now = max(moment, now)
            self._stop(now)
        raise RehearsalStuckError(
            say("time stands still for {name} at {now}", name=self.state.person.name, now=now)
        )

    def _signs_up_at(self) -> datetime | None:
        person = self.state.person
        session_id = _date(self.state, person.session)
        session = self.state.sessions[session_id] if session_id else None
        return _resolved(person.signs_up, self.world.starts_at, session, person.zone)

    def _next_stop(self) -> datetime | None:
        moments = [run.next_due_at for run in self.state.runs if run.next_due_at is not None]
        moments += [moment for act in self.script if (moment := self._moment(act)) is not None]
        for signup in self.state.signups:
            stops = (signup.presses_at, signup.reminded_at)
            moments += [each for each in stops if each is not None]
        # What the host does later concerns nobody who is through and holds no seat.
        seats = {run.seat.session_id for run in self.state.runs if run.seat}
        moments += [act.at for act in self.session_acts if act.session_id in seats or moments]
        return min(moments, default=None)

    def _forgotten(self) -> None:
        """Say which lines of the script never came to pass: what they count from never did."""
        for act in self.script:
            self.state.warn(
                say(
                    "{act} was planned for them and never happened: {when}",
                    act=act_words(act.kind),
                    when=timing_in_words(act.when, self.world.version),
                )
            )

    def _stop(self, now: datetime) -> None:
        """Do what happens at this moment, then plan whose timer has come, as a tick does."""
        self._host_until(now)
        go_on_with_signups(self.state, now)
        for act in [each for each in self.script if _is_reached(self._moment(each), now)]:
            self.script.remove(act)
            do_act(self.state, act, now)
        due = [run for run in self.state.active() if _is_reached(run.next_due_at, now)]
        plan_runs(self.state, [run for run in due if not look_ahead(self.state, run, now)], now)

    def _host_until(self, now: datetime) -> None:
        while self.session_acts and self.session_acts[0].at <= now:
            _host_acts(self.state, self.session_acts.pop(0))

    def _moment(self, act: Act) -> datetime | None:
        """Return when an act is to happen, as far as it can be said now."""
        if act.run > len(self.state.runs):
            return None
        run = self.state.runs[act.run - 1]
        anchor = act.when.anchor
        if anchor.kind is AnchorKind.STEP:
            left_at = self.left_at.get((act.run, anchor.step_key))
            counted = Timing(
                anchor=Anchor(kind=AnchorKind.ENROLLMENT), delay=act.when.delay, at=act.when.at
            )
            return None if left_at is None else _resolved(counted, left_at, None, self._zone)
        session = self.state.sessions.get(run.seat.session_id) if run.seat else None
        return _resolved(act.when, run.enrolled_at, session, self._zone)

    def _note_left(self) -> None:
        for email in self.state.emails[self._seen :]:
            if email.has_left and email.settled_at is not None:
                self.left_at[email.run, email.key] = email.settled_at
        self._seen = len(self.state.emails)


def date_moment(timing: Timing, session: Session, zone: ZoneInfo) -> datetime | None:
    """Return the moment that a timing names of a date; ``None``: it counts from something else."""
    kind = timing.anchor.kind
    if kind is not AnchorKind.FIXED and not kind.needs_session:
        return None
    return _resolved(timing, session.starts_at, session, zone)


def _resolved(
    timing: Timing, enrolled_at: datetime, session: Session | None, zone: ZoneInfo
) -> datetime | None:
    """Return the moment that a timing names; ``None``: it has no anchor."""
    counted_at = _anchor(timing.anchor, enrolled_at, session)
    if counted_at is None:
        return None
    moment = due_at(counted_at, timing.delay, at=timing.at, window=None, zone=zone)
    is_first = timing.anchor.kind.happens_first
    return max(moment, counted_at) if is_first else moment


def _anchor(anchor: Anchor, enrolled_at: datetime, session: Session | None) -> datetime | None:
    if anchor.kind is AnchorKind.FIXED:
        return anchor.fixed_at
    if not anchor.kind.needs_session:
        return enrolled_at
    if session is None:
        return None
    moments = {
        AnchorKind.SESSION_START: session.starts_at,
        AnchorKind.SESSION_END: session.ends_at,
        AnchorKind.REPLAY_END: session.replay_closes_at,
    }
    return moments.get(anchor.kind, enrolled_at)


def _date(state: PersonState, number: int | None) -> UUID | None:
    dates = state.world.sessions
    return None if number is None or number > len(dates) else dates[number - 1].id


def _is_reached(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


def _host_acts(state: PersonState, act: SessionAct) -> None:
    """Do what the host does with a date, to this person; what cannot be done is left undone."""
    before = state.sessions[act.session_id]
    try:
        after = after_act(state.sessions, act)
    except InvalidInputError:  # ``about_host`` says it, once for all people
        return
    if after == before:
        return
    holders = [run for run in state.runs if run.seat and run.seat.session_id == act.session_id]
    state.sessions[act.session_id] = after
    for run in holders:
        if act.kind is SessionActKind.CANCELS:
            _call_off(state, run, before, act.at)
        elif act.kind is SessionActKind.MOVES:
            _move(state, run, before, act.at)
    plan_runs(state, [run for run in holders if run.is_active], act.at)


def _call_off(state: PersonState, run: RunState, session: Session, now: datetime) -> None:
    end_seat(run)
    state.tell(
        Notice.SESSION_CANCELLED,
        now,
        run=run,
        dedupe=f"{run.number}:{session.id}",
        former=session,
        session=session,
    )


def _move(state: PersonState, run: RunState, before: Session, now: datetime) -> None:
    run.calendar_revision += 1
    moved = state.sessions[before.id]
    state.tell(
        Notice.SESSION_MOVED,
        now,
        run=run,
        dedupe=f"{run.number}:{run.calendar_revision}",
        former=before,
        session=moved,
    )
