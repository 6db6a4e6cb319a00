"""What a worker process has handed over, in a file: so that its death leaves no doubt.

One append-only file a process and provider, in ``data_folder/journal``. The process holds ``flock``
on it for life; whoever can take that lock knows that the process is gone. A message is *begun*
before its final dot leaves and *accepted* (or *declined*) as the answer comes; ``clear`` empties
the file once all of that is in rows. ``services/settle_from_journal.py`` reads what a dead process
left.

A record is one ``write`` without ``fsync``: when a process dies, what it wrote stays in the
kernel's cache, and whoever reads the file sees it. A power cut takes the cache with it; then the
machine has another boot id, and nothing that the file says is believed. So a record costs about two
microseconds, not a disk's milliseconds.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID
from zlib import crc32

import structlog

from funnel.domain.errors import NotSentError
from funnel.domain.lease_owner import LeaseOwner
from funnel.sending.mailer import Journal

log = structlog.get_logger()

VERSION: Final = 1
SUFFIX: Final = ".journal"
_FRESH: Final = ".fresh"
_BEGUN: Final = b"B\x00"
_DECLINED: Final = b"D\x00"
_TAKEN: Final = b"T\x00"
_ACCEPTED: Final = b"A"
# Kind, length of what follows the id, id; then that, and a checksum of all of it.
_FIXED: Final = 2 + 16
_CHECKSUM: Final = 4
# Postmark's have 36 characters, SES's 60; what is longer is kept as not given.
_LONGEST_PROVIDER_ID: Final = 255
_HEADER_LIMIT: Final = 1000  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalHeader:
    """Whose file it is.

    Attributes:
        boot_id: Of the machine's run in which it was written; "": not known.
        role: Of the process, as the logs name it.
        provider: Whom everything in it was handed to.
        started: When it was opened, by that process's own clock (ISO 8601): for people only.
    """

    owner: LeaseOwner
    boot_id: str
    role: str
    provider: str
    started: str

    def encoded(self) -> bytes:
        """Return the line at the head of the file."""
        said = json.dumps(
            {
                "version": VERSION,
                "owner": str(self.owner),
                "boot": self.boot_id,
                "role": self.role,
                "provider": self.provider,
                "started": self.started,
            }
        ).encode()
        return said + b" %08x\n" % crc32(said)


@dataclass(slots=True, kw_only=True)
class JournalContent:
    """What a journal says.

    Attributes:
        header: ``None``: it cannot be read, so nothing in it can be believed.
        taken: The message that was being built as the process ended; ``None``: none was.
        begun: Handed over, and no answer was written down.
        declined: Handed over, and the other side did not take them.
        accepted: Handed over and taken: the provider's id of each, where it named one.
        is_whole: Nothing is missing before the end. A torn *last* record is no gap: what it was to
            announce had not happened yet.
    """

    header: JournalHeader | None
    taken: UUID | None = None
    begun: set[UUID] = field(default_factory=set)
    declined: set[UUID] = field(default_factory=set)
    accepted: dict[UUID, str | None] = field(default_factory=dict)
    is_whole: bool = True

    def note(self, kind: bytes, message_id: UUID, said: bytes) -> None:
        """Take in one record; the latest about a message counts."""
        self.taken = message_id if kind == _TAKEN[:1] else None
        if self.taken is not None:
            return
        self.begun.discard(message_id)
        self.declined.discard(message_id)
        if kind == _ACCEPTED:
            self.accepted[message_id] = said.decode("utf-8", "replace") or None
        elif kind == _DECLINED[:1]:
            self.declined.add(message_id)
        else:
            self.begun.add(message_id)


class WorkerJournal(Journal, Protocol):
    """What a process that delivers wants of its journal, beside what a mailer wants."""

    @property
    def has_open_ends(self) -> bool:
        """Whether something may be in hand of which no row says yet what became of it."""
        ...

    def take(self, message_id: UUID) -> None:
        """Write down that a message is being built: should that end the process, it was this one.

        Never raises: it bounds how often a poisonous message is tried, nothing else.
        """
        ...

    def hold(self) -> None:
        """Remember that messages are taken in hand now, under this journal's name."""
        ...

    def clear(self) -> None:
        """Forget everything: all of it is in rows. Costs nothing where nothing was written."""
        ...

    def decline(self, message_id: UUID) -> None:
        """Write down that the other side did not take a message; never raises."""
        ...

    def content(self) -> "JournalContent":
        """Return what it says of what is in hand."""
        ...

    def close(self) -> None:
        """Give the lock back; what is in it is then anybody's to settle."""
        ...


