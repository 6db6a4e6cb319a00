"""What processes cost, as the kernel counts it: processor time and memory, by name."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Processor seconds of a process and all below it, and the highest memory of one of them."""

    cpu_seconds: float
    peak_mib: float


def family(root: int) -> Iterator[int]:
    """Yield a process and all that descend from it and still run."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has just ended
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    waiting = [root]
    while waiting:
        process = waiting.pop()
        yield process
        waiting += parents.get(process, [])


def cost(root: int) -> Cost:
    """Return what a process and those below it have used until now."""
    cpu, peak = 0.0, 0.0
    for process in family(root):
        try:
            stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{process}/status").read_text()
        except OSError:
            continue
        # Its own, and of those below it that have ended and were waited for.
        cpu += sum(map(int, stat[11:15])) / _TICK
        peak = max(peak, _peak_of(status))
    return Cost(cpu_seconds=cpu, peak_mib=peak)


def _peak_of(status: str) -> float:
    found = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(found.split()[1]) / 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one process holds, in MiB.

    Attributes:
        resident: Of its own and of files, whoever else maps them as well; without memory that is
            shared by name (PostgreSQL's buffers), which a process merely touches.
        proportional: The same, each page divided by the number of processes that share it.
    """

    resident: float
    proportional: float


def memory(process: int) -> Memory:
    """Return what a process holds now.

    Raises:
        OSError: It has ended.
    """
    status = _kilobytes(Path(f"/proc/{process}/status").read_text())
    shares = _kilobytes(Path(f"/proc/{process}/smaps_rollup").read_text())
    return Memory(
        resident=(status["RssAnon"] + status["RssFile"]) / 1024,
        proportional=(shares["Pss_Anon"] + shares["Pss_File"]) / 1024,
    )


def _kilobytes(lines: str) -> dict[str, int]:
    found = (line.split() for line in lines.splitlines() if line.endswith(" kB"))
    return {each[0].rstrip(":"): int(each[1]) for each in found}


@dataclass(slots=True)
class Stopwatch:
    """Processor time of named processes since it was started."""

    roots: dict[str, int]
    began: float = 0.0
    _before: dict[str, float] | None = None

    def start(self) -> None:
        self._before = {name: cost(root).cpu_seconds for name, root in self.roots.items()}
        self.began = time.monotonic()

    def costs(self) -> dict[str, Cost]:
        """Return what each used since the start; the peak is that of its whole life."""
        assert self._before is not None
        used = {name: cost(root) for name, root in self.roots.items()}
        return {
            name: Cost(cpu_seconds=each.cpu_seconds - self._before[name], peak_mib=each.peak_mib)
            for name, each in used.items()
        }
