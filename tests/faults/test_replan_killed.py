"""The two processes that plan many people anew are killed in the middle, several times."""

from datetime import UTC, datetime, timedelta

import pytest

from funnel.services.continue_replans import continue_replans
from funnel.services.move_session import move_session
from tests.faults.killed import Killed, no_lock_is_held
from tests.fixtures.posting import assert_balanced
from tests.fixtures.world import World

pytestmark = pytest.mark.faults

THURSDAY_EVENING = datetime(2031, 3, 6, 17, 0, tzinfo=UTC)
PEOPLE = 900
KILLS = 5

PLANNING_ANEW = Killed(
    imports="from funnel.services import continue_replans as module",
    work="module.RUNS_AT_ONCE = 20\nmodule.continue_replans(transactions)",
    progress="select done from replans",
    written="select count(*) from enrollments where replan_id is not null",
    at_rest=no_lock_is_held,
    times=KILLS,
    within=1 / 60,
)


def test_nobody_is_forgotten_and_nobody_told_twice(world: World) -> None:
    session = world.add_session(THURSDAY_EVENING)
    for number in range(PEOPLE):
        world.enroll(world.add_person(f"p{number}@example.org"), session)
    replan = move_session(
        session,
        THURSDAY_EVENING + timedelta(days=1),
        by="test",
        transactions=world.transactions,
    )
    done = PLANNING_ANEW.run(world, seed=7)
    assert 0 < done < PEOPLE
    finished = continue_replans(world.transactions)
    assert finished is not None
    assert (finished.id, finished.done, finished.is_finished) == (replan.id, PEOPLE, True)
    assert world.ask("select count(*) from enrollments where calendar_revision <> 1") == 0
    assert world.ask("select count(*) from enrollments where plan_revision <> 1") == 0
    told = "select count({}) from messages where template_key = 'notices/session-moved'"
    assert world.ask(told.format("*")) == PEOPLE
    assert world.ask(told.format("distinct subscriber_id")) == PEOPLE
    assert_balanced(world)
