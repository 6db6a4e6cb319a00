"""A supervisor in a process of its own, ended in every way."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from funnel.embedded import processes
from funnel.embedded.errors import FolderInUseError, StartError
from funnel.embedded.locks import FolderLock
from funnel.embedded.logs import trim
from funnel.embedded.supervisor import Child, Supervisor

PATIENCE = 20.0

CHILD = """
import os, pathlib, signal, sys, time
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
def end(*_):
    with (folder / "ended").open("a") as story:
        story.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if name == "stubborn" else end)
(folder / f"{name}.{os.getpid()}.pid").touch()
print(name, "is up", flush=True)
while True:
    time.sleep(60)
"""

OWNER = """
import contextlib, json, sys
from datetime import timedelta
from pathlib import Path
from funnel.embedded.supervisor import Child, Supervisor
folder, names, program = Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
def up(name):
    return lambda: any(folder.glob(f"{name}.*.pid"))
with (
    contextlib.suppress(KeyboardInterrupt),  # it may come before `watch` listens
    Supervisor(folder, say=lambda line: print(line, flush=True)) as supervisor,
):
    supervisor.start([
        Child(name=name, argv=[sys.executable, "-c", program, name, str(folder)],
              is_ready=up(name), grace=timedelta(seconds=0.5 if name == "stubborn" else 10))
        for name in names
    ])
    print("READY", flush=True)
    supervisor.watch()
print("LEFT", flush=True)
"""


class Owner:
    def __init__(self, folder: Path, names: list[str]) -> None:
        self.folder = folder
        self.names = names
        self.process = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-c", OWNER, str(folder), json.dumps(names), CHILD],
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line == "READY\n":
                return
        raise AssertionError("the owner ended before it was ready")

    def children(self, name: str) -> list[int]:
        return [int(path.name.split(".")[1]) for path in self.folder.glob(f"{name}.*.pid")]

    def all_are_gone(self) -> bool:
        numbers = [number for name in self.names for number in self.children(name)]
        return not any(processes.is_alive(number) for number in numbers)

    def story(self) -> list[str]:
        return (self.folder / "ended").read_text().split()


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    yield from _owned(Owner(tmp_path, ["first", "second", "third"]))


@pytest.fixture
def owner_of_a_stubborn_one(tmp_path: Path) -> Iterator[Owner]:
    yield from _owned(Owner(tmp_path, ["first", "stubborn"]))


def _owned(owner: Owner) -> Iterator[Owner]:
    owner.wait_until_ready()
    yield owner
    owner.process.kill()
    owner.process.communicate()
    assert _in_time(owner.all_are_gone)


def _in_time(happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.05)
    return True


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_stops_all_in_reverse_order(owner: Owner, how: signal.Signals) -> None:
    owner.process.send_signal(how)
    printed, _ = owner.process.communicate(timeout=PATIENCE)
    assert owner.process.returncode == 0
    assert owner.all_are_gone()
    assert owner.story() == ["third", "second", "first"]
    assert printed == "Stopping third, second, first\nLEFT\n"


def test_nothing_stays_when_it_is_killed_itself(owner: Owner) -> None:
    owner.process.kill()
    assert _in_time(owner.all_are_gone)
    assert owner.story() == ["third", "second", "first"]


def test_a_child_that_ignores_its_signal_is_killed_after_its_grace(
    owner_of_a_stubborn_one: Owner,
) -> None:
    owner_of_a_stubborn_one.process.terminate()
    owner_of_a_stubborn_one.process.communicate(timeout=PATIENCE)
    assert owner_of_a_stubborn_one.all_are_gone()
    assert owner_of_a_stubborn_one.story() == ["first"]


def test_so_it_is_when_the_supervisor_was_killed(owner_of_a_stubborn_one: Owner) -> None:
    owner_of_a_stubborn_one.process.kill()
    assert _in_time(owner_of_a_stubborn_one.all_are_gone)
    assert owner_of_a_stubborn_one.story() == ["first"]


def test_a_child_that_dies_is_started_again_and_that_is_said(owner: Owner) -> None:
    (before,) = owner.children("second")
    processes.kill_group(before)
    assert _in_time(lambda: len(owner.children("second")) == 2)
    owner.process.terminate()
    printed, _ = owner.process.communicate(timeout=PATIENCE)
    assert "second has ended; it is started again in 0.5 s." in printed
    assert "    second is up" in printed


def test_the_folder_of_a_running_one_is_refused(owner: Owner, tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "demo.lock")
    with pytest.raises(FolderInUseError, match=f"held by process {owner.process.pid}"):
        lock.acquire()


def test_a_new_one_waits_until_the_leftovers_of_a_killed_one_are_gone(
    owner: Owner, tmp_path: Path
) -> None:
    owner.process.kill()
    with Supervisor(tmp_path, say=print):
        assert owner.all_are_gone()


def test_a_child_that_cannot_start_is_reported_with_its_last_words(tmp_path: Path) -> None:
    broken = Child(
        name="broken",
        argv=[sys.executable, "-c", "raise SystemExit('no such thing')"],
        is_ready=lambda: False,
    )
    with (
        pytest.raises(StartError, match="no such thing"),
        Supervisor(tmp_path, say=lambda _: None) as supervisor,
    ):
        supervisor.start([broken])


def test_a_large_log_is_moved_away_under_the_writers_hands(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 100)
        assert not trim(log, limit=100)
        writer.write(b"y")
        assert trim(log, limit=100)
        writer.write(b"new")
    assert log.read_bytes() == b"new"
    assert (tmp_path / "web.log.1").read_bytes() == b"x" * 100 + b"y"
