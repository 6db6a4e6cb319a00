from datetime import timedelta

import pytest

from funnel.domain.demo import DemoGoal, Hold
from funnel.domain.errors import InvalidInputError
from funnel.services.play_demo import play_demo
from funnel.services.read_demo_state import read_demo_state
from funnel.services.skip_time import skip_time
from funnel.services.steer_demo import pause_demo, resume_demo, steer_demo
from tests.fixtures.world import TUESDAY_NOON

HOUR = timedelta(hours=1)
MOMENT = timedelta(seconds=20)  # the tests' own time goes on while they run
URL = "http://127.0.0.1:8000"


def timer(world, run, after):
    world.execute(
        "update enrollments set next_due_at = plan_now() + :after where id = :id",
        after=after,
        id=run,
    )


def now(world):
    return world.ask("select plan_now()")


@pytest.fixture
def run(world):
    return world.enroll(world.add_person())


def message(world, run, *, status, due_in):
    world.execute(
        """
        insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, sequence_id,
            step_key, template_key, lane, priority, status, due_at)
        select gen_random_uuid(), 'sequence', gen_random_uuid()::text, subscriber_id, id,
            sequence_id, 'first', 'short/first', lane, 2, :status, plan_now() + :due_in
        from enrollments where id = :run
        """,
        status=status,
        due_in=due_in,
        run=run,
    )


def test_time_jumps_to_the_next_timer_and_goes_on_from_there(world, run):
    timer(world, run, 5 * HOUR)
    due_at = world.ask("select next_due_at from enrollments")
    assert skip_time(world.transactions).moved_to == due_at
    assert due_at <= now(world) < due_at + MOMENT


def test_what_is_due_holds_time_until_it_is_done(world, run):
    timer(world, run, timedelta(0))
    assert skip_time(world.transactions).hold is Hold.BUSY
    assert now(world) < TUESDAY_NOON + MOMENT


@pytest.mark.parametrize("status", ["sending", "queued"])
def test_a_message_in_flight_holds_time(world, run, status):
    timer(world, run, 5 * HOUR)
    message(world, run, status=status, due_in=timedelta(0))
    assert skip_time(world.transactions).hold is Hold.BUSY


def test_a_message_that_waits_for_a_retry_is_in_flight(world, run):
    timer(world, run, 5 * HOUR)
    message(world, run, status="queued", due_in=timedelta(0))
    world.execute("update messages set available_at = now() + interval '10 minutes'")
    assert skip_time(world.transactions).hold is Hold.BUSY


def test_a_message_queued_for_later_is_a_timer(world, run):
    timer(world, run, 5 * HOUR)
    message(world, run, status="queued", due_in=2 * HOUR)
    due_at = world.ask("select due_at from messages")
    assert skip_time(world.transactions).moved_to == due_at


def test_a_held_unknown_outcome_does_not_hold_time(world, run):
    timer(world, run, 5 * HOUR)
    message(world, run, status="unknown", due_in=timedelta(0))
    assert skip_time(world.transactions).moved_to is not None


def test_a_limit_that_comes_first_is_where_time_stops(world, run):
    timer(world, run, 5 * HOUR)
    limit = now(world) + HOUR
    assert skip_time(world.transactions, not_beyond=limit).moved_to == limit


def test_where_nothing_lies_ahead_time_stays(world):
    before = now(world)
    assert skip_time(world.transactions).hold is Hold.NOTHING_AHEAD
    assert now(world) - before < MOMENT


def test_time_never_goes_back(world, run):
    limit = now(world) - 3 * HOUR
    timer(world, run, 5 * HOUR)
    before = now(world)
    skip_time(world.transactions, not_beyond=limit)
    assert now(world) >= before


def test_a_pause_stops_time_and_nothing_is_lost_when_it_goes_on(world, run):
    timer(world, run, 5 * HOUR)
    pause_demo(world.transactions)
    frozen_at = now(world)
    assert now(world) == frozen_at
    assert skip_time(world.transactions).hold is Hold.PAUSED
    resume_demo(world.transactions)
    assert frozen_at <= now(world) < frozen_at + MOMENT


def test_pausing_twice_and_resuming_twice_changes_nothing(world):
    pause_demo(world.transactions)
    frozen_at = now(world)
    pause_demo(world.transactions)
    assert now(world) == frozen_at
    resume_demo(world.transactions)
    resume_demo(world.transactions)
    assert frozen_at <= now(world) < frozen_at + MOMENT


