"""What a drill plays on: an installation, its processes, proxies before its servers, and a sink."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from tests.bench.house import LETTER, NOW, House, a_house
from tests.faults.drill.commits import watch_commits
from tests.faults.drill.crew import DELIVER, REST, SCHEDULER, Crew
from tests.faults.drill.loop import Loop
from tests.faults.drill.proxy import Proxy
from tests.faults.drill.sink import Sink

# Two processes that deliver, each with so many connections.
STANDARD = {"deliver": DELIVER, "rest": REST, "scheduler": SCHEDULER}
CONNECTIONS = 8
CHILDREN = 2
# Server's patience with a hand-over, and ours with a server: short, so that silence costs little.
TIMEOUT_SECONDS = 5
SETTINGS = {
    "FUNNEL_SMTP_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS),
    "FUNNEL_SMTP_CONNECTIONS": str(CONNECTIONS),
    "FUNNEL_REPUBLISH_AFTER_SECONDS": "5",
    "FUNNEL_MESSAGES_PER_TASK": "50",
    "FUNNEL_WATCH_DEFINITIONS": "false",
    "DRILL_ANSWER_SECONDS": str(TIMEOUT_SECONDS),
    "DRILL_PULSE_SECONDS": "1",
}
_CONFIRMATION = "notices/confirm"
_ASKED_EVERY = 0.05
_HURRIED_EVERY = 0.5


class NeverError(Exception):
    """Something that had to happen did not, within all patience."""


class NotHereError(Exception):
    """This machine cannot do that to a process; the drill says so and goes on."""


@dataclass(slots=True, kw_only=True)
class Load:
    """People to whom one email each is due.

    Attributes:
        prefix: What their addresses begin with.
        number: Of them.
        before: How many emails the sink had taken before.
        key: Of the email: a step, or a notice.
        most_unknown: So many may be unknown at the end, by what was done to processes and wire.
        may_end: Statuses beside accepted and unknown in which theirs may end, with a reason.
        patience: Seconds until all of it must be settled.
    """

    prefix: str
    number: int
    before: int
    key: str = LETTER
    most_unknown: int = 0
    may_end: set[str] = field(default_factory=set)
    patience: float = 180.0


@dataclass(slots=True, kw_only=True)
class Stage:
    """One installation, shared by all faults of a drill."""

    house: House
    crew: Crew
    sink: Sink
    loop: Loop
    mail: Proxy
    broker: Proxy
    database: Proxy
    chance: random.Random
    loads: int = 0
    extra_heal: list[Callable[[], None]] = field(default_factory=list)

    # -- people ------------------------------------------------------------------------------

    def add_people(self, number: int, *, delay: float = 0.1) -> Load:
        """Let a letter be due to so many; the sink takes ``delay`` seconds for each."""
        self.sink.delay = delay
        load = self.new_load(number)
        self.house.add(number, due=number, prefix=load.prefix)
        return load

    def new_load(self, number: int, *, key: str = LETTER) -> Load:
        self.loads += 1
        return Load(prefix=f"x{self.loads:03}-", number=number, before=self.sink.total, key=key)

    def arrived(self, load: Load) -> int:
        """How many emails came since the load was added."""
        return self.sink.total - load.before

    def until_arrived(self, load: Load, share: float) -> None:
        """Wait until so much of a load was taken by the sink."""
        self.until(lambda: self.arrived(load) >= load.number * share, f"{share:.0%} arrived")

    def rows(self, load: Load) -> list[tuple[UUID | None, str | None, str | None]]:
        """Return id, status and reason of each person's email; ``None``: there is no row."""
        with self.house.transactions.begin() as tx:
            found = tx.connection.execute(
                text(_ROWS), {"prefix": f"{load.prefix}%", "key": load.key}
            )
            return [(each.id, each.status, each.reason) for each in found]

    def is_settled(self, load: Load) -> bool:
        rows = self.rows(load)
        settled = sum(status not in (None, "queued", "sending") for _, status, _ in rows)
        return len(rows) == settled == load.number

    def settle(self, load: Load, *, asks: bool = False) -> None:
        """Wait until every email of a load is settled; waits that stand in rows end at once."""
        hurried_at = 0.0

        def is_settled() -> bool:
            nonlocal hurried_at
            if time.monotonic() - hurried_at > _HURRIED_EVERY:
                hurried_at = time.monotonic()
                self.hurry(asks=asks)
            is_asked = asks and self.house.ask(_ASKED, prefix=f"{load.prefix}%")
            return not is_asked and self.is_settled(load)

        self.until(is_settled, "all is settled", seconds=load.patience)

    def hurry(self, *, asks: bool = False) -> None:
        """End waits: of messages that were put off, of circuits, of slow lanes, of questions."""
        for statement in (_PUT_OFF, _CIRCUITS, *((_QUESTIONS,) if asks else ())):
            self.house.execute(statement)

    # -- waiting -----------------------------------------------------------------------------

    def until(self, is_so: Callable[[], object], what: str, *, seconds: float = 90.0) -> None:
        """Wait until something has become true; a database that is away is asked again."""
        ends_at = time.monotonic() + seconds
        while True:
            try:
                if is_so():
                    return
            except OperationalError:
                pass
            if time.monotonic() > ends_at:
                raise NeverError(what)
            time.sleep(_ASKED_EVERY)

    def until_row(self, question: str, what: str, **values: object) -> None:
        self.until(lambda: self.house.ask(question, **values), what)

    # -- between faults ----------------------------------------------------------------------

    def make_ready(self) -> None:
        """Leave the usual processes running on healthy servers, and nobody due from before."""
        self.heal()
        self.house.execute(_PARKED)
        for statement in (*_FORGOTTEN, _MOMENT):
            values = {"moment": NOW} if ":moment" in statement else {}
            self.house.execute(statement, **values)
        self.crew.ensure(STANDARD)
        self.until_ready()

    def until_ready(self) -> None:
        """Wait until the workers that run have shown life."""
        roles = {each.role for each in self.crew.members.values()} - {SCHEDULER}
        self.house.execute("delete from heartbeats")

        def are_ready() -> bool:
            self.crew.assert_alive()
            return self.house.ask(_ROLES) == len(roles)

        self.until(are_ready, "the workers are ready")

    def heal(self) -> None:
        """Undo whatever a fault did to servers and wires."""
        for undo in self.extra_heal:
            undo()
        self.extra_heal.clear()
        for proxy in (self.mail, self.broker, self.database):
            proxy.heal()
        self.sink.heal()

    def restart(self, name: str, **changes: str) -> None:
        """Start one of the crew anew, in order, with changes of its environment."""
        role = self.crew.members[name].role
        self.crew.terminate(name)
        self.crew.start(name, role, **changes)

    def random_child(self, role: str) -> int | None:
        """Return the id of some process that works."""
        pids = [pid for name in self.crew.of(role) for pid in self.crew.members[name].children]
        return self.chance.choice(pids) if pids else None


