"""The emergency brake: ``funnel pause all``, ``funnel resume all``."""

from typing import Annotated

import typer

from funnel.cli.console import say
from funnel.cli.opening import opened, who

pause_app = typer.Typer(no_args_is_help=True, help="Stop sending, at once.")
resume_app = typer.Typer(no_args_is_help=True, help="Let sending go on.")


@pause_app.callback()
def _pause() -> None:
    """Stop sending, at once."""


@resume_app.callback()
def _resume() -> None:
    """Let sending go on."""


@pause_app.command("all")
def pause_all(
    reason: Annotated[str, typer.Option(help="Why; shown by `funnel status`.")],
) -> None:
    """Stop everything; what a worker has in hand at this moment still leaves."""
    from funnel.services.control_sending import pause_sending

    with opened() as deps:
        pause_sending(deps.transactions, by=who(), reason=reason)
    say("Sending is paused. Nothing leaves until `funnel resume all`.")


@resume_app.command("all")
def resume_all() -> None:
    """Let everything go on; what has become too late meanwhile is skipped, with its reason."""
    from funnel.services.control_sending import resume_sending

    with opened() as deps:
        was_paused = resume_sending(deps.transactions, by=who())
    say("Sending goes on." if was_paused else "Sending was not paused.")
