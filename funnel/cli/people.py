"""People: ``funnel calendar PERSON``, ``funnel explain PERSON EMAIL``."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened

if TYPE_CHECKING:
    from datetime import datetime

    from funnel.bootstrap import Deps
    from funnel.domain.calendar import PersonCalendar
    from funnel.services.read_person_calendar import PersonCalendars

_PERSON = "An address, or a person's id."
_MASTERCLASS = "The masterclass"


class CalendarFormat(StrEnum):
    TABLE = "table"
    JSON = "json"
    ICS = "ics"
    CSV = "csv"


def calendar(
    person: Annotated[str, typer.Argument(help=_PERSON)],
    *,
    shape: Annotated[
        CalendarFormat, typer.Option("--format", help="ics and csv hold the newest run.")
    ] = CalendarFormat.TABLE,
) -> None:
    """Show what a person got and gets, in their own time, each with its reason."""
    from funnel.services.read_person_calendar import read_calendars_of

    with opened() as deps:
        found = read_calendars_of(person, deps.transactions)
        if shape is CalendarFormat.JSON:
            _print_json(found)
        elif not found.calendars:
            say("They are in no sequence yet.")
        elif shape is CalendarFormat.ICS:
            _print_ics(found.calendars[0], deps)
        elif shape is CalendarFormat.CSV:
            _print_csv(found.calendars[0])
        else:
            for each in found.calendars:
                _print_table(each)


def explain(
    person: Annotated[str, typer.Argument(help=_PERSON)],
    email: Annotated[str, typer.Argument(help='The email\'s key, such as "one-hour".')],
) -> None:
    """Say why a person got an email or did not, decision by decision, with the evidence."""
    from funnel.services.explain_step import explain_step

    with opened() as deps:
        explanations = explain_step(
            person,
            email,
            deps.transactions,
            most_published=deps.dispatch_limits.published_per_lane,
        )
    for number, each in enumerate(explanations):
        if number:
            say()
        say(each.title, style="bold")
        for line in each.lines:
            say(f"  {line.about}: {line.says}")
            if line.evidence:
                say(f"      {line.evidence}", style="dim")
        say(each.verdict)


def _print_json(found: "PersonCalendars") -> None:
    import json

    from funnel.domain.calendar_json import calendars_as_json

    answer = calendars_as_json(found.subscriber_id, found.calendars)
    say(json.dumps(answer, ensure_ascii=False, indent=2))


def _print_ics(one: "PersonCalendar", deps: "Deps") -> None:
    from funnel.rendering.person_calendar_file import person_calendar_file
    from funnel.services.read_offer import read_offer

    brand = read_offer(one.sequence_id, deps.transactions).brand
    domain = brand.from_address.rpartition("@")[2]
    # Bytes, for the file has line ends of its own.
    typer.echo(person_calendar_file(one, domain=domain), nl=False)


def _print_csv(one: "PersonCalendar") -> None:
    import csv
    import io

    from funnel.domain.calendar_json import calendar_as_json

    names = ("at", "local", "key", "copy", "kind", "state", "name", "why")
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=names)
    writer.writeheader()
    writer.writerows(calendar_as_json(one)["emails"])
    typer.echo(file.getvalue().encode(), nl=False)


def _print_table(one: "PersonCalendar") -> None:
    from funnel.rendering.words import place_in_words

    zone = ZoneInfo(one.zone)
    table = new_table("when", "email", "", "why")
    rows = [(each.at, each.name, each.state.value, each.why) for each in one.lines]
    if one.session is not None:
        rows.append((one.session.starts_at, _MASTERCLASS, "", one.session.title))
    latest = max((at for at, *_ in rows if at), default=one.now)
    for at, name, state, why in sorted(rows, key=lambda row: row[0] or latest):
        table.add_row(_moment(at, zone) if at else "", name, state, why)
    show(table)
    paused = one.letters_paused_until
    if paused is not None and paused > one.now:
        say(f"The letters are paused until {_moment(paused, zone)}.")
    say(f"Times are those of {place_in_words(zone)}. Now: {_moment(one.now, zone)}.")


def _moment(at: "datetime", zone: ZoneInfo) -> str:
    from funnel.domain.calendar_words import short_day

    local = at.astimezone(zone)
    return f"{short_day(local.date())} {local.year} {local:%H:%M}"
