"""Runs servers and processes as one thing: started in order, kept alive, stopped in order.

The process that uses it may be ended in any way. On Ctrl-C, SIGTERM and SIGHUP it stops its
children itself; after a SIGKILL a guard does it, which holds the data folder's lock until it
is done (see funnel/embedded/guard.py).
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import FrameType, TracebackType
from typing import Protocol, Self

from funnel.embedded import processes
from funnel.embedded.errors import EmbeddedServerError, StartError
from funnel.embedded.guard import Guard
from funnel.embedded.locks import FolderLock
from funnel.embedded.logs import trim

_LOOK_EVERY = 0.2
_PROBE_EVERY = 0.05
# A guard that ends the leftovers of a killed owner needs no longer than this.
_LOCK_PATIENCE = timedelta(seconds=15)
_RESTART_AFTER = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_WELL_AFTER = 60.0
_STOPPED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process to run: what to start, how to know that it works, how long it may take to end.

    ``environment`` is added to ours. ``is_ready`` is asked until it says yes; without one, a
    child counts as ready at once.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], bool] | None = None
    ready_within: timedelta = timedelta(seconds=30)
    grace: timedelta = timedelta(seconds=15)


class Server(Protocol):
    """What ``PostgresServer`` and ``BrokerServer`` have in common."""

    name: str
    stop_signal: signal.Signals
    grace: timedelta
    log_file: Path

    @property
    def process_id(self) -> int: ...
    def start(self) -> str: ...
    def is_running(self) -> bool: ...
    def stop(self) -> None: ...


class _ChildServer:
    """A child in the clothes of a server, so that both are kept alive by the same lines."""

    stop_signal = signal.SIGTERM

    def __init__(self, child: Child, log_file: Path, in_a_hurry: threading.Event) -> None:
        self.child = child
        self.name = child.name
        self.grace = child.grace
        self.log_file = log_file
        self._in_a_hurry = in_a_hurry
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process_id(self) -> int:
        return self._process.pid if self._process is not None else 0

    def start(self) -> str:
        if self._process is not None:
            processes.stop(self._process)  # it is dead; its own children may not be
        self._process = processes.spawn(
            self.child.argv,
            output=self.log_file,
            environment=os.environ | {"PYTHONUNBUFFERED": "1"} | dict(self.child.environment),
        )
        return ""

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        if self._process is None:
            return
        if self.is_running():
            self._process.send_signal(self.stop_signal)
            deadline = time.monotonic() + self.grace.total_seconds()
            while self.is_running() and time.monotonic() < deadline:
                if self._in_a_hurry.wait(_PROBE_EVERY):
                    break
        processes.stop(self._process)
        self._process = None


class _Part:
    """A server that is kept alive, and when to try again if it dies."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.started_at = time.monotonic()
        self.restart_at: float | None = None
        self._failures = 0

    def plan_restart(self) -> float:
        """Return in how many seconds to start it again: longer each time it dies soon."""
        if time.monotonic() - self.started_at > _WELL_AFTER:
            self._failures = 0
        pause = _RESTART_AFTER[min(self._failures, len(_RESTART_AFTER) - 1)]
        self._failures += 1
        self.restart_at = time.monotonic() + pause
        return pause


