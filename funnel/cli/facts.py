"""Facts by hand and from tables: ``funnel facts add | import``."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened
from funnel.cli.sessions import find_session

if TYPE_CHECKING:
    from funnel.domain.session import Session
    from funnel.intake.attendance_csv import AttendanceTable, TableReading
    from funnel.services.import_facts import ImportReport
    from funnel.storage.transaction import Transactions

app = typer.Typer(no_args_is_help=True, help="What happened, said by hand or by a table.")

_MOST_BYTES = 50_000_000
_MOST_SHOWN = 20


class Fact(StrEnum):
    """What may be said about somebody."""

    ATTENDED = "attended"
    MISSED = "missed"
    WATCHED = "watched"
    GOAL = "goal"
    BOOKED = "booked"
    BOOKING_CANCELLED = "booking cancelled"
    BOUGHT = "bought"
    REPLIED = "replied"
    TAGGED = "tagged"
    UNTAGGED = "untagged"


_NEEDS_NAME = frozenset({Fact.TAGGED, Fact.UNTAGGED})


@app.callback()
def _facts() -> None:
    """What happened, said by hand or by a table."""


@app.command()
def add(
    fact: Annotated[Fact, typer.Argument(help="goal: what the sequence leads to.")],
    emails: Annotated[list[str], typer.Argument(help="Of whom; several addresses are fine.")],
    name: Annotated[str, typer.Option(help="The tag, the kind of booking, the product.")] = "",
    session: Annotated[
        str | None, typer.Option(help="Which session (id); without: the latest they had.")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M%z"], help="When, with its zone: …T18:40+0100."),
    ] = None,
) -> None:
    """Say that somebody came, missed a session, booked, bought, replied, or has a tag."""
    from funnel.domain.errors import InvalidInputError
    from funnel.domain.facts import FactKind, FactReport
    from funnel.services.record_facts import record_facts

    if fact in _NEEDS_NAME and not name:
        raise InvalidInputError(
            "the tag has no name",
            field="name",
            remedy=f'Give it: funnel facts add "{fact}" … --name vip',
        )
    with opened() as deps:
        session_id = None if session is None else find_session(session, deps.transactions).id
        reports = [
            FactReport(
                kind=FactKind(fact.value),
                email=email,
                session_id=session_id,
                source="by hand",
                at=at,
                name=name,
            )
            for email in emails
        ]
        recorded = record_facts(reports, deps.transactions)
    say(f"Recorded {recorded} of {len(emails)}.")


@app.command("import")
def import_table(  # noqa: PLR0913  (an argument for each option)
    file: Annotated[
        Path, typer.Argument(help="Zoom's report, or a CSV with a column of addresses.")
    ],
    *,
    session: Annotated[str, typer.Option(help="Which session (id, or its first characters).")],
    zone: Annotated[
        str | None, typer.Option(help="Zone of the times in it; without: the session's.")
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help='A column by its name: --map email="Mail of the guest".'),
    ] = None,
    encoding: Annotated[str, typer.Option(help="Such as cp1252; without: UTF-8 or UTF-16.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come of it; write nothing.")
    ] = False,
    complete: Annotated[
        bool,
        typer.Option(
            "--complete", help="It names all who came: close the session, the rest missed."
        ),
    ] = False,
) -> None:
    """Say who came to a session, from Zoom's report or any table; safe to repeat."""
    from funnel.intake.attendance_csv import read_attendance
    from funnel.services.import_facts import import_facts

    with opened() as deps:
        found = find_session(session, deps.transactions)
        reading = _reading(found, zone, map_ or [], encoding)
        table = read_attendance(_content(file), reading)
        _say_columns(table)
        report = import_facts(table.rows, found.id, deps.transactions, is_trial=dry_run)
        _say_broken(table, report)
        say(_summary(report, is_trial=dry_run))
        if complete and not table.problems:
            _close(found, report, deps.transactions, is_trial=dry_run)
    if table.problems:
        if complete:
            say("The session stays open: mend the broken lines first, and import again.")
        raise typer.Exit(1)


def _close(
    session: "Session", report: "ImportReport", transactions: "Transactions", *, is_trial: bool
) -> None:
    """Say, or only say what it would be, that who is not in the table missed the session."""
    from funnel.domain.errors import InvalidInputError
    from funnel.services.close_session import close_session, count_unknown

    if not report.attended and not report.missed:
        raise InvalidInputError(
            "the table names nobody, so the session stays open",
            field="file",
            remedy="If really nobody came, close it by hand: funnel session close ID.",
        )
    if is_trial:
        unknown = count_unknown(session.id, transactions)
        say(f"It would close the session; of {unknown:,} people nothing is known before it.")
        return
    missed = close_session(session.id, transactions)
    say(f"Closed the session: {missed:,} who are not in the table missed it.")


def _reading(
    session: "Session", zone: str | None, mapping: list[str], encoding: str
) -> "TableReading":
    from funnel.domain.session_plan import check_zone
    from funnel.intake.attendance_csv import TableReading

    check_zone(zone or session.zone)
    return TableReading(
        zone=ZoneInfo(zone or session.zone),
        starts_at=session.starts_at,
        columns=dict(_pair(each) for each in mapping),
        encoding=encoding,
    )


def _pair(text: str) -> tuple[str, str]:
    from funnel.domain.errors import InvalidInputError
    from funnel.intake.attendance_csv import KNOWN_COLUMNS

    name, sign, column = text.partition("=")
    if name not in KNOWN_COLUMNS or not sign or not column.strip():
        raise InvalidInputError(
            f"“{text}” maps no column",
            field="map",
            remedy=f'Write NAME="column of the table"; names are {", ".join(KNOWN_COLUMNS)}.',
        )
    return name, column


def _content(file: Path) -> bytes:
    from funnel.domain.errors import InvalidInputError

    try:
        if file.stat().st_size > _MOST_BYTES:
            raise InvalidInputError(
                "the file is larger than 50 MB", field="file", remedy="Divide it into several."
            )
        return file.read_bytes()
    except OSError as error:
        raise InvalidInputError(
            f"{file} cannot be read: {error.strerror}", field="file", remedy="Look at its name."
        ) from error


def _say_columns(table: "AttendanceTable") -> None:
    named = ", ".join(f"{name} from “{column}”" for name, column in table.columns.items())
    say(f"Read {len(table.rows):,} lines: {named}.")


def _say_broken(table: "AttendanceTable", report: "ImportReport") -> None:
    for problem in table.problems:
        say(f"Line {problem.line}: {problem.reason.rstrip('.')}. {problem.remedy}", style="red")
    if not report.not_taken:
        return
    shown = new_table("line", "address", "not taken, because", numbers=("line",))
    for each in report.not_taken[:_MOST_SHOWN]:
        shown.add_row(str(each.line), each.email, each.reason)
    show(shown)
    if len(report.not_taken) > _MOST_SHOWN:
        say(f"… and {len(report.not_taken) - _MOST_SHOWN:,} more.")


def _summary(report: "ImportReport", *, is_trial: bool) -> str:
    taken = f"{report.attended:,} came, {report.missed:,} missed it"
    facts = f"{report.new:,} facts are new, {report.known:,} were known"
    if is_trial:
        return f"It would say: {taken}. {facts}. Nothing was written."
    return f"{taken[0].upper()}{taken[1:]}. {facts[0].upper()}{facts[1:]}."
