"""How long the sequence page takes with many people in the sequence.

A script, not a test: ``python -m tests.bench.bench_sequence_page [people]`` (200,000). A PostgreSQL
of its own, the shipped sequence with a draft open, everybody with a seat and somewhere in the
middle of it, with the rows of what they had. It prints the server's part of the page, and of a
calendar as one types; what is waiting is compared with the rows first.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import text

from funnel.domain.readers import MadeUp
from funnel.domain.step_form import StepForm
from funnel.embedded.postgres import PostgresServer
from funnel.services.edit_steps import edit_step
from funnel.services.load_definitions import load_definitions
from funnel.services.preview_draft import preview_draft
from funnel.services.read_sequence_page import read_sequence_page
from funnel.storage.migrate import upgrade
from funnel.storage.transaction import Transactions, open_database

SLUG = "disruption-masterclass"
SHIPPED = Path(__file__).parents[2] / "funnel/templates"
TIMES = 40


def main() -> None:
    """Measure on as many people as the command line says."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    folder = Path(tempfile.mkdtemp(prefix="funnel-bench-"))
    folder.chmod(0o711)  # root's PostgreSQL runs under an account of its own
    try:
        with PostgresServer(folder / "postgres", durable=False) as server:
            url = server.start()
            upgrade(url)
            transactions = open_database(url, pool_size=2)
            load_definitions(SHIPPED, transactions)
            _fill(transactions, people)
            _edit(transactions)
            _check(transactions, people)
            _measure("the page", lambda: read_sequence_page(SLUG, transactions))
            card = ("listening", _card(transactions, "listening", days="4"))
            _measure("a calendar, as one types", lambda: _type(transactions, card))
            transactions.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(transactions: Transactions, people: int) -> None:
    began = time.perf_counter()
    for statement in _FILL:
        with transactions.begin() as tx:
            tx.connection.execute(text(statement), {"people": people})
    with transactions.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("vacuum analyze"))
    seconds = time.perf_counter() - began
    sys.stdout.write(f"{people:,} people and their rows, made in {seconds:.0f} s\n")


_FILL = (
    """
    insert into sessions (id, sequence_id, title, starts_at, ends_at, zone)
    select gen_random_uuid(), id, title, plan_now() + interval '20 days',
      plan_now() + interval '20 days 2 hours', 'Europe/Berlin' from sequences
    """,
    """
    insert into subscribers (id, email, email_key, first_name, zone, wants_letters,
      wants_seat_emails, confirmed_at)
    select gen_random_uuid(), n || '@example.org', n || '@example.org', 'Ana', 'Europe/Berlin',
      true, true, plan_now() from generate_series(1, cast(:people as integer)) n
    """,
    """
    insert into enrollments (id, subscriber_id, sequence_id, version_id, run, session_id, lane,
      enrolled_at, next_due_at)
    select gen_random_uuid(), p.id, q.id, q.live_version_id, 1, s.id, 'other',
      plan_now() - interval '9 days', plan_now() + random() * interval '9 days'
    from subscribers p, sequences q, sessions s
    """,
    """
    insert into registrations (id, enrollment_id, subscriber_id, session_id)
    select gen_random_uuid(), id, subscriber_id, session_id from enrollments
    """,
    # Everybody has got none to seven of the emails, in their order; one in fifty was skipped.
    """
    insert into messages (id, kind, dedupe_key, subscriber_id, enrollment_id, sequence_id, step_key,
      template_key, lane, priority, status, reason, due_at, settled_at, accepted_at)
    select gen_random_uuid(), 'sequence', e.id || '.' || (s.step ->> 'key'),
      e.subscriber_id, e.id, e.sequence_id, s.step ->> 'key', 'x/' || (s.step ->> 'key'), 'other',
      40, case when random() < 0.02 then 'skipped' else 'accepted' end, 'late', plan_now(),
      plan_now(), plan_now()
    from (select *, abs(hashtext(id::text)) % 8 as had from enrollments) e
    join sequence_versions v on v.id = e.version_id
    cross join lateral jsonb_array_elements(v.definition -> 'steps')
      with ordinality as s(step, at)
    where s.at <= e.had
    """,
    """
    insert into counters (sequence_id, step_key, status, total)
    select sequence_id, step_key, status, count(*) from messages group by 1, 2, 3
    union all
    select sequence_id, step_key, 'passed', count(*) from messages group by 1, 2
    """,
)


def _card(transactions: Transactions, key: str, *, days: str) -> StepForm:
    page = read_sequence_page(SLUG, transactions)
    form = next(each.form for each in page.steps if each.key == key)
    return replace(form, timing=replace(form.timing, days=days))


def _edit(transactions: Transactions) -> None:
    card = _card(transactions, "bias", days="3")
    edit_step(SLUG, "bias", card, seen="", by="bench", transactions=transactions)


def _check(transactions: Transactions, people: int) -> None:
    page = read_sequence_page(SLUG, transactions)
    with transactions.begin_reading() as tx:
        rows = tx.connection.execute(text(_BEHIND)).all()
    behind = {row.step_key: row.people for row in rows}
    wrong = [each.key for each in page.steps if each.waiting != people - behind.get(each.key, 0)]
    if wrong or page.people != people:
        raise SystemExit(f"these numbers are not what the rows say: {wrong}")
    sys.stdout.write(f"{sum(behind.values()):,} emails; who waits is what the rows say\n")


_BEHIND = """
    select step_key, count(*) as people from messages
    where copy = 0 and status not in ('queued', 'sending') group by 1
"""


def _type(transactions: Transactions, card: tuple[str, StepForm]) -> None:
    if preview_draft(SLUG, MadeUp.USUAL, transactions, card).after is None:
        raise SystemExit("the card cannot be so")


def _measure(name: str, act: Callable[[], object]) -> None:
    act()
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1000)
    median, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
    sys.stdout.write(f"{name}: {median:.0f} ms, 95 of 100 within {p95:.0f} ms\n")


if __name__ == "__main__":
    main()
