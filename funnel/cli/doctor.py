"""``funnel doctor``: look before going live."""

import typer

from funnel.cli.console import say, sentence
from funnel.cli.errors import FAILED
from funnel.cli.opening import opened

_STYLES = {"right": "green", "look": "yellow", "wrong": "bold red"}
_MARKS = {"right": "right", "look": "look ", "wrong": "WRONG"}


def doctor() -> None:
    """Check what must be right before real people are written to, and say how to fix the rest."""
    from funnel.services.check_installation import check_installation

    found: list[str] = []
    with opened() as deps:
        for check in check_installation(deps.installation):
            found.append(check.state)
            say(f"{_MARKS[check.state]}  {check.name}: {check.found}", style=_STYLES[check.state])
            if check.remedy:
                say(f"       {sentence(check.remedy)}")
    say()
    say(_summary(found))
    if "wrong" in found:
        raise typer.Exit(FAILED)


def _summary(found: list[str]) -> str:
    wrong, look = found.count("wrong"), found.count("look")
    if wrong:
        things = "1 thing is" if wrong == 1 else f"{wrong} things are"
        return f"Not ready to go live: {things} wrong."
    if look:
        return f"Ready to go live; {look} of {len(found)} checks want a look."
    return "Ready to go live."
