"""Many people planned anew: in batches, by two workers at most, from wherever it broke off."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic, sleep
from uuid import UUID

import pytest

from funnel.domain.status import ReplanProgress
from funnel.services import continue_replans as module
from funnel.services.cancel_session import cancel_session
from funnel.services.continue_replans import continue_replans
from funnel.services.move_session import move_session
from funnel.services.read_replans import find_replan
from funnel.services.skip_time import skip_time
from funnel.storage import replans
from funnel.storage.replans import End, Replan
from funnel.storage.transaction import open_database
from tests.fixtures.posting import assert_balanced
from tests.fixtures.signups import Door
from tests.fixtures.world import TUESDAY_NOON, World

DAY = timedelta(days=1)
FRIDAY = TUESDAY_NOON + 3 * DAY
MONDAY = TUESDAY_NOON + 6 * DAY
PEOPLE = 9


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs in a batch, three ids looked up: the numbers are the code's only ones."""
    monkeypatch.setattr(module, "RUNS_AT_ONCE", 2)
    monkeypatch.setattr(module, "_LOOKED_UP", 3)


@pytest.fixture
def session(world: World) -> UUID:
    return world.add_session(FRIDAY)


@pytest.fixture
def full(door: Door, session: UUID) -> Door:
    """Nine people with a seat, planned."""
    for number in range(PEOPLE):
        door.seat(f"p{number}@example.org", session)
    return door


def move(world: World, session: UUID) -> Replan:
    return move_session(session, MONDAY, by="test", transactions=world.transactions)


def notices(world: World) -> int:
    found = world.ask(
        "select count(*) from messages where template_key = 'notices/session-moved'"
        " and status = 'queued'"
    )
    assert isinstance(found, int)
    return found


def test_it_goes_on_where_it_stopped(full: Door, session: UUID) -> None:
    world = full.world
    replan = move(world, session)
    seen = []
    while not replan.is_finished:
        continue_replans(world.transactions, most_batches=2)
        replan = find_replan(replan.id, world.transactions)
        seen.append((replan.done, notices(world)))
    # Three ids are looked up at once: a batch of two, and one of the one that is left.
    assert seen == [(3, 3), (6, 6), (9, 9)]
    assert continue_replans(world.transactions) is None
    assert_balanced(world)


def test_who_is_due_soonest_comes_first(full: Door, session: UUID) -> None:
    world = full.world
    world.execute(
        "update enrollments e set next_due_at = plan_now() + x.n * interval '1 hour'"
        " from (select id, row_number() over (order by id desc) as n from enrollments) x"
        " where x.id = e.id"
    )
    soonest = world.ask("select id from enrollments order by next_due_at limit 1")
    move(world, session)
    continue_replans(world.transactions, most_batches=1)
    done = world.ask("select array_agg(id) from enrollments where replan_id is not null")
    assert isinstance(done, list)
    assert (soonest in done, len(done)) == (True, 2)


def test_beside_two_workers_a_third_does_nothing(full: Door, session: UUID) -> None:
    world = full.world
    replan = move(world, session)
    other = open_database(world.url, pool_size=1)
    with other.begin() as tx:
        assert all(replans.try_lock(tx, replan.id, end) for end in End)
        waiting = continue_replans(world.transactions)
        assert waiting is not None
        assert (waiting.done, waiting.is_finished) == (0, False)
    other.close()
    done = continue_replans(world.transactions)
    assert done is not None
    assert (done.done, notices(world)) == (PEOPLE, PEOPLE)


def test_beside_one_worker_the_other_comes_from_the_end(full: Door, session: UUID) -> None:
    world = full.world
    world.execute(
        "update enrollments e set next_due_at = plan_now() + x.n * interval '1 hour'"
        " from (select id, row_number() over (order by id desc) as n from enrollments) x"
        " where x.id = e.id"
    )
    latest = world.ask("select id from enrollments order by next_due_at desc limit 1")
    replan = move(world, session)
    other = open_database(world.url, pool_size=1)
    with other.begin() as tx:
        assert replans.try_lock(tx, replan.id, End.SOONEST_DUE)
        continue_replans(world.transactions, most_batches=1)
    other.close()
    done = world.ask("select array_agg(id) from enrollments where replan_id is not null")
    assert isinstance(done, list)
    assert (latest in done, len(done)) == (True, 2)


def test_two_at_once_plan_everybody_once(full: Door, session: UUID) -> None:
    world = full.world
    for number in range(PEOPLE, 4 * PEOPLE):
        full.seat(f"p{number}@example.org", session)
    before = "select sum(plan_revision)::int from enrollments"
    planned = world.ask(before)
    assert isinstance(planned, int)
    replan = move(world, session)
    other = open_database(world.url, pool_size=2)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(continue_replans, (world.transactions, other)))
    other.close()
    done = find_replan(replan.id, world.transactions)
    assert (done.done, done.is_finished) == (4 * PEOPLE, True)
    assert (notices(world), world.ask(before)) == (4 * PEOPLE, planned + 4 * PEOPLE)
    assert_balanced(world)


