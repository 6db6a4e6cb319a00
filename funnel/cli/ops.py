"""What a crash left: ``funnel ops hosts | settle``, ``funnel ops unknown list | mark``."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened, who

app = typer.Typer(no_args_is_help=True, help="What a crash left, and how to settle it.")
unknown_app = typer.Typer(
    no_args_is_help=True, help="Emails to which no answer came: nobody knows whether they left."
)
app.add_typer(unknown_app, name="unknown")


class Said(StrEnum):
    """What a person found out about an email."""

    SENT = "sent"
    RESEND = "resend"


@app.command()
def hosts() -> None:
    """List the machines whose workers have emails in hand, and whose leases are over."""
    from funnel.domain.status import words_of
    from funnel.services.settle_host import list_open_hosts

    with opened() as deps:
        found = list_open_hosts(deps.transactions)
        own = deps.journals.host_id()
    if not found:
        say("No worker has an email in hand.")
        return
    table = new_table("host", "emails in hand", "lease over", "for", "", numbers=("lease over",))
    for each in found:
        table.add_row(
            each.host_id,
            f"{each.messages:,}",
            f"{each.expired:,}",
            words_of(each.oldest_for) if each.expired else "",
            "this machine" if each.host_id == own else "",
        )
    show(table)


@app.command()
def settle(
    *,
    host: Annotated[str, typer.Option(help="The machine's id, as `funnel ops hosts` shows it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
) -> None:
    """Give up a machine that never comes back: what it had in hand becomes unknown.

    Use it only when its disk is lost. A machine that comes back settles its own emails, better.
    """
    from funnel.services.settle_host import settle_host

    with opened() as deps:
        settled = settle_host(
            host,
            deps.transactions,
            by=who(),
            is_dry_run=dry_run,
            own_host_id=deps.journals.host_id(),
        )
    emails = "1 email" if settled.messages == 1 else f"{settled.messages:,} emails"
    if settled.is_dry_run:
        say(f"It has {emails} in hand. Nothing was changed.")
        return
    say(f"Unknown now: {emails}. Their providers are asked, where they can be.")


@unknown_app.command("list")
def list_unknown(
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 50,
) -> None:
    """List them, the newest first: what they are, by which provider, and what happens next."""
    from funnel.domain.status import words_of
    from funnel.services.settle_unknown import list_unknowns

    with opened() as deps:
        found = list_unknowns(deps.transactions, limit=limit)
    if not found:
        say("There is none: of every email it is known whether it left.")
        return
    table = new_table("id", "email", "provider", "handed over", "asked", "next")
    for each in found:
        table.add_row(
            str(each.id),
            each.template_key,
            each.provider or "",
            f"{words_of(each.age)} ago",
            f"{each.asks} times",
            "is asked for" if each.ask_at or not each.asks else "held: waits for you",
        )
    show(table)


@unknown_app.command("mark")
def mark(
    message_id: Annotated[UUID, typer.Argument(help="The email's id.")],
    said: Annotated[Said, typer.Argument(help="It was sent; or send it again.")],
) -> None:
    """Settle one by hand: "sent" if you know that it arrived, "resend" to send it again.

    What has become late or unwanted meanwhile is not sent again.
    """
    from funnel.domain.unknown import Verdict
    from funnel.services.settle_unknown import mark_unknown

    verdict = Verdict.SENT if said is Said.SENT else Verdict.NOT_SENT
    with opened() as deps:
        status = mark_unknown(message_id, verdict, deps.transactions, by=who())
    say(f"It is {status} now.")
