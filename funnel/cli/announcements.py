"""Write to everybody with a seat: ``funnel announce``, ``funnel announcement list | stop``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened, who
from funnel.cli.sessions import SessionName, find_session, named
from funnel.cli.text_files import read_text_file

if TYPE_CHECKING:
    from funnel.services.announce import AnnouncementPreview
    from funnel.services.read_announcements import AnnouncementSums
    from funnel.storage.transaction import Transactions

app = typer.Typer(no_args_is_help=True, help="What was written to everybody with a seat.")

_SHOWN_ID = 8


@app.callback()
def _announcements() -> None:
    """What was written to everybody with a seat."""


def announce(
    session: SessionName,
    *,
    subject: Annotated[str, typer.Option(help="Like “We start 15 minutes late”.")],
    file: Annotated[Path, typer.Option(help="Its text: Markdown, merge fields where wished.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Write to everybody who holds a seat in a session; shown first, and to how many."""
    from funnel.services.announce import announce as announce_to
    from funnel.services.announce import preview_announcement

    text = read_text_file(file)
    with opened() as deps:
        found = find_session(session, deps.transactions)
        preview = preview_announcement(
            found.id,
            subject,
            text,
            transactions=deps.transactions,
            previewing=deps.previewing,
        )
        say(f"To those who hold a seat in {named(found)}:")
        _show(preview)
        if not yes and not typer.confirm(f"Send it to {_people(preview.people)}?"):
            say("Nothing was sent.")
            return
        sent = announce_to(
            found.id,
            subject,
            text,
            by=who(),
            transactions=deps.transactions,
            previewing=deps.previewing,
        )
    say(f"It leaves now. `funnel announcement stop {str(sent.id)[:_SHOWN_ID]}` stops the rest.")


@app.command("list")
def list_all(session: SessionName) -> None:
    """List what was written to those with a seat in a session, and what became of it."""
    from funnel.services.read_announcements import read_announcements

    with opened() as deps:
        found = find_session(session, deps.transactions)
        sums = read_announcements(found.id, deps.transactions)
    if not sums:
        say("Nothing was. `funnel announce` writes to them.")
        return
    numbers = ("people", "sent", "waiting", "failed", "unknown", "not sent")
    table = new_table("id", "subject", *numbers, "why not", numbers=numbers)
    for each in sums:
        table.add_row(*_row(each))
    show(table)


@app.command()
def stop(
    announcement: Annotated[str, typer.Argument(help="Its id, or its first characters.")],
) -> None:
    """Cancel what has not left of one."""
    from funnel.services.stop_announcement import stop_announcement

    with opened() as deps:
        found = _find(announcement, deps.transactions)
        stopped = stop_announcement(found, by=who(), transactions=deps.transactions)
    say(f"Stopped “{stopped.title}”: what had not left does not leave.")


def _find(word: str, transactions: "Transactions") -> UUID:
    from funnel.services.read_announcements import find_announcement

    return find_announcement(word, transactions).id


def _show(preview: "AnnouncementPreview") -> None:
    say()
    say(preview.subject, style="bold")
    say(preview.text)
    say()
    for finding in preview.findings:
        say(f"{finding.message} {finding.remedy}", style="yellow")
    say(f"{_people(preview.people)} get it; above is what {preview.read_by} reads.")
    for each in preview.not_sent:
        say(f"{_people(each.people)} do not: {each.why}.")


def _row(sums: "AnnouncementSums") -> tuple[str, ...]:
    not_sent = sum(each.people for each in sums.not_sent)
    numbers = (sums.total, sums.sent, sums.waiting, sums.failed, sums.unknown, not_sent)
    why = "; ".join(f"{each.why} ({each.people:,})" for each in sums.not_sent)
    announcement = sums.announcement
    return (
        str(announcement.id)[:_SHOWN_ID],
        announcement.title,
        *(f"{each:,}" for each in numbers),
        why,
    )


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"
