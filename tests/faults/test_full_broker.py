"""A broker whose memory is full refuses whatever writes: acknowledgements and ticks as well."""

import time

import pytest
import redis

from tests.faults.test_broker_and_workers import (
    PEOPLE,
    assert_nothing_lost_or_doubled,
    count,
    enroll_people,
)
from tests.fixtures.processes import Processes
from tests.fixtures.servers import Broker
from tests.fixtures.world import World
from tests.sending.scripted_server import Conversation, ScriptedServer, well_behaved

pytestmark = [pytest.mark.faults, pytest.mark.broker]


def slowly(conversation: Conversation) -> None:
    conversation.wait(0.1)
    well_behaved(conversation)


def test_a_full_broker_ends_no_process_and_its_scheduler_says_why(
    world: World, processes: Processes, broker: Broker, sink: ScriptedServer
) -> None:
    sink.script["dot"] = [slowly] * PEOPLE
    enroll_people(world)
    processes._environment["FUNNEL_MESSAGES_PER_TASK"] = "20"  # many tasks end meanwhile
    processes.start()
    processes.until(lambda: len(sink.accepted) > PEOPLE // 6, "some mail arrived")
    with redis.Redis.from_url(broker.url) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        processes.until(lambda: "ticks.not_taken" in processes.logs(), "it says so")
        time.sleep(3)  # real time: meanwhile tasks end that it does not want to hear of
        client.config_set("maxmemory", 0)
    processes.until(lambda: count(world, "accepted") == PEOPLE, "every mail arrived")
    assert [name for name, each in processes._running.items() if each.poll() is not None] == []
    processes.until(lambda: "ticks.taken_again" in processes.logs(), "it says so")
    assert "used memory > 'maxmemory'" in processes.logs()
    assert_nothing_lost_or_doubled(world, sink)