class Supervisor:
    """Everything of one data folder; a context manager that leaves nothing running.

    with Supervisor(folder, say=print) as supervisor:
        url = supervisor.start_server(PostgresServer(…, log_file=supervisor.log_file("postgres")))
        supervisor.start([Child(name="web", argv=[…]), …])
        supervisor.watch()
    """

    def __init__(self, data_folder: Path, *, say: Callable[[str], None]) -> None:
        """Describe it; nothing is started or written yet.

        Args:
            data_folder: Where the lock and the ``logs`` go.
            say: Takes the lines meant for the person at the terminal, ``print`` for example.
        """
        self._data_folder = data_folder.absolute()
        self._say = say
        self._lock = FolderLock(self._data_folder / "demo.lock")
        self._guard: Guard | None = None
        self._parts: list[_Part] = []
        self._in_a_hurry = threading.Event()
        self._former_handlers: dict[signal.Signals, _Handler] = {}

    def __enter__(self) -> Self:
        """Take the data folder.

        Raises:
            FolderInUseError: Another one runs on it.
        """
        self._lock.acquire(patience=_LOCK_PATIENCE)
        keeps_open = () if self._lock.descriptor is None else (self._lock.descriptor,)
        self._guard = Guard.start(keeps_open=keeps_open)
        self._listen_for_signals(_interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop everything, the last started first. A second Ctrl-C shortens the graces."""
        self._listen_for_signals(self._hurry)
        if self._parts:
            names = ", ".join(part.server.name for part in reversed(self._parts))
            self._say(f"Stopping {names}")
        while self._parts:
            self._parts.pop().server.stop()
        if self._guard is not None:
            self._guard.close(patience_seconds=5)
        self._lock.release()
        for which, handler in self._former_handlers.items():
            signal.signal(which, handler)

    def log_file(self, name: str) -> Path:
        """Return where the output of the process of that name goes."""
        folder = self._data_folder / "logs"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / f"{name}.log"

    def start_server(self, server: Server) -> str:
        """Start a server, wait until it is ready, keep it alive from now on; return its URL."""
        part = _Part(server)
        self._parts.append(part)
        return self._start(part)

    def start(self, children: Sequence[Child]) -> None:
        """Start processes in this order, all at once, and wait until each is ready.

        Raises:
            StartError: One ended or was not ready in time; the message has its last words.
        """
        servers = [
            _ChildServer(child, self.log_file(child.name), self._in_a_hurry) for child in children
        ]
        for server in servers:
            self.start_server(server)
        for server in servers:
            self._wait_until_ready(server)

    def check(self) -> None:
        """Look once after everything: start again what died, keep the logs small."""
        for part in self._parts:
            trim(part.server.log_file)
            if part.server.is_running():
                continue
            if part.restart_at is None:
                self._plan_restart(part)
            elif time.monotonic() >= part.restart_at:
                try:
                    self._start(part)
                except EmbeddedServerError:  # a full disk, say: longer and longer pauses
                    self._plan_restart(part)

    def watch(self) -> None:
        """Keep everything alive until Ctrl-C, SIGTERM or SIGHUP."""
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                self.check()
                threading.Event().wait(_LOOK_EVERY)

    def _start(self, part: _Part) -> str:
        if self._guard is None:
            raise RuntimeError("A supervisor is used as a context manager.")
        if part.server.process_id:
            self._guard.forget(part.server.process_id)
        url = part.server.start()
        self._guard.watch(
            part.server.process_id, stop_signal=part.server.stop_signal, grace=part.server.grace
        )
        part.started_at, part.restart_at = time.monotonic(), None
        return url

    def _plan_restart(self, part: _Part) -> None:
        pause = part.plan_restart()
        self._say(
            f"{part.server.name} has ended; it is started again in {pause:g} s. "
            f"Its last words (all are in {part.server.log_file}):\n"
            f"{processes.last_lines(part.server.log_file)}"
        )

    def _wait_until_ready(self, server: _ChildServer) -> None:
        child = server.child
        deadline = time.monotonic() + child.ready_within.total_seconds()
        while child.is_ready is not None and not child.is_ready():
            if not server.is_running() or time.monotonic() >= deadline:
                how = "was not ready in time" if server.is_running() else "has ended"
                raise StartError(
                    f"{server.name} {how}. Its last words:\n"
                    f"{processes.last_lines(server.log_file)}\n",
                    remedy=f"All of them are in {server.log_file}.",
                )
            threading.Event().wait(_PROBE_EVERY)

    def _hurry(self, *_: object) -> None:
        self._in_a_hurry.set()

    def _listen_for_signals(self, handler: Callable[[int, FrameType | None], None]) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # only the main thread may set handlers; whoever owns it stops us
        for which in _STOPPED_BY:
            former = signal.signal(which, handler)
            self._former_handlers.setdefault(which, former or signal.SIG_DFL)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
