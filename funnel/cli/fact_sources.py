"""Systems that report facts: ``funnel fact-source add | list | waiting | retry | rotate | …``."""

from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened
from funnel.domain.fact_source import EventStatus, PresetName

if TYPE_CHECKING:
    from funnel.services.add_fact_source import FactSourceLine

_FIELD = "Our field and its place in the payload, as email=contact.email; repeat it for others."
_SECRET = "The provider's secret; - asks for it, so that no history of commands keeps it."  # noqa: S105  (words)
_ASKED = "-"

app = typer.Typer(no_args_is_help=True, help="Systems that tell what people did.")


@app.callback()
def _fact_sources() -> None:
    """Systems that tell what people did."""


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Its name in the webhook's address.")],
    *,
    preset: Annotated[PresetName, typer.Option(help="Whose webhooks it sends.")],
    secret: Annotated[str, typer.Option(help=_SECRET)] = "",
    field: Annotated[list[str] | None, typer.Option(help=_FIELD)] = None,
    per_minute: Annotated[
        int | None, typer.Option(min=1, help="Events a minute, beyond which it is refused.")
    ] = None,
) -> None:
    """Add a source, say where its events go, and show its secret if it was made here."""
    from funnel.services.add_fact_source import NewFactSource, add_fact_source, read_fact_mapping

    given = _asked(secret)
    new = NewFactSource(
        slug=name,
        preset=preset,
        secret=given,
        field_mapping=read_fact_mapping(field or []),
        per_minute=per_minute,
    )
    with opened() as deps:
        source = add_fact_source(new, deps.transactions)
        base_url = deps.settings.base_url.rstrip("/")
    say(f'Added the fact source "{name}". Its events go to {base_url}/webhooks/facts/{name}')
    if not source.secrets:
        say(f"It is closed until it has {preset}'s secret:")
        say(f"funnel fact-source rotate {name} --secret -")
    elif not given:
        _show(source.secrets[0])


@app.command("list")
def list_all() -> None:
    """List sources without their secrets, and what became of their events of the last 90 days."""
    from funnel.services.add_fact_source import list_fact_sources

    with opened() as deps:
        lines = list_fact_sources(deps.transactions)
    if not lines:
        say("There is none. `funnel fact-source add NAME --preset zoom` adds one.")
        return
    statuses = [each.value for each in EventStatus]
    table = new_table(
        "name", "preset", "secrets", "a minute", "active", *statuses, numbers=tuple(statuses)
    )
    for line in lines:
        table.add_row(*_cells(line))
    show(table)
    for line in lines:
        if line.counts.newest_reason:
            say(f"Newest not applied of “{line.source.slug}”: {line.counts.newest_reason}")


def _cells(line: "FactSourceLine") -> list[str]:
    source = line.source
    return [
        source.slug,
        source.preset,
        str(len(source.secrets)) if source.secrets else "none: closed",
        str(source.per_minute or "no limit"),
        "yes" if source.is_active else "no",
        *(str(line.counts.numbers.get(each, 0)) for each in EventStatus),
    ]


@app.command()
def waiting() -> None:
    """List the newest events whose person, session or seat is not known yet."""
    from funnel.services.match_facts import list_waiting

    with opened() as deps:
        lines = list_waiting(deps.transactions)
    if not lines:
        say("Nothing waits.")
        return
    table = new_table("came", "source", "what", "who", "why it waits")
    for line in lines:
        came = f"{line.received_at:%Y-%m-%d %H:%M} UTC"
        table.add_row(came, line.source_slug, line.kind, line.email_key, line.reason)
    show(table)
    say("Each is tried again by the hour and when its person confirms, for 90 days.")


@app.command()
def retry() -> None:
    """Try now what waits, and read once more what could not be read."""
    from funnel.services.match_facts import retry_waiting
    from funnel.services.read_refused import read_refused

    with opened() as deps:
        read = read_refused(deps.transactions)
        settled = retry_waiting(deps.transactions, all_of_them=True)
    say(f"Read {read} that were refused, settled {settled} that waited.")


@app.command()
def rotate(
    name: Annotated[str, typer.Argument(help="The source's name.")],
    *,
    secret: Annotated[str, typer.Option(help=_SECRET)] = "",
) -> None:
    """Give it a new secret; the former one goes on working until the next rotation."""
    from funnel.services.add_fact_source import rotate_fact_secret

    given = _asked(secret)
    with opened() as deps:
        new = rotate_fact_secret(name, given, deps.transactions)
    if not given:
        _show(new)
    say(f'"{name}" takes the new secret within seconds.')
    say("The former one still works; it falls away with the next rotation.")


@app.command()
def change(
    name: Annotated[str, typer.Argument(help="The source's name.")],
    *,
    field: Annotated[list[str] | None, typer.Option(help=_FIELD)] = None,
    per_minute: Annotated[
        int | None, typer.Option(min=0, help="Events a minute; 0 for no limit.")
    ] = None,
) -> None:
    """Change what is read where, or its limit; what is not named stays as it is."""
    from funnel.services.add_fact_source import change_fact_source, read_fact_mapping

    mapping = None if field is None else read_fact_mapping(field)
    with opened() as deps:
        change_fact_source(name, deps.transactions, field_mapping=mapping, per_minute=per_minute)
    say(f'Changed "{name}". Running processes know it within seconds.')


@app.command()
def off(name: Annotated[str, typer.Argument(help="The source's name.")]) -> None:
    """Take no more of its events: they are answered by 404."""
    _switch(name, is_active=False)
    say(f'"{name}" is off. `funnel fact-source on {name}` takes its events again.')


@app.command()
def on(name: Annotated[str, typer.Argument(help="The source's name.")]) -> None:
    """Take its events again."""
    _switch(name, is_active=True)
    say(f'"{name}" is on.')


def _switch(name: str, *, is_active: bool) -> None:
    from funnel.services.add_fact_source import change_fact_source

    with opened() as deps:
        change_fact_source(name, deps.transactions, is_active=is_active)


def _asked(secret: str) -> str:
    if secret != _ASKED:
        return secret.strip()
    asked: str = typer.prompt("Secret", hide_input=True)
    return asked.strip()


def _show(secret: str) -> None:
    say(f"Secret that signs them, shown only now: {secret}")
