"""The two processes that plan many people anew are killed in the middle, several times."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from funnel.services.continue_replans import continue_replans
from funnel.services.move_session import move_session
from tests.fixtures.posting import assert_balanced
from tests.fixtures.world import World

pytestmark = pytest.mark.faults

THURSDAY_EVENING = datetime(2031, 3, 6, 17, 0, tzinfo=UTC)
PEOPLE = 900
KILLS = 5

_WORK = """
import sys
from funnel.services import continue_replans as module
from funnel.storage.transaction import open_database
module.RUNS_AT_ONCE = 20
print("began", flush=True)
sys.stdin.readline()
module.continue_replans(open_database(sys.argv[1], pool_size=2))
"""


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
    chance = random.Random(7)  # noqa: S311  (when to kill, the same each time)
    done = 0
    for _ in range(KILLS):
        both = [_start(world) for _ in range(2)]
        for process in both:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
        _until_further(world, done)
        for process in both:
            time.sleep(chance.random() / 60)
            os.kill(process.pid, signal.SIGKILL)
        for process in both:
            process.communicate()
        _until_locks_are_free(world)
        done = _done(world)
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


def _start(world: World) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(  # noqa: S603  (our own words)
        [sys.executable, "-c", _WORK, world.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"began\n"
    return process


def _done(world: World) -> int:
    found = world.ask("select done from replans")
    assert isinstance(found, int)
    assert world.ask("select count(*) from enrollments where replan_id is not null") == found
    return found


def _until_further(world: World, than: int) -> None:
    ends_at = time.monotonic() + 60
    while world.ask("select done from replans") == than:
        assert time.monotonic() < ends_at, "the process does nothing"
        time.sleep(0.005)


def _until_locks_are_free(world: World) -> None:
    """The server notices a killed client at its next word to it."""
    ends_at = time.monotonic() + 60
    while world.ask("select count(*) from pg_locks where locktype = 'advisory'"):
        assert time.monotonic() < ends_at, "a dead client holds its lock"
        time.sleep(0.05)
