"""One owner for one folder, however that owner ends."""

import fcntl
import os
import threading
import time
from datetime import timedelta
from pathlib import Path

from funnel.embedded.errors import FolderInUseError

_ASK_AGAIN_AFTER = 0.05


class FolderLock:
    """An exclusive lock that the kernel gives back when its holder dies, by whatever signal.

    The file stays behind on purpose: removing a locked file would let two processes hold
    "the same" lock on two different files.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int | None:
        """The open file; a child that inherits it keeps the lock for as long as it lives."""
        return self._descriptor

    def acquire(self, *, patience: timedelta = timedelta(0)) -> None:
        """Take the lock, waiting for at most ``patience``.

        Raises:
            FolderInUseError: Another process still holds it; the message names its number.
        """
        if self._descriptor is not None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + patience.total_seconds()
        while not _is_taken(descriptor):
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
                os.close(descriptor)
                raise FolderInUseError(
                    f"{self._path} is held by process {holder or 'unknown'}.",
                    remedy="Stop that process first, or name another data folder.",
                )
            threading.Event().wait(_ASK_AGAIN_AFTER)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; a child that inherited it goes on holding it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
