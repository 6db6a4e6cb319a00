"""A Redis-compatible server of our own, for the queues: they are all that it holds."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from funnel.embedded import processes
from funnel.embedded.binaries import find_broker
from funnel.embedded.errors import StartError
from funnel.embedded.locks import FolderLock

_HOST = "127.0.0.1"
_READY_WITHIN = timedelta(seconds=20)
_ASK_AGAIN_AFTER = 0.02
_PORTS_TO_TRY = 5
_STOP_STEPS = ((signal.SIGTERM, timedelta(seconds=10)),)


class BrokerServer:
    """One Redis-compatible server with its own folder, loopback port and password.

    Port and password are new for each object and stay the same over ``stop`` and ``start``,
    so that clients find their way back. The password keeps other accounts of this machine
    out: whoever may talk to such a server can make it write files in our name.
    """

    name = "broker"
    stop_signal = signal.SIGTERM
    grace = timedelta(seconds=10)

    def __init__(
        self, data_folder: Path, *, program: str | None = None, log_file: Path | None = None
    ) -> None:
        """Describe the server; nothing is started or written yet.

        Args:
            data_folder: Made if it does not exist, continued if it does. Beside it a lock file.
            program: Insist on one program; see ``find_broker``.
            log_file: Where the server's own words go; beside the data folder by default.
        """
        self._data_folder = data_folder.absolute()
        self._program = program
        self.log_file = log_file or self._data_folder.with_name(f"{data_folder.name}.log")
        self._lock = FolderLock(self._data_folder.with_name(f"{data_folder.name}.lock"))
        self._process: subprocess.Popen[bytes] | None = None
        self._password = secrets.token_urlsafe(18)
        self._port = 0
        self.source = ""

    @property
    def process_id(self) -> int:
        """The server's number, 0 while it does not run."""
        return self._process.pid if self._process is not None else 0

    @property
    def url(self) -> str:
        """The Redis URL; the port is known once the server was started."""
        return f"redis://:{self._password}@{_HOST}:{self._port}/0"

    @property
    def description(self) -> str:
        """What runs here, said to people."""
        return f"Redis-compatible server ({self.source}), data in {self._data_folder}"

    def start(self) -> str:
        """Start the server and return its URL.

        Raises:
            EmbeddedServerError: With its remedy, one class for each kind of trouble.
        """
        if not self.is_running():
            self._lock.acquire()
            try:
                self._launch()
            except BaseException:  # also Ctrl-C: whatever ends the start ends the server
                self.stop()
                raise
        return self.url

    def is_running(self) -> bool:
        """Tell whether the server lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop after a last write to disk."""
        if self._process is not None:
            processes.stop(self._process, *_STOP_STEPS)
            self._process = None
        self._lock.release()

    def kill(self) -> None:
        """End it as a power cut would, for fault drills; ``start`` reads its log again."""
        if self._process is not None:
            processes.stop(self._process)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _launch(self) -> None:
        binary = find_broker(self._program)
        self.source = binary.source
        self._data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._end_orphan()
        is_port_fixed = self._port != 0
        for attempts_left in reversed(range(1 if is_port_fixed else _PORTS_TO_TRY)):
            self._port = self._port if is_port_fixed else _free_port()
            self._process = processes.spawn(
                [str(binary.path), "-"],  # settings by standard input: `ps` shows arguments
                output=self.log_file,
                environment=os.environ,
                stdin=self._settings().encode(),
            )
            if self._is_ready_in_time():
                return
            # Another program may have taken the port between our asking and the server's.
            processes.stop(self._process, *_STOP_STEPS)
            if not attempts_left or "in use" not in processes.last_lines(self.log_file):
                break
        raise StartError(
            "The Redis-compatible server did not start. Its last words:\n"
            f"{processes.last_lines(self.log_file)}\n",
            remedy=f"All of them are in {self.log_file}.",
        )

    def _settings(self) -> str:
        folder = str(self._data_folder).replace("\\", "\\\\").replace('"', '\\"')
        return "\n".join(
            (
                f"bind {_HOST}",
                f"port {self._port}",
                f"requirepass {self._password}",
                f'dir "{folder}"',
                "daemonize no",
                f'pidfile "{folder}/server.pid"',
                "appendonly yes",
                "appendfsync everysec",
                'save ""',  # the append-only file is enough
                "maxmemory-policy noeviction",  # allkeys-lru may evict the queues themselves
                "",
            )
        )

    def _is_ready_in_time(self) -> bool:
        deadline = time.monotonic() + _READY_WITHIN.total_seconds()
        while self.is_running() and time.monotonic() < deadline:
            if self._answers():
                return True
            threading.Event().wait(_ASK_AGAIN_AFTER)
        return False

    def _answers(self) -> bool:
        # By hand: only the monitoring floor brings a Redis client, and two lines need none.
        with (
            contextlib.suppress(OSError),
            socket.create_connection((_HOST, self._port), timeout=1) as connection,
        ):
            connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = connection.recv(256)
                if not part:
                    return False
                answer += part
            return answer == b"+OK\r\n+PONG\r\n"  # "-LOADING" while it reads its log
        return False

    def _end_orphan(self) -> None:
        """Stop a server that an owner killed long ago left behind.

        Only called with the folder's lock in hand: so it has no living owner. Two servers
        would write one append-only file.
        """
        note = self._data_folder / "server.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            process_id = int(note.read_text())
            if self._is_ours(process_id):
                os.kill(process_id, signal.SIGTERM)
                if not processes.wait_for_exit(process_id, self.grace):
                    processes.kill_group(process_id)

    def _is_ours(self, process_id: int) -> bool:
        # The number may be another program's by now; such a server works in its data folder.
        words = processes.command_line(process_id)
        if "redis-server" not in words and "valkey-server" not in words:
            return False
        folder = Path(f"/proc/{process_id}/cwd")
        return not folder.exists() or folder.resolve() == self._data_folder.resolve()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
