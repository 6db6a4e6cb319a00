"""Ways in for programs: ``funnel token add | list | revoke``."""

from typing import Annotated

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened, who
from funnel.domain.api_token import Scope

app = typer.Typer(no_args_is_help=True, help="Ways in for programs that use the API.")


@app.callback()
def _tokens() -> None:
    """Ways in for programs that use the API."""


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is for, such as the program's name.")],
    *,
    scope: Annotated[list[Scope], typer.Option(help="What it is good for; repeat it for more.")],
) -> None:
    """Add a token and show it, this once."""
    from funnel.services.add_token import add_token

    with opened() as deps:
        token = add_token(name, frozenset(scope), deps.transactions, by=who())
    say(f"Token, shown only now: {token}")
    say('A program sends it with each request: "Authorization: Bearer …".')


@app.command("list")
def list_all() -> None:
    """List tokens, without what they are: what each is good for, and when it was used last."""
    from funnel.services.add_token import list_tokens

    with opened() as deps:
        tokens = list_tokens(deps.transactions)
    if not tokens:
        say("There is none. `funnel token add NAME --scope read` adds one.")
        return
    table = new_table("name", "scopes", "added (UTC)", "last used (UTC)", "")
    for each in tokens:
        table.add_row(
            each.name,
            ", ".join(sorted(each.scopes)),
            f"{each.created_at:%Y-%m-%d %H:%M}",
            f"{each.last_used_at:%Y-%m-%d %H:%M}" if each.last_used_at else "never",
            "revoked" if each.revoked_at else "",
        )
    show(table)


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="The token's name.")]) -> None:
    """End a token: whoever uses it is refused from now on."""
    from funnel.services.add_token import revoke_token

    with opened() as deps:
        revoke_token(name, deps.transactions, by=who())
    say(f"“{name}” works no more.")
