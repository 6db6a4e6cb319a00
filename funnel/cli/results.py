"""``funnel results check``: the sums of the results page against a recount of the rows."""

from typing import Annotated

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened

app = typer.Typer(no_args_is_help=True, help="What the studio's page of results counts.")


@app.callback()
def _results() -> None:
    """What the studio's page of results counts."""


@app.command()
def check(
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Put right what is wrong.")] = False,
) -> None:
    """Count all rows again and compare; whole tables are read. Ends with 1 if a sum stays wrong."""
    from funnel.services.check_results import check_results

    with opened() as deps:
        wrong = check_results(deps.transactions, repairs=repair).wrong
    if not wrong:
        say("Every sum is what the rows say.")
        return
    table = new_table("of", "key", "what", "sum", "rows", numbers=("sum", "rows"))
    for each in wrong:
        tally = each.tally
        table.add_row(tally.scope, tally.key, tally.measure, str(each.said), str(each.are))
    show(table)
    if repair:
        say("They are right now.")
        return
    say("`funnel results check --repair` puts them right.")
    raise typer.Exit(1)