class TestPlay:
    def test_without_a_goal_time_runs_by_itself(self, world, run):
        timer(world, run, 5 * HOUR)
        assert play_demo(world.transactions, base_url=URL).skip_to is None

    def test_to_the_next_email_passes_over_what_sends_nothing(self, world, run):
        steer_demo(world.transactions, DemoGoal.NEXT)
        for _ in range(3):
            timer(world, run, 5 * HOUR)
            assert play_demo(world.transactions, base_url=URL).skip_to is not None
        assert read_demo_state(world.transactions).goal is DemoGoal.NEXT

    def test_to_the_next_email_ends_when_one_has_left(self, world, run):
        timer(world, run, 5 * HOUR)
        steer_demo(world.transactions, DemoGoal.NEXT)
        play_demo(world.transactions, base_url=URL)
        message(world, run, status="accepted", due_in=timedelta(0))
        world.execute("update messages set accepted_at = plan_now(), settled_at = plan_now()")
        timer(world, run, 5 * HOUR)
        assert play_demo(world.transactions, base_url=URL).is_reached
        assert read_demo_state(world.transactions).goal is DemoGoal.NONE

    def test_a_goal_lets_frozen_time_go_on(self, world, run):
        timer(world, run, 5 * HOUR)
        pause_demo(world.transactions)
        steer_demo(world.transactions, DemoGoal.NEXT)
        assert not read_demo_state(world.transactions).is_frozen
        assert play_demo(world.transactions, base_url=URL).skip_to is not None

    def test_to_the_session_needs_somebody_with_a_seat(self, world):
        world.add_session(TUESDAY_NOON + 50 * HOUR)
        assert not read_demo_state(world.transactions).can_session
        with pytest.raises(InvalidInputError, match="nobody holds a seat"):
            steer_demo(world.transactions, DemoGoal.SESSION)

    @pytest.mark.parametrize("goal", [DemoGoal.NEXT, DemoGoal.ALL])
    def test_a_goal_that_nothing_leads_to_is_refused(self, world, goal):
        with pytest.raises(InvalidInputError, match="nothing lies ahead"):
            steer_demo(world.transactions, goal)
        steer_demo(world.transactions, DemoGoal.NONE)

    def test_to_the_session_stops_as_it_begins(self, world):
        starts_at = TUESDAY_NOON + 50 * HOUR
        run = world.enroll(world.add_person(), world.add_session(starts_at))
        timer(world, run, 500 * HOUR)
        steer_demo(world.transactions, DemoGoal.SESSION)
        assert play_demo(world.transactions, base_url=URL).skip_to == starts_at
        assert play_demo(world.transactions, base_url=URL).is_reached

    def test_play_all_waits_at_a_sessions_end_for_a_word(self, world):
        ends_at = TUESDAY_NOON + 50 * HOUR + timedelta(minutes=90)
        run = world.enroll(world.add_person(), world.add_session(TUESDAY_NOON + 50 * HOUR))
        timer(world, run, 500 * HOUR)
        steer_demo(world.transactions, DemoGoal.ALL)
        assert play_demo(world.transactions, base_url=URL).skip_to == ends_at
        assert play_demo(world.transactions, base_url=URL).hold is Hold.WORD_AWAITED
        assert "say whether you came" in read_demo_state(world.transactions).waiting
        world.execute("update registrations set attendance = 'attended'")
        assert play_demo(world.transactions, base_url=URL).skip_to is not None

    def test_one_word_about_a_session_is_enough_however_many_held_a_seat(self, world):
        session = world.add_session(TUESDAY_NOON - 2 * HOUR)
        for name in ("ana", "bo", "cy"):
            run = world.enroll(world.add_person(f"{name}@example.org"), session)
            timer(world, run, 500 * HOUR)
        world.execute("update clock set goal = 'all', goal_at = plan_now() - interval '1 day'")
        assert play_demo(world.transactions, base_url=URL).hold is Hold.WORD_AWAITED
        world.execute(
            "update registrations set attendance = 'missed', attendance_known_at = plan_now() "
            "where enrollment_id = :run",
            run=run,
        )
        assert play_demo(world.transactions, base_url=URL).skip_to is not None

    @pytest.mark.parametrize(
        ("status", "waits"),
        [("queued", True), ("accepted", True), ("failed", False), ("cancelled", False)],
    )
    def test_play_all_waits_for_a_button_only_if_its_email_exists(
        self, world, door, run, status, waits
    ):
        timer(world, run, 5 * HOUR)
        door.accept(door.request("bo@example.org"))
        world.execute(
            "update messages set status = :status, due_at = plan_now() + interval '1 hour', "
            "accepted_at = case when :status = 'accepted' then plan_now() - interval '1 hour' end",
            status=status,
        )
        steer_demo(world.transactions, DemoGoal.ALL)
        move = play_demo(world.transactions, base_url=URL)
        assert (move.hold is Hold.SIGNUP_PENDING) == waits
        assert (move.skip_to is None) == waits

    def test_play_all_pressed_again_presses_on(self, world):
        run = world.enroll(world.add_person(), world.add_session(TUESDAY_NOON + 50 * HOUR))
        timer(world, run, 500 * HOUR)
        steer_demo(world.transactions, DemoGoal.ALL)
        play_demo(world.transactions, base_url=URL)
        assert play_demo(world.transactions, base_url=URL).hold is Hold.WORD_AWAITED
        steer_demo(world.transactions, DemoGoal.ALL)
        assert play_demo(world.transactions, base_url=URL).skip_to is not None

    def test_play_all_ends_when_everybody_is_through(self, world, run):
        steer_demo(world.transactions, DemoGoal.ALL)
        world.execute("update enrollments set state = 'completed', next_due_at = null")
        assert play_demo(world.transactions, base_url=URL).is_reached
        assert read_demo_state(world.transactions).goal is DemoGoal.NONE

    def test_three_sessions_always_lie_ahead(self, world):
        def ahead():
            return world.ask("select count(*) from sessions where starts_at > plan_now()")

        play_demo(world.transactions, base_url=URL)
        assert ahead() == 3
        world.travel_to(TUESDAY_NOON + timedelta(days=15))
        assert ahead() < 3
        play_demo(world.transactions, base_url=URL)
        assert ahead() == 3


class TestState:
    def test_the_next_email_is_the_planners_and_is_said_in_words(self, world):
        world.enroll(world.add_person(), world.add_session(TUESDAY_NOON + 50 * HOUR))
        state = read_demo_state(world.transactions)
        assert state.next_email.name == "Your seat"
        assert state.next_email.who == "ana@example.org"

    def test_nobody_under_way_means_no_next_email(self, world):
        assert read_demo_state(world.transactions).next_email is None