def test_a_newer_move_waits_for_what_is_under_way_and_goes_before_the_rest(
    full: Door, session: UUID
) -> None:
    world = full.world
    former = move(world, session)
    other = open_database(world.url, pool_size=1)
    with ThreadPoolExecutor(1) as pool:
        with other.begin() as tx:
            assert replans.try_lock(tx, former.id, End.LATEST_DUE)
            newer = pool.submit(
                move_session, session, MONDAY + DAY, by="test", transactions=world.transactions
            )
            _until_somebody_waits(world)
            waiting = continue_replans(world.transactions)
            assert waiting is not None
            assert (waiting.id, waiting.done) == (former.id, 0)
        assert not newer.result(timeout=30).is_finished
    other.close()
    assert find_replan(former.id, world.transactions).is_finished
    done = continue_replans(world.transactions)
    assert done is not None
    assert (done.id, done.done) == (newer.result().id, PEOPLE)


def _until_somebody_waits(world: World) -> None:
    ends_at = monotonic() + 30
    while not world.ask("select count(*) from pg_locks where not granted"):
        assert monotonic() < ends_at, "nobody waits"
        sleep(0.01)


def test_a_run_that_cannot_be_planned_stops_nobody(full: Door, session: UUID) -> None:
    world = full.world
    odd = world.ask("select id from enrollments order by id limit 1")
    world.execute(
        "update subscribers set zone = 'Mars/Olympus'"
        " where id = (select subscriber_id from enrollments where id = :id)",
        id=odd,
    )
    move(world, session)
    done = continue_replans(world.transactions)
    assert done is not None
    assert (done.done, done.is_finished) == (PEOPLE, True)


def test_a_newer_move_takes_over_half_way(full: Door, session: UUID) -> None:
    world = full.world
    move(world, session)
    continue_replans(world.transactions, most_batches=2)
    newer = move_session(session, MONDAY + DAY, by="test", transactions=world.transactions)
    done = continue_replans(world.transactions)
    assert done is not None
    assert (done.id, done.done, done.is_finished) == (newer.id, PEOPLE, True)
    # Nothing had left, so everybody hears once, of the newest date, from the one they knew.
    assert notices(world) == PEOPLE
    assert (
        world.ask(
            "select count(distinct session_starts_at) from messages"
            " where template_key = 'notices/session-moved' and status = 'queued'"
        )
        == 1
    )
    assert (
        world.ask(
            "select min(data -> 'former' ->> 'starts_at') from messages"
            " where template_key = 'notices/session-moved' and status = 'queued'"
        )
        == FRIDAY.isoformat()
    )
    assert_balanced(world)


def test_a_call_off_ends_seats_in_batches(full: Door, session: UUID) -> None:
    world = full.world
    cancel_session(session, world.transactions)
    continue_replans(world.transactions, most_batches=1)
    assert world.ask("select count(*) from registrations where status = 'cancelled'") == 2
    assert cancel_session(session, world.transactions).total == PEOPLE
    continue_replans(world.transactions)
    assert full.notices("session-cancelled") == PEOPLE
    assert world.ask("select count(*) from registrations where status = 'registered'") == 0
    assert_balanced(world)


def test_what_else_is_under_way_for_the_same_person_is_planned_with_it(
    world: World, session: UUID
) -> None:
    """A session that moves frees and takes letter days, which all runs of a person share."""
    person = world.add_person()
    older = world.enroll(person, session)
    newer = world.enroll(person, run=2)
    move(world, session)
    continue_replans(world.transactions)
    revision = "select plan_revision from enrollments where id = :id"
    assert [world.ask(revision, id=each) for each in (older, newer)] == [1, 1]
    assert world.ask("select replan_id from enrollments where id = :id", id=newer) is None


def test_status_says_how_far_it_is(full: Door, session: UUID) -> None:
    progress = ReplanProgress(
        kind="session moved", done=12_400, total=100_000, age=timedelta(seconds=40)
    )
    assert "12,400 of 100,000 people" in progress.text


def test_the_demo_skips_no_time_while_people_are_being_planned(full: Door, session: UUID) -> None:
    world = full.world
    # What the fixture left due is not what this asks about.
    world.execute("delete from messages")
    world.execute("update enrollments set next_due_at = plan_now() + interval '1 day'")
    move(world, session)
    assert skip_time(world.transactions).hold is not None
    continue_replans(world.transactions)
    world.execute("delete from messages")
    assert skip_time(world.transactions).moved_to is not None
