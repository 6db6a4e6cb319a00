"""Workers that die or freeze with messages in hand, with real processes: the journal tells."""

import time
from collections import Counter

import pytest

from tests.faults.test_broker_and_workers import (
    PEOPLE,
    SLOW,
    assert_nothing_lost_or_doubled,
    count,
    enroll_people,
    unsettled,
)
from tests.fixtures.processes import DELIVER, Processes
from tests.fixtures.world import World
from tests.sending.scripted_server import ScriptedServer

pytestmark = [pytest.mark.faults, pytest.mark.broker]

DELIVERING = 2  # processes
CONNECTIONS = 8  # of each
SOON = 30.0  # seconds; far below the lease of two minutes


def test_workers_killed_while_they_send_leave_at_most_one_unknown_a_connection(
    world: World, processes: Processes, sink: ScriptedServer
) -> None:
    sink.script["dot"] = SLOW.copy()
    enroll_people(world)
    processes.start()
    kills = 3
    for number in range(1, kills + 1):
        processes.until(
            lambda n=number: len(sink.accepted) > n * PEOPLE // (kills + 1), "some mail arrived"
        )
        processes.kill(DELIVER)
        processes.start(DELIVER)
    killed_at = time.monotonic()

    def is_settled() -> bool:
        # What was in hand at two kills comes back one by one within a minute: not waited for here.
        world.execute("update messages set available_at = now() where available_at > now()")
        return unsettled(world) == 0

    processes.until(is_settled, "the sweep settled what died in their hands")
    # Not when the lease is over: nobody waited for it here.
    assert time.monotonic() - killed_at < SOON
    assert count(world, "accepted") + count(world, "unknown") == PEOPLE
    assert count(world, "unknown") <= kills * DELIVERING * CONNECTIONS
    assert_nothing_lost_or_doubled(world, sink)


def test_a_worker_frozen_past_its_lease_keeps_what_it_has_and_begins_nothing_more(
    world: World, processes: Processes, sink: ScriptedServer
) -> None:
    sink.script["dot"] = SLOW.copy()
    enroll_people(world, 60)
    processes.start()
    processes.until(lambda: len(sink.accepted) > 10, "some mail arrived")
    processes.freeze(DELIVER)
    # What it holds locked in the database as well cannot be changed; the sweep passes it by.
    world.execute(
        "update messages set lease_until = now() - interval '10 minutes' where id in"
        " (select id from messages where status = 'sending' for update skip locked)"
    )
    held = in_hand(world)
    time.sleep(11)  # real time: two sweeps look at what is over its lease
    assert in_hand(world) == held
    processes.thaw(DELIVER)
    processes.until(lambda: unsettled(world) == 0, "it settled what it had, and went on")
    assert_nothing_lost_or_doubled(world, sink)
    assert count(world, "accepted") == 60


def in_hand(world: World) -> Counter[str]:
    with world.transactions.begin() as tx:
        rows = tx.connection.exec_driver_sql(
            "select lease_owner from messages where status = 'sending'"
        )
        return Counter(row.lease_owner for row in rows)
