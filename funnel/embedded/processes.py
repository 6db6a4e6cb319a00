"""Start and end child processes: each in a session of its own, its output in a file."""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from funnel.embedded.accounts import Account

_ASK_AGAIN_AFTER = 0.05
_TAIL_BYTES = 4096


def spawn(
    argv: Sequence[str],
    *,
    output: Path,
    environment: Mapping[str, str],
    account: Account | None = None,
    stdin: bytes = b"",
) -> subprocess.Popen[bytes]:
    """Start ``argv`` with its output appended to ``output``.

    In a session of its own, so that Ctrl-C in the terminal reaches our own process alone,
    which then stops its children in their right order. The output goes straight to the file,
    not through us: a child can still write its last words when we are already dead.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("ab") as sink:
        process = subprocess.Popen(  # noqa: S603 - argv comes from our own code, without a shell
            list(argv),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
            user=None if account is None else account.user_id,
            group=None if account is None else account.group_id,
            extra_groups=None if account is None else [],
            cwd=None if account is None else "/",  # the current folder may be closed to it
        )
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(stdin)
    return process


def stop(process: subprocess.Popen[bytes], *steps: tuple[signal.Signals, timedelta]) -> bool:
    """End a child of ours: each signal with its time to obey, then SIGKILL to its whole group.

    Returns:
        Whether it ended by itself, before SIGKILL.
    """
    ended = process.poll() is not None
    for wish, patience in steps:
        if ended:
            break
        process.send_signal(wish)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience.total_seconds())
            ended = True
    kill_group(process.pid)
    process.wait()
    return ended


def kill_group(leader: int) -> None:
    """SIGKILL what is left of a group; a leader that ended may have left children behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def is_alive(process_id: int) -> bool:
    """Tell whether a process, ours or not, still runs (a zombie does not)."""
    return not wait_for_exit(process_id, timedelta(0))


def wait_for_exit(process_id: int, patience: timedelta) -> bool:
    """Wait for the end of a process that need not be our child; tell whether it came in time."""
    if not hasattr(os, "pidfd_open"):  # macOS
        return _poll_for_exit(process_id, patience)
    try:
        handle = os.pidfd_open(process_id)
    except ProcessLookupError:
        return True
    try:
        ready, _, _ = select.select([handle], [], [], patience.total_seconds())
    finally:
        os.close(handle)
    return bool(ready)


def _poll_for_exit(process_id: int, patience: timedelta) -> bool:
    deadline = time.monotonic() + patience.total_seconds()
    while True:
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return True
        if time.monotonic() >= deadline:
            return False
        threading.Event().wait(_ASK_AGAIN_AFTER)


def command_line(process_id: int) -> str:
    """Return what a process was started with, empty where it is gone or not ours to see."""
    try:
        shown = subprocess.run(  # noqa: S603 - a number and our own words
            ["/bin/ps", "-ww", "-o", "command=", "-p", str(process_id)],
            check=False,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:  # a slim container has no ps, but it has /proc
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{process_id}/cmdline").read_bytes().split(b"\0")
            return b" ".join(words).decode(errors="replace")
        return ""
    return shown.stdout.strip()


def last_lines(output: Path, *, limit: int = 8) -> str:
    """Return the end of a log file, indented, to be shown to a person."""
    try:
        with output.open("rb") as log:
            log.seek(max(0, output.stat().st_size - _TAIL_BYTES))
            lines = log.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join(f"    {line}" for line in lines[-limit:])
