"""Sources: ``funnel source add | list | rotate``. A secret is shown once, when it is made."""

from typing import Annotated

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened, who
from funnel.cli.sessions import DEFAULT_SEQUENCE
from funnel.domain.signup import LANDING_SOURCE, LettersOffer

_FIELD = "Our field and its name in the form, as email=your-email; repeat it for others."

app = typer.Typer(no_args_is_help=True, help="Places that signups come from.")


@app.callback()
def _sources() -> None:
    """Places that signups come from."""


@app.command()
def add(  # noqa: PLR0913  (an argument for each option)
    name: Annotated[str, typer.Argument(help="Its name in the webhook's address.")],
    *,
    sequence: Annotated[str, typer.Option(help="What it signs up for.")] = DEFAULT_SEQUENCE,
    signed: Annotated[
        bool, typer.Option("--signed/--unsigned", help="Signed webhooks (Standard Webhooks).")
    ] = True,
    form_secret: Annotated[
        bool, typer.Option("--form-secret", help="Also posts of a site builder that cannot sign.")
    ] = False,
    double_opt_in: Annotated[
        bool, typer.Option("--double-opt-in/--single-opt-in", help="Ask by email first.")
    ] = True,
    letters: Annotated[
        LettersOffer, typer.Option(help="included: the form says so; asked: it has a box.")
    ] = LettersOffer.INCLUDED,
    wording: Annotated[str, typer.Option(help="Version of the consent's wording.")] = "1",
    per_minute: Annotated[
        int | None, typer.Option(min=1, help="Signups a minute, beyond which it is refused.")
    ] = None,
    field: Annotated[list[str] | None, typer.Option(help=_FIELD)] = None,
) -> None:
    """Add a source and show its secrets."""
    from funnel.services.add_source import NewSource, add_source
    from funnel.services.change_source import read_mapping

    new = NewSource(
        slug=name,
        sequence_slug=sequence,
        is_double_opt_in=double_opt_in,
        letters=letters,
        wording=wording,
        field_mapping=read_mapping(field or []),
        per_minute=per_minute,
        is_signed=signed,
        has_form_secret=form_secret,
    )
    with opened() as deps:
        source = add_source(new, deps.transactions, by=who())
        base_url = deps.settings.base_url.rstrip("/")
    if source.is_open_to_all:
        page = "/" if source.slug == LANDING_SOURCE else f"/signup/{source.slug}"
        say(f'Added the source "{source.slug}". Only this service\'s own form can use it:')
        say(f"{base_url}{page}")
        say("A form of your own needs a secret: add its source with --form-secret, or signed.")
        return
    say(f'Added the source "{source.slug}". Signups go to {base_url}/webhooks/signup/{source.slug}')
    for secret in source.secrets:
        _show("Secret that signs them", secret)
    if source.form_secret:
        _show("Secret of its forms", source.form_secret)


@app.command("list")
def list_all() -> None:
    """List sources, without their secrets, and what of theirs was refused in the last day."""
    from funnel.services.add_source import list_sources
    from funnel.services.record_refusal import count_refusals

    with opened() as deps:
        sources = list_sources(deps.transactions)
        refused = count_refusals(deps.transactions)
    if not sources:
        say("There is none. `funnel source add NAME` adds one.")
        return
    table = new_table(
        "name", "signed", "forms", "opt-in", "letters", "a minute", "active", "refused in a day"
    )
    for source in sources:
        table.add_row(
            source.slug,
            f"{len(source.secrets)} secrets" if source.secrets else "no",
            "yes" if source.form_secret else "no",
            "double" if source.is_double_opt_in else "single",
            source.letters,
            str(source.per_minute or "no limit"),
            "yes" if source.is_active else "no",
            str(refused[source.id].number) if source.id in refused else "0",
        )
    show(table)
    for source in sources:
        if source.id in refused:
            newest = refused[source.id]
            where = f" ({newest.newest_field})" if newest.newest_field else ""
            say(f"Newest refused of “{source.slug}”: {newest.newest_reason}{where}")


@app.command()
def change(  # noqa: PLR0913  (an argument for each option)
    name: Annotated[str, typer.Argument(help="The source's name.")],
    *,
    field: Annotated[list[str] | None, typer.Option(help=_FIELD)] = None,
    double_opt_in: Annotated[
        bool | None, typer.Option("--double-opt-in/--single-opt-in", help="Ask by email first.")
    ] = None,
    letters: Annotated[
        LettersOffer | None, typer.Option(help="included: the form says so; asked: it has a box.")
    ] = None,
    wording: Annotated[str | None, typer.Option(help="Version of the consent's wording.")] = None,
    per_minute: Annotated[
        int | None, typer.Option(min=0, help="Signups a minute; 0 for no limit.")
    ] = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Take signups, or answer 404.")
    ] = None,
) -> None:
    """Change how a source is treated; what is not named stays as it is."""
    from funnel.services.change_source import SourceChange, change_source, read_mapping

    wanted = SourceChange(
        field_mapping=None if field is None else read_mapping(field),
        is_double_opt_in=double_opt_in,
        letters=letters,
        wording=wording,
        per_minute=per_minute,
        is_active=active,
    )
    with opened() as deps:
        change_source(name, wanted, deps.transactions, by=who())
    say(f'Changed the source "{name}". Running processes know it within seconds.')


@app.command()
def rotate(name: Annotated[str, typer.Argument(help="The source's name.")]) -> None:
    """Make a new secret that signs; the former one goes on working until the next rotation."""
    from funnel.services.add_source import rotate_secret

    with opened() as deps:
        secret = rotate_secret(name, deps.transactions, by=who())
    _show(f'New secret of "{name}"', secret)
    say("The former one still works; it falls away with the next rotation.")


def _show(what: str, secret: str) -> None:
    say(f"{what}, shown only now: {secret}")