class UnwrittenJournal:
    """Keeps nothing: a crash beside it leaves all that was in hand unknown."""

    has_open_ends = False

    def take(self, message_id: UUID) -> None:
        """Nothing is kept."""

    def hold(self) -> None:
        """Nothing is kept."""

    def begin(self, message_id: UUID) -> None:
        """Nothing is kept."""

    def accept(self, message_id: UUID, provider_id: str | None) -> None:
        """Nothing is kept."""

    def decline(self, message_id: UUID) -> None:
        """Nothing is kept."""

    def clear(self) -> None:
        """Nothing is kept."""

    def content(self) -> "JournalContent":
        """Nothing is known."""
        return JournalContent(header=None, is_whole=False)

    def close(self) -> None:
        """Nothing is kept."""


class FileJournal:
    """The journal of this process; made after the fork, never shared.

    It opens its file when it is first needed, and again after a failure: a disk that has room
    again is used again.
    """

    def __init__(self, folder: Path, header: JournalHeader) -> None:
        self._path = folder / f"{header.owner.file_name}{SUFFIX}"
        self._owner = str(header.owner)
        self._header = header.encoded()
        self._fd = -1
        self._is_written = False
        self._has_open_ends = False

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self._path

    @property
    def owner(self) -> str:
        """The name under which this process takes messages in hand."""
        return self._owner

    def open(self) -> bool:
        """Open the file if it is not open; say whether it is."""
        try:
            self._ensure_open()
        except NotSentError as error:
            # A person must act, and the traceback would tell them nothing.
            log.error("journal.not_opened", reason=str(error))  # noqa: TRY400
            return False
        return True

    @property
    def has_open_ends(self) -> bool:
        """Whether something may be in hand of which no row says yet what became of it."""
        return self._has_open_ends

    def take(self, message_id: UUID) -> None:
        """Write down that a message is being built; see ``WorkerJournal``."""
        self._append_if_possible(_TAKEN + message_id.bytes)

    def hold(self) -> None:
        """Open the file if need be: rows of an owner without one are settled as unknown."""
        self._has_open_ends = True
        self.open()

    def begin(self, message_id: UUID) -> None:
        """Write down that a message is about to be out of our hands.

        Raises:
            NotSentError: It cannot be written (disk full, read-only): do not hand over.
        """
        body = _BEGUN + message_id.bytes
        self._append(body + crc32(body).to_bytes(_CHECKSUM, "little"))

    def accept(self, message_id: UUID, provider_id: str | None) -> None:
        """Write down that the other side took it; never raises.

        What cannot be written is unknown should the process die before its row says more.
        """
        said = (provider_id or "").encode()
        if len(said) > _LONGEST_PROVIDER_ID:
            said = b""
        self._append_if_possible(_ACCEPTED + bytes((len(said),)) + message_id.bytes + said)

    def decline(self, message_id: UUID) -> None:
        """Write down that the other side did not take it; never raises."""
        self._append_if_possible(_DECLINED + message_id.bytes)

    def clear(self) -> None:
        """Forget everything: all of it is in rows. Costs nothing where nothing was written."""
        self._has_open_ends = False
        if self._fd < 0 or not self._is_written:
            return
        self._cut(len(self._header))

    def content(self) -> JournalContent:
        """Return what it says; where it cannot be read, nothing that can be believed."""
        if self._fd < 0:
            return JournalContent(header=None, is_whole=False)
        try:
            return read_content(os.pread(self._fd, os.fstat(self._fd).st_size, 0))
        except OSError:
            return JournalContent(header=None, is_whole=False)

    def close(self) -> None:
        """Give the lock back, and take the file away if nothing is in it."""
        if self._fd < 0:
            return
        if not self._is_written:
            self._path.unlink(missing_ok=True)
        os.close(self._fd)
        self._fd = -1

    def _append_if_possible(self, body: bytes) -> None:
        try:
            self._append(body + crc32(body).to_bytes(_CHECKSUM, "little"))
        except NotSentError as error:
            log.warning("journal.not_written", reason=str(error))

    def _append(self, record: bytes) -> None:
        if self._fd < 0:
            self._ensure_open()
        self._is_written = True
        try:
            written = os.write(self._fd, record)
        except OSError as error:
            raise self._not_written(error) from error
        if written != len(record):
            # The disk became full within a record: whatever follows must not stand behind half one.
            self._cut(os.fstat(self._fd).st_size - written)
            raise NotSentError("the journal cannot be written: no space is left")

    def _cut(self, size: int) -> None:
        try:
            os.ftruncate(self._fd, size)
        except OSError as error:
            log.warning("journal.not_cut", reason=str(error))
            return
        self._is_written = size > len(self._header)

    def _ensure_open(self) -> None:
        if self._fd >= 0:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Should it be there from before, what it says still counts.
            fd = _open(self._path) if self._path.exists() else _make(self._path, self._header)
            self._is_written = os.fstat(fd).st_size > len(self._header)
        except OSError as error:
            raise self._not_written(error) from error
        self._fd = fd

    def _not_written(self, error: OSError) -> NotSentError:
        return NotSentError(f"the journal cannot be written: {error.strerror or error}")


