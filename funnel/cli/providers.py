"""What providers say of emails: ``funnel provider subscriptions``, ``funnel provider confirm``."""

from typing import Annotated

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened, who

app = typer.Typer(no_args_is_help=True, help="What email providers say of the emails they took.")


@app.callback()
def _provider() -> None:
    """What email providers say of the emails they took."""


@app.command()
def subscriptions() -> None:
    """Show the topics that asked to send their events here."""
    from funnel.services.confirm_subscription import list_subscriptions

    with opened() as deps:
        found = list_subscriptions(deps.transactions)
    if not found:
        say("No topic has asked. docs/connect-provider-events.md says how one does.")
        return
    table = new_table("provider", "topic", "state", "since", "by")
    for each in found:
        since = f"{each.changed_at:%Y-%m-%d %H:%M} UTC"
        table.add_row(each.provider, each.topic, _STATES[each.state], since, each.changed_by)
    show(table)
    if any(each.state == "asked" for each in found):
        say("`funnel provider confirm` says yes to one that waits, if you know it.")


_STATES = {
    "asked": "waits for a person",
    "confirmed": "sends here",
    "ended": "was taken off at the provider",
}


@app.command()
def confirm(
    topic: Annotated[str, typer.Argument(help="Its ARN; needless where one alone waits.")] = "",
) -> None:
    """Say yes to a topic of Amazon SNS that asked to send here; the link is followed once."""
    from funnel.sending.sns_fetch import confirm_subscription as follow
    from funnel.services.confirm_subscription import confirm_subscription

    with opened() as deps:
        chosen = confirm_subscription(topic, follow, deps.transactions, by=who())
    say(f"{chosen.topic} sends its events here from now on.")
