"""The demo, running: servers, schema, definitions and processes under one supervisor."""

import json
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import requests

from funnel.cli.demo_environment import (
    forget_environment,
    keep_environment,
    running_environment,
    write_private,
)
from funnel.domain.errors import InvalidInputError
from funnel.embedded.broker import BrokerServer
from funnel.embedded.errors import FolderInUseError
from funnel.embedded.locks import FolderLock
from funnel.embedded.postgres import PostgresServer, discard_data
from funnel.embedded.processes import is_alive
from funnel.embedded.supervisor import Child, Supervisor

HOST: Final = "127.0.0.1"  # nobody else: the demo shows every mail and obeys everybody
DEFAULT_PORT: Final = 8000
_PORTS_TRIED: Final = 20
_KEYS_FILE: Final = "link-keys.json"
_LOGIN_FILE: Final = "studio-login.json"
_KEPT: Final = (
    "postgres.log",
    "broker",
    "broker.log",
    "mailbox",
    "logs",
    _KEYS_FILE,
    _LOGIN_FILE,
)
# No letter or digit that is taken for another one.
_EASY_TO_TYPE: Final = "abcdefghjkmnpqrstuvwxyz23456789"


class Say(Protocol):
    """How the demo speaks: ``step`` about its start, ``aside`` about what happens by itself."""

    def step(self, line: str) -> None: ...
    def aside(self, line: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPlan:
    """What to start. Empty URLs: a server of our own is started.

    Attributes:
        definitions_folder: Where sequences and emails are written.
        is_fresh: Forget what an earlier demo left in the folder.
        is_durable: Keep the data through a power cut; not worth its time where they are thrown
            away.
    """

    data_folder: Path
    port: int
    definitions_folder: Path
    database_url: str = ""
    broker_url: str = ""
    is_fresh: bool = False
    is_durable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A demo that runs."""

    base_url: str
    database_url: str
    mailbox_folder: Path
    data_folder: Path
    login: "DemoLogin"
    supervisor: Supervisor


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLogin:
    """The ready log-in to the studio."""

    email: str
    password: str = field(repr=False)


def free_port(wanted: int, *, is_asked_for: bool) -> int:
    """Return ``wanted`` where it is free, else the next that is.

    Raises:
        InvalidInputError: The port was asked for and is taken, or none near it is free.
    """
    for port in range(wanted, wanted + (1 if is_asked_for else _PORTS_TRIED)):
        with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise InvalidInputError(
        f"port {wanted} is taken by another program",
        field="port",
        remedy="Name another one: `funnel demo --port 8123`, or stop that program.",
    )


@contextmanager
def running_demo(plan: DemoPlan, say: Say) -> Iterator[Demo]:
    """Start everything, yield, and stop everything in order, whatever happens.

    Raises:
        EmbeddedServerError: Something could not be started; the message says what to do.
        FolderInUseError: A demo runs on this folder already.
    """
    folder = plan.data_folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        _look_for_another(folder)
        with Supervisor(folder, say=say.aside) as supervisor:
            if plan.is_fresh:
                _forget(folder)
            try:
                yield _started(plan, folder, supervisor, say)
            finally:
                forget_environment(folder)
    except FolderInUseError as error:
        raise _already_running(folder, error) from error


def _started(plan: DemoPlan, folder: Path, supervisor: Supervisor, say: Say) -> Demo:
    database_url = plan.database_url or _start_postgres(plan, folder, supervisor, say)
    broker_url = plan.broker_url or _start_broker(folder, supervisor, say)
    base_url = f"http://{HOST}:{plan.port}"
    environment = _environment(plan, folder, database_url, broker_url)
    web, *others = _children(plan.port, environment, base_url)
    # Beside the start of web, which asks no table before it is asked for a page.
    with ThreadPoolExecutor(max_workers=1) as aside:
        prepared = aside.submit(_prepare, plan, folder, database_url, base_url, say)
        say.step("Web, two workers and the scheduler start")
        supervisor.start([web])
        login = prepared.result()
    # After web, not beside it: on a small machine they would make each other wait.
    supervisor.start(others)
    keep_environment(folder, environment)
    return Demo(
        base_url=base_url,
        database_url=database_url,
        mailbox_folder=folder / "mailbox",
        data_folder=folder,
        login=login,
        supervisor=supervisor,
    )


def _start_postgres(plan: DemoPlan, folder: Path, supervisor: Supervisor, say: Say) -> str:
    is_first = not (folder / "postgres").exists()
    say.step("PostgreSQL makes its data folder" if is_first else "PostgreSQL starts")
    server = PostgresServer(
        folder / "postgres", durable=plan.is_durable, log_file=supervisor.log_file("postgres")
    )
    url = supervisor.start_server(server)
    say.step(f"  {server.description}")
    return url


def _start_broker(folder: Path, supervisor: Supervisor, say: Say) -> str:
    server = BrokerServer(folder / "broker", log_file=supervisor.log_file("broker"))
    url = supervisor.start_server(server)
    say.step(f"  {server.description}")
    return url


def _prepare(plan: DemoPlan, folder: Path, database_url: str, base_url: str, say: Say) -> DemoLogin:
    from funnel.services.keep_demo_login import keep_demo_login
    from funnel.services.list_definitions import list_definitions
    from funnel.services.load_definitions import load_definitions
    from funnel.services.seed_demo import seed_demo
    from funnel.storage import migrate
    from funnel.storage.transaction import open_database

    if not migrate.is_current(database_url):
        say.step("  The schema is brought up to date")
        migrate.upgrade(database_url)
    with closing(open_database(database_url, pool_size=1)) as transactions:
        # Where they are live already, a worker sees within seconds what changed since.
        if not list_definitions(transactions).sequences:
            report = load_definitions(plan.definitions_folder, transactions)
            say.step(f"  {len(report.published)} emails, sequences and brands are live")
            for problem in report.problems:
                say.step(f"  {problem}")
        seeded = seed_demo(transactions, base_url=base_url)
        if seeded.sessions:
            say.step(f"  {seeded.sessions} coming sessions were added")
        password = studio_password(folder)
        return DemoLogin(email=keep_demo_login(password, transactions), password=password)


def _environment(
    plan: DemoPlan, folder: Path, database_url: str, broker_url: str
) -> Mapping[str, str]:
    return {
        "FUNNEL_IS_DEMO": "true",
        "FUNNEL_DATABASE_URL": database_url,
        "FUNNEL_BROKER_URL": broker_url,
        "FUNNEL_DATA_FOLDER": str(folder),
        "FUNNEL_MAILBOX_FOLDER": str(folder / "mailbox"),
        "FUNNEL_MAILER": "mailbox",  # a demo that really sends would surprise somebody
        "FUNNEL_BASE_URL": f"http://{HOST}:{plan.port}",
        "FUNNEL_LINK_KEYS": json.dumps(link_keys(folder)),
        "FUNNEL_DEFINITIONS_FOLDER": str(plan.definitions_folder),
        "FUNNEL_ALLOWED_HOSTS": "[]",
        "FUNNEL_TRUSTED_PROXIES": "[]",
        "FUNNEL_LOG_JSON": "false",
        "PYTHONPATH": os.pathsep.join(each for each in sys.path if each),
    }


def link_keys(folder: Path) -> list[str]:
    """Return the demo's own keys, made once: links in its old mails go on working."""
    file = folder / _KEYS_FILE
    if not file.exists():
        write_private(file, json.dumps([secrets.token_urlsafe(32)]))
    keys: list[str] = json.loads(file.read_text())
    return keys


def studio_password(folder: Path) -> str:
    """Return the password of the demo's own log-in, made once for each data folder."""
    file = folder / _LOGIN_FILE
    if not file.exists():
        groups = ("".join(secrets.choice(_EASY_TO_TYPE) for _ in range(4)) for _ in range(4))
        write_private(file, json.dumps({"password": "-".join(groups)}))
    return str(json.loads(file.read_text())["password"])


def _children(port: int, environment: Mapping[str, str], base_url: str) -> list[Child]:
    python = sys.executable
    return [
        Child(
            name="web",
            argv=[python, "-m", "funnel", "web", "--host", HOST, "--port", str(port)],
            environment=environment,
            is_ready=lambda: _answers(f"{base_url}/readyz"),
        ),
        Child(
            name="worker-rest",
            argv=[python, "-m", "workers", "dispatch,notices,maintenance"],
            environment=environment,
        ),
        Child(
            name="worker-deliver",
            argv=[python, "-m", "workers", "deliver"],
            environment=environment,
        ),
        Child(name="scheduler", argv=[python, "-m", "scheduler"], environment=environment),
    ]


def _answers(url: str) -> bool:
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy knows nothing of this machine's own addresses
            return session.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _forget(folder: Path) -> None:
    discard_data(folder / "postgres")
    for name in _KEPT:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _look_for_another(folder: Path) -> None:
    """Say at once that a demo runs here; the supervisor would wait for one that is ending."""
    path = folder / "demo.lock"
    lock = FolderLock(path)
    try:
        lock.acquire()
    except FolderInUseError:
        holder = path.read_text().strip()
        if holder.isdigit() and is_alive(int(holder)):
            raise
    else:
        lock.release()


def _already_running(folder: Path, error: FolderInUseError) -> FolderInUseError:
    address = running_environment(folder).get("FUNNEL_BASE_URL", "")
    where = f" at {address}" if address else ""
    return FolderInUseError(
        f"A demo runs on {folder} already{where}: {error.problem}",
        remedy="Stop it by Ctrl-C in its terminal, or give this one --data-folder of its own.",
    )
