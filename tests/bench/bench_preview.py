"""How long the server takes from a key that was pressed to the preview that shows it.

A script, not a test: ``python -m tests.bench.bench_preview [people]``. A PostgreSQL of its own, the
shipped sequence with people in it, and a letter that grows by a word before each preview, as one
types; each is asked for as sending asks, in the process kept ready for it. It prints p50 and p95
of the milliseconds, and fails over the limit that the studio promises.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from funnel.domain.links import Links
from funnel.domain.readers import MadeUp, MadeUpReader, PersonReader, Reader
from funnel.domain.signing import LinkTokens
from funnel.embedded.postgres import PostgresServer
from funnel.rendering.confinement import Confinement
from funnel.rendering.renderer import Renderer
from funnel.services.build_email import EmailBuilder
from funnel.services.edit_template import save_template_draft
from funnel.services.load_definitions import load_definitions
from funnel.services.preview_template import Previewing, preview_template
from funnel.storage import sequences
from funnel.storage.migrate import upgrade
from funnel.storage.transaction import Transactions, open_database
from tests.fixtures.world import World

SHIPPED = Path(__file__).parents[2] / "funnel/templates"
SLUG = "disruption-masterclass"
KEY = f"{SLUG}/bias"
TIMES = 200
LIMIT_MS = 150


def main() -> None:
    """Measure with as many people in the sequence as the command line says."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    folder = Path(tempfile.mkdtemp(prefix="funnel-bench-"))
    folder.chmod(0o711)  # root's PostgreSQL runs under an account of its own
    try:
        with PostgresServer(folder / "postgres", durable=True) as server:
            url = server.start()
            upgrade(url)
            transactions = open_database(url)
            measure(transactions, url, people)
            transactions.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(transactions: Transactions, url: str, people: int) -> None:
    """Load, fill, type."""
    load_definitions(SHIPPED, transactions)
    reader = fill(transactions, url, people)
    previewing = Previewing(
        transactions=transactions,
        builder=EmailBuilder(
            links=Links("https://funnel.example.org", LinkTokens([os.urandom(32)])),
            renderer=Renderer(),
        ),
        confinement=Confinement(),
    )
    try:
        ok = [
            typed(previewing, reader, "a real person"),
            typed(previewing, MadeUpReader(kind=MadeUp.USUAL), "somebody made up"),
            saved(transactions),
        ]
    finally:
        previewing.confinement.close()
    sys.exit(0 if all(ok) else 1)


def fill(transactions: Transactions, url: str, people: int) -> Reader:
    """Put people into the sequence; return one of them."""
    with transactions.begin() as tx:
        live = sequences.find_sequence(tx, SLUG)
        assert live is not None
        definition = sequences.read_definition(tx, live.live_version_id)
    world = World(
        url=url,
        transactions=transactions,
        sequence_id=live.id,
        version_id=live.live_version_id,
        definition=definition,
    )
    run = person = None
    for number in range(people):
        person = world.add_person(f"person{number}@example.org")
        run = world.enroll(person)
    assert person is not None
    return PersonReader(subscriber_id=person, enrollment_id=run)


def typed(previewing: Previewing, reader: Reader, name: str) -> bool:
    """Preview a letter that grows word by word."""
    source = (SHIPPED / f"email/{KEY}.md").read_text("utf-8")
    took = []
    for _ in range(TIMES):
        source += " word"
        began = time.perf_counter()
        preview = preview_template(KEY, source, reader, previewing)
        took.append((time.perf_counter() - began) * 1000)
        assert preview.error is None, preview.error
    return say(f"preview for {name}", took[1:])


def saved(transactions: Transactions) -> bool:
    """Save a draft as the page does every second."""
    took, seen = [], 0
    for number in range(TIMES):
        began = time.perf_counter()
        seen = save_template_draft(
            KEY, f"text {number}", seen=seen, by="bench", transactions=transactions
        ).revision
        took.append((time.perf_counter() - began) * 1000)
    return say("saving the draft", took[1:])


def say(name: str, took: list[float]) -> bool:
    """Print the middle and the slow end; return whether that is fast enough."""
    ordered = sorted(took)
    p50, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    sys.stdout.write(f"{name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms (limit {LIMIT_MS} ms)\n")
    return p95 < LIMIT_MS


if __name__ == "__main__":
    main()
