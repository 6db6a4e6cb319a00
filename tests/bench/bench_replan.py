"""How long it takes to plan many people anew after their session moved, and who waits meanwhile.

A script, not a test: ``python -m tests.bench.bench_replan [people]``. A durable PostgreSQL of its
own, the shipped sequence, everybody with a seat; the session is moved and its people are planned
as the command does it, another process dispatches four times a second while some thousand people
become due. It prints the seconds and the runs a second; the processor's seconds of each planning
process, of the dispatcher and of PostgreSQL; the memory at 10 % and at the end; the longest tick
and stall of the dispatcher, with how much of it it had a processor for; how long anybody waited for
a lock; and the longest that an email waited.
"""

import json
import multiprocessing
import os
import re
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
from queue import Queue
from typing import NamedTuple, Self
from uuid import UUID

from sqlalchemy import create_engine, text

from funnel.cli.replanning import drive_replan
from funnel.domain.sequence_file import parse_sequence
from funnel.embedded.postgres import PostgresServer
from funnel.services.dispatch_due import Batch, DispatchLimits, dispatch_due
from funnel.services.move_session import move_session
from funnel.services.read_replans import find_replan
from funnel.storage.migrate import upgrade
from funnel.storage.replans import Replan
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
    with _database() as (url, server):
        world = World(url=url, transactions=open_database(url, pool_size=2))
        _fill(world, people)
        dispatcher = _start("dispatch", url)
        time.sleep(2)
        before = _processor_of_server(server.process_id)
        replan = _answer(_start("replan", url))
        replan["server"] = _processor_of_server(server.process_id) - before
        time.sleep(2)
        ticks = _answer(dispatcher, b"end\n")
        _say(world, people, replan, ticks)
        waits = _lock_waits(server)
        sys.stdout.write(
            f"locks, whoever waited: {len(waits)} times longer than 20 ms, "
            f"{max(waits, default=0.0):.2f} s at most\n"
        )
        world.transactions.close()


def _say(world: World, people: int, replan: dict[str, float], ticks: dict[str, float]) -> None:
    waited = world.ask(
        "select max(extract(epoch from published_at - due_at))::float from messages"
        # Who comes during it gets this one; the others had theirs before.
        " where step_key = 'your-seat' and published_at is not null"
        " and due_at > to_timestamp(:began)",
        began=ticks["began"],
    )
    notices = world.ask(
        "select count(*) from messages where template_key = 'notices/session-moved'"
    )
    sys.stdout.write(
        f"{replan['done']:,} of {people:,} people planned anew in {replan['seconds']:.1f} s: "
        f"{replan['done'] / replan['seconds']:,.0f}/s, {notices:,} notices\n"
        f"processor: the command {replan['cpu']:.1f} s, its helper {replan['helper_cpu']:.1f} s, "
        f"PostgreSQL {replan['server']:.1f} s, the dispatcher {ticks['cpu']:.1f} s; "
        f"of {os.cpu_count()} processors\n"
        f"memory at 10 %: {replan['early_mib']:.0f} MiB, its helper "
        f"{replan['helper_early_mib']:.0f} MiB; at the end {replan['late_mib']:.0f} MiB, its "
        f"helper {replan['helper_late_mib']:.0f} MiB\n"
        f"dispatcher: {ticks['ticks']:.0f} ticks, the longest {ticks['longest']:.2f} s; it stalled "
        f"(neither published nor ended a tick) {ticks['stall']:.2f} s at most, of which it had a "
        f"processor for {ticks['stall_cpu']:.2f} s; an email that was due waited {waited:.2f} s at "
        f"most, of {ticks['emails']:,.0f}\n"
    )


