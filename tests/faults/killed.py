"""Two processes that do the same work, killed in its middle, again and again."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.fixtures.world import World

_PATIENCE = 60.0  # seconds; a busy machine may take long, a defect takes for ever
# They have imported all they need before the first of them begins.
_FRAME = """
import sys
from funnel.storage.transaction import open_database
{imports}
transactions = open_database(sys.argv[1], pool_size=2)
print("began", flush=True)
sys.stdin.readline()
{work}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """What is done by two at once, and how one sees how far it is.

    Attributes:
        imports: What the work needs.
        work: Python, with ``transactions``.
        progress: A question to the database whose answer grows while they work.
        written: A question that has the same answer, from the rows themselves.
        at_rest: From when on the two must agree: the server notices a killed client late.
        times: How often both are killed.
        within: Each dies at most so many seconds after the first progress of both.
    """

    imports: str
    work: str
    progress: str
    written: str
    at_rest: Callable[[World], bool]
    times: int
    within: float

    def run(self, world: World, seed: int) -> int:
        """Start and kill them, and return how far they came.

        The moments of the same ``seed`` are the same.
        """
        chance = random.Random(seed)  # noqa: S311  (when to kill)
        for _ in range(self.times):
            done = world.ask(self.progress)
            both = [self._start(world) for _ in range(2)]
            for process in both:
                assert process.stdin is not None
                process.stdin.write(b"go\n")
                process.stdin.flush()
            _until(lambda was=done: world.ask(self.progress) != was, "they do nothing")
            for process in both:
                time.sleep(chance.random() * self.within)
                os.kill(process.pid, signal.SIGKILL)
            for process in both:
                process.communicate()
            _until(lambda: self.at_rest(world), "a dead client holds its locks")
            agree = f"select ({self.progress}) = ({self.written})"
            assert world.ask(agree), "what is said, and what is there"
        done = world.ask(self.progress)
        assert isinstance(done, int)
        return done

    def _start(self, world: World) -> "subprocess.Popen[bytes]":
        words = _FRAME.format(imports=self.imports, work=self.work)
        process = subprocess.Popen(  # noqa: S603  (our own words)
            [sys.executable, "-c", words, world.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"began\n"
        return process


def at_any_time(_: World) -> bool:
    """Tell that there is nothing to wait for: rows and sum are written as one."""
    return True


def nobody_works(world: World) -> bool:
    """Tell whether no other client of the database is in the middle of something."""
    others = (
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and pid <> pg_backend_pid() and backend_type = 'client backend' and state <> 'idle'"
    )
    return world.ask(others) == 0


def no_lock_is_held(world: World) -> bool:
    """Tell whether nobody holds a lock of ours by name."""
    held = (
        "select count(*) from pg_locks where locktype = 'advisory' "
        "and database = (select oid from pg_database where datname = current_database())"
    )
    return world.ask(held) == 0


def _until(is_so: Callable[[], bool], otherwise: str) -> None:
    ends_at = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < ends_at, otherwise
        time.sleep(0.005)
