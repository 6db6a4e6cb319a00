"""The webhook under load: 500 signups a second for 20 seconds, each there once.

Two web processes, a durable PostgreSQL of its own and the load generator share this machine. Run by
``make bench``; ``FUNNEL_BENCH_PER_SECOND``, ``FUNNEL_BENCH_SECONDS`` and ``FUNNEL_BENCH_PROCESSES``
change the load and who carries it.
"""

import json
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import insert

from funnel.domain.signing import new_webhook_secret, sign_webhook
from funnel.embedded.postgres import PostgresServer
from funnel.storage.migrate import upgrade
from funnel.storage.tables import SourceRow
from funnel.storage.transaction import open_database
from tests.fixtures.world import SHORT_SEQUENCE, World

PER_SECOND = float(os.environ.get("FUNNEL_BENCH_PER_SECOND", "500"))
PROCESSES = os.environ.get("FUNNEL_BENCH_PROCESSES", "2")
SECONDS = float(os.environ.get("FUNNEL_BENCH_SECONDS", "20"))

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]


@pytest.fixture
def durable_world(open_folder: Path) -> Iterator[World]:
    """A small world in a PostgreSQL that keeps its promises: fsync is on."""
    with PostgresServer(open_folder / "postgres", durable=True) as server:
        url = server.start()
        upgrade(url)
        transactions = open_database(url, pool_size=2)
        world = World(url=url, transactions=transactions)
        world.publish(SHORT_SEQUENCE)
        world.add_session(datetime(2035, 3, 6, 17, 0, tzinfo=UTC), seats=1_000_000)
        yield world
        transactions.close()


def test_the_webhook_takes_its_load(durable_world: World, tmp_path: Path) -> None:
    count = round(PER_SECOND * SECONDS)
    secret = new_webhook_secret()
    with durable_world.transactions.begin() as tx:
        tx.connection.execute(
            insert(SourceRow).values(
                id=uuid4(), slug="bench", sequence_id=durable_world.sequence_id, secrets=[secret]
            )
        )
    plan = tmp_path / "plan.json"
    requests = [_request(index, secret).decode() for index in range(count)]
    plan.write_text(json.dumps({"per_second": PER_SECOND, "requests": requests}))
    cpu_before = _cpu_of_children()
    with _web(durable_world.url, tmp_path) as port:
        begun = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "tests/bench/load.py", str(port), str(plan)],
            check=True,
            capture_output=True,
        )
        took = time.perf_counter() - begun
        cpu_of_load = _cpu_of_children() - cpu_before
    cpu_of_web = _cpu_of_children() - cpu_before - cpu_of_load
    answers = json.loads(done.stdout)
    seconds = sorted(answers["seconds"])
    print(  # noqa: T201  (a benchmark speaks)
        f"\n{count} signups at {PER_SECOND:g}/s in {took:.1f} s, answers {answers['statuses']}, "
        f"p50 {1000 * seconds[count // 2]:.0f} ms, p99 {1000 * seconds[count * 99 // 100]:.0f} ms, "
        f"slowest {1000 * seconds[-1]:.0f} ms; "
        f"processor: web {cpu_of_web:.1f} s, generator {cpu_of_load:.1f} s"
    )
    assert answers["statuses"] == {"202": count}
    world = durable_world
    assert world.ask("select count(*) from signups where status = 'pending'") == count
    assert world.ask("select count(distinct external_id) from signups") == count
    assert world.ask("select count(*) from messages where status = 'queued'") == count
    # A second in hand for the start of the generator and its last answers.
    assert took < SECONDS + 3


def _cpu_of_children() -> float:
    """Return the seconds that ended children spent on a processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _request(index: int, secret: str) -> bytes:
    body = json.dumps(
        {
            "email": f"person-{index}@example.org",
            "first_name": "Ana",
            "last_name": "Muster",
            "time_zone": "Europe/Berlin",
            "session": "next",
            "utm_source": "bench",
            "fields": {"company": "City of Musterstadt"},
        }
    ).encode()
    headers = sign_webhook(
        body,
        webhook_id=f"msg_{index}",
        sent_at=datetime.now(UTC),
        secrets=[secret],
    )
    lines = [
        "POST /webhooks/signup/bench HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextmanager
def _web(database_url: str, folder: Path) -> Iterator[int]:
    """Run the web process as the command line does, and yield its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    environment = {
        **os.environ,
        "FUNNEL_DATABASE_URL": database_url,
        "FUNNEL_LINK_KEYS": '["a key for a benchmark, and only that"]',
        "FUNNEL_LOG_LEVEL": "warning",
        "FUNNEL_DATA_FOLDER": str(folder),
    }
    command = [sys.executable, "-m", "funnel", "web", "--port", str(port), "--processes", PROCESSES]
    process = subprocess.Popen(command, env=environment)  # noqa: S603 - our own words
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the web process did not start")
