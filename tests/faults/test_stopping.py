"""A worker or a scheduler that cannot end after SIGTERM is ended, and says where it stood."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from funnel.embedded.processes import is_alive
from tests.fixtures.processes import PATIENCE, Processes
from tests.fixtures.world import World

pytestmark = pytest.mark.faults

SOON = "from funnel.tasks import stopping; stopping.SECONDS = 0.5; "
WORKER = f"{SOON}from workers.__main__ import main; main(['maintenance', '--concurrency=1'])"
# Where it would have ended, Celery's own code waits for something that never comes.
SCHEDULER = (
    f"{SOON}import threading; from celery.beat import Service; from scheduler.__main__ import main;"
    "Service.sync = lambda self: threading.Event().wait(); main([])"
)


def test_a_worker_whose_processes_are_stuck_ends_and_takes_them_with_it(
    world: World, processes: Processes, tmp_path: Path
) -> None:
    log = tmp_path / "worker.txt"
    with processes.run(WORKER, log) as worker:
        beats = "select count(*) from heartbeats where role = 'maintenance'"
        processes.until(lambda: world.ask(beats) > 0, "its process is ready")
        children = _children(worker)
        assert children
        for each in children:
            os.kill(each, signal.SIGSTOP)
        worker.terminate()
        assert worker.wait(PATIENCE) == 1
        assert "Timeout" in log.read_text()
        processes.until(lambda: not any(is_alive(each) for each in children), "children ended")


def test_a_scheduler_that_is_stuck_ends(world: World, processes: Processes, tmp_path: Path) -> None:
    log = tmp_path / "scheduler.txt"
    processes.start("maintenance,dispatch")
    with processes.run(SCHEDULER, log) as scheduler:
        ticks = "select count(*) from heartbeats where role = 'scheduler'"
        processes.until(lambda: world.ask(ticks) > 0, "its ticks arrive")
        scheduler.terminate()
        assert scheduler.wait(PATIENCE) == 1
        assert "Timeout" in log.read_text()


def _children(process: "subprocess.Popen[bytes]") -> list[int]:
    known = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(each) for each in known.read_text().split()]
