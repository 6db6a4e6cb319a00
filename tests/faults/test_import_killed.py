"""The two processes that take people in are killed in the middle, several times."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from funnel.services.continue_imports import continue_imports
from funnel.services.import_people import start_import
from tests.fixtures.posting import assert_balanced
from tests.fixtures.world import World
from tests.services.importing import kit, rows, sums, upload

pytestmark = pytest.mark.faults

PEOPLE = 200
KILLS = 2

_WORK = """
import sys
from funnel.services import continue_imports as module
from funnel.storage.transaction import open_database
module.PEOPLE_AT_ONCE = 10
transactions = open_database(sys.argv[1], pool_size=2)
print("began", flush=True)
sys.stdin.readline()
while True:
    module.continue_imports(transactions, hash_key=b"test")
"""


def test_nobody_is_lost_and_nobody_comes_in_twice(world: World) -> None:
    people = [f'{n},P,p{n}@example.org,active,2025-03-01,"a, b",' for n in range(PEOPLE)]
    people[::50] = [each.replace("active", "bounced") for each in people[::50]]
    import_id = upload(world, kit(*people), sequence="short", step="second")
    start_import(import_id, by="test", transactions=world.transactions)
    chance = random.Random(11)  # noqa: S311  (when to kill, the same each time)
    done = 0
    for _ in range(KILLS):
        both = [_start(world) for _ in range(2)]
        for process in both:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
        _until_further(world, done)
        for process in both:
            time.sleep(chance.random() / 40)
            os.kill(process.pid, signal.SIGKILL)
        for process in both:
            process.communicate()
        # The server notices a killed client at its next word to it; then its batch is undone.
        _until_alone(world)
        done = _done(world)
    assert 0 < done < PEOPLE
    continue_imports(world.transactions, hash_key=b"test")
    bounced = len(people[::50])
    assert sums(world, import_id) == {"new": PEOPLE - bounced, "to the list": bounced}
    taken = PEOPLE - bounced
    counts = rows(
        world,
        "select (select count(*) from subscribers), (select count(*) from enrollments), "
        "(select count(*) from consents), (select count(*) from facts), "
        "(select count(*) from suppressions), (select count(*) from messages)",
    )
    assert counts == [(PEOPLE, taken, taken, 2 * taken, bounced, taken)]
    assert world.ask("select count(*) from enrollments where next_due_at is null") == 0
    assert_balanced(world)


def _start(world: World) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(  # noqa: S603  (our own words)
        [sys.executable, "-c", _WORK, world.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"began\n"
    return process


def _done(world: World) -> int:
    found = world.ask("select done from imports")
    assert isinstance(found, int)
    written = world.ask("select count(*) from subscribers")
    assert written == found, "what the row says and what is there"
    return found


def _until_further(world: World, than: int) -> None:
    ends_at = time.monotonic() + 60
    while world.ask("select done from imports") == than:
        assert time.monotonic() < ends_at, "the process does nothing"
        time.sleep(0.005)


def _until_alone(world: World) -> None:
    ends_at = time.monotonic() + 60
    others = (
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and pid <> pg_backend_pid() and state <> 'idle'"
    )
    while world.ask(others):
        assert time.monotonic() < ends_at, "a dead client holds its locks"
        time.sleep(0.05)
