"""How long it takes to try and to take in a file of many people, and how much memory.

A script, not a test: ``python -m tests.bench.bench_import [people]``. A durable PostgreSQL of its
own, a file as Kit exports it with two tags and a field for each person, everybody put into a
sequence at its second letter. It prints seconds and people a second for reading, trying and taking
in, and the most memory that the process ever had.
"""

import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from funnel.embedded.postgres import PostgresServer
from funnel.services.continue_imports import continue_imports
from funnel.services.import_people import read_import, start_import, try_import, upload_people
from funnel.storage.migrate import upgrade
from funnel.storage.transaction import open_database
from tests.fixtures.world import SHORT_SEQUENCE, World


def main() -> None:
    """Measure."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    with _database() as url:
        world = World(url=url, transactions=open_database(url, pool_size=2))
        world.publish(SHORT_SEQUENCE)
        _measure(world, people)


def _measure(world: World, people: int) -> None:
    content = _file(people)
    began = _memory()
    with _timed("read", people):
        page = upload_people(content, "kit.csv", by="bench", transactions=world.transactions)
    del content
    options = replace(page.options, wording="Letters.", sequence="short", step="second")
    import_id = page.record.id
    with _timed("tried", people):
        try_import(import_id, options, by="bench", transactions=world.transactions)
        continue_imports(world.transactions, hash_key=b"bench")
    after_trial = _memory()
    with _timed("taken in", people):
        start_import(import_id, by="bench", transactions=world.transactions)
        continue_imports(world.transactions, hash_key=b"bench")
    sums = read_import(import_id, world.transactions).sums
    told = ", ".join(f"{outcome}: {count:,}" for outcome, count in sums.items())
    sys.stdout.write(
        f"{told}\nmemory: {began} MB at the start, {after_trial} MB at most once tried, "
        f"{_memory()} MB at most in the end\n"
    )


def _file(people: int) -> bytes:
    rows = (
        f'{n},Name {n},person{n}@example.org,active,2025-03-01 10:00:00 UTC,"a, b",Company {n}'
        for n in range(people)
    )
    return "\n".join(["id,first_name,email,state,created_at,tags,company", *rows]).encode()


@contextmanager
def _timed(what: str, people: int) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    sys.stdout.write(f"{what}: {seconds:.1f} s, {people / seconds:,.0f} people a second\n")
    sys.stdout.flush()


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


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


if __name__ == "__main__":
    main()
