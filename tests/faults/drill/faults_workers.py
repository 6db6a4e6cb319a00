"""Workers that die, freeze, are told to end, or cannot write what they do."""

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from tests.faults.drill.crew import DELIVER, REST
from tests.faults.drill.fault import Fault
from tests.faults.drill.stage import CHILDREN, CONNECTIONS, Load, NotHereError, Stage

_KILLS = 3
_LEASE_SECONDS = 6
_TWO_SWEEPS = 12.0
_SMALL_DISK = "256k"


def kill_children(stage: Stage, load: Load) -> None:
    """Kill a process that delivers, and another one, and the last time the whole worker."""
    for number in range(1, _KILLS + 1):
        stage.until_arrived(load, number / (_KILLS + 2))
        child = stage.random_child(DELIVER)
        if number == _KILLS:
            stage.crew.kill("deliver")
            stage.crew.start("deliver", DELIVER)
        elif child is not None:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    load.most_unknown = (_KILLS - 1 + CHILDREN) * CONNECTIONS


def freeze_past_lease(stage: Stage, load: Load) -> None:
    """Freeze a worker until its lease is over and two sweeps have looked, then let it go on."""
    stage.restart("deliver", DRILL_LEASE_SECONDS=str(_LEASE_SECONDS))
    _load_late(stage, load)
    stage.until_arrived(load, 0.2)
    stage.crew.freeze("deliver")
    time.sleep(_TWO_SWEEPS)  # real time: leases are
    stage.crew.thaw("deliver")
    # The server's answers lay in its sockets, but its own patience was over: those are unknown.
    load.most_unknown = CHILDREN * CONNECTIONS


def _load_late(stage: Stage, load: Load) -> None:
    """Add the people of a load whose processes were started anew for it."""
    stage.house.add(load.number, due=load.number, prefix=load.prefix)


def lose_power(stage: Stage, load: Load) -> None:
    """Kill everything; the journals miss their last lines, and the machine has another boot id."""
    stage.until_arrived(load, 0.3)
    for name in ("rest", "deliver", "scheduler"):
        stage.crew.kill(name)
    in_hand = stage.house.ask("select count(*) from messages where status = 'sending'")
    assert isinstance(in_hand, int)
    for path in (stage.house.folder / "data" / "journal").glob("*.journal"):
        _forget_end(path)
    stage.crew.start("rest", REST)
    stage.crew.start("deliver", DELIVER)
    stage.crew.start("scheduler", "scheduler")
    load.most_unknown = in_hand


