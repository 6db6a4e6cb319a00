"""Versions and drafts: ``funnel sequence show | export | draft | diff | discard | versions``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.console import complain, new_table, say, show
from funnel.cli.errors import WRONG_INPUT
from funnel.cli.opening import opened, who
from funnel.cli.text_files import read_text_file

if TYPE_CHECKING:
    from funnel.domain.sequence import Step
    from funnel.storage.drafts import Draft

SlugName = Annotated[str, typer.Argument(help="The sequence's name, as in its file's name.")]
_Number = Annotated[int | None, typer.Option("--version", help="Without: the one that is live.")]


def show_version(slug: SlugName, *, number: _Number = None) -> None:
    """Show the emails of a sequence in their order: when each leaves, and for whom."""
    from funnel.services.read_versions import read_version

    with opened() as deps:
        version = read_version(slug, number, deps.transactions)
    definition = version.definition
    say(f'"{definition.title}", version {version.number}{", live" if version.is_live else ""}.')
    table = new_table("email", "key", "kind", "when", "only if", "skip if")
    for step in definition.steps:
        table.add_row(step.known_as, step.key, step.kind, _when(step), *_conditions(step))
    show(table)


def export(
    slug: SlugName,
    *,
    number: _Number = None,
    out: Annotated[Path | None, typer.Option(help="Write there instead of here.")] = None,
) -> None:
    """Print a version as a sequence file, to be edited and saved as a draft."""
    from funnel.services.read_versions import read_version

    with opened() as deps:
        version = read_version(slug, number, deps.transactions)
    if out is None:
        sys.stdout.write(version.text)
        return
    try:
        out.write_text(version.text, "utf-8")
    except OSError as error:
        complain(f"{out} cannot be written: {error}")
        raise typer.Exit(WRONG_INPUT) from error
    say(f"Wrote version {version.number} to {out}.")


def draft(
    slug: SlugName,
    file: Annotated[Path, typer.Argument(help="A sequence file, wherever it lies.")],
    *,
    on: Annotated[
        int | None, typer.Option("--on", help="The version that it was begun from.")
    ] = None,
) -> None:
    """Save a file as the draft of a sequence. Nothing that is live changes."""
    from funnel.domain.sequence_file import SequenceFileError
    from funnel.services.edit_draft import edit_draft

    source = read_text_file(file)
    try:
        with opened() as deps:
            saved = edit_draft(slug, source, by=who(), transactions=deps.transactions, on=on)
    except SequenceFileError as error:
        for problem in error.problems:
            complain(f"{file}, line {problem.line}: {problem.reason}", remedy=problem.remedy)
        raise typer.Exit(WRONG_INPUT) from error
    begun = "a new sequence" if saved.base_number is None else f"from version {saved.base_number}"
    say(f"Saved the draft of {slug}: {saved.emails} emails, {begun}. Nothing live has changed.")
    if saved.is_live_already:
        say("It says what is live already.")
    elif saved.base_number != saved.live_number:
        say(f"Version {saved.live_number} is live by now: `funnel sequence diff {slug}` shows what")
        say(f"  it would undo. If that is meant, save it once more with --on {saved.live_number}.")
    else:
        say(f"Next: `funnel sequence impact {slug} --policy move`, or rehearse it.")


def diff(slug: SlugName) -> None:
    """Show what the draft says otherwise than what is live."""
    from funnel.services.read_versions import read_difference

    with opened() as deps:
        found = read_difference(slug, deps.transactions)
    _say_whose(found.draft)
    if found.base_number != found.live_number:
        say(f"It was begun from version {found.base_number}; version {found.live_number} is live.")
    if not found.lines:
        say("It says what is live already.")
    for line in found.lines:
        say(line, style={"+": "green", "-": "red"}.get(line[:1], ""))


def discard(
    slug: SlugName,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Delete the draft. What is live stays."""
    from funnel.services.discard_draft import discard_draft
    from funnel.services.read_versions import read_difference

    with opened() as deps:
        _say_whose(read_difference(slug, deps.transactions).draft)
        if not yes and not typer.confirm("Delete it?"):
            say("Nothing was changed.")
            return
        discard_draft(slug, by=who(), transactions=deps.transactions)
    say(f"The draft of {slug} is deleted.")


def versions(slug: SlugName) -> None:
    """List what was published of a sequence, by whom, and how many people are on each version."""
    from funnel.services.read_versions import read_versions

    with opened() as deps:
        found = read_versions(slug, deps.transactions)
    table = new_table("version", "published", "from", "by", "people", "note", numbers=("people",))
    for each in found.versions:
        table.add_row(
            f"{each.number}{' (live)' if each.is_live else ''}",
            f"{each.published_at:%Y-%m-%d %H:%M}",
            each.origin,
            each.published_by,
            f"{each.people:,}",
            each.note,
        )
    show(table)
    if found.draft is not None:
        _say_whose(found.draft)


def _say_whose(draft: "Draft") -> None:
    say(f"The draft was saved by {draft.updated_by} at {draft.updated_at:%Y-%m-%d %H:%M} UTC.")


def _when(step: "Step") -> str:
    from funnel.domain.timing_text import timing_text

    words = timing_text(step.timing)
    if step.without_session is None:
        return words
    return f"{words}; without a seat {timing_text(step.without_session)}"


def _conditions(step: "Step") -> tuple[str, str]:
    from funnel.domain.condition_text import condition_text

    wanted = [condition_text(each) for each in step.conditions if not each.is_negated]
    refused = [condition_text(each) for each in step.conditions if each.is_negated]
    return " and ".join(wanted), " or ".join(refused)
