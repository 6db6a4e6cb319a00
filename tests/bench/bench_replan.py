"""How long it takes to plan many people anew after their session moved, and who waits meanwhile.

A script, not a test: ``python -m tests.bench.bench_replan [people]``. A durable PostgreSQL of its
own, the shipped sequence, everybody with a seat; one process moves the session and plans, another
dispatches four times a second while some thousand people become due. It prints the seconds, the
runs a second, the memory of the planning process at 10 % and at the end, the longest tick of the
dispatcher, and the longest that an email waited for it.
"""

import json
import math
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from funnel.domain.sequence_file import parse_sequence
from funnel.embedded.postgres import PostgresServer
from funnel.services.continue_replans import RUNS_AT_ONCE, continue_replans
from funnel.services.dispatch_due import DispatchLimits, dispatch_due
from funnel.services.move_session import move_session
from funnel.storage.migrate import upgrade
from funnel.storage.transaction import Transactions, open_database
from tests.fixtures.world import World

SLUG = "disruption-masterclass"
ARRIVING = 4_000  # people who become due while the others are planned, over a minute and a half
TICK_SECONDS = 0.25
LIMITS = DispatchLimits(published_per_lane=500, messages_per_batch=25)
AHEAD = timedelta(days=6)


def main() -> None:
    """Measure; as ``dispatch URL`` or ``replan URL`` the two processes that it starts."""
    match sys.argv[1:]:
        case ["dispatch", url]:
            _dispatch(open_database(url, pool_size=2))
        case ["replan", url]:
            _replan(open_database(url, pool_size=2))
        case [people]:
            _measure(int(people))
        case _:
            _measure(100_000)


def _measure(people: int) -> None:
    with _database() as url:
        world = World(url=url, transactions=open_database(url, pool_size=2))
        _fill(world, people)
        dispatcher = _start("dispatch", url)
        time.sleep(2)
        replan = _answer(_start("replan", url))
        time.sleep(2)
        ticks = _answer(dispatcher, b"end\n")
        _say(world, people, replan, ticks)
        world.transactions.close()


def _say(world: World, people: int, replan: dict[str, float], ticks: dict[str, float]) -> None:
    waited = world.ask(
        "select max(extract(epoch from published_at - due_at))::float from messages"
        # Who comes during it gets this one; the others had theirs before.
        " where step_key = 'your-seat' and published_at is not null"
    )
    notices = world.ask(
        "select count(*) from messages where template_key = 'notices/session-moved'"
    )
    sys.stdout.write(
        f"{replan['done']:,} of {people:,} people planned anew in {replan['seconds']:.1f} s: "
        f"{replan['done'] / replan['seconds']:,.0f}/s, {notices:,} notices\n"
        f"memory at 10 % {replan['early_mib']:.0f} MiB, at the end {replan['late_mib']:.0f} MiB; "
        f"processor of the planning process {replan['cpu']:.1f} s\n"
        f"dispatcher: {ticks['ticks']:.0f} ticks, the longest {ticks['longest']:.2f} s, "
        f"the longest between two {ticks['gap']:.2f} s; "
        f"an email that was due waited {waited:.2f} s at most, of {ticks['emails']:,.0f}\n"
    )


def _start(part: str, url: str) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "tests.bench.bench_replan", part, url]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603


def _answer(process: "subprocess.Popen[bytes]", last_words: bytes = b"") -> dict[str, float]:
    """Return what a process says in its last line; those before it are its log."""
    answer: dict[str, float] = json.loads(process.communicate(last_words)[0].splitlines()[-1])
    return answer


