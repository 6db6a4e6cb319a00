"""``funnel demo``: everything on this machine, with a clock that can skip empty time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.console import say
from funnel.cli.opening import opened

if TYPE_CHECKING:
    from funnel.bootstrap import Deps
    from funnel.cli.demo_house import Demo, DemoPlan


def demo(
    *,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port; without: 8000 or the next free.")
    ] = None,
    headless: Annotated[
        bool,
        typer.Option("--headless", help="Run four people through all weeks, check, and report."),
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget what an earlier demo left behind.")
    ] = False,
    data_folder: Annotated[
        Path | None, typer.Option(help="Where it keeps its data; without: .data.")
    ] = None,
) -> None:
    """Start servers, pages, workers and scheduler on this machine, and print the addresses."""
    if headless:
        _check_bare(port=port, is_fresh=fresh, data_folder=data_folder)
        from funnel.cli.headless import run_headless

        with opened(may_be_demo=False) as deps:
            code = run_headless(deps.definitions_folder)
        raise typer.Exit(code)
    with opened(may_be_demo=False) as deps:
        plan = _plan(deps, port=port, is_fresh=fresh, data_folder=data_folder)
    _run(plan)


def _check_bare(*, port: int | None, is_fresh: bool, data_folder: Path | None) -> None:
    """Raise if a run without pages to look at is told where its pages and its data should be."""
    from funnel.domain.errors import InvalidInputError

    if port is not None or is_fresh or data_folder is not None:
        raise InvalidInputError(
            "a headless run has a folder and a port of its own, and forgets them when it is right",
            field="headless",
            remedy="Leave --port, --fresh and --data-folder out.",
        )


def _plan(
    deps: "Deps", *, port: int | None, is_fresh: bool, data_folder: Path | None
) -> "DemoPlan":
    from funnel.cli.demo_house import DEFAULT_PORT, DemoPlan, free_port

    settings = deps.settings
    _check_not_production(deps)
    chosen = free_port(port or DEFAULT_PORT, is_asked_for=port is not None)
    if port is None and chosen != DEFAULT_PORT:
        say(f"Port {DEFAULT_PORT} is taken; {chosen} is used instead.")
    return DemoPlan(
        data_folder=data_folder or settings.data_folder,
        port=chosen,
        definitions_folder=deps.definitions_folder,
        database_url=settings.database_url,
        broker_url=settings.broker_url,
        is_fresh=is_fresh,
    )


def _check_not_production(deps: "Deps") -> None:
    from funnel.domain.errors import InvalidInputError

    if deps.settings.database_url and not deps.settings.is_demo:
        raise InvalidInputError(
            "FUNNEL_DATABASE_URL names a database, and a demo would move its clock",
            field="FUNNEL_DATABASE_URL",
            remedy="Unset it, or set FUNNEL_IS_DEMO=true if the demo may have that database.",
        )


def _run(plan: "DemoPlan") -> None:
    from funnel.cli.demo_house import running_demo

    try:
        with running_demo(plan, _Speaker()) as running:
            _print_addresses(running)
            running.supervisor.watch()
    except KeyboardInterrupt:
        say()
    say("Everything has stopped. The same command goes on from here.")


class _Speaker:
    """Plain lines at the terminal."""

    def step(self, line: str) -> None:
        say(line, style="dim")

    def aside(self, line: str) -> None:
        say(line)


def _print_addresses(running: "Demo") -> None:
    say()
    say("The demo runs.", style="bold green")
    say(f"  Landing page  {running.base_url}/")
    say(f"  Inbox         {running.base_url}/inbox")
    say(f"  Calendar      {running.base_url}/demo/calendar")
    login = running.login
    say(f"  Studio        {running.base_url}/studio")
    say(f"                log in as {login.email} / {login.password}")
    say(f"  Data, logs    {running.data_folder}")
    say()
    say("Sign up on the landing page, press the button in the inbox, then let the bar play.")
    say("In the calendar the masterclass can be dragged to another day: the rest follows.")
    say("Ctrl-C stops everything.")
