"""Sequences as files: ``funnel sequence load | list | check``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.console import complain, new_table, say, show
from funnel.cli.errors import WRONG_INPUT
from funnel.cli.opening import opened
from funnel.cli.text_files import read_text_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funnel.domain.sequence import Condition, SequenceDefinition
    from funnel.services.read_definitions import FileProblem

app = typer.Typer(no_args_is_help=True, help="Sequences and their emails, as files.")


@app.callback()
def _sequences() -> None:
    """Sequences and their emails, as files."""


@app.command()
def load(
    folder: Annotated[
        Path | None,
        typer.Argument(help="With sequences/, email/ and brands/; without: the configured one."),
    ] = None,
) -> None:
    """Make changed files live. What is wrong in one leaves its live version as it is."""
    from funnel.services.load_definitions import load_definitions

    if folder is not None:
        _check_folder(folder)
    with opened() as deps:
        report = load_definitions(folder or deps.definitions_folder, deps.transactions)
    for each in report.published:
        say(f"{each.file_name}: " + (f"version {each.number} is live" if each.number else "saved"))
    for name in report.drafted:
        say(f"{name}: became the draft. What is live came from a draft or a roll-back: look at")
        say(f"  `funnel sequence diff {Path(name).stem}`, then publish or discard it.")
    if not report.published and not report.drafted:
        say(f"Nothing new in {report.files} files.")
    _complain_about(report.problems)


@app.command("list")
def list_all() -> None:
    """List the live sequences, and the files that are not live as they are written."""
    from funnel.services.list_definitions import list_definitions

    with opened() as deps:
        definitions = list_definitions(deps.transactions)
    if not definitions.sequences:
        say("There is none. `funnel sequence load` makes those in the files live.")
    else:
        table = new_table("sequence", "title", "version", "emails", "brand", "draft by")
        for line in definitions.sequences:
            counts = (str(line.number), str(line.emails))
            table.add_row(line.slug, line.title, *counts, line.brand, line.draft_by)
        show(table)
    for error in definitions.errors:
        complain(f"{error.file_name}: {error.error}")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A sequence file, wherever it lies.")],
) -> None:
    """Check a sequence file, with the emails beside it where it lies in such a folder."""
    from funnel.domain.sequence_file import SequenceFileError, parse_sequence

    text = read_text_file(file)
    try:
        definition = parse_sequence(text, file_name=file.name)
    except SequenceFileError as error:
        for problem in error.problems:
            complain(f"{file}, line {problem.line}: {problem.reason}", remedy=problem.remedy)
        raise typer.Exit(WRONG_INPUT) from error
    say(f'"{definition.title}": {len(definition.steps)} emails.')
    _check_emails(file, definition)


def _check_emails(file: Path, definition: "SequenceDefinition") -> None:
    from funnel.services.read_definitions import read_definitions

    folder = file.resolve().parent.parent
    if not (folder / "email").is_dir():
        say("Its emails were not looked at: there is no folder email/ beside sequences/.")
        return
    definitions = read_definitions(folder)
    prefix = f"email/{definition.slug}/"
    problems = [each for each in definitions.problems if each.file_name.startswith(prefix)]
    broken = {each.file_name for each in problems}
    missing = [
        f"email/{key}.md"
        for key in definitions.missing_emails(definition)
        if f"email/{key}.md" not in broken
    ]
    for name in missing:
        complain(f"{name} is missing", remedy="Write it, or take the step out of the sequence.")
    _complain_about(problems)
    _warn_of_links(definitions.unknown_links(definition))
    if missing:
        raise typer.Exit(WRONG_INPUT)
    say("Every email is there and compiles.")


def _warn_of_links(conditions: "Sequence[Condition]") -> None:
    from funnel.domain.condition_text import condition_text

    for each in conditions:
        complain(
            f"“{condition_text(each)}”: no email has a link called “{each.name}”",
            remedy='Name one so: [words](address "link: a-name"); docs/clicks.md has the rules.',
        )


def _complain_about(problems: "Sequence[FileProblem]") -> None:
    for problem in problems:
        complain(str(problem), remedy=problem.remedy)
    if problems:
        raise typer.Exit(WRONG_INPUT)


def _check_folder(folder: Path) -> None:
    from funnel.domain.errors import InvalidInputError

    if not (folder / "sequences").is_dir():
        raise InvalidInputError(
            f"{folder} holds no definitions",
            field="folder",
            remedy="Name a folder with sequences/, email/ and brands/ in it.",
        )