def _replan(transactions: Transactions) -> None:
    with transactions.begin() as tx:
        session_id, starts_at = tx.connection.execute(
            text("select id, starts_at from sessions order by starts_at limit 1")
        ).one()
    begun, cpu = time.monotonic(), time.process_time()
    replan = move_session(
        session_id, starts_at + timedelta(days=2), by="bench", transactions=transactions
    )
    batches = math.ceil(replan.total / RUNS_AT_ONCE)
    continue_replans(transactions, most_batches=batches // 10)
    early = _peak_mib()
    done = continue_replans(transactions)
    answer = {
        "seconds": time.monotonic() - begun,
        "cpu": time.process_time() - cpu,
        "done": done.done if done else 0,
        "early_mib": early,
        "late_mib": _peak_mib(),
    }
    sys.stdout.write(json.dumps(answer))


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _dispatch(transactions: Transactions) -> None:
    """Tick until told to end; what is published counts as delivered at once."""
    ended = threading.Event()

    def listen() -> None:
        sys.stdin.readline()
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    longest = gap = 0.0
    ticks = emails = 0
    ended_at = time.monotonic()
    while not ended.is_set():
        begun = time.monotonic()
        gap = max(gap, begun - ended_at)
        spent_on_delivery = 0.0
        for batch in dispatch_due(transactions, LIMITS):
            handed_over = time.monotonic()
            _accept(transactions, [each.id for each in batch.messages])
            emails += len(batch.messages)
            spent_on_delivery += time.monotonic() - handed_over
        ended_at = time.monotonic()
        longest = max(longest, ended_at - begun - spent_on_delivery)
        ticks += 1
        ended.wait(max(0.0, TICK_SECONDS - (ended_at - begun)))
    answer = {"longest": longest, "gap": gap, "ticks": ticks, "emails": emails}
    sys.stdout.write(json.dumps(answer))


def _accept(transactions: Transactions, ids: list[UUID]) -> None:
    with transactions.begin() as tx:
        tx.connection.execute(_ACCEPT, {"ids": ids})


_ACCEPT = text(
    """
    update messages set status = 'accepted', accepted_at = plan_now(), settled_at = plan_now()
    where id = any(:ids)
    """
)


@contextmanager
def _database() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="funnel-bench-"))
    folder.chmod(0o711)  # root's PostgreSQL runs under an account of its own
    try:
        with PostgresServer(folder / "postgres", durable=True) as server:
            url = server.start()
            upgrade(url)
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(world: World, people: int) -> None:
    """Seats in a session some days ahead, taken over the last days, and those who come next."""
    file = Path(__file__).parents[2] / f"funnel/templates/sequences/{SLUG}.yaml"
    world.publish(parse_sequence(file.read_text(), file_name=file.name))
    with world.transactions.begin() as tx:
        now = tx.now
    session = world.add_session(now + AHEAD)
    later = world.add_session(now + 5 * AHEAD)
    values = {"sequence": world.sequence_id, "version": world.version_id}
    _write(world, values | {"session": session, "first": 1, "last": people, "step": "-1 day"})
    with world.transactions.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("vacuum analyze"))
    # Who comes next takes a seat in another session, each a few hundredths of a second later.
    coming = {"first": people + 1, "last": people + ARRIVING, "step": "22 ms"}
    _write(world, values | {"session": later} | coming)


def _write(world: World, values: dict[str, object]) -> None:
    for statement in _FILL:
        names = {name for name in values if f":{name}" in statement}
        world.execute(statement, **{name: values[name] for name in names})


_FILL = (
    "drop table if exists bench",
    """
    create table bench as
    select n, md5('person' || n)::uuid as person, md5('run' || n)::uuid as run,
           'p' || n || '@example.org' as address,
           (array['Europe/Berlin', 'Europe/London', 'America/New_York', 'America/Los_Angeles',
                  'Pacific/Auckland', 'Asia/Tokyo', 'Australia/Sydney', 'America/Sao_Paulo']
           )[1 + n % 8] as zone,
           cast(:session as uuid) as session_id,
           now() + (case when :first > 1 then n - :first else n % 10 end) * cast(:step as interval)
           as at
    from generate_series(cast(:first as integer), cast(:last as integer)) n
    """,
    """
    insert into subscribers (id, email, email_key, first_name, zone, wants_letters,
                             wants_seat_emails, confirmed_at)
    select person, address, address, 'Ana', zone, true, true, now() from bench
    """,
    """
    insert into enrollments (id, subscriber_id, sequence_id, version_id, run, session_id, lane,
                             enrolled_at, next_due_at)
    select run, person, :sequence, :version, 1, session_id, 'other', at,
           case when :first > 1 then at else now() + (n % 5000) * interval '1 min' end from bench
    """,
    """
    insert into registrations (id, enrollment_id, subscriber_id, session_id, registered_at)
    select gen_random_uuid(), run, person, session_id, at from bench
    """,
    # Who has been in it for some days has had what came in them.
    """
    insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, session_id,
                          session_starts_at, sequence_id, step_key, template_key, topic, lane,
                          priority, status, due_at, accepted_at, settled_at, plan_revision)
    select gen_random_uuid(), 'sequence', concat_ws(chr(58), run, step.key, 0), person, run, s.id,
           s.starts_at, :sequence, step.key, 'disruption-masterclass/' || step.key,
           case step.priority when 1 then 'seat' else 'letters' end, 'other', step.priority,
           'accepted', left_at, left_at, left_at, 0
    from bench
    join (values ('your-seat', 1, 0), ('tables-turned', 2, 1), ('listening', 2, 4), ('bias', 2, 7))
         as step (key, priority, days) on :first = 1 and step.days * 10 <= (n % 10) * 9
    cross join lateral (select bench.at + step.days * interval '1 day' as left_at) l
    join sessions s on s.id = bench.session_id
    """,
)

if __name__ == "__main__":
    main()
