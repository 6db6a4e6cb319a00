"""A whole installation to measure: durable PostgreSQL, broker, workers, scheduler, people.

The shipped sequence with its own emails; everybody holds a seat in a session three weeks ahead and
had "Your seat" two days ago, so their next email is the letter ``tables-turned``.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from funnel.bootstrap import SHIPPED_DEFINITIONS
from funnel.embedded.broker import BrokerServer
from funnel.embedded.postgres import PostgresServer
from funnel.services.load_definitions import load_definitions
from funnel.storage.migrate import upgrade
from funnel.storage.transaction import Transactions, open_database

SLUG = "disruption-masterclass"
LETTER = "tables-turned"
# A Wednesday at ten in Berlin, when the letter of nine o'clock is due and not yet late.
NOW = datetime(2031, 3, 5, 9, 0, tzinfo=UTC)
_KEYS = '["a-key-for-benches-only-0123456789abc"]'
REST = "dispatch,notices,maintenance"


@dataclass(slots=True, kw_only=True)
class House:
    """One installation; ``start`` runs its processes, sending to an SMTP server of this machine."""

    url: str
    broker: BrokerServer
    database: PostgresServer
    folder: Path
    transactions: Transactions
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def fill(self, people: int, *, due: int | None = None) -> None:
        """Enrol so many; all of them are due, or the first ``due``; the rest within nine days."""
        self.execute("update clock set ahead_by = :moment - now(), frozen_at = null", moment=NOW)
        self.execute(_SESSION)
        self.add(people, due=people if due is None else due)
        self.vacuum()

    def add(self, people: int, *, due: int, prefix: str = "p", is_new: bool = False) -> None:
        """Enrol more; their addresses begin with ``prefix``; ``is_new``: nothing was sent yet."""
        values = {"people": people, "due": due, "prefix": prefix}
        with self.transactions.begin() as tx:
            for statement in (_PEOPLE, *(_ENROLLED if is_new else _ENROLLED + _HISTORY)):
                wanted = {name: each for name, each in values.items() if f":{name}" in statement}
                tx.connection.execute(text(statement), wanted)

    def vacuum(self) -> None:
        with self.transactions.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(
                text("vacuum analyze")
            )

    def execute(self, statement: str, **values: object) -> None:
        with self.transactions.begin() as tx:
            tx.connection.execute(text(statement), values)

    def ask(self, statement: str, **values: object) -> object:
        with self.transactions.begin() as tx:
            return tx.connection.execute(text(statement), values).scalar()

    def pause(self) -> None:
        self.execute("insert into pauses (scope, reason, by) values ('all', 'bench', 'bench')")

    def resume(self) -> None:
        self.execute("delete from pauses")

    def environment(self, port: int, **settings: str) -> dict[str, str]:
        """Return the settings of the processes: the defaults, and where mail goes."""
        ours = {
            "FUNNEL_DATABASE_URL": self.url,
            "FUNNEL_BROKER_URL": self.broker.url,
            "FUNNEL_BASE_URL": "https://masterclass.example.com",
            "FUNNEL_LINK_KEYS": _KEYS,
            "FUNNEL_MAILER": "smtp",
            "FUNNEL_SMTP_HOST": "127.0.0.1",
            "FUNNEL_SMTP_PORT": str(port),
            "FUNNEL_SMTP_SECURITY": "none",
            "FUNNEL_DATA_FOLDER": str(self.folder / "data"),
        }
        return os.environ | ours | settings

    def start(self, port: int, **settings: str) -> None:
        """Start the two workers and the scheduler, and wait until all are at work."""
        environment = self.environment(port, **settings)
        commands = {
            "deliver": ["workers", "deliver"],
            "dispatch": ["workers", REST],
            "scheduler": ["scheduler"],
        }
        self.execute("delete from heartbeats")
        for name, command in commands.items():
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(  # noqa: S603  (our own modules)
                    [sys.executable, "-m", *command], env=environment, stdout=log, stderr=log
                )
        # The scheduler's is written by its first tick: what starting costs is not measured.
        ready = "select count(distinct role) >= 3 from heartbeats"
        self.until(ready, "the processes are ready")

    def until(self, question: str, what: str, *, seconds: float = 900, **values: object) -> None:
        """Wait until the database answers yes."""
        ends_at = time.monotonic() + seconds
        while not self.ask(question, **values):
            dead = [name for name, each in self.processes.items() if each.poll() is not None]
            if dead or time.monotonic() > ends_at:
                raise SystemExit(f"never: {what}\n{self.logs()}")
            time.sleep(0.1)

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait()
        self.processes.clear()

    def logs(self) -> str:
        ours = ("deliver.log", "dispatch.log", "scheduler.log")
        files = [self.folder / each for each in ours]
        return "\n".join(each.read_text()[-3000:] for each in files if each.exists())

    @property
    def roots(self) -> dict[str, int]:
        """Ids of the processes to be measured, by name."""
        ours = {name: each.pid for name, each in self.processes.items()}
        servers = {"postgresql": self.database.process_id, "broker": self.broker.process_id}
        return ours | servers


@contextmanager
def a_house() -> Iterator[House]:
    """Make a new installation in a folder that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="funnel-bench-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        folder.chmod(0o755)
        database = PostgresServer(folder / "database", durable=True)
        with database, BrokerServer(folder / "broker") as broker:
            url = database.url_of("funnel")
            upgrade(url)
            transactions = open_database(url, pool_size=2)
            load_definitions(SHIPPED_DEFINITIONS, transactions)
            house = House(
                url=url,
                broker=broker,
                database=database,
                folder=folder,
                transactions=transactions,
            )
            try:
                yield house
            finally:
                house.stop()
                transactions.close()