def _open(path: Path) -> int:
    """Open a journal's file and take its lock for life."""
    fd = os.open(path, os.O_RDWR | os.O_APPEND)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(fd).st_nlink == 0:
            raise FileNotFoundError("it was taken away as it was opened")
    except OSError:
        os.close(fd)
        raise
    return fd


def _make(path: Path, header: bytes) -> int:
    """Make a journal's file, with its header, and take its lock for life.

    Under another name until then: an empty file that nobody locks, on a disk without room say, is
    taken for that of a process that is gone, and what the living one has in hand is settled.
    """
    fresh = path.with_suffix(_FRESH)
    fd = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _write_whole(fd, header)
        fresh.rename(path)
    except OSError:
        os.close(fd)
        fresh.unlink(missing_ok=True)
        raise
    return fd


def _write_whole(fd: int, header: bytes) -> None:
    if os.write(fd, header) != len(header):
        raise OSError("no space is left")


def read_content(raw: bytes) -> JournalContent:
    """Return what the bytes of a journal say; never raises, whatever they are."""
    line, _, records = raw.partition(b"\n")
    header = _header(line)
    content = JournalContent(header=header, is_whole=header is not None)
    if header is None:
        return content
    at = 0
    while at + _FIXED + _CHECKSUM <= len(records):
        length = _FIXED + records[at + 1]
        body = records[at : at + length]
        checksum = records[at + length : at + length + _CHECKSUM]
        if len(checksum) < _CHECKSUM:
            break  # torn
        if crc32(body).to_bytes(_CHECKSUM, "little") != checksum:
            content.is_whole = False
            break
        content.note(body[:1], UUID(bytes=body[2:_FIXED]), body[_FIXED:])
        at += length + _CHECKSUM
    return content


def _header(line: bytes) -> JournalHeader | None:
    said, _, checksum = line[:_HEADER_LIMIT].rpartition(b" ")
    if checksum != b"%08x" % crc32(said):
        return None
    values: Mapping[str, object] = json.loads(said)
    owner = LeaseOwner.parse(str(values.get("owner", "")))
    if values.get("version") != VERSION or owner is None:
        return None
    return JournalHeader(
        owner=owner,
        boot_id=str(values.get("boot", "")),
        role=str(values.get("role", "")),
        provider=str(values.get("provider", "")),
        started=str(values.get("started", "")),
    )
