"""A PostgreSQL of our own: found, made, started, stopped, and continued the next time."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from funnel.embedded import processes
from funnel.embedded.accounts import SHARED_PLACE, Account, private_folder, server_account
from funnel.embedded.binaries import PostgresBinaries, find_postgres, reachable
from funnel.embedded.errors import EmbeddedServerError, StartError
from funnel.embedded.locks import FolderLock

_ROLE = "postgres"
_READY_WITHIN = timedelta(seconds=60)  # long: after a crash it replays its log first
_ASK_AGAIN_AFTER = 0.02
_LONGEST_SOCKET_PATH = 90  # the kernels' limits are 107 and 103, socket's name included
_STOP_STEPS = (
    (signal.SIGINT, timedelta(seconds=20)),  # fast: roll back, write a checkpoint, end
    (signal.SIGQUIT, timedelta(seconds=5)),  # immediate: the next start replays the log
)


class PostgresServer:
    """One cluster in one folder, reachable through a Unix socket only.

    No TCP port: any account of this machine could connect to one, and our cluster trusts
    who can open its socket, which lies in a folder closed to all but us.

    Use it as a context manager, or call ``start`` and ``stop``. Both may be called again.
    """

    name = "postgres"
    stop_signal = signal.SIGINT
    grace = timedelta(seconds=20)

    def __init__(
        self,
        data_folder: Path,
        *,
        durable: bool,
        database: str = "funnel",
        log_file: Path | None = None,
        shared_place: Path = SHARED_PLACE,
    ) -> None:
        """Describe the server; nothing is started or written yet.

        Args:
            data_folder: Made if it does not exist, continued if it does. Beside it a lock file.
            durable: ``False`` trades safety against power loss for speed; for tests only.
            database: Made if it does not exist, and named by the URL.
            log_file: Where the server's own words go; beside the data folder by default.
            shared_place: Where root's data go if the server's account cannot enter the
                folder's parents; a link then stands in their place.
        """
        self._data_folder = data_folder.absolute()
        self._durable = durable
        self._database = database
        self.log_file = log_file or self._data_folder.with_name(f"{data_folder.name}.log")
        self._shared_place = shared_place
        self._lock = FolderLock(self._data_folder.with_name(f"{data_folder.name}.lock"))
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_folder: Path | None = None
        self._temporary_folder: str | None = None
        self.version = ""
        self.source = ""

    @property
    def process_id(self) -> int:
        """The postmaster's number, 0 while it does not run."""
        return self._process.pid if self._process is not None else 0

    @property
    def description(self) -> str:
        """What runs here, said to people: which version, and where it comes from."""
        return f"PostgreSQL {self.version} ({self.source}), data in {self._data_folder}"

    def start(self) -> str:
        """Start the server, making the cluster and the database if need be.

        Returns:
            The SQLAlchemy URL of the database.

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
        return self.url_of(self._database)

    def url_of(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database of this cluster."""
        host = quote(str(self._socket_folder), safe="/")
        return f"postgresql+psycopg://{_ROLE}@/{database}?host={host}"

    def is_running(self) -> bool:
        """Tell whether the postmaster lives."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop fast: running transactions are rolled back, committed ones are safe."""
        if self._process is not None:
            processes.stop(self._process, *_STOP_STEPS)
            self._process = None
        if self._temporary_folder is not None:
            shutil.rmtree(self._temporary_folder, ignore_errors=True)
            self._temporary_folder = None
        self._lock.release()

    def kill(self) -> None:
        """End it as a power cut would, for fault drills; ``start`` then recovers."""
        if self._process is not None:
            processes.stop(self._process)
            self._process = None

    def leave(self) -> None:
        """Forget the running server; only a guard that was told of it will stop it now."""
        if self._process is not None:
            # It outlives us by design; without this, Popen warns about a forgotten child.
            self._process.returncode = 0
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
        account = server_account(self._data_folder)
        home = self._home(account)
        binaries = reachable(find_postgres(_major_of(home)), account)
        self.version, self.source = binaries.version, binaries.source
        if _major_of(home) is None:
            _make_cluster(home, binaries, account, durable=self._durable, log=self.log_file)
        elif account is not None and home.stat().st_uid != account.user_id:
            account.own(home)
        _end_orphan(home)
        self._socket_folder = self._make_socket_folder(home, account)
        deadline = time.monotonic() + _READY_WITHIN.total_seconds()
        while not self._is_up(binaries, home, account, deadline):
            threading.Event().wait(_ASK_AGAIN_AFTER)

    def _home(self, account: Account | None) -> Path:
        """Return where the data really are, or will be."""
        parent = self._data_folder.parent
        parent.mkdir(parents=True, exist_ok=True)
        if self._data_folder.is_symlink() and not self._data_folder.exists():
            self._data_folder.unlink()  # somebody cleared the place it led to: begin anew
        home = self._data_folder.resolve()
        if account is None or account.can_enter(home.parent):
            return home
        if _major_of(home) is None and not self._data_folder.is_symlink():
            self._shared_place.mkdir(parents=True, exist_ok=True)
            self._shared_place.chmod(0o755)
            place = tempfile.mkdtemp(prefix=f"{self.name}-", dir=self._shared_place)
            Path(place).chmod(0o711)
            with contextlib.suppress(FileNotFoundError):
                self._data_folder.rmdir()
            self._data_folder.symlink_to(Path(place, "data"))
            return self._data_folder.resolve()
        raise EmbeddedServerError(
            f"PostgreSQL runs as {account.name}, who cannot enter {home.parent}.",
            remedy="Move the data to an open folder, or run this as a plain user.",
        )

    def _make_socket_folder(self, home: Path, account: Account | None) -> Path:
        if self._socket_folder is not None and self._socket_folder.is_dir():
            return self._socket_folder  # the same URL for as long as this object lives
        folder = home / "socket"
        if len(os.fsencode(folder)) > _LONGEST_SOCKET_PATH:
            self._temporary_folder = tempfile.mkdtemp(prefix="funnel-")
            folder = Path(self._temporary_folder)
        private_folder(folder, account)
        return folder

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self._socket_folder}"',
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self._durable:
            settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
        return [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]

    def _is_up(
        self, binaries: PostgresBinaries, home: Path, account: Account | None, deadline: float
    ) -> bool:
        """Ask once whether it answers, starting it if it does not run."""
        if not self.is_running():
            self._process = processes.spawn(
                [binaries.program("postgres"), "-D", str(home), *self._options()],
                output=self.log_file,
                environment=_environment(),
                account=account,
            )
        try:
            self._make_database()
        except psycopg.OperationalError as error:
            words = processes.last_lines(self.log_file)
            # After a SIGKILL its former children hold on to their memory for an instant.
            may_try_again = self.is_running() or "is still in use" in words
            if may_try_again and time.monotonic() < deadline:
                return False
            raise StartError(
                f"PostgreSQL did not start ({error}). Its last words:\n{words}\n",
                remedy=f"All of them are in {self.log_file}.",
            ) from error
        return True

    def _make_database(self) -> None:
        with psycopg.connect(
            host=str(self._socket_folder),
            user=_ROLE,
            dbname="postgres",
            autocommit=True,
            connect_timeout=5,
        ) as connection:
            known = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(known, [self._database]).fetchone() is None:
                create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._database))
                connection.execute(create)


