"""Ends the processes that a dead owner could not end itself.

Run as a program of its own (only the standard library, so that it is up in a few
milliseconds). Its standard input is a pipe whose writing end the owner holds: when the owner
is gone, even by SIGKILL, the kernel closes that end, and the guard stops everything it was
told of, the last one first. Chosen over Linux's PR_SET_PDEATHSIG because that needs code
between fork and exec, is lost when the child changes its account, follows the thread and not
the process, knows neither order nor grace, and does not exist on macOS.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any


class Guard:
    """The owner's end of the pipe."""

    def __init__(self, writer: int, process: subprocess.Popen[bytes] | None) -> None:
        self._writer: int | None = writer
        self._process = process

    @classmethod
    def start(cls, *, fifo: Path | None = None, keeps_open: tuple[int, ...] = ()) -> "Guard":
        """Start a guard.

        Args:
            fifo: A named pipe to make, through which more owners may ``join``; the guard
                acts when the last of them is gone.
            keeps_open: Descriptors the guard inherits: a lock among them is held until the
                guard has finished, so that nobody starts anew among leftovers.
        """
        if fifo is None:
            reader, writer = os.pipe()
        else:
            os.mkfifo(fifo, 0o600)
            reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
            os.set_blocking(reader, True)
            writer = os.open(fifo, os.O_WRONLY | os.O_CLOEXEC)
        process = subprocess.Popen(  # noqa: S603 - this very file
            [sys.executable, "-I", "-S", __file__],
            stdin=reader,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=keeps_open,
        )
        os.close(reader)
        return cls(writer, process)

    @classmethod
    def join(cls, fifo: Path) -> "Guard | None":
        """Become one more owner of a running guard; ``None`` if it has already gone."""
        try:
            return cls(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC), None)
        except OSError:  # no such pipe, or nobody reads it any more
            return None

    def watch(self, process_id: int, *, stop_signal: signal.Signals, grace: timedelta) -> None:
        """Have a process ended, with its whole group, when the owners are gone."""
        seconds = grace.total_seconds()
        self._tell({"watch": process_id, "signal": int(stop_signal), "grace": seconds})

    def clear_away(self, folder: Path) -> None:
        """Have a folder removed after all processes were ended."""
        self._tell({"remove": str(folder)})

    def forget(self, process_id: int) -> None:
        """Say that a process was ended by its owner."""
        self._tell({"forget": process_id})

    def close(self, *, patience_seconds: float = 0) -> None:
        """Stop being an owner, and wait for the guard's end for at most ``patience_seconds``.

        A shared guard lives on with its other owners: do not wait for that one.
        """
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None
        if self._process is not None:
            try:
                self._process.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                # It outlives us by design; without this, Popen warns about a forgotten child.
                self._process.returncode = 0

    def _tell(self, order: dict[str, Any]) -> None:
        if self._writer is not None:
            os.write(self._writer, json.dumps(order).encode() + b"\n")


def main() -> None:
    """Listen until the last owner is gone, then stop what is left."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    orders: dict[int, dict[str, Any]] = {}
    folders: list[str] = []
    for line in sys.stdin.buffer:
        match json.loads(line):
            case {"watch": int(process_id)} as order:
                orders[process_id] = order
            case {"forget": int(process_id)}:
                orders.pop(process_id, None)
            case {"remove": str(folder)}:
                folders.append(folder)
    os.close(sys.stdin.fileno())  # from here on nobody can join
    for order in reversed(orders.values()):
        _end(order)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _end(order: dict[str, Any]) -> None:
    process_id = order["watch"]
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process_id, order["signal"])
        _wait_for_exit(process_id, order["grace"])
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process_id, signal.SIGKILL)
    _wait_for_exit(process_id, 5)


def _wait_for_exit(process_id: int, seconds: float) -> None:
    # processes.wait_for_exit again: this file may import nothing of ours.
    open_handle: Callable[[int], int] | None = getattr(os, "pidfd_open", None)
    if open_handle is not None:
        with contextlib.suppress(ProcessLookupError):
            handle = open_handle(process_id)
            select.select([handle], [], [], seconds)
            os.close(handle)
        return
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(PermissionError):
            try:
                os.kill(process_id, 0)
            except ProcessLookupError:
                return
        select.select([], [], [], 0.05)


if __name__ == "__main__":
    main()
