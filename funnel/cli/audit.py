"""``funnel audit``: who changed what."""

from typing import Annotated

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened


def audit(
    *,
    by: Annotated[str, typer.Option(help="Only what this account did.")] = "",
    before: Annotated[
        int | None, typer.Option(min=1, help="Only what came before this number.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
) -> None:
    """List who changed what, the newest first."""
    from funnel.services.read_audit import read_audit

    with opened() as deps:
        entries = read_audit(deps.transactions, limit=limit, before=before, by=by)
    if not entries:
        say("Nothing was changed by anybody, as far as was asked.")
        return
    table = new_table("number", "when (UTC)", "who", "what", "of what", "", numbers=("number",))
    for each in entries:
        detail = ", ".join(f"{name} {value}" for name, value in each.detail.items())
        at = f"{each.at:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(each.id), at, each.by, each.action, each.target, detail)
    show(table)
    if len(entries) == limit:
        say(f"Older ones: funnel audit --before {entries[-1].id}")
