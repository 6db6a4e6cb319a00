"""The journal: what is read back is what was written, and what cannot be written is not begun."""

import errno
import fcntl
import multiprocessing
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from funnel.domain.errors import InvalidInputError, NotSentError
from funnel.domain.lease_owner import LeaseOwner
from funnel.sending.journal import FileJournal, JournalContent, read_content
from funnel.sending.journal_folder import JournalFolder, read_boot_id

STARTED = "2031-03-04T11:00:00+00:00"


def new(folder: Path) -> FileJournal:
    journal = JournalFolder(folder).new_journal(role="deliver", provider="smtp", started=STARTED)
    assert journal.open()
    return journal


def read(journal: FileJournal) -> JournalContent:
    return read_content(journal.path.read_bytes())


@contextmanager
def _room(size: int) -> Iterator[None]:
    """Let no file become larger than so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as in a worker, the write says EFBIG
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    journal = new(tmp_path)
    begun, accepted, nameless, declined, built = (uuid4() for _ in range(5))
    for each in (begun, accepted, nameless, declined):
        journal.take(each)
        journal.begin(each)
    journal.accept(accepted, "queued as 4ü2")
    journal.accept(nameless, None)
    journal.decline(declined)
    journal.take(built)
    content = read(journal)
    assert content.header is not None
    assert str(content.header.owner) == journal.owner
    assert (content.header.provider, content.header.role) == ("smtp", "deliver")
    assert content.header.boot_id == read_boot_id()
    assert content.begun == {begun}
    assert content.accepted == {accepted: "queued as 4ü2", nameless: None}
    assert content.declined == {declined}
    assert content.taken == built
    assert content.is_whole
    assert journal.content() == content
    journal.close()


def test_the_latest_word_about_a_message_counts(tmp_path: Path) -> None:
    journal = new(tmp_path)
    message = uuid4()
    journal.begin(message)
    journal.decline(message)
    journal.begin(message)
    assert (read(journal).begun, read(journal).declined) == ({message}, set())
    assert read(journal).taken is None
    journal.close()


def test_cleared_it_says_nothing_and_goes_on(tmp_path: Path) -> None:
    journal = new(tmp_path)
    journal.hold()
    journal.begin(uuid4())
    assert journal.has_open_ends
    journal.clear()
    assert not journal.has_open_ends
    assert (read(journal).begun, read(journal).is_whole) == (set(), True)
    message = uuid4()
    journal.begin(message)
    assert read(journal).begun == {message}
    journal.close()


def test_a_torn_last_record_is_no_record_and_no_gap(tmp_path: Path) -> None:
    journal = new(tmp_path)
    first, last = uuid4(), uuid4()
    journal.begin(first)
    journal.begin(last)
    raw = journal.path.read_bytes()
    for cut in range(1, 22):
        content = read_content(raw[:-cut])
        assert (content.begun, content.is_whole) == ({first}, True), cut
    journal.close()


@pytest.mark.parametrize("place", ["first", "last"])
def test_a_changed_record_ends_what_can_be_believed(tmp_path: Path, place: str) -> None:
    journal = new(tmp_path)
    journal.begin(uuid4())
    start = len(journal.path.read_bytes())
    journal.begin(uuid4())
    journal.begin(uuid4())
    raw = bytearray(journal.path.read_bytes())
    raw[start + 5 if place == "first" else -9] ^= 1
    content = read_content(bytes(raw))
    assert not content.is_whole
    assert len(content.begun) == (1 if place == "first" else 2)
    journal.close()


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"\0" * 400, b"{} 00000000\n", b"nothing of ours"], ids=range(5)
)
def test_a_header_that_is_none_is_not_believed(raw: bytes) -> None:
    assert read_content(raw) == JournalContent(header=None, is_whole=False)


def test_the_lock_is_held_for_life_and_given_back_with_it(tmp_path: Path) -> None:
    folder = JournalFolder(tmp_path)
    journal = new(tmp_path)
    journal.begin(uuid4())
    assert list(folder.left()) == []
    journal.close()
    left = list(folder.left())
    assert [str(each.owner) for each in left] == [journal.owner]
    assert len(left[0].content.begun) == 1


def test_an_empty_one_goes_with_its_process(tmp_path: Path) -> None:
    journal = new(tmp_path)
    journal.begin(uuid4())
    journal.clear()
    journal.close()
    assert not journal.path.exists()


def test_who_looks_while_another_settles_finds_nothing(tmp_path: Path) -> None:
    folder = JournalFolder(tmp_path)
    journal = new(tmp_path)
    journal.begin(uuid4())
    journal.close()
    for left in folder.left():
        assert list(folder.left()) == []
        left.finish()
    # Once more, for what was being committed as the first one looked; then it is gone.
    for left in folder.left():
        assert len(left.content.begun) == 1
        left.finish()
    assert list(folder.left()) == []
    assert folder.owners() == []


def test_a_killed_process_leaves_every_word_that_it_wrote(tmp_path: Path) -> None:
    folder = JournalFolder(tmp_path)
    folder.host_id()
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    pid = os.fork()
    if pid == 0:
        journal = new(tmp_path)
        for _ in range(100):
            journal.begin(uuid4())
        theirs.send_bytes(b"written")
        signal.pause()
    assert ours.recv_bytes() == b"written"
    assert list(folder.left()) == []
    os.kill(pid, signal.SIGSTOP)  # frozen, it lives: nobody settles behind its back
    assert list(folder.left()) == []
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    ours.close()
    theirs.close()
    assert [len(each.content.begun) for each in folder.left()] == [100]


def test_a_full_disk_begins_nothing_and_breaks_no_record(tmp_path: Path) -> None:
    journal = new(tmp_path)
    written = uuid4()
    journal.begin(written)
    with _room(journal.path.stat().st_size + 5):
        with pytest.raises(NotSentError, match="the journal cannot be written"):
            journal.begin(uuid4())  # five bytes of it fit
        journal.accept(written, "a1")  # never raises
    assert (read(journal).begun, read(journal).is_whole) == ({written}, True)
    later = uuid4()
    journal.begin(later)
    assert read(journal).begun == {written, later}
    journal.close()


@pytest.mark.parametrize("room", [0, 5])
def test_without_room_for_its_header_there_is_none_to_be_settled(tmp_path: Path, room: int) -> None:
    folder = JournalFolder(tmp_path)
    journal = folder.new_journal(role="deliver", provider="smtp", started=STARTED)
    with _room(room):
        with pytest.raises(NotSentError, match="the journal cannot be written"):
            journal.begin(uuid4())
        assert list(folder.left()) == []  # the process lives: nobody may settle what it has
        assert [each.name for each in tmp_path.iterdir()] == ["host-id"]
    journal.begin(uuid4())
    assert list(folder.left()) == []
    assert len(read(journal).begun) == 1
    journal.close()


def test_a_folder_that_cannot_be_written_to_begins_nothing_until_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    journal = JournalFolder(folder).new_journal(role="deliver", provider="smtp", started=STARTED)
    aside = tmp_path / "aside"
    folder.rename(aside)
    folder.write_text("a file where the folder was")
    journal.hold()
    with pytest.raises(NotSentError, match="the journal cannot be written"):
        journal.begin(uuid4())
    folder.unlink()
    aside.rename(folder)
    journal.begin(uuid4())
    assert len(read(journal).begun) == 1
    journal.close()


def test_a_host_has_one_id_however_many_ask_first(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    first = JournalFolder(folder).host_id()
    assert JournalFolder(folder).host_id() == first
    JournalFolder(folder)._make_host_id(folder / "host-id")  # who comes second
    assert JournalFolder(folder).host_id() == first
    assert [each.name for each in folder.iterdir()] == ["host-id"]
    (folder / "host-id").write_text("some other word")
    with pytest.raises(InvalidInputError, match="does not hold a host's id"):
        JournalFolder(folder).host_id()


def test_an_owner_is_read_as_it_is_written() -> None:
    owner = LeaseOwner(host_id="0" * 32, pid=17, random="a" * 16)
    assert LeaseOwner.parse(str(owner)) == owner
    assert LeaseOwner.of_file(owner.host_id, owner.file_name) == owner
    for other in ("web-1:17:deliver", "", f"{'0' * 32}:17:deliver", f"{'0' * 31}:17:{'a' * 16}"):
        assert LeaseOwner.parse(other) is None


def test_a_second_lock_on_the_same_file_is_refused(tmp_path: Path) -> None:
    journal = new(tmp_path)
    fd = os.open(journal.path, os.O_RDONLY)
    with pytest.raises(OSError, check=lambda error: error.errno == errno.EWOULDBLOCK):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(fd)
    journal.close()