def _processor_of_server(postmaster: int) -> float:
    """Return the processor's seconds of a server and all its processes, those that ended too."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            of_process = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if stat.parent.name == str(postmaster):
            ticks += sum(map(int, of_process[11:15]))  # its own, and of those that ended
        elif of_process[1] == str(postmaster):
            ticks += sum(map(int, of_process[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _start(part: str, url: str) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "tests.bench.bench_replan", part, url]
    # The command's helper finds the database as the command does.
    settings = {"FUNNEL_DATABASE_URL": url, "FUNNEL_LINK_KEYS": json.dumps(["0" * 16 + "1" * 16])}
    return subprocess.Popen(  # noqa: S603  (our own words)
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | settings
    )


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
    sizes: dict[str, float] = {}
    watch = threading.Thread(target=_watch_sizes, args=(replan, transactions, sizes), daemon=True)
    watch.start()
    drive_replan(replan, transactions)
    seconds = time.monotonic() - begun
    watch.join()
    helped = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = {
        "seconds": seconds,
        "cpu": time.process_time() - cpu,
        "helper_cpu": helped.ru_utime + helped.ru_stime,
        "done": find_replan(replan.id, transactions).done,
        "late_mib": _peak_mib(resource.RUSAGE_SELF),
        "helper_late_mib": _peak_mib(resource.RUSAGE_CHILDREN),
        **sizes,
    }
    sys.stdout.write(json.dumps(answer))


def _watch_sizes(replan: Replan, transactions: Transactions, sizes: dict[str, float]) -> None:
    """Note how large both processes are once a tenth is done."""
    while find_replan(replan.id, transactions).done < replan.total // 10:
        time.sleep(0.2)
    sizes["early_mib"] = _peak_mib(resource.RUSAGE_SELF)
    helpers = multiprocessing.active_children()
    sizes["helper_early_mib"] = max((_size_mib(each.pid) for each in helpers), default=0.0)


def _peak_mib(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


def _size_mib(process_id: int | None) -> float:
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return next(int(each.split()[1]) for each in lines if each.startswith("VmHWM:")) / 1024


def _dispatch(transactions: Transactions) -> None:
    """Tick until told to end; what is published is delivered, in another thread, at once."""
    ended = threading.Event()
    threading.Thread(target=_listen, args=(ended,), daemon=True).start()
    published: Queue[Batch] = Queue()
    threading.Thread(target=_deliver, args=(transactions, published), daemon=True).start()
    stall = Span(seconds=0.0, cpu=0.0)
    longest = 0.0
    ticks = emails = 0
    began = time.time()
    while not ended.is_set():
        begun = since = Moment.now()
        for batch in dispatch_due(transactions, LIMITS):
            stall, since = max(stall, since.passed()), Moment.now()
            published.put(batch)
            emails += len(batch.messages)
        stall = max(stall, since.passed())
        took = begun.passed().seconds
        longest = max(longest, took)
        ticks += 1
        ended.wait(max(0.0, TICK_SECONDS - took))
    answer = {
        "began": began,
        "cpu": time.process_time(),
        "longest": longest,
        "stall": stall.seconds,
        "stall_cpu": stall.cpu,
        "ticks": ticks,
        "emails": emails,
    }
    sys.stdout.write(json.dumps(answer))


def _listen(ended: threading.Event) -> None:
    sys.stdin.readline()
    ended.set()


class Span(NamedTuple):
    """How long something took, and for how long of that its thread had a processor; seconds."""

    seconds: float
    cpu: float


class Moment(NamedTuple):
    """A moment on the clock of the wall, and on that of this thread's processor."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Self:
        """Return the present."""
        return cls(time.monotonic(), time.thread_time())

    def passed(self) -> Span:
        """Return what has passed since."""
        return Span(time.monotonic() - self.wall, time.thread_time() - self.cpu)


def _deliver(transactions: Transactions, published: "Queue[Batch]") -> None:
    while True:
        ids = [each.id for each in published.get().messages]
        while not published.empty():
            ids += [each.id for each in published.get().messages]
        _accept(transactions, ids)


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
def _database() -> Iterator[tuple[str, PostgresServer]]:
    folder = Path(tempfile.mkdtemp(prefix="funnel-bench-"))
    folder.chmod(0o711)  # root's PostgreSQL runs under an account of its own
    try:
        with PostgresServer(folder / "postgres", durable=True) as server:
            url = server.start()
            upgrade(url)
            _log_waits(url)
            yield url, server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _log_waits(url: str) -> None:
    """Let the server write down who waited for a lock, longer than it takes to notice."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("log_lock_waits = on", "deadlock_timeout = '20ms'"):
            connection.execute(text(f"alter system set {setting}"))
        connection.execute(text("select pg_reload_conf()"))
    engine.dispose()


def _lock_waits(server: PostgresServer) -> list[float]:
    """Return how long locks were waited for, in seconds; waits under 20 ms are not written."""
    found = re.findall(r"acquired \w+ on .* after ([0-9.]+) ms", server.log_file.read_text())
    return [float(each) / 1000 for each in found]


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
