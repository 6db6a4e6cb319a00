"""A launch held again, and what a sequence file may say: ``funnel sequence copy | schema``."""

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.console import complain, say
from funnel.cli.errors import WRONG_INPUT
from funnel.cli.opening import opened, who

if TYPE_CHECKING:
    from funnel.domain.launch_dates import FirstStart, Shift


def copy(
    slug: Annotated[str, typer.Argument(help="The sequence to copy.")],
    new_slug: Annotated[str, typer.Argument(help="The copy's name, in files and addresses.")],
    *,
    title: Annotated[str, typer.Option(help="What people see. Without: as the original's.")] = "",
    days: Annotated[
        int | None, typer.Option(help="Every date so many days later, at the same hour there.")
    ] = None,
    start: Annotated[
        str, typer.Option(help="Or: when the first date begins, as 2027-03-02T18:00+01:00.")
    ] = "",
    draft: Annotated[
        bool, typer.Option("--draft", help="Copy its draft instead of what is live.")
    ] = False,
) -> None:
    """Copy a launch: sequence, emails, page and dates, no people. Nothing of it is live."""
    from funnel.services.copy_launch import NewLaunch, copy_launch

    new = NewLaunch(slug=new_slug, title=title, dates=_dates(days, start), uses_draft=draft)
    with opened() as deps:
        copied = copy_launch(slug, new, by=who(), transactions=deps.transactions)
    say(f'"{copied.title}" is a draft named {copied.slug}, with {copied.emails} emails.')
    for key in copied.unwritten:
        say(f"  {key} has no text yet.")
    for date in copied.dates:
        say(f"  {date.starts_at:%Y-%m-%d %H:%M} UTC: {date.title}, without a room yet")
    if not copied.dates:
        say("  The original has no date: add one with `funnel session add`.")
    say(f"Next: `funnel rehearse {copied.slug} --draft`, then `funnel sequence publish`.")


def schema() -> None:
    """Print the JSON Schema of sequence files, for an editor that helps while one writes."""
    from funnel.domain.sequence_schema import sequence_schema

    sys.stdout.write(f"{json.dumps(sequence_schema(), indent=2)}\n")


def _dates(days: int | None, start: str) -> "Shift | FirstStart":
    from funnel.domain.launch_dates import FirstStart, Shift

    if (days is None) == (not start):
        complain("say when it is held again", remedy="Give either --days 28 or --start.")
        raise typer.Exit(WRONG_INPUT)
    if days is not None:
        return Shift(days=days)
    try:
        at = datetime.fromisoformat(start)
    except ValueError as error:
        complain(f'"{start}" is no moment', remedy="Write it like 2027-03-02T18:00+01:00.")
        raise typer.Exit(WRONG_INPUT) from error
    if at.tzinfo is None:
        complain(
            f'"{start}" has no offset from UTC', remedy="Write it like 2027-03-02T18:00+01:00."
        )
        raise typer.Exit(WRONG_INPUT)
    return FirstStart(at=at)
