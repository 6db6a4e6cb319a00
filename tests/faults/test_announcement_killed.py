"""The processes that queue an announcement are killed in the middle, several times."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from funnel.services.continue_announcements import continue_announcements
from tests.fixtures.posting import Post, assert_balanced
from tests.fixtures.world import World
from tests.services.announced import Hall

pytestmark = pytest.mark.faults

PEOPLE = 300
KILLS = 3

_WORK = """
import sys
from funnel.services import continue_announcements as module
from funnel.storage.transaction import open_database
module.PEOPLE_AT_ONCE = 5
print("began", flush=True)
sys.stdin.readline()
module.continue_announcements(open_database(sys.argv[1], pool_size=2))
"""


def test_everybody_gets_one_message_whenever_who_queues_them_is_killed(post: Post) -> None:
    world = post.world
    hall = Hall(post, PEOPLE)
    announcement = hall.announce()
    chance = random.Random(7)  # noqa: S311  (when to kill, the same each time)
    queued = 0
    for _ in range(KILLS):
        both = [_start(world) for _ in range(2)]
        for process in both:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
        _until_further(world, queued)
        for process in both:
            time.sleep(chance.random() / 60)
            os.kill(process.pid, signal.SIGKILL)
        for process in both:
            process.communicate()
        queued = _queued(world)
    assert 0 < queued < PEOPLE
    finished = continue_announcements(world.transactions)
    assert finished is not None
    assert (finished.id, finished.queued, finished.total) == (announcement.id, PEOPLE, PEOPLE)
    assert world.ask("select count(*) from messages") == PEOPLE
    assert world.ask("select count(distinct subscriber_id) from messages") == PEOPLE
    assert_balanced(world)


def _start(world: World) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(  # noqa: S603  (our own words)
        [sys.executable, "-c", _WORK, world.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"began\n"
    return process


def _queued(world: World) -> int:
    """The server may still undo what a killed client had begun: rows and sum agree at any time."""
    found = world.ask(
        "select case when queued = (select count(*) from messages) then queued end "
        "from announcements"
    )
    assert isinstance(found, int)
    return found


def _until_further(world: World, than: int) -> None:
    ends_at = time.monotonic() + 60
    while world.ask("select queued from announcements") == than:
        assert time.monotonic() < ends_at, "the process does nothing"
        time.sleep(0.005)
