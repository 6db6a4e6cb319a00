"""Sessions that come again: ``funnel series add | list | end``."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened, who
from funnel.cli.sessions import DEFAULT_SEQUENCE, local_start, named

if TYPE_CHECKING:
    from funnel.domain.series import Series
    from funnel.services.fill_series import FilledSeries
    from funnel.storage.transaction import Transactions

_SHOWN_ID = 8
_DAY_FORMATS = ["%Y-%m-%d"]

app = typer.Typer(no_args_is_help=True, help="Series: sessions that come again by a rule.")


@app.callback()
def _series() -> None:
    """Series: sessions that come again by a rule."""


@app.command()
def add(  # noqa: PLR0913  (an argument for each option)
    rule: Annotated[str, typer.Argument(help='In words: "every first Thursday, 18:00".')],
    *,
    zone: Annotated[str, typer.Option(help="Zone of that hour, like Europe/Berlin.")],
    title: Annotated[str, typer.Option(help="As people read it.")],
    minutes: Annotated[int, typer.Option(min=5, max=1440, help="Length of each.")] = 90,
    seats: Annotated[int | None, typer.Option(min=1, help="How many; without: no limit.")] = None,
    join_url: Annotated[str, typer.Option(help="The room, the same for each.")] = "",
    clicks_count: Annotated[
        bool, typer.Option(help="Clicks on the join link count as having come.")
    ] = False,
    ahead: Annotated[int, typer.Option(help="How many coming sessions are kept.")] = 3,
    begins: Annotated[
        datetime | None, typer.Option(formats=_DAY_FORMATS, help="First day; without: today.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=_DAY_FORMATS, help="Last day; without: no end.")
    ] = None,
    sequence: Annotated[str, typer.Option(help="Its sequence.")] = DEFAULT_SEQUENCE,
) -> None:
    """Add a series; its next sessions are made at once, the others as time goes on."""
    from funnel.domain.series import NewSeries
    from funnel.services.add_series import add_series

    new = NewSeries(
        sequence_slug=sequence,
        rule=rule,
        zone=zone,
        title=title,
        length=timedelta(minutes=minutes),
        seats=seats,
        join_url=join_url,
        clicks_count=clicks_count,
        ahead=ahead,
        begins_on=begins.date() if begins else None,
        ends_on=until.date() if until else None,
    )
    with opened() as deps:
        filled = add_series(new, deps.transactions, by=who())
    say(f"Added: {_named(filled.series)}.")
    _say_filled(filled)
    if not join_url:
        say("Its sessions have no room yet: `funnel session change ID --join-url …` for each.")


@app.command("list")
def list_all() -> None:
    """List series, the oldest first."""
    from funnel.services.list_series import list_series

    with opened() as deps:
        lines = list_series(deps.transactions)
    if not lines:
        say("There is none. `funnel series add` adds one.")
        return
    table = new_table("id", "rule", "zone", "title", "kept ahead", "coming", "until", "state")
    for line in lines:
        series = line.series
        table.add_row(
            str(series.id)[:_SHOWN_ID],
            series.rule.text,
            series.zone,
            series.title,
            str(series.ahead),
            str(line.coming),
            str(series.ends_on or ""),
            "goes on" if series.ended_at is None else "ended",
        )
    show(table)


@app.command()
def end(
    series: Annotated[str, typer.Argument(help="The series' id, or its first characters.")],
) -> None:
    """Make no further session of a series; those that are there stay."""
    from funnel.services.add_series import end_series

    with opened() as deps:
        ended = end_series(_find(series, deps.transactions).id, deps.transactions, by=who())
    say(f"Ended: {_named(ended)}. Its coming sessions stay; `funnel session cancel` cancels one.")


def _say_filled(filled: "FilledSeries") -> None:
    for session in filled.made:
        say(f"  {named(session)}")
    for skipped in filled.skipped:
        say(
            f'  Left out: {skipped.occurrence.on}, because "{skipped.other.title}" is held then, '
            f"{local_start(skipped.other)}."
        )
    for note in filled.notes:
        say(f"  {note[:1].upper()}{note[1:]}, as clocks are put forward.")


def _named(series: "Series") -> str:
    return f'"{series.title}", {series.rule.text}, {series.zone} ({str(series.id)[:_SHOWN_ID]})'


def _find(beginning: str, transactions: "Transactions") -> "Series":
    from funnel.domain.errors import InvalidInputError
    from funnel.services.list_series import list_series

    wanted = beginning.strip().lower()
    found = [
        line.series
        for line in list_series(transactions)
        if wanted and str(line.series.id).startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    number = f"{len(found)} series have" if found else "no series has"
    raise InvalidInputError(
        f'{number} an id that begins with "{beginning}"',
        field="series",
        remedy="`funnel series list` shows them with their ids.",
    )
