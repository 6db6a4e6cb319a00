"""The folder in which a host keeps its journals: whose it is, and which processes left one.

Whoever has the folder is that host: two containers with one volume are one host, and each other's
journals are theirs to settle. ``flock`` holds between them, because the kernel that they share
keeps it with the file.
"""

import fcntl
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from funnel.domain.errors import InvalidInputError
from funnel.domain.lease_owner import LeaseOwner, is_host_id
from funnel.sending.journal import SUFFIX, FileJournal, JournalContent, JournalHeader, read_content

log = structlog.get_logger()

_HOST_FILE: Final = "host-id"
_BOOT_FILE: Final = Path("/proc/sys/kernel/random/boot_id")
_SYSCTL: Final = "/usr/sbin/sysctl"
# Settled once, and looked at once more: see ``LeftJournal.finish``.
_SETTLED: Final = ".settled"


def read_boot_id() -> str:
    """Return what names the machine's run since it was switched on; "": that is not known here."""
    try:
        if sys.platform == "darwin":
            return _ask_sysctl()
        return _BOOT_FILE.read_text().strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _ask_sysctl() -> str:
    # Not kern.boottime: it moves whenever the clock is set.
    asked = [_SYSCTL, "-n", "kern.bootsessionuuid"]
    answer = subprocess.run(asked, capture_output=True, timeout=5, check=True)  # noqa: S603
    return answer.stdout.decode().strip()


@dataclass(slots=True, kw_only=True)
class LeftJournal:
    """A journal whose process is gone; its lock is ours.

    Attributes:
        owner: Under whose name its rows stand.
        content: What it says.
    """

    owner: LeaseOwner
    content: JournalContent
    path: Path

    def finish(self) -> None:
        """Say that its rows are settled: take it away, but only the second time.

        A process may die right after it asked the database to commit: its rows come to be in its
        hands a moment later than somebody looked. They are found by the second look.
        """
        try:
            if self.path.suffix == SUFFIX:
                self.path.rename(self.path.with_suffix(_SETTLED))
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:  # a read-only disk: it is settled again, which changes nothing
            log.warning("journal.not_removed", reason=str(error))


@dataclass(frozen=True, slots=True)
class JournalFolder:
    """Where the journals of this host lie."""

    path: Path

    def host_id(self) -> str:
        """Return this host's id; the first time, make one.

        Raises:
            InvalidInputError: The folder can be neither read nor made.
        """
        file = self.path / _HOST_FILE
        try:
            if not file.exists():
                self._make_host_id(file)
            host_id = file.read_text().strip()
        except OSError as error:
            raise InvalidInputError(
                f"the journal's folder cannot be used: {error.strerror or error}",
                field="FUNNEL_DATA_FOLDER",
                remedy=f"Let this account write to {self.path}.",
            ) from error
        if not is_host_id(host_id):
            raise InvalidInputError(
                f"{file} does not hold a host's id",
                field="FUNNEL_DATA_FOLDER",
                remedy="Stop the workers, delete that file, and start them: another id is made.",
            )
        return host_id

    def _make_host_id(self, file: Path) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        fresh = self.path / f".{_HOST_FILE}-{secrets.token_hex(8)}"
        fresh.write_text(secrets.token_hex(16) + "\n")
        try:
            os.link(fresh, file)  # who comes second keeps the first one's
        except FileExistsError:
            pass
        finally:
            fresh.unlink()

    def new_journal(self, *, role: str, provider: str, started: str) -> FileJournal:
        """Return a journal of this process under a fresh name; its file is opened when needed.

        Raises:
            InvalidInputError: The folder can be neither read nor made.
        """
        owner = LeaseOwner(host_id=self.host_id(), pid=os.getpid(), random=secrets.token_hex(8))
        header = JournalHeader(
            owner=owner, boot_id=read_boot_id(), role=role, provider=provider, started=started
        )
        return FileJournal(self.path, header)

    def owners(self) -> list[LeaseOwner]:
        """Return whose journals lie here, living or not."""
        return [owner for owner, _ in self._files()]

    def left(self) -> Iterator[LeftJournal]:
        """Yield each journal whose process is gone, its lock held until the next is asked for.

        Whose lock cannot be taken lives, though it may be frozen, or is being looked at.
        """
        for owner, path in self._files():
            with _locked(path) as raw:
                if raw is not None:
                    yield LeftJournal(owner=owner, content=read_content(raw), path=path)

    def _files(self) -> list[tuple[LeaseOwner, Path]]:
        if not self.path.is_dir():
            return []
        host_id = self.host_id()
        found = []
        for path in sorted(self.path.iterdir()):
            if path.suffix in (SUFFIX, _SETTLED):
                owner = LeaseOwner.of_file(host_id, path.stem)
                if owner is not None:
                    found.append((owner, path))
        return found


@contextmanager
def _locked(path: Path) -> Iterator[bytes | None]:
    """Yield what a file holds, under its lock; ``None``: another has the lock, or it is gone."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        yield None
        return
    try:
        yield _read(fd)
    finally:
        os.close(fd)


def _read(fd: int) -> bytes | None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return None
    if os.fstat(fd).st_nlink == 0:
        return None  # another settled it and took it away
    parts = []
    while part := os.read(fd, 1 << 16):
        parts.append(part)
    return b"".join(parts)
