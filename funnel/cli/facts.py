"""Facts by hand: ``funnel facts add attended ana@example.org``."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from funnel.cli.console import say
from funnel.cli.opening import opened
from funnel.cli.sessions import find_session

app = typer.Typer(no_args_is_help=True, help="What happened, said by hand.")


class Fact(StrEnum):
    """What may be said about somebody."""

    ATTENDED = "attended"
    MISSED = "missed"
    GOAL = "goal"
    WATCHED = "watched"


@app.callback()
def _facts() -> None:
    """What happened, said by hand."""


@app.command()
def add(
    fact: Annotated[Fact, typer.Argument(help="goal: booked a call; watched: the replay.")],
    emails: Annotated[list[str], typer.Argument(help="Of whom; several addresses are fine.")],
    session: Annotated[
        str | None, typer.Option(help="Which session (id); without: the latest they had.")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M%z"], help="When, with its zone: …T18:40+0100."),
    ] = None,
) -> None:
    """Say that somebody came, missed a session, reached the goal, or watched the replay."""
    from funnel.domain.facts import FactKind, FactReport
    from funnel.services.record_facts import record_facts

    with opened() as deps:
        session_id = None if session is None else find_session(session, deps.transactions).id
        reports = [
            FactReport(
                kind=FactKind(fact.value),
                email=email,
                session_id=session_id,
                source="by hand",
                at=at,
            )
            for email in emails
        ]
        recorded = record_facts(reports, deps.transactions)
    say(f"Recorded {recorded} of {len(emails)}.")
