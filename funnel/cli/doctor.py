"""``funnel doctor``: look before going live."""

from typing import TYPE_CHECKING

import typer

from funnel.cli.console import say, sentence
from funnel.cli.errors import FAILED
from funnel.cli.opening import opened

if TYPE_CHECKING:
    from funnel.bootstrap import Deps
    from funnel.services.check_installation import Installation

_STYLES = {"right": "green", "look": "yellow", "wrong": "bold red"}
_MARKS = {"right": "right", "look": "look ", "wrong": "WRONG"}


def doctor() -> None:
    """Check what must be right before real people are written to, and say how to fix the rest."""
    from funnel.services.check_installation import check_installation

    found: list[str] = []
    with opened() as deps:
        for check in check_installation(_installation(deps)):
            found.append(check.state)
            say(f"{_MARKS[check.state]}  {check.name}: {check.found}", style=_STYLES[check.state])
            if check.remedy:
                say(f"       {sentence(check.remedy)}")
    say()
    say(_summary(found))
    if "wrong" in found:
        raise typer.Exit(FAILED)


def _installation(deps: "Deps") -> "Installation":
    from funnel.services.check_installation import Installation

    settings = deps.settings
    return Installation(
        database_url=settings.database_url,
        broker_url=settings.broker_url,
        base_url=settings.base_url,
        is_demo=settings.is_demo,
        link_keys=tuple(each.get_secret_value() for each in settings.link_keys),
        trusted_proxies=settings.trusted_proxies,
        mailer_name=settings.mailer,
        mailer=lambda: deps.mailer,
        definitions_folder=deps.definitions_folder,
        transactions=lambda: deps.transactions,
    )


def _summary(found: list[str]) -> str:
    wrong, look = found.count("wrong"), found.count("look")
    if wrong:
        things = "1 thing is" if wrong == 1 else f"{wrong} things are"
        return f"Not ready to go live: {things} wrong."
    if look:
        return f"Ready to go live; {look} of {len(found)} checks want a look."
    return "Ready to go live."
