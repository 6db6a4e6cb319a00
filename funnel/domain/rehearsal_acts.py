"""What a person of a rehearsal does: each act as the service that a real one would reach.

Signing up and changing the date are ``enroll``, leaving is ``unsubscribe``, words are
``record_facts``; each plans the runs concerned when it has changed what a plan depends on.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from uuid import UUID

from funnel.domain.enrollment import EnrollmentState, LettersEnd
from funnel.domain.facts import FactKind, Happening
from funnel.domain.message import Notice
from funnel.domain.rehearsal import Act, ActKind
from funnel.domain.rehearsal_plan import leave_runs, plan_runs
from funnel.domain.rehearsal_state import PersonState, RunState, Seat, SignupState
from funnel.domain.rehearsal_words import act_words, no_seat_words
from funnel.domain.runs import LatestRun, starts_new_run
from funnel.domain.seats import seat_problem
from funnel.domain.session import Attendance, Session
from funnel.domain.speech import say
from funnel.domain.timing import local_day, local_moment

_HAPPENINGS = {
    ActKind.BOOKED: FactKind.BOOKED,
    ActKind.BOOKING_CANCELLED: FactKind.BOOKING_CANCELLED,
    ActKind.BOUGHT: FactKind.BOUGHT,
    ActKind.REPLIED: FactKind.REPLIED,
    ActKind.TAGGED: FactKind.TAGGED,
    ActKind.UNTAGGED: FactKind.UNTAGGED,
}


def do_act(state: PersonState, act: Act, now: datetime) -> None:
    """Do one act of the script and plan what it concerns."""
    run = state.runs[act.run - 1] if act.run <= len(state.runs) else None
    if run is None:
        state.warn(_too_early(act))
    elif act.kind in _HAPPENINGS:
        _happens(state, act, now)
    else:
        _DEEDS[act.kind](state, run, act, now)


def _too_early(act: Act) -> str:
    if act.run == 1:
        return say("{act}: too early, they are not in the sequence yet", act=act_words(act.kind))
    return say(
        "{act}: too early, their time number {number} in the sequence has not begun",
        act=act_words(act.kind),
        number=act.run,
    )


def sign_up(state: PersonState, session_id: UUID | None, now: datetime) -> None:
    """Fill in the form: a confirmation leaves; the press and the reminder are still to come."""
    session = state.sessions[session_id] if session_id else None
    state.signups_made += 1
    presses = state.person.presses_after
    lasts = state.world.confirmation_lasts
    state.signups.append(
        SignupState(
            number=state.signups_made,
            session_id=session_id,
            expires_at=now + lasts,
            presses_at=None if presses is None or presses >= lasts else now + presses,
            reminded_at=now + state.world.reminder_after,
        )
    )
    state.tell(Notice.CONFIRM, now, run=None, dedupe=str(state.signups_made), session=session)


def go_on_with_signups(state: PersonState, now: datetime) -> None:
    """Press the buttons whose moment has come, and remind of those that were not pressed."""
    for signup in list(state.signups):
        if signup.presses_at is not None and signup.presses_at <= now:
            state.signups.remove(signup)
            enroll(state, signup.session_id, now, letters=state.person.wants_letters)
        elif signup.reminded_at is not None and signup.reminded_at <= now:
            signup.reminded_at = None
            _remind(state, signup, now)


def _remind(state: PersonState, signup: SignupState, now: datetime) -> None:
    session = state.sessions[signup.session_id] if signup.session_id else None
    if session is None or session.starts_at > now:
        state.tell(Notice.CONFIRM_AGAIN, now, run=None, dedupe=str(signup.number), session=session)


def enroll(state: PersonState, session_id: UUID | None, now: datetime, *, letters: bool) -> None:
    """Confirm a signup: consents, a run, the seat, and the plan of all runs."""
    latest = state.runs[-1] if state.runs else None
    is_new = starts_new_run(_latest(state, latest), session_id, state.world.version.runs, now)
    has_it = not is_new and latest is not None and _seat_id(state, latest) == session_id
    wished = None if session_id is None or has_it else state.sessions[session_id]
    if wished is not None and not _may_take(state, wished, now):
        return
    state.wants_letters = state.wants_letters or letters
    state.wants_seat = state.wants_seat or session_id is not None
    state.has_left = False
    run = _new_run(state, now) if latest is None or is_new else latest
    if wished is not None:
        if run.state is EnrollmentState.COMPLETED:
            run.state = EnrollmentState.ACTIVE
        _give(state, run, wished, now)
    if run.seat is None:
        state.tell(Notice.WELCOME, now, run=run, dedupe=str(run.number))
    plan_runs(state, state.active(), now)


def change_date(state: PersonState, run: RunState, session_id: UUID, now: datetime) -> None:
    """Choose another date on the preferences page."""
    if run.state is EnrollmentState.LEFT or state.has_left:
        state.warn(say("they cannot choose another date: they have left everything by then"))
        return
    enroll(state, session_id, now, letters=False)


def end_seat(run: RunState) -> None:
    """End a run's seat; calendars that know it learn of it."""
    run.seat = None
    run.calendar_revision += 1


def _latest(state: PersonState, run: RunState | None) -> LatestRun | None:
    if run is None:
        return None
    session = state.session_of(run)
    return LatestRun(
        id=run.id,
        run=run.number,
        state=run.state,
        session_id=session.id if session else None,
        session_starts_at=session.starts_at if session else None,
    )


def _seat_id(state: PersonState, run: RunState) -> UUID | None:
    session = state.session_of(run)
    return session.id if session else None


