"""``funnel status``: queues beside rows, lateness, processes, and one sentence."""

from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.errors import FAILED
from funnel.cli.opening import opened

if TYPE_CHECKING:
    from rich.table import Table

    from funnel.domain.status import Lateness, StatusFigures

# Names of the queues that tasks are put on; the tasks' floor may not be imported here.
QUEUES = ("notices", "deliver", "dispatch", "maintenance")


def status() -> None:
    """Say whether mail is on time, and why not; exit code 1 if not, or if the books are wrong."""
    from funnel.domain.status import SILENT_AFTER, verdict
    from funnel.services.read_budgets import known_per_hour
    from funnel.services.read_status import read_status

    with opened() as deps:
        figures = read_status(
            deps.transactions,
            broker_url=deps.settings.broker_url,
            queues=QUEUES,
            silent_after=SILENT_AFTER,
            provider_per_hour=known_per_hour(deps.transactions, deps.dispatch_limits.claim_rules),
        )
    _print(figures)
    result = verdict(figures)
    say(result.text, style="" if result.is_on_time and result.is_balanced else "bold red")
    if not (result.is_on_time and result.is_balanced):
        raise typer.Exit(FAILED)


def _print(figures: "StatusFigures") -> None:
    from funnel.domain.status import queue_note, words_of

    for table in (_queues(figures), _work(figures), _lateness(figures), _processes(figures)):
        show(table)
    if figures.confirmations:
        show(_confirmations(figures))
    for trouble in figures.troubles:
        ago = f"{words_of(trouble.age)} ago"
        say(f"{trouble.status.capitalize()} {ago}: {trouble.key}, {trouble.message_id}")
        say(f"  {trouble.safe_reason or 'no reason was given'}")
    for words in figures.provider_words:
        say(words.text)
    say(queue_note(figures.backlog, figures.broker))
    for each in figures.broken:
        say(f"Broken: {each.name} ({each.offenders})", style="bold red")
    replans, hosts = figures.replans, figures.overdue_hosts
    for text in chain((each.text for each in replans), (each.text for each in hosts)):
        say(text)
    for pause in figures.pauses:
        say(f"Paused {pause}", style="bold red")
    say()


def _queues(figures: "StatusFigures") -> "Table":
    table = _table("Queue (broker)", "tasks", "emails in them")
    for queue in figures.broker.queues:
        table.add_row(queue.name, f"{queue.tasks:,}", f"{queue.emails:,}")
    table.add_row(
        "taken by a worker", f"{figures.broker.in_hands:,}", f"{figures.broker.in_hands_emails:,}"
    )
    return table


def _work(figures: "StatusFigures") -> "Table":
    backlog = figures.backlog
    table = _table("Work (database)", "number", "oldest")
    table.add_row("emails due", f"{backlog.due:,}", _age(backlog.oldest_due))
    table.add_row("  put on a queue, not yet opened", f"{backlog.published:,}", "")
    table.add_row("emails in a worker's hands", f"{backlog.sending:,}", "")
    table.add_row("emails waiting for another try", f"{backlog.retrying:,}", "")
    table.add_row("emails held, outcome unknown", f"{backlog.unknown:,}", "")
    table.add_row("emails failed in the last day", f"{backlog.failed_today:,}", "")
    table.add_row("people to be asked now", f"{backlog.runs_due:,}", _age(backlog.oldest_run))
    table.add_row("emails and timers ahead", f"{backlog.ahead:,}", "")
    return table


def _age(age: timedelta) -> str:
    from funnel.domain.status import words_of

    return words_of(age) if age else ""


def _lateness(figures: "StatusFigures") -> "Table":
    table = _table("Handed over after the planned moment", "emails", "p50", "p95", "p99", "worst")
    for name, late in (("last hour", figures.hour), ("last day", figures.day)):
        table.add_row(name, f"{late.emails:,}", *_percentiles(late))
    return table


def _percentiles(late: "Lateness") -> list[str]:
    return [_late_words(each) for each in (late.p50, late.p95, late.p99, late.worst)]


def _late_words(late: timedelta | None) -> str:
    from funnel.domain.status import words_of

    return "" if late is None else words_of(late)


def _processes(figures: "StatusFigures") -> "Table":
    from funnel.domain.status import NEEDED_ROLES, words_of

    signs = {each.role: each for each in figures.signs}
    table = _table("Process", "alive", "last sign of life")
    for role in (*NEEDED_ROLES, *sorted(set(signs) - set(NEEDED_ROLES))):
        sign = signs.get(role)
        if sign is None:
            table.add_row(role, "0", "never")
        else:
            table.add_row(role, str(sign.processes), f"{words_of(sign.age)} ago")
    return table


def _confirmations(figures: "StatusFigures") -> "Table":
    headings = ("sent", "pressed", "opened, not pressed", "neither")
    table = _table("Confirmations of the last 30 days", *headings)
    for each in figures.confirmations:
        numbers = (each.asked, each.pressed, each.only_opened, each.unopened)
        table.add_row(each.sequence, *(f"{number:,}" for number in numbers))
    return table


def _table(first: str, *others: str) -> "Table":
    return new_table(first, *others, numbers=others)
