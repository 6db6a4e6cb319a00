"""How long it takes to say what a publish means for everybody, to render for them, to move them.

A script, not a test: ``python -m tests.bench.bench_impact [people]``. A PostgreSQL of its own, the
shipped sequence, people at ten points of it; a draft puts a letter between two and takes another
out. It prints the seconds and the memory of each part.
"""

import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import time as hour
from pathlib import Path
from typing import TypeVar

from sqlalchemy import text

from funnel.domain.links import Links
from funnel.domain.sequence import Anchor, AnchorKind, SequenceDefinition, Step, StepKind, Timing
from funnel.domain.sequence_text import sequence_text
from funnel.domain.signing import LinkTokens
from funnel.domain.timing import WEEKDAYS, Delay, SendWindow
from funnel.domain.version_switch import PublishPolicy
from funnel.embedded.postgres import PostgresServer
from funnel.rendering.renderer import Renderer
from funnel.services.build_email import EmailBuilder
from funnel.services.check_renders import check_renders
from funnel.services.continue_replans import continue_replans
from funnel.services.edit_draft import edit_draft
from funnel.services.load_definitions import load_definitions
from funnel.services.publish_draft import PublishOrder, publish_draft
from funnel.services.read_impact import draft_candidate, read_impact
from funnel.storage import sequences
from funnel.storage.migrate import upgrade
from funnel.storage.transaction import Transactions, open_database
from tests.fixtures.world import World

SLUG = "disruption-masterclass"
SHIPPED = Path(__file__).parents[2] / "funnel/templates"
POLICY = PublishPolicy.CATCH_UP
CHECK_IN = Step(
    key="check-in",
    kind=StepKind.LETTER,
    timing=Timing(
        anchor=Anchor(kind=AnchorKind.STEP, step_key="listening"), delay=Delay(days=1), at=hour(9)
    ),
    window=SendWindow(weekdays=WEEKDAYS),
)

_Answer = TypeVar("_Answer")


def main() -> None:
    """Measure on as many people as the command line says."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    folder = Path(tempfile.mkdtemp(prefix="funnel-bench-"))
    folder.chmod(0o711)  # root's PostgreSQL runs under an account of its own
    try:
        with PostgresServer(folder / "postgres", durable=True) as server:
            url = server.start()
            upgrade(url)
            transactions = open_database(url, pool_size=2)
            fill(World(url=url, transactions=transactions), people)
            _measure(transactions)
            transactions.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(transactions: Transactions) -> None:
    with transactions.begin() as tx:
        candidate = draft_candidate(tx, SLUG)
    links = Links("https://funnel.example.org", LinkTokens([b"0" * 32]))
    builder = EmailBuilder(links=links, renderer=Renderer())
    impact = timed("impact", lambda: read_impact(candidate, POLICY, transactions))
    sys.stdout.write(f"  {impact.sentence}\n")
    checked = timed("renders", lambda: check_renders(candidate, POLICY, builder, transactions))
    sys.stdout.write(f"  {checked.emails:,} emails for {checked.people:,} people\n")
    order = PublishOrder(policy=POLICY, by="bench")
    timed("publish, renders again", lambda: publish_draft(SLUG, order, builder, transactions))
    moved = timed("moving everybody", lambda: continue_replans(transactions))
    sys.stdout.write(f"  {moved.done if moved else 0:,} moved\n")


def timed(name: str, work: Callable[[], _Answer]) -> _Answer:
    """Do something, and print how long it took."""
    begun, cpu = time.monotonic(), time.process_time()
    answer = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        f"{name}: {time.monotonic() - begun:.2f} s ({time.process_time() - cpu:.1f} s of this "
        f"process), memory at most {peak:.0f} MiB\n"
    )
    return answer


def fill(world: World, people: int) -> None:
    """Put so many people into the shipped sequence, and begin a draft of it."""
    load_definitions(SHIPPED, world.transactions)
    with world.transactions.begin() as tx:
        live = sequences.find_sequence(tx, SLUG)
        if live is None:
            raise LookupError(SLUG)
        definition = sequences.read_definition(tx, live.live_version_id)
    world.definition = definition
    for statement in _FILL:
        values = {"people": people, "sequence": live.id, "version": live.live_version_id}
        world.execute(statement, **{k: v for k, v in values.items() if f":{k}" in statement})
    with world.transactions.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("vacuum analyze"))
    world.publish_email("check-in", "A short one. {{ brand.host_first_name }}")
    source = sequence_text(_edited(definition))
    edit_draft(SLUG, source, by="bench", transactions=world.transactions)


def _edited(definition: SequenceDefinition) -> SequenceDefinition:
    """A letter more after ``listening``; the last one, from which nothing counts, is taken out."""
    steps: list[Step] = []
    for step in definition.steps[:-1]:
        steps.append(step)
        if step.key == "listening":
            steps.append(CHECK_IN)
    return replace(definition, steps=tuple(steps))


_FILL = (
    """
    create table bench as
    select n, md5('person' || n)::uuid as person, md5('run' || n)::uuid as run,
           'p' || n || '@example.org' as address,
           (array['Europe/Berlin', 'Europe/London', 'America/New_York', 'Pacific/Auckland']
           )[1 + n % 4] as zone, now() - (n % 10) * interval '1 day' as at
    from generate_series(1, cast(:people as integer)) n
    """,
    """
    insert into subscribers (id, email, email_key, first_name, zone, wants_letters,
                             wants_seat_emails, confirmed_at)
    select person, address, address, 'Ana', zone, true, true, now() from bench
    """,
    """
    insert into enrollments (id, subscriber_id, sequence_id, version_id, run, lane, enrolled_at,
                             next_due_at)
    select run, person, :sequence, :version, 1, 'other', at, now() from bench
    """,
    """
    insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, sequence_id, step_key,
                          template_key, topic, lane, priority, status, due_at, accepted_at,
                          settled_at, plan_revision)
    select gen_random_uuid(), 'sequence', concat_ws(chr(58), run, step.key, 0), person, run,
           :sequence, step.key, 'disruption-masterclass/' || step.key, 'letters', 'other', 2,
           'accepted', left_at, left_at, left_at, 0
    from bench
    join (values ('tables-turned', 1), ('listening', 3), ('bias', 5), ('systems', 7))
         as step (key, days) on step.days < n % 10
    cross join lateral (select bench.at + step.days * interval '1 day' as left_at) l
    """,
)

if __name__ == "__main__":
    main()