# Numbers make ids and addresses, so that the same people are made every time.
_PEOPLE = """
    create temporary table bench on commit drop as
    select n, md5('person' || cast(:prefix as text) || n)::uuid as person,
           md5('run' || cast(:prefix as text) || n)::uuid as run,
           cast(:prefix as text) || n || '@example.org' as address,
           (array['Europe/Berlin', 'Europe/Athens', 'Europe/Paris', 'Europe/Helsinki'])[1 + n % 4]
           as zone,
           -- As audiences are: half of them read at one provider.
           (array['gmail', 'gmail', 'gmail', 'gmail', 'gmail', 'microsoft', 'microsoft', 'yahoo',
                  'apple', 'other', 'other'])[1 + n % 11] as lane,
           timestamptz '2031-03-04 08:00+00' as at,
           case when n <= cast(:due as integer) then timestamptz '2031-03-05 08:00+00'
                else timestamptz '2031-03-06 08:00+00' + n % 12000 * interval '1 min' end as due_at
    from generate_series(1, cast(:people as integer)) n
    """
_ENROLLED = (
    """
    insert into subscribers (id, email, email_key, first_name, zone, wants_letters,
                             wants_seat_emails, confirmed_at)
    select person, address, address, (array['Ana', 'José', 'Zoë', 'Bo', 'Łukasz'])[1 + n % 5],
           zone, true, true, at from bench
    """,
    """
    insert into enrollments (id, subscriber_id, sequence_id, version_id, run, session_id, lane,
                             enrolled_at, next_due_at)
    select run, person, q.id, q.live_version_id, 1, s.id, b.lane, at, due_at
    from bench b, sequences q, sessions s
    """,
)
_HISTORY = (
    """
    insert into registrations (id, enrollment_id, subscriber_id, session_id, registered_at)
    select gen_random_uuid(), run, person, s.id, at from bench, sessions s
    """,
    """
    insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, session_id,
                          session_starts_at, sequence_id, step_key, template_key, topic, lane,
                          priority, status, due_at, accepted_at, settled_at, plan_revision)
    select gen_random_uuid(), 'sequence', run || chr(58) || 'your-seat' || chr(58) || '0', person,
           run, s.id, s.starts_at, s.sequence_id, 'your-seat', q.slug || '/your-seat', 'seat',
           b.lane, 1, 'accepted', at, at, at, 0
    from bench b, sessions s join sequences q on q.id = s.sequence_id
    """,
    """
    insert into counters (sequence_id, step_key, status, total)
    select s.sequence_id, 'your-seat', w.status, b.people
    from sessions s, (select count(*) as people from bench) b,
         (values ('accepted'), ('passed')) w (status)
    on conflict (sequence_id, step_key, status) do update
    set total = counters.total + excluded.total
    """,
)
_SESSION = """
    insert into sessions (id, sequence_id, title, starts_at, ends_at, zone)
    select gen_random_uuid(), id, title, plan_now() + interval '20 days',
           plan_now() + interval '20 days 90 minutes', 'Europe/Berlin' from sequences
    """