@contextmanager
def a_stage(seed: int) -> Iterator[Stage]:
    """Make an installation whose processes reach mail, broker and database through proxies."""
    with ExitStack() as stack:
        house = stack.enter_context(a_house())
        watch_commits(house)
        house.fill(1, due=0)
        loop = Loop()
        stack.callback(loop.close)
        sink = Sink(loop, house.folder / "came.txt")
        stack.callback(sink.close)
        mail = Proxy(loop, ("127.0.0.1", sink.port))
        broker_port = urlsplit(house.broker.url).port
        assert broker_port is not None
        broker = Proxy(loop, ("127.0.0.1", broker_port))
        database, database_url = _before_database(house, loop)
        for proxy in (mail, broker, database):
            stack.callback(proxy.close)
        addresses = {
            "FUNNEL_DATABASE_URL": database_url,
            "FUNNEL_BROKER_URL": house.broker.url.replace(f":{broker_port}/", f":{broker.port}/"),
        }
        crew = Crew(house.environment(mail.port, **addresses, **SETTINGS), _logs(house))
        stack.callback(crew.end)
        stage = Stage(
            house=house,
            crew=crew,
            sink=sink,
            loop=loop,
            mail=mail,
            broker=broker,
            database=database,
            chance=random.Random(seed),  # noqa: S311  (when and whom to hurt)
        )
        stack.callback(stage.heal)  # the last fault's disk as well
        yield stage


def _before_database(house: House, loop: Loop) -> tuple[Proxy, str]:
    """Put a proxy before PostgreSQL's socket; return it and the URL that leads through it."""
    url = make_url(house.url)
    folder = house.folder / "db"
    folder.mkdir()
    name = ".s.PGSQL.5432"
    proxy = Proxy(loop, Path(str(url.query["host"])) / name, folder / name)
    through = url.update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)
    return proxy, through


def _logs(house: House) -> Path:
    folder = house.folder / "logs"
    folder.mkdir()
    return folder


def execute_apart(url: str, statement: str) -> None:
    """Execute outside of any pool, for what ends every connection of a pool."""
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement.encode())


_ROWS = """
    select m.id, m.status, m.reason
    from subscribers p
    left join messages m on m.subscriber_id = p.id
        and coalesce(m.step_key, m.template_key) = :key
    where p.email_key like :prefix
"""
_ROLES = "select count(distinct role) from heartbeats where role <> 'scheduler'"
_ASKED = """
    select exists (select from messages m join subscribers p on p.id = m.subscriber_id
                   where m.status = 'unknown' and p.email_key like :prefix)
"""
# Rows are what waits: no process knows of a wait that no row says.
_PUT_OFF = """
    update messages set available_at = now()
    where status = 'queued' and published_at is null and available_at > now()
"""
_CIRCUITS = """
    update provider_states set retry_at = least(retry_at, now()), pace = 1, paced_until = null
    where retry_at > now() or pace < 1
"""
_QUESTIONS = "update messages set ask_at = now() where status = 'unknown' and ask_at > now()"
# Whoever had their letter would get the next one when a fault moves the clock.
_PARKED = "update enrollments set next_due_at = timestamptz '2040-01-01' where state = 'active'"
_FORGOTTEN = ("delete from provider_states", "delete from pauses where scope = 'all'")
_MOMENT = "update clock set ahead_by = :moment - now(), frozen_at = null"