def _forget_end(path: Path) -> None:
    """Cut a journal's last records off, in the middle of one, and give it another boot's header."""
    head, _, records = path.read_bytes().partition(b"\n")
    said = json.loads(head.rpartition(b" ")[0]) | {"boot": "of-before-the-power-cut"}
    line = json.dumps(said).encode()
    path.write_bytes(line + b" %08x\n" % crc32(line) + records[: len(records) // 2 + 3])


def stop_journal(stage: Stage, load: Load) -> None:
    """Forbid the processes that deliver to write any file, and then allow it again."""
    if not hasattr(resource, "prlimit"):
        raise NotHereError("this system sets no limits of other processes")
    stage.until_arrived(load, 0.2)
    before = _limit_files(stage, 0)
    _count_put_off(stage, load)
    for pid, limits in before.items():
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def _limit_files(stage: Stage, size: int) -> dict[int, tuple[int, int]]:
    before = {}
    for pid in stage.crew.members["deliver"].children:
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
        before[pid] = (soft, hard)
    return before


def _count_put_off(stage: Stage, load: Load) -> None:
    """Wait until emails were put off because nothing may be written, and nothing more arrives."""
    stage.until_row(_PUT_OFF, "emails were put off", prefix=f"{load.prefix}%")
    time.sleep(1)  # real time: what was under way when that began may still arrive
    came = stage.arrived(load)
    time.sleep(3)  # real time: nothing may leave meanwhile
    if stage.arrived(load) != came:
        raise AssertionError("emails left whose hand-over could not be written down")


_PUT_OFF = """
    select exists (select from messages m join subscribers p on p.id = m.subscriber_id
                   where m.status = 'queued' and m.reason like '%journal%'
                     and p.email_key like :prefix)
"""


def fill_disk(stage: Stage, load: Load) -> None:
    """Keep the journals on a small disk, fill it, and make room again."""
    disk = stage.house.folder / "disk"
    disk.mkdir(exist_ok=True)
    _mount(disk)
    stage.extra_heal.append(lambda: _unmount(stage, disk))
    stage.restart("deliver", FUNNEL_DATA_FOLDER=str(disk / "data"))
    stage.restart("rest", FUNNEL_DATA_FOLDER=str(disk / "data"))
    _load_late(stage, load)
    stage.until_arrived(load, 0.2)
    ballast = disk / "ballast"
    _fill(ballast)
    # Who has a journal still has the rest of its page; who comes now finds not a byte.
    for pid in stage.crew.members["deliver"].children:
        os.kill(pid, signal.SIGKILL)
    load.most_unknown = CHILDREN * CONNECTIONS
    stage.until(lambda: _is_put_off(stage, load, ballast), "emails were put off")
    ballast.unlink()


def _is_put_off(stage: Stage, load: Load, ballast: Path) -> object:
    """Take the room that settled journals leave, and look for emails that had none."""
    _fill(ballast)
    return stage.house.ask(_PUT_OFF, prefix=f"{load.prefix}%")


def _fill(ballast: Path) -> None:
    """Write on until no byte is left."""
    with ballast.open("ab", buffering=0) as file:
        for size in (4096, 1):
            with suppress(OSError):
                while file.write(b"x" * size):
                    pass


def _mount(disk: Path) -> None:
    if os.geteuid() != 0:
        raise NotHereError("only root makes a small disk; the journal that cannot be written ran")
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SMALL_DISK}", "drill", str(disk)]
    if subprocess.run(command, check=False, capture_output=True).returncode:  # noqa: S603  (our own words)
        raise NotHereError("this root may not mount; the journal that cannot be written ran")


def _unmount(stage: Stage, disk: Path) -> None:
    for name in ("deliver", "rest"):
        if name in stage.crew.members:
            stage.crew.kill(name)
    # Lazily: who was killed just now may hold it for a moment.
    subprocess.run(["umount", "-l", str(disk)], check=False)  # noqa: S603, S607  (our own words)


def roll_over(stage: Stage, load: Load) -> None:
    """Stop the workers in order and start them again, one after the other, twice."""
    for number in (1, 2):
        stage.until_arrived(load, number * 0.25)
        for name in ("deliver", "rest", "scheduler"):
            stage.restart(name)


def kill_dispatchers(stage: Stage, load: Load) -> None:
    """Kill processes that dispatch, sweep and plan while they do, and at last all of them."""
    stage.crew.start("second-rest", REST)
    for _ in range(6):
        time.sleep(stage.chance.random() * 0.6)
        child = stage.random_child(REST)
        if child is not None:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    for name in stage.crew.of(REST):
        stage.crew.kill(name)
    stage.crew.start("rest", REST)


def _fault(
    name: str, strike: Callable[[Stage, Load], None], sentence: str, **more: object
) -> Fault:
    return Fault(name=name, strike=strike, sentence=sentence, **more)  # type: ignore[arg-type]  # as it takes them


FAULTS = (
    _fault(
        "workers-killed",
        kill_children,
        "SIGKILL of two processes that deliver, then of a whole worker, under load",
        source="SIGKILL of random workers under load",
        is_short=True,
        rounds=3,
    ),
    _fault(
        "worker-frozen",
        freeze_past_lease,
        "a worker frozen past its lease (6 s here, a value of the launcher) that wakes again",
        source="a worker frozen past its lease (SIGSTOP) that wakes again",
        brings=True,
    ),
    _fault(
        "power-loss",
        lose_power,
        "everything killed; journals without their last lines, of another boot id",
        source="power loss (journal without its last lines, another boot id)",
        is_short=True,
    ),
    _fault(
        "journal-unwritable",
        stop_journal,
        "the processes that deliver may write no file (RLIMIT_FSIZE 0) for some seconds",
        source="a journal that cannot be written",
        is_short=True,
    ),
    _fault(
        "disk-full",
        fill_disk,
        "the journals' disk (a tmpfs of 256 KiB) is full as processes start, then has room again",
        source="disk full",
        brings=True,
    ),
    _fault(
        "rolling-sigterm",
        roll_over,
        "each worker and the scheduler stopped by SIGTERM and started again, twice round",
        source="rolling SIGTERM",
    ),
    _fault(
        "dispatchers-killed",
        kill_dispatchers,
        "SIGKILL of processes of two dispatchers while they dispatch, then of both dispatchers",
        source="SIGKILL of dispatchers",
    ),
)
