"""``funnel people import``: people from another tool's file, tried unless they are to come in."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.console import new_table, progress, say, show
from funnel.cli.opening import opened, who

if TYPE_CHECKING:
    from funnel.bootstrap import Deps
    from funnel.domain.consent import Topic
    from funnel.domain.people_import import Column, ImportOptions
    from funnel.services.import_people import ImportPage
    from funnel.storage.transaction import Transactions

app = typer.Typer(no_args_is_help=True, help="People: bring them in from another tool.")

_MOST_SHOWN = 20


@app.callback()
def _people() -> None:
    """People: bring them in from another tool."""


@app.command("import")
def import_people(  # noqa: PLR0913  (an argument for each option)
    file: Annotated[Path, typer.Argument(help="The CSV that the other tool exported.")],
    *,
    wording: Annotated[str, typer.Option(help="What the form said where they signed up.")],
    start: Annotated[
        bool, typer.Option("--start", help="Take them in; without: try, and write nobody.")
    ] = False,
    column: Annotated[
        list[str] | None,
        typer.Option(help='What a column holds, by its name: --column "Signup=agreed_at".'),
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="What they agreed to: letters, seat or both.")
    ] = None,
    agreed_on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day for all of whom the file does not say it."),
    ] = None,
    zone: Annotated[str, typer.Option(help="Zone of the file; without: your next date's.")] = "",
    day_first: Annotated[bool, typer.Option("--day-first", help="03/04 is in April.")] = False,
    sequence: Annotated[str, typer.Option(help="Where they begin; without: nowhere.")] = "",
    step: Annotated[str, typer.Option(help="Key of the email that they begin with.")] = "",
    encoding: Annotated[str, typer.Option(help="Such as cp1252; without: it is found out.")] = "",
) -> None:
    """Bring people from another tool, without a second opt-in; first tried, line by line."""
    from funnel.services.import_people import start_import, try_import, upload_people

    content = _content(file)
    with opened() as deps:
        by, transactions = who(), deps.transactions
        page = upload_people(
            content, file.name, by=by, transactions=transactions, encoding=encoding
        )
        options = replace(
            page.options,
            columns=_columns(page, column or []),
            topics=_topics(topic or ["letters"]),
            wording=wording,
            agreed_on=agreed_on.date() if agreed_on else None,
            zone=zone or page.options.zone,
            is_day_first=day_first,
            sequence=sequence,
            step=step,
        )
        _say_columns(page, options)
        import_id = page.record.id
        try_import(import_id, options, by=by, transactions=transactions)
        _go_through(page, deps)
        if start:
            start_import(import_id, by=by, transactions=transactions)
            _go_through(page, deps)
        _say_result(page, transactions, is_trial=not start)


def _go_through(page: "ImportPage", deps: "Deps") -> None:
    """Do the work here and now; a worker that is at it as well is waited for."""
    from funnel.services.continue_imports import continue_imports
    from funnel.services.import_people import read_import

    import_id, transactions = page.record.id, deps.transactions
    hash_key = deps.signup_rules.hash_key
    with progress(page.record.total) as show_done:
        while (record := read_import(import_id, transactions).record).status.is_open:
            show_done(record.done)
            continue_imports(transactions, hash_key=hash_key, most_batches=1, only=import_id)


def _content(file: Path) -> bytes:
    from funnel.domain.errors import InvalidInputError
    from funnel.domain.people_import import MOST_FILE_BYTES

    try:
        # One byte more than may be: what is larger is refused by its length, and never read whole.
        with file.open("rb") as opened_file:
            return opened_file.read(MOST_FILE_BYTES + 1)
    except OSError as error:
        raise InvalidInputError(
            f"{file} cannot be read: {error.strerror}", field="file", remedy="Look at its name."
        ) from error


def _columns(page: "ImportPage", given: list[str]) -> "tuple[Column, ...]":
    from funnel.domain.errors import InvalidInputError
    from funnel.domain.people_import import Column

    columns = list(page.options.columns)
    for each in given:
        name, sign, word = each.rpartition("=")
        if not sign or name not in page.record.columns or word not in set(Column):
            known = ", ".join(each for each in Column if each)
            raise InvalidInputError(
                f"“{each}” says nothing about a column",
                field="column",
                remedy=f"Write its name, =, and one of: {known}; nothing after = leaves it out.",
            )
        columns[list(page.record.columns).index(name)] = Column(word)
    return tuple(columns)


def _topics(given: list[str]) -> "tuple[Topic, ...]":
    from funnel.domain.consent import Topic
    from funnel.domain.errors import InvalidInputError

    wrong = next((each for each in given if each not in set(Topic)), None)
    if wrong is not None:
        raise InvalidInputError(
            f"nobody agrees to “{wrong}”", field="topic", remedy="Write letters, seat, or both."
        )
    return tuple(each for each in Topic if each in given)


def _say_columns(page: "ImportPage", options: "ImportOptions") -> None:
    from funnel.domain.import_words import COLUMNS

    say(f"{page.record.file_name}: {page.record.total:,} lines, read as {page.tool}.")
    shown = new_table("column", "holds", "for example")
    for name, holds, samples in zip(
        page.record.columns, options.columns, page.samples, strict=True
    ):
        shown.add_row(name, COLUMNS[holds], " · ".join(samples))
    show(shown)


def _say_result(page: "ImportPage", transactions: "Transactions", *, is_trial: bool) -> None:
    from funnel.domain.import_words import OUTCOMES, remedy, why
    from funnel.domain.people_import import Outcome, Reason
    from funnel.services.import_people import list_lines, read_import

    sums = read_import(page.record.id, transactions).sums
    for outcome, count in sums.items():
        say(f"{OUTCOMES[outcome]}: {count:,}.")
    wrong = (Outcome.REFUSED, Outcome.BROKEN)
    for each in list_lines(page.record.id, wrong, transactions, limit=_MOST_SHOWN):
        reason = Reason.read(each.reason)
        say(f"Line {each.line}: {why(reason)} {remedy(reason)}", style="red")
    address = f"/studio/people/import/{page.record.id}"
    if is_trial:
        say(f"This was a trial: nobody was written. Add --start, or press the button on {address}")
    else:
        say(f"Every line with what became of it: {address}")
