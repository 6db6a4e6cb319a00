"""How long a dispatcher plans before it looks at what must be on time, and before it ends."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import pytest

from funnel.services.dispatch_due import Patience, dispatch_due
from tests.fixtures.budgeted import LIMITS
from tests.fixtures.world import World

PEOPLE = 200
LARGE = replace(LIMITS, runs_at_once=80)


@pytest.fixture
def crowd(world: World) -> World:
    session = world.add_session(datetime(2031, 3, 6, 17, 0, tzinfo=UTC))
    for each in range(PEOPLE):
        world.enroll(world.add_person(f"p{each}@example.org"), session)
    return world


def left(world: World) -> int:
    found = world.ask("select count(*) from enrollments where next_due_at <= plan_now()")
    assert isinstance(found, int)
    return found


def dispatched(world: World, monotonic: Callable[[], float], *, lasts: float) -> int:
    patience = Patience(
        lasts=timedelta(seconds=lasts),
        between=timedelta(0),
        monotonic=monotonic,
        wait=lambda _: None,
    )
    batches = dispatch_due(world.transactions, LARGE, patience)
    return sum(len(each.messages) for each in batches)


@pytest.mark.parametrize(
    ("seconds_a_look", "parts"), [(0.1, {80, 40}), (0.8, {80, 50, 20})], ids=["quick", "slow"]
)
def test_a_slow_machine_plans_fewer_before_it_claims(
    crowd: World, seconds_a_look: float, parts: set[int]
) -> None:
    clock = count()
    seen: list[int] = []

    def look() -> float:
        seen.append(left(crowd))
        return next(clock) * seconds_a_look

    assert dispatched(crowd, look, lasts=100) == PEOPLE
    assert {before - after for before, after in pairwise(seen)} - {0} == parts


def test_a_task_ends_in_its_time_and_leaves_the_rest_to_the_next_tick(crowd: World) -> None:
    clock = count()
    first = dispatched(crowd, lambda: next(clock) * 0.3, lasts=0.5)
    assert left(crowd) == PEOPLE - first == 120
    while left(crowd):
        assert dispatched(crowd, lambda: next(clock) * 0.3, lasts=0.5)
    assert dispatched(crowd, lambda: next(clock) * 0.3, lasts=0.5) == 0
