"""``funnel rehearse`` and ``funnel test``: a sequence in simulated time; nothing is sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.console import complain, say
from funnel.cli.errors import FAILED, WRONG_INPUT
from funnel.cli.opening import opened
from funnel.cli.text_files import read_text_file
from funnel.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from funnel.bootstrap import Deps
    from funnel.services.rehearse import RehearsalRequest, TakeMail

_FORMATS = ("grid", "json", "csv", "ics")
_Sequence = Annotated[
    str | None, typer.Argument(help="Its name; may be left out where there is only one.")
]


def rehearse(  # noqa: PLR0913  (each is an option of the command line)
    sequence: _Sequence = None,
    *,
    people: Annotated[
        Path | None, typer.Option(help="Who is rehearsed: a YAML or JSON list.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="That many made-up people.")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="The first day, like 2026-12-01; default: now.")
    ] = None,
    facts: Annotated[
        Path | None, typer.Option(help="What happens to them: a YAML or JSON list.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3660, help="How far to look.")] = 200,
    expect: Annotated[
        int | None, typer.Option(min=0, help="People to reckon with in each date.")
    ] = None,
    draft: Annotated[bool, typer.Option("--draft", help="The draft, not what is live.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Straight from these files; no database is asked.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="grid, json, csv or ics.")] = "grid",
    out: Annotated[Path | None, typer.Option(help="Write to this file instead.")] = None,
    mails: Annotated[
        Path | None, typer.Option(help="Write each rendered email into this folder (.eml).")
    ] = None,
) -> None:
    """Play a sequence in simulated time for chosen or made-up people. Nothing is written or sent.

    Exit code 1 if something must be mended before it goes live.
    """
    from funnel.cli.rehearsal_output import show_rehearsal
    from funnel.services.rehearse import rehearse as play
    from funnel.services.rehearse import rehearse_folder

    if format_ not in _FORMATS:
        raise InvalidInputError(
            f"“{format_}” is no format", field="format", remedy=f"Use {', '.join(_FORMATS)}."
        )
    if draft and folder is not None:
        raise InvalidInputError(
            "a draft is in the database, not in a folder", remedy="Leave out --draft or --folder."
        )
    with _problems_by_line():
        request = _request(people, sample, facts, from_)
        with opened() as deps:
            request = replace(
                request,
                days=days,
                expected=expect,
                per_hour=_per_hour(deps, has_database=folder is None),
                base_url=deps.settings.base_url.rstrip("/"),
            )
            take_mail = _mail_writer(mails)
            if folder is not None:
                rehearsal = rehearse_folder(
                    folder, sequence, request, now=deps.process_now(), take_mail=take_mail
                )
            else:
                rehearsal = play(
                    sequence, request, deps.transactions, uses_draft=draft, take_mail=take_mail
                )
    show_rehearsal(rehearsal, format_, out)
    if rehearsal.has_errors:
        raise typer.Exit(FAILED)


def check(
    sequence: _Sequence = None,
    *,
    folder: Annotated[
        Path | None, typer.Option(help="Where the files are; default: the configured folder.")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Write what is decided now as what is right.")
    ] = False,
) -> None:
    """Compare who gets what when with the recorded rehearsal; no database is asked.

    Exit code 1 if any moment or reason changed.
    """
    from funnel.domain.rehearsal_findings import finding_text
    from funnel.services.check_rehearsal import check_rehearsal, record_rehearsal

    with opened(may_be_demo=False) as deps:
        act = record_rehearsal if record else check_rehearsal
        checked = act(folder or deps.definitions_folder, sequence)
    for change in checked.changes:
        say(str(change), style="bold red")
    for finding in checked.findings:
        complain(finding_text(finding), remedy=finding.remedy)
    if not checked.holds:
        if checked.changes:
            say(
                f"{len(checked.changes)} of {checked.decisions} decisions are not as recorded in "
                f"{checked.file.name}. If that is meant: funnel test {checked.slug} --record."
            )
        raise typer.Exit(FAILED)
    verb = "recorded in" if record else "as recorded in"
    say(f"{checked.decisions} decisions {verb} {checked.file.name}.")


@contextmanager
def _problems_by_line() -> Iterator[None]:
    """Say each mistake of a file of people or facts with its line and what to write."""
    from funnel.domain.rehearsal_file import RehearsalFileError

    try:
        yield
    except RehearsalFileError as error:
        for problem in error.problems:
            place = f"in {error.file_name}, line {problem.line}"
            complain(f"{place}: {problem.reason}", remedy=problem.remedy)
        raise typer.Exit(WRONG_INPUT) from error


def _request(
    people: Path | None, sample: int | None, facts: Path | None, starts_on: str | None
) -> "RehearsalRequest":
    from funnel.domain.rehearsal_file import parse_facts, parse_people
    from funnel.services.rehearse import RehearsalRequest

    return RehearsalRequest(
        people=parse_people(read_text_file(people), file_name=people.name) if people else (),
        people_file=people.name if people else "",
        sample_size=sample,
        facts=parse_facts(read_text_file(facts), file_name=facts.name) if facts else (),
        facts_file=facts.name if facts else "",
        starts_on=_day(starts_on) if starts_on else None,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(
            f"“{text}” is no day", field="from", remedy="Write it like 2026-12-01."
        ) from error


def _mail_writer(folder: Path | None) -> "TakeMail | None":
    """Return what writes a rendered email into the folder; it must be new or empty."""
    if folder is None:
        return None
    from funnel.sending.mime import build
    from funnel.services.rehearse_mails import RehearsedMail, mail_name

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidInputError(
            f"{folder} is not empty", field="mails", remedy="Name a folder that is not there yet."
        )
    folder.mkdir(parents=True, exist_ok=True)

    def write(mail: RehearsedMail) -> None:
        (folder / f"{mail_name(mail)}.eml").write_bytes(build(mail.built))

    return write


def _per_hour(deps: "Deps", *, has_database: bool) -> int | None:
    """Return what may leave in an hour: by the budgets, or where no database is, by the setting."""
    from funnel.services.read_budgets import known_per_hour

    if not (has_database and deps.settings.database_url):
        return deps.settings.provider_per_hour
    return known_per_hour(deps.transactions, deps.dispatch_limits.claim_rules)
