"""Who may log in to the pages: ``funnel user add | list | reset | role | disable | enable``."""

from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened, who
from funnel.domain.access import ROLE_WORDS, Role, User

if TYPE_CHECKING:
    from funnel.bootstrap import Deps

app = typer.Typer(no_args_is_help=True, help="Who may log in to the pages.")

_Email = Annotated[str, typer.Argument(help="The address they log in with.")]
_ROLES = "; ".join(f"{role} {words}" for role, words in ROLE_WORDS.items())


@app.callback()
def _users() -> None:
    """Who may log in to the pages."""


@app.command()
def add(
    email: _Email,
    *,
    role: Annotated[Role, typer.Option(help=f"What they may do: {_ROLES}.")],
    name: Annotated[str, typer.Option(help="What the others read.")] = "",
) -> None:
    """Let somebody log in; print the link by which they choose a password."""
    from funnel.services.manage_users import add_user

    with opened() as deps:
        invitation = add_user(email, role, deps.transactions, by=who(), name=name)
        _print_link(deps, invitation.user, invitation.token)


@app.command("list")
def list_all() -> None:
    """List who may log in, and as what."""
    from funnel.services.manage_users import list_users

    with opened() as deps:
        users = list_users(deps.transactions)
    if not users:
        say("Nobody yet. `funnel user add EMAIL --role admin` lets the first one in.")
        return
    table = new_table("address", "name", "role", "")
    for each in users:
        table.add_row(each.email, each.name, each.role, _state(each))
    show(table)


@app.command()
def reset(email: _Email) -> None:
    """Print a link by which somebody chooses another password; the old one works until then."""
    from funnel.services.manage_users import find_user, reset_user

    with opened() as deps:
        user = find_user(email, deps.transactions)
        invitation = reset_user(user.id, deps.transactions, by=who())
        _print_link(deps, invitation.user, invitation.token)


@app.command("role")
def give_role(
    email: _Email, role: Annotated[Role, typer.Argument(help="What they may do from now on.")]
) -> None:
    """Give somebody another role."""
    from funnel.services.manage_users import change_role, find_user

    with opened() as deps:
        user = find_user(email, deps.transactions)
        change_role(user.id, role, deps.transactions, by=who())
    say(f"{user.email} {ROLE_WORDS[role]}.")


@app.command()
def disable(email: _Email) -> None:
    """Shut somebody out; every log-in of theirs ends now."""
    from funnel.services.manage_users import disable_user, find_user

    with opened() as deps:
        user = find_user(email, deps.transactions)
        disable_user(user.id, deps.transactions, by=who())
    say(f"{user.email} is shut out.")


@app.command()
def enable(email: _Email) -> None:
    """Let somebody in again, with the password that they had."""
    from funnel.services.manage_users import enable_user, find_user

    with opened() as deps:
        user = find_user(email, deps.transactions)
        enable_user(user.id, deps.transactions, by=who())
    say(f"{user.email} may log in again.")


def welcome_address(deps: "Deps", token: str) -> str:
    """Return the address of the page behind a one-time link."""
    return f"{deps.settings.base_url.rstrip('/')}/studio/welcome/{token}"


def _print_link(deps: "Deps", user: User, token: str) -> None:
    say(f"{user.email} chooses a password here, once, within 24 hours:")
    say(welcome_address(deps, token))


def _state(user: User) -> str:
    if user.is_disabled:
        return "shut out"
    if user.is_demo:
        return "the demo's own"
    return "" if user.has_password else "has not chosen a password yet"
