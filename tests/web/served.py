"""A whole service for one test: the pages on a free port, real rows, and its work done on demand.

The workers' part runs here, called by the test, so that each test decides when an email leaves.
"""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import requests
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funnel.bootstrap import SHIPPED_DEFINITIONS, Deps, build
from funnel.domain.signing import LinkPurpose
from funnel.sending.mailbox import KeptMail
from funnel.services.deliver_batch import deliver_batch
from funnel.services.dispatch_due import dispatch_due
from funnel.services.judge_evidence import judge_evidence
from funnel.services.load_definitions import load_definitions
from funnel.services.remind_signups import remind_signups
from funnel.services.seed_demo import seed_demo
from funnel.settings import Settings
from funnel.storage.transaction import open_database
from funnel.web.app import create_app
from tests.fixtures.confined import shared_confinement
from tests.fixtures.servers import Databases

LINK_KEY = "a-key-for-tests-only-0123456789abcdef"
PATIENCE = 15.0  # seconds; a busy machine may take long, a defect takes for ever


@dataclass(slots=True, kw_only=True)
class Served:
    """One running service."""

    deps: Deps
    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self._ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self._ask("POST", path, **options)

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        address = path if path.startswith("http") else self.url + path
        # As a browser asks, unless the test says otherwise; without following.
        headers = {"accept": "text/html", **options.pop("headers", {})}
        return self.session.request(
            method,
            address,
            headers=headers,
            timeout=PATIENCE,
            **{"allow_redirects": False, **options},
        )

    def work(self) -> None:
        """Do what is due: reminders, judgements of clicks, plans, emails."""
        transactions = self.deps.transactions
        judge_evidence(transactions)  # until then the demo lets no time be skipped
        remind_signups(transactions, self.deps.signup_rules)
        for batch in dispatch_due(transactions, self.deps.dispatch_limits):
            deliver_batch(batch.messages, self.deps.delivery)

    def mails_to(self, address: str) -> list[KeptMail]:
        """Return the mails that somebody got, the latest first, after doing what is due."""
        self.work()
        return [each for each in self.deps.mailbox.list(500) if each.to_address == address]

    def sign_up(self, address: str, **fields: str) -> requests.Response:
        """Fill in the landing page's form; the first date unless the fields say otherwise."""
        stamp = self.deps.form_gate.stamp(self.deps.real_clock.now() - timedelta(minutes=1))
        values = {
            "stamp": stamp,
            "email": address,
            "first_name": "Ana",
            "last_name": "Muster",
            "time_zone": "Europe/Berlin",
            "session": str(self.dates()[0]),
            **fields,
        }
        return self.post("/signup/landing", data=values)

    def seat_of(self, address: str, **fields: str) -> "Person":
        """Sign somebody up and press the button of their confirmation."""
        self.sign_up(address, **fields)
        person = self.person(address)
        taken = self.post(f"/c/{person.confirm}")
        assert taken.status_code == 303, taken.text
        return self.person(address)

    def person(self, address: str) -> "Person":
        row = self.ask(
            "select p.id, s.id, (select id from enrollments e where e.subscriber_id = p.id "
            "order by run desc limit 1) from subscribers p join signups s "
            "on s.subscriber_id = p.id where p.email = :address order by s.received_at desc",
            address=address,
        )
        return Person(tokens=self.deps.tokens, id=row[0], signup_id=row[1], run_id=row[2])

    def dates(self) -> list[UUID]:
        """Return the coming dates' ids, the next first."""
        with self.deps.transactions.begin() as tx:
            rows = tx.connection.execute(
                text("select id from sessions where starts_at > plan_now() order by starts_at")
            )
            return [row[0] for row in rows]

    def travel_to(self, moment: datetime) -> None:
        self.execute("update clock set ahead_by = :moment - now(), frozen_at = null", moment=moment)

    def now(self) -> datetime:
        moment: datetime = self.ask("select plan_now()")[0]
        return moment

    def ask(self, statement: str, **values: object) -> Any:
        with self.deps.transactions.begin() as tx:
            return tx.connection.execute(text(statement), values).first()

    def execute(self, statement: str, **values: object) -> None:
        with self.deps.transactions.begin() as tx:
            tx.connection.execute(text(statement), values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody's ids, and the tokens of their links."""

    tokens: Any
    id: UUID
    signup_id: UUID
    run_id: UUID | None

    @property
    def confirm(self) -> str:
        return str(self.tokens.make(LinkPurpose.CONFIRM, self.signup_id))

    @property
    def preferences(self) -> str:
        return str(self.tokens.make(LinkPurpose.PREFERENCES, self.id))

    @property
    def stop_letters(self) -> str:
        return str(self.tokens.make(LinkPurpose.UNSUBSCRIBE_LETTERS, self.id))

    @property
    def stop_seat(self) -> str:
        return str(self.tokens.make(LinkPurpose.UNSUBSCRIBE_SEAT, self.id))

    @property
    def join(self) -> str:
        return str(self.tokens.make(LinkPurpose.JOIN, self.run_id))

    @property
    def replay(self) -> str:
        return str(self.tokens.make(LinkPurpose.REPLAY, self.run_id))

    @property
    def calendar(self) -> str:
        return str(self.tokens.make(LinkPurpose.CALENDAR, self.run_id))


@contextmanager
def loaded(databases: Databases) -> Iterator[str]:
    """Give the name of a database with the default sequence in it, to make others from.

    Once for all tests of a process: compiling its emails takes longer than most tests.
    """
    name = f"{databases.prefix}_loaded_{uuid4().hex[:8]}"
    transactions = open_database(databases.create(name, template=databases.migrated()))
    load_definitions(SHIPPED_DEFINITIONS, transactions)
    transactions.close()
    yield name
    databases.drop(name)


@contextmanager
def serving(database_url: str, folder: Path, **settings: Any) -> Iterator[Served]:
    """Serve a database that ``loaded`` has made, with three dates ahead."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        values = {"is_demo": True, "form_per_hour": 10_000, "base_url": url, **settings}
        deps = build(
            Settings(
                _env_file=None,
                database_url=database_url,
                link_keys=(LINK_KEY,),
                data_folder=folder,
                mailer="mailbox",
                log_level="error",
                **values,
            ),
            role="web",
        )
        if deps.definitions_folder == SHIPPED_DEFINITIONS:
            confinement = shared_confinement()
            deps.previewing = replace(deps.previewing, confinement=confinement)
        seed_demo(deps.transactions, base_url=url)
        with _running(create_app(deps), listener):
            yield Served(deps=deps, url=url)
        if deps.previewing.confinement is shared_confinement():
            del deps.previewing  # the next test asks it too
        deps.close()


@contextmanager
def _running(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    has_started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            has_started.set()

    # Connections are kept for the whole run: closed after uvicorn's 5 s, one could be closed in the
    # very moment in which a slow machine sends its next request on it.
    config = uvicorn.Config(app, log_level="error", ws="none", timeout_keep_alive=600)
    server = Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    assert has_started.wait(PATIENCE), "the server did not start"
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an application answered to a request that came by no network."""

    status: int
    headers: dict[str, str]
    body: str


def call(
    app: ASGIApp,
    path: str,
    *,
    method: str = "GET",
    client: tuple[str, int] | None = ("127.0.0.1", 50_000),
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """Ask an ASGI application directly, as if from ``client``."""
    sent: list[Message] = []
    given = {"host": "127.0.0.1", "accept": "text/html", **(headers or {})}
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": client,
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(_called(app, scope, receive, send))
    start = next(each for each in sent if each["type"] == "http.response.start")
    return Answer(
        status=start["status"],
        headers={name.decode(): value.decode() for name, value in start["headers"]},
        body=b"".join(each.get("body", b"") for each in sent).decode(),
    )


async def _called(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)
