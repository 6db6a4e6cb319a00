"""What keeps the rows true: the sweep, changed files, and the demo's clock."""

from datetime import timedelta

from funnel.services.continue_announcements import continue_announcements
from funnel.services.continue_checks import continue_checks, forget_checks
from funnel.services.continue_imports import continue_imports
from funnel.services.continue_replans import continue_replans
from funnel.services.fill_series import fill_series
from funnel.services.import_people import forget_imports
from funnel.services.judge_evidence import forget_evidence, judge_evidence
from funnel.services.match_events import forget_events, match_events
from funnel.services.match_facts import forget_received, retry_waiting
from funnel.services.play_demo import play_demo
from funnel.services.record_refusal import forget_refusals
from funnel.services.send_test_emails import send_test_emails, settle_lost_tests
from funnel.services.settle_unknowns import settle_unknowns
from funnel.services.sweep_messages import sweep_messages
from funnel.services.write_daily_notes import write_daily_notes
from funnel.storage.open_work import find_open_work
from funnel.tasks.app import MAINTENANCE, NOTICES, app
from funnel.tasks.process import process


@app.task(name="funnel.sweep", queue=MAINTENANCE)
def sweep() -> None:
    """Bring back what the broker or a worker lost, and forget what was kept long enough."""
    deps = process().deps
    sweep_messages(
        deps.transactions,
        republish_after=timedelta(seconds=deps.settings.republish_after_seconds),
        journals=deps.journals,
    )
    settle_lost_tests(deps.transactions)
    forget_refusals(deps.transactions)
    forget_evidence(deps.transactions)
    forget_imports(deps.transactions)
    forget_checks(deps.transactions)
    process().show_life()


@app.task(name="funnel.look", queue=MAINTENANCE)
def look() -> None:
    """Put on the queue what there is to go on with: a task each, so that none waits for another."""
    with process().deps.transactions.begin() as tx:
        open_work = find_open_work(tx)
    for is_open, task in (
        (open_work.replans, replan),
        (open_work.imports, take_people),
        (open_work.checks, check),
        (open_work.announcements, announce),
        (open_work.tests, send_tests),
    ):
        if is_open:
            task.apply_async()


# Each may take as long as its provider takes to answer.
_UNKNOWNS_AT_ONCE = 20


@app.task(name="funnel.settle_unknowns", queue=NOTICES)
def settle() -> None:
    """Find out what became of some emails to which no answer came."""
    deps = process().deps
    settle_unknowns(deps.transactions, deps.mailer_of, most=_UNKNOWNS_AT_ONCE)


# About a second of work, asked for twice a second: two of this worker's processes are busy with it,
# one from each end, and ticks, notices and the sweep have the others.
_BATCHES_AT_ONCE = 5


@app.task(name="funnel.continue_replans", queue=MAINTENANCE)
def replan() -> None:
    """Plan people whose session moved or whose version changed, some batches at a time."""
    continue_replans(process().deps.transactions, most_batches=_BATCHES_AT_ONCE)


@app.task(name="funnel.continue_announcements", queue=MAINTENANCE)
def announce() -> None:
    """Queue what was written to everybody who holds a seat, some batches at a time."""
    continue_announcements(process().deps.transactions, most_batches=_BATCHES_AT_ONCE)


# Each may take as long as the mail server takes, and notices wait meanwhile.
_TESTS_AT_ONCE = 3


@app.task(name="funnel.send_test_emails", queue=NOTICES)
def send_tests() -> None:
    """Send a few of the tests that somebody who works here asked for."""
    send_test_emails(process().deps.delivery, most=_TESTS_AT_ONCE)


@app.task(name="funnel.continue_imports", queue=MAINTENANCE)
def take_people() -> None:
    """Go on with a file of people from another tool, some batches at a time."""
    deps = process().deps
    hash_key = deps.signup_rules.hash_key
    continue_imports(deps.transactions, hash_key=hash_key, most_batches=_BATCHES_AT_ONCE)


@app.task(name="funnel.continue_checks", queue=MAINTENANCE)
def check() -> None:
    """Look at everybody whom a publish would concern, some batches at a time."""
    continue_checks(process().deps.previewing, most_batches=_BATCHES_AT_ONCE)


@app.task(name="funnel.fill_series", queue=MAINTENANCE)
def fill() -> None:
    """Make the sessions of series that have come near enough."""
    fill_series(process().deps.transactions)


@app.task(name="funnel.write_daily_notes", queue=MAINTENANCE)
def note() -> None:
    """Write the hosts' notes of the morning, where it is seven o'clock."""
    deps = process().deps
    write_daily_notes(deps.transactions, deps.builder)


@app.task(name="funnel.judge_evidence", queue=MAINTENANCE)
def judge() -> None:
    """Tell people from machines among those who opened links; a person's click becomes a fact."""
    judge_evidence(process().deps.transactions)


@app.task(name="funnel.match_facts", queue=MAINTENANCE)
def match() -> None:
    """Try again the facts whose person or session was not known, and forget old events."""
    deps = process().deps
    retry_waiting(deps.transactions)
    forget_received(deps.transactions)


@app.task(name="funnel.match_events", queue=MAINTENANCE)
def match_provider_events() -> None:
    """Try again the events whose message was not known, and forget old ones."""
    deps = process().deps
    match_events(deps.transactions, hash_key=deps.signup_rules.hash_key)
    forget_events(deps.transactions)


@app.task(name="funnel.load_definitions", queue=MAINTENANCE)
def load_definitions() -> None:
    """Load sequences and emails whose files changed; a broken file leaves the live version."""
    deps = process().deps
    if deps.settings.watch_definitions:
        deps.definition_watch.load_changed(deps.transactions)


@app.task(name="funnel.play_demo", queue=MAINTENANCE)
def play() -> None:
    """Move the demo's clock on, if somebody asked for it; scheduled in the demo only."""
    deps = process().deps
    if deps.settings.is_demo:
        play_demo(deps.transactions, base_url=deps.settings.base_url)
