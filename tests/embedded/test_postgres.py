import os
import signal
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from funnel.embedded import processes
from funnel.embedded.accounts import server_account
from funnel.embedded.errors import (
    EmbeddedServerError,
    FolderInUseError,
    MissingBinaryError,
    StartError,
)
from funnel.embedded.postgres import PostgresServer, discard_data

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another account")


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def _write(url: str) -> None:
    with psycopg.connect(_plain(url)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def _read(url: str) -> int:
    with psycopg.connect(_plain(url)) as connection:
        row = connection.execute("SELECT answer FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def test_a_stopped_server_continues_where_it_was(open_folder: Path) -> None:
    with PostgresServer(open_folder / "postgres", durable=False) as first:
        url = first.start()
        _write(url)
        first_process = first.process_id
    assert not processes.is_alive(first_process)
    with PostgresServer(open_folder / "postgres", durable=False) as second:
        assert second.start() == url
        assert _read(url) == 42


def test_the_same_url_is_good_after_a_kill(open_folder: Path) -> None:
    with PostgresServer(open_folder / "postgres", durable=True) as server:
        url = server.start()
        _write(url)
        server.kill()
        assert not server.is_running()
        assert server.start() == url
        assert _read(url) == 42


def test_it_says_which_version_runs_from_where(open_folder: Path) -> None:
    with PostgresServer(open_folder / "postgres", durable=False) as server:
        major = (open_folder / "postgres" / "PG_VERSION").read_text().strip()
        assert server.description.startswith(f"PostgreSQL {major}.")
        assert server.source in server.description
        assert str(open_folder / "postgres") in server.description


def test_nobody_else_on_the_machine_can_connect(open_folder: Path) -> None:
    with PostgresServer(open_folder / "postgres", durable=False) as server:
        with psycopg.connect(_plain(server.start())) as connection:
            shown = connection.execute("SHOW listen_addresses").fetchone()
        assert shown == ("",)
        socket_folder = open_folder / "postgres" / "socket"
        assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700


def test_a_long_path_gets_a_short_socket(open_folder: Path) -> None:
    deep = open_folder / ("long" * 25)
    deep.mkdir()
    with PostgresServer(deep / "postgres", durable=False) as server:
        url = server.start()
        server.kill()
        assert server.start() == url
        _write(url)


def test_two_servers_never_share_a_folder(open_folder: Path) -> None:
    with PostgresServer(open_folder / "postgres", durable=False) as server:
        with pytest.raises(FolderInUseError, match=str(os.getpid())):
            PostgresServer(open_folder / "postgres", durable=False).start()
        assert server.is_running()


def test_a_server_that_its_owner_left_behind_is_ended_first(open_folder: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from funnel.embedded.postgres import PostgresServer\n"
        "server = PostgresServer(Path(sys.argv[1]), durable=False)\n"
        "server.start(); print(server.process_id, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    owner = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", program, str(open_folder / "postgres")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert owner.returncode == -signal.SIGKILL
    orphan = int(owner.stdout)
    assert processes.is_alive(orphan)
    with PostgresServer(open_folder / "postgres", durable=False) as server:
        assert not processes.is_alive(orphan)
        assert server.is_running()


def test_a_stale_note_with_anothers_process_number_is_no_obstacle(open_folder: Path) -> None:
    with PostgresServer(open_folder / "postgres", durable=False) as server:
        note = open_folder / "postgres" / "postmaster.pid"
        text = note.read_text()
        server.kill()
        # As after a reboot: the number now belongs to somebody else, here to ourselves.
        note.write_text(text.replace(text.split("\n")[0], str(os.getpid()), 1))
        server.start()
        assert server.is_running()


def test_a_folder_of_another_version_is_refused_with_a_remedy(open_folder: Path) -> None:
    folder = open_folder / "postgres"
    folder.mkdir()
    (folder / "PG_VERSION").write_text("9\n")
    with pytest.raises(MissingBinaryError, match=r"made by PostgreSQL 9,.*Install PostgreSQL 9"):
        PostgresServer(folder, durable=False).start()


def test_a_folder_with_other_things_is_left_alone(open_folder: Path) -> None:
    folder = open_folder / "postgres"
    folder.mkdir()
    (folder / "letter.txt").write_text("Dear reader")
    with pytest.raises(EmbeddedServerError, match="neither empty nor"):
        PostgresServer(folder, durable=False).start()
    assert (folder / "letter.txt").read_text() == "Dear reader"


def test_an_interrupted_making_is_begun_anew(open_folder: Path) -> None:
    unfinished = open_folder / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with PostgresServer(open_folder / "postgres", durable=False) as server:
        _write(server.start())
    assert not unfinished.exists()


def test_a_failed_start_shows_its_last_words_and_leaves_nothing(open_folder: Path) -> None:
    folder = open_folder / "postgres"
    with PostgresServer(folder, durable=False):
        pass
    (folder / "postgresql.conf").write_text("no_such_setting = on\n")
    broken = PostgresServer(folder, durable=False)
    with pytest.raises(StartError, match="no_such_setting"):
        broken.start()
    assert not broken.is_running()
    (folder / "postgresql.conf").write_text("")
    with PostgresServer(folder, durable=False) as mended:
        assert mended.is_running()


@AS_ROOT
def test_root_reaches_data_in_a_closed_folder_through_a_link(open_folder: Path) -> None:
    closed, shared = open_folder / "closed", open_folder / "shared"
    closed.mkdir(mode=0o700)
    with PostgresServer(closed / "postgres", durable=False, shared_place=shared) as server:
        _write(server.start())
    assert (closed / "postgres").is_symlink()
    with PostgresServer(closed / "postgres", durable=False, shared_place=shared) as again:
        assert _read(again.start()) == 42
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    discard_data(closed / "postgres")
    assert not (closed / "postgres").is_symlink()
    assert not list(shared.glob("*/data"))


@AS_ROOT
def test_root_continues_as_the_account_that_owns_the_data(open_folder: Path) -> None:
    assert server_account(open_folder / "new").name == "nobody"
    os.chown(open_folder, 1, 1)
    assert server_account(open_folder).user_id == 1


def test_wait_for_exit_does_not_wait_for_what_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert processes.wait_for_exit(child.pid, timedelta(seconds=5))
    assert not processes.wait_for_exit(os.getpid(), timedelta(0))


def test_discarding_data_behind_ones_own_link_leaves_the_neighbours(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    (disk / "postgres").mkdir(parents=True)
    (disk / "photos").mkdir()
    link = tmp_path / "postgres"
    link.symlink_to(disk / "postgres")
    discard_data(link)
    assert not link.is_symlink()
    assert [each.name for each in disk.iterdir()] == ["photos"]
    discard_data(link)  # nothing there is fine too
