"""What the headless demo prints: every email of everybody, and what is wrong with any."""

from collections.abc import Sequence
from datetime import timedelta

from rich.table import Table

from funnel.cli.console import new_table, say, show
from funnel.cli.headless_checks import Sent, Story, faults_of, percentile
from funnel.domain.status import words_of
from funnel.services.read_books import Books

# Most of it is the wait for the next tick.
_LATENESS_P99 = timedelta(seconds=1.5)


def print_report(
    stories: Sequence[tuple[Story, Sequence[Sent]]],
    books: Books,
    mailbox_faults: Sequence[str],
    took: timedelta,
) -> bool:
    """Print table, figures and faults; say whether everything came out as promised."""
    show(_table(stories))
    sent = [each for _, of_one in stories for each in of_one]
    late = [each.lateness for each in sent]
    p50, p99 = percentile(late, 0.5), percentile(late, 0.99)
    say(
        f"{len(sent)} emails to {len(stories)} people in {words_of(took)}; handed over "
        f"{_seconds(p50)} (p50), {_seconds(p99)} (p99), {_seconds(max(late, default=p99))} (worst) "
        "after the planned moment."
    )
    faults = [fault for story, of_one in stories for fault in faults_of(story, of_one)]
    faults.extend(_book_faults(books))
    faults.extend(mailbox_faults)
    if p99 > _LATENESS_P99:
        # Said, not failed: it measures the machine as well.
        say(f"That is more than the {_seconds(_LATENESS_P99)} (p99) that a quiet machine reaches.")
    for fault in faults:
        say(f"WRONG  {fault}", style="bold red")
    if not faults:
        say("Everything came once, in order, in its window; every email is accounted for.")
    return not faults


def _table(stories: Sequence[tuple[Story, Sequence[Sent]]]) -> Table:
    table = new_table(
        "who", "email", "planned, their time", "handed over", "late", numbers=("late",)
    )
    for story, sent in stories:
        for position, each in enumerate(sent):
            table.add_row(
                story.name if position == 0 else "",
                each.key,
                f"{story.local(each.due_at):%a %d %b %H:%M:%S}",
                f"{story.local(each.accepted_at):%H:%M:%S}",
                _seconds(each.lateness),
                end_section=position == len(sent) - 1,
            )
    return table


def _book_faults(books: Books) -> list[str]:
    faults = [
        f'the ledger does not balance: "{each.name}" ({", ".join(each.offenders[:3])})'
        for each in books.invariants
        if not each.holds
    ]
    if books.runs_ahead:
        faults.append(f"{books.runs_ahead} people are still under way")
    faults.extend(
        f"{each.key} to {each.email}: {each.status} ({each.reason})"
        for each in books.messages
        if each.status in ("failed", "unknown", "queued", "sending", "cancelled")
    )
    return faults


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():.2f} s"