def _may_take(state: PersonState, session: Session, now: datetime) -> bool:
    """Whether the date can be taken; one rehearsed person does not ask how many seats are left."""
    problem = seat_problem(session, 0, now)
    if problem is None:
        return True
    state.warn(
        no_seat_words(problem, session, now, state.person.zone),
        say("Let them sign up earlier, or choose another date."),
    )
    return False


def _new_run(state: PersonState, now: datetime) -> RunState:
    for other in state.active():
        other.letters_end = other.letters_end or LettersEnd.SUPERSEDED
    number = len(state.runs) + 1
    run = RunState(id=state.run_id(number), number=number, enrolled_at=now)
    state.runs.append(run)
    return run


def _give(state: PersonState, run: RunState, wished: Session, now: datetime) -> None:
    before_id = run.seat.session_id if run.seat else run.last_session_id
    for other in state.runs:
        if other.seat and (other is run or other.seat.session_id == wished.id):
            end_seat(other)
    run.seat = Seat(session_id=wished.id, registered_at=now)
    run.last_session_id = wished.id
    run.calendar_revision += 1
    if before_id is not None:
        state.tell(
            Notice.SESSION_MOVED,
            now,
            run=run,
            dedupe=f"{run.number}:{run.calendar_revision}",
            former=None if before_id == wished.id else state.sessions[before_id],
            session=wished,
        )


def _happens(state: PersonState, act: Act, now: datetime) -> None:
    kind = _HAPPENINGS[act.kind]
    state.happened.append(Happening(kind=kind, at=now, name=act.name, reference=act.reference))
    plan_runs(state, state.active(), now)


def _clicks(state: PersonState, run: RunState, act: Act, now: datetime) -> None:
    run.clicks.append(
        Happening(kind=FactKind.CLICKED, at=now, name=act.name, step_key=act.step_key)
    )
    plan_runs(state, state.active(), now)


def _word(state: PersonState, run: RunState, act: Act, now: datetime) -> None:
    session = state.sessions.get(run.seat.session_id) if run.seat else None
    if run.seat is None or session is None or session.starts_at > now:
        state.warn(
            say(
                "{act}: not possible, they hold no seat in a date that has begun",
                act=act_words(act.kind),
            )
        )
        return
    if act.kind is ActKind.WATCHED:
        run.seat.watched_at = run.seat.watched_at or now
    else:
        _settle_attendance(run.seat, session, act, now)
    plan_runs(state, state.active(), now)


def _settle_attendance(seat: Seat, session: Session, act: Act, now: datetime) -> None:
    came = act.kind is ActKind.ATTENDED
    attendance = Attendance.ATTENDED if came else Attendance.MISSED
    if seat.attendance is not attendance:
        seat.attendance = attendance
        seat.known_at = now
    if came and act.left_after is not None:
        seat.left_at = session.starts_at + act.left_after


def _reach_goal(state: PersonState, _: RunState, __: Act, now: datetime) -> None:
    for run in state.active() or state.runs[-1:]:
        run.goal_reached_at = run.goal_reached_at or now
    plan_runs(state, state.active(), now)


def _pause(state: PersonState, _: RunState, act: Act, now: datetime) -> None:
    zone = state.person.zone
    day = local_day(now, zone) + timedelta(days=act.days)
    state.paused_until = local_moment(day, time.min, zone)
    plan_runs(state, state.active(), now)


def _stop_letters(state: PersonState, _: RunState, __: Act, now: datetime) -> None:
    state.wants_letters = False
    plan_runs(state, state.active(), now)


def _stop_seat(state: PersonState, _: RunState, __: Act, now: datetime) -> None:
    state.wants_seat = False
    plan_runs(state, state.active(), now)


def _leave(state: PersonState, _: RunState, __: Act, ___: datetime) -> None:
    state.wants_letters = state.wants_seat = False
    state.has_left = True
    state.signups.clear()  # coming back takes a signup of its own
    leave_runs(state)


def _give_up(state: PersonState, run: RunState, _: Act, now: datetime) -> None:
    session = state.sessions.get(run.seat.session_id) if run.seat else None
    if session is None or session.starts_at <= now:
        return  # a seat in a date that has begun stays: it says who was there
    end_seat(run)
    plan_runs(state, state.active(), now)


def _change(state: PersonState, run: RunState, act: Act, now: datetime) -> None:
    session_id = _chosen(state, act)
    if session_id is not None:
        change_date(state, run, session_id, now)


def _again(state: PersonState, _: RunState, act: Act, now: datetime) -> None:
    sign_up(state, _chosen(state, act), now)


def _chosen(state: PersonState, act: Act) -> UUID | None:
    dates = state.world.sessions
    if act.session is None or act.session > len(dates):
        return None
    return dates[act.session - 1].id


_Deed = Callable[[PersonState, RunState, Act, datetime], None]
_DEEDS: Mapping[ActKind, _Deed] = {
    ActKind.ATTENDED: _word,
    ActKind.MISSED: _word,
    ActKind.WATCHED: _word,
    ActKind.CLICKED: _clicks,
    ActKind.GOAL: _reach_goal,
    ActKind.PAUSES: _pause,
    ActKind.STOPS_LETTERS: _stop_letters,
    ActKind.STOPS_SEAT: _stop_seat,
    ActKind.LEAVES: _leave,
    ActKind.GIVES_UP_SEAT: _give_up,
    ActKind.CHANGES_DATE: _change,
    ActKind.SIGNS_UP_AGAIN: _again,
}
