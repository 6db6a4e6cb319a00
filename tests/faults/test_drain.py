"""SIGTERM while a slow server takes emails: the batch ends soon, nothing is lost or doubled."""

import time
from datetime import UTC, datetime

import pytest

from tests.faults.test_broker_and_workers import arrived, count, enroll_people
from tests.fixtures.processes import DELIVER, REST, SCHEDULER, Processes
from tests.fixtures.world import World
from tests.sending.scripted_server import Conversation, ScriptedServer, well_behaved

pytestmark = [pytest.mark.faults, pytest.mark.broker]

THURSDAY_EVENING = datetime(2031, 3, 6, 17, 0, tzinfo=UTC)
PEOPLE = 150


def slowly(conversation: Conversation) -> None:
    conversation.wait(1.0)
    well_behaved(conversation)


@pytest.mark.parametrize("whom", ["the main process", "the whole group"])
def test_a_worker_that_is_told_to_end_gives_back_what_has_not_begun(
    world: World, processes: Processes, sink: ScriptedServer, whom: str
) -> None:
    sink.script["dot"] = [slowly] * PEOPLE
    enroll_people(world, PEOPLE)
    processes.start(REST, DELIVER, SCHEDULER)
    processes.until(lambda: len(sink.accepted) > 2, "some mail arrived")
    processes.freeze(SCHEDULER)  # what is given back stays where it is
    processes.until(lambda: count(world, "sending") > 0, "a batch is open")
    began = time.monotonic()
    processes.terminate(DELIVER, group=whom == "the whole group")
    assert time.monotonic() - began < 10
    assert count(world, "sending") == 0
    assert count(world, "unknown") == 0
    mails = arrived(sink)
    assert max(mails.values()) == 1
    assert count(world, "accepted") == len(mails) < PEOPLE
    sink.script["dot"] = []
    processes.thaw(SCHEDULER)
    processes.start(DELIVER)
    processes.until(lambda: count(world, "accepted") == PEOPLE, "the rest arrived")
    assert max(arrived(sink).values()) == 1