def discard_data(data_folder: Path) -> None:
    """Remove a stopped server's data, also where a link stands in their place."""
    home = data_folder.resolve()
    if data_folder.is_symlink():
        data_folder.unlink()
    if home.exists():
        shutil.rmtree(home)
    if home.parent.parent == SHARED_PLACE:
        home.parent.rmdir()


def _major_of(home: Path) -> int | None:
    """Return which major version made a cluster, ``None`` where there is none yet."""
    try:
        return int((home / "PG_VERSION").read_text())
    except FileNotFoundError:
        pass
    except PermissionError as error:
        raise EmbeddedServerError(
            f"{home} belongs to another account.",
            remedy="Run this as the account that made it, or name another data folder.",
        ) from error
    if home.is_dir() and any(home.iterdir()):
        raise EmbeddedServerError(
            f"{home} is neither empty nor a PostgreSQL data folder.",
            remedy="Name another data folder.",
        )
    return None


def _make_cluster(
    home: Path, binaries: PostgresBinaries, account: Account | None, *, durable: bool, log: Path
) -> None:
    # Made under another name and renamed when whole: a power cut in the middle of initdb would
    # leave a folder that looks like a cluster and is none.
    unfinished = home.with_name(f"{home.name}.unfinished")
    private_folder(unfinished, account)
    # The built-in collation is the same on every machine; the C library's is not, nor always there.
    built_in = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    process = processes.spawn(
        [
            binaries.program("initdb"),
            *("-D", str(unfinished), "-U", _ROLE, "-A", "trust", "-E", "UTF8"),
            *(built_in if binaries.major >= 17 else ["--locale=C.UTF-8"]),
            *([] if durable else ["--no-sync"]),
        ],
        output=log,
        environment=_environment(),
        account=account,
    )
    try:
        process.wait()
    finally:
        processes.stop(process)
    if process.returncode != 0:
        raise StartError(
            f"PostgreSQL could not make its data folder {home}. Its last words:\n"
            f"{processes.last_lines(log)}\n",
            remedy=f"All of them are in {log}.",
        )
    if home.is_dir():
        home.rmdir()
    unfinished.rename(home)


def _end_orphan(home: Path) -> None:
    """Stop a postmaster that an owner killed long ago left behind, and its stale file.

    Only called with the folder's lock in hand: so it has no living owner.
    """
    note = home / "postmaster.pid"
    try:
        process_id = int(note.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    if str(home) not in processes.command_line(process_id):
        # The number may be another program's by now (after a reboot), and PostgreSQL would refuse.
        note.unlink()
        return
    for wish, patience in _STOP_STEPS:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, wish)
        if processes.wait_for_exit(process_id, patience):
            return


def _environment() -> dict[str, str]:
    """Our environment without what would steer PostgreSQL behind our back."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return kept | {"LC_ALL": "C"}
