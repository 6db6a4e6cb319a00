"""How long the studio takes to find people among a million, and to show one page of them.

A script, not a test: ``python -m tests.bench.bench_people_search [people]``. A PostgreSQL of its
own; it prints the median and the 95th percentile of each search, each page read with what comes
next to its people. The promise: under 200 ms.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from funnel.embedded.postgres import PostgresServer
from funnel.services.edit_do_not_email import read_do_not_email
from funnel.services.list_people import list_choices, list_people, list_people_of
from funnel.services.load_definitions import load_definitions
from funnel.services.read_person import read_person
from funnel.storage.migrate import upgrade
from funnel.storage.people_filters import Filter, Kind
from funnel.storage.transaction import Transactions, open_database
from tests.fixtures.world import World

SHIPPED = Path(__file__).parents[2] / "funnel/templates"
TIMES = 40
SEARCHES = ("an", "ana", "ana muster", "muster4", "zo", "p99999", "nobody of that name", "özge ö")
FILL = (
    """
    insert into subscribers (id, email, email_key, first_name, last_name, confirmed_at, created_at)
    select gen_random_uuid(), chr(97 + n % 26) || 'n' || n || '@example.org',
           chr(97 + n % 26) || 'n' || n || '@example.org',
           (array['Ana', 'Bela', 'Özge', 'Mira', 'Noor', 'Zoe'])[1 + n % 6],
           (array['Anders', 'Muster', 'Öz', 'van Dyk'])[1 + n % 4] || n,
           case when n % 20 > 0 then plan_now() end, plan_now() - n * interval '1 s'
    from generate_series(1, :people) n
    """,
    """
    insert into enrollments (id, subscriber_id, sequence_id, version_id, run, lane, enrolled_at,
        next_due_at)
    select gen_random_uuid(), p.id, q.id, q.live_version_id, 1, 'other', p.created_at,
           plan_now() + interval '1 day'
    from subscribers p, sequences q where p.confirmed_at is not null
    """,
    """
    insert into facts (id, subscriber_id, kind, name, source, at)
    select gen_random_uuid(), id, 'tagged', 'tag ' || abs(hashtext(email)) % 40, 'studio',
           created_at from subscribers where abs(hashtext(email)) % 5 = 0
    """,
    """
    insert into suppressions (email_key, reason, at)
    select email_key, 'unsubscribed', created_at from subscribers
    where abs(hashtext(email)) % 20 = 0
    """,
)


def main() -> None:
    """Measure on as many people as the command line says."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    folder = Path(tempfile.mkdtemp(prefix="funnel-bench-"))
    folder.chmod(0o711)  # root's PostgreSQL runs under an account of its own
    try:
        with PostgresServer(folder / "postgres", durable=False) as server:
            url = server.start()
            upgrade(url)
            transactions = open_database(url, pool_size=2)
            _fill(World(url=url, transactions=transactions), people)
            _measure(transactions, people)
            transactions.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(world: World, people: int) -> None:
    load_definitions(SHIPPED, world.transactions)
    for statement in FILL:
        world.execute(statement, **({"people": people} if ":people" in statement else {}))
    with world.transactions.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("vacuum analyze")


def _measure(transactions: Transactions, people: int) -> None:
    sys.stdout.write(f"{people:,} people, {TIMES} times each\n")
    for asked in SEARCHES:
        _timed(f"search “{asked}”", lambda asked=asked: list_people(asked, transactions))
    _timed("the newest", lambda: list_people("", transactions))
    sequence = str(_one(transactions, "select id from sequences limit 1"))
    kinds = (
        Filter(kind=Kind.SEQUENCE, of=sequence),
        Filter(kind=Kind.TAG, of="tag 7"),
        Filter(kind=Kind.LEFT),
        Filter(kind=Kind.UNCONFIRMED),
    )
    for only in kinds:
        _timed(f"only {only.kind}", lambda only=only: list_people_of(only, transactions))
    _timed("the kinds there are", lambda: list_choices(transactions))
    _timed("do-not-email list", lambda: read_do_not_email("", transactions))
    _timed("do-not-email “an1”", lambda: read_do_not_email("an1", transactions))
    person = list_people("ana", transactions).people[0].line.id
    _timed("one person", lambda: read_person(person, transactions))


def _one(transactions: Transactions, statement: str) -> object:
    with transactions.begin_reading() as tx:
        return tx.connection.exec_driver_sql(statement).scalar()


def _timed(name: str, work: Callable[[], object]) -> None:
    taken = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
    p95 = statistics.quantiles(taken, n=20)[-1]
    sys.stdout.write(f"  {name}: p50 {statistics.median(taken):.1f} ms, p95 {p95:.1f} ms\n")


if __name__ == "__main__":
    main()
