"""Sessions: ``funnel session add | list | change | close``; moved in ``session_dates``."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from funnel.cli.console import new_table, say, show
from funnel.cli.opening import opened, who

if TYPE_CHECKING:
    from funnel.domain.session import Session
    from funnel.storage.transaction import Transactions

DEFAULT_SEQUENCE = "disruption-masterclass"
MOMENT_FORMATS = ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]
_SHOWN_ID = 8  # characters: enough to tell a few hundred sessions apart

app = typer.Typer(no_args_is_help=True, help="Sessions: the sittings of a masterclass.")

_CLICKS_COUNT = "A person's click on the join link counts as having come."

SessionName = Annotated[str, typer.Argument(help="The session's id, or its first characters.")]


@app.callback()
def _sessions() -> None:
    """Sessions: the sittings of a masterclass."""


@app.command()
def add(  # noqa: PLR0913  (an argument for each option)
    starts: Annotated[
        datetime, typer.Argument(formats=MOMENT_FORMATS, help='Local start: "2027-03-09 18:00".')
    ],
    *,
    zone: Annotated[str, typer.Option(help="Zone of that hour, like Europe/Berlin.")],
    title: Annotated[str, typer.Option(help="As people read it.")],
    minutes: Annotated[int, typer.Option(min=5, max=1440, help="Length.")] = 90,
    seats: Annotated[int | None, typer.Option(min=1, help="How many; without: no limit.")] = None,
    join_url: Annotated[str, typer.Option(help="The room.")] = "",
    replay_url: Annotated[str, typer.Option(help="The recording, if it is known already.")] = "",
    clicks_count: Annotated[bool, typer.Option(help=_CLICKS_COUNT)] = False,
    platform_id: Annotated[
        str, typer.Option(help="Its number on the room's platform (Zoom's meeting ID).")
    ] = "",
    sequence: Annotated[str, typer.Option(help="Its sequence.")] = DEFAULT_SEQUENCE,
) -> None:
    """Add a session."""
    from funnel.domain.session_plan import NewSession, announced_moment, comes_twice
    from funnel.services.add_session import add_session

    new = NewSession(
        sequence_slug=sequence,
        title=title,
        starts_at=announced_moment(starts, zone),
        length=timedelta(minutes=minutes),
        zone=zone,
        seats=seats,
        join_url=join_url,
        replay_url=replay_url,
        clicks_count=clicks_count,
        platform_id=platform_id,
    )
    with opened() as deps:
        session = add_session(new, deps.transactions, by=who())
    say(f"Added {named(session)}.")
    if comes_twice(starts, zone):
        say("That hour comes twice on that day, as clocks are put back; the first one is meant.")
    if not join_url:
        say("It has no room yet: `funnel session change ID --join-url …` before its day.")


@app.command("list")
def list_all(
    *,
    sequence: Annotated[str | None, typer.Option(help="Only of this sequence.")] = None,
    upcoming: Annotated[bool, typer.Option("--upcoming", help="Only what lies ahead.")] = False,
) -> None:
    """List sessions, the earliest first, in the zone in which they are announced."""
    from funnel.services.list_sessions import list_sessions

    with opened() as deps:
        lines = list_sessions(deps.transactions, sequence_slug=sequence, upcoming_only=upcoming)
    if not lines:
        say("There is none. `funnel session add` adds one.")
        return
    table = new_table("id", "starts", "title", "seats taken", "room", "replay", "state")
    for line in lines:
        table.add_row(
            str(line.session.id)[:_SHOWN_ID],
            local_start(line.session),
            line.session.title,
            f"{line.taken} of {line.session.seats}" if line.session.seats else str(line.taken),
            "yes" if line.session.join_url else "no",
            "yes" if line.session.replay_url else "no",
            _state(line.session),
        )
    show(table)


@app.command()
def change(  # noqa: PLR0913  (an argument for each option)
    session: SessionName,
    title: Annotated[str | None, typer.Option(help="As people read it.")] = None,
    seats: Annotated[int | None, typer.Option(min=0, help="How many; 0: no limit.")] = None,
    join_url: Annotated[str | None, typer.Option(help="The room.")] = None,
    replay_url: Annotated[str | None, typer.Option(help="The recording.")] = None,
    replay_ends: Annotated[
        datetime | None,
        typer.Option(formats=MOMENT_FORMATS, help="When it closes, in the session's zone."),
    ] = None,
    platform_id: Annotated[
        str | None, typer.Option(help="What the room's platform calls it: Zoom's meeting number.")
    ] = None,
    *,
    clicks_count: Annotated[bool | None, typer.Option(help=_CLICKS_COUNT)] = None,
) -> None:
    """Change a session; its date is not changed here."""
    from funnel.domain.session_plan import announced_moment
    from funnel.services.change_session import SessionChange, change_session

    with opened() as deps:
        found = find_session(session, deps.transactions)
        ends_at = None if replay_ends is None else announced_moment(replay_ends, found.zone)
        wanted = SessionChange(
            title=title,
            seats=seats,
            join_url=join_url,
            replay_url=replay_url,
            replay_ends_at=ends_at,
            platform_id=platform_id,
            clicks_count=clicks_count,
        )
        change_session(found.id, wanted, deps.transactions, by=who())
    say(f"Changed {named(found)}.")


@app.command()
def close(session: SessionName) -> None:
    """Say that the report about a session is complete: who is not known to have come missed it."""
    from funnel.services.close_session import close_session

    with opened() as deps:
        found = find_session(session, deps.transactions)
        missed = close_session(found.id, deps.transactions, by=who())
    people = "1 person" if missed == 1 else f"{missed:,} people"
    say(f"Closed {named(found)}: {people} missed it.")


def find_session(beginning: str, transactions: "Transactions") -> "Session":
    """Return the session whose id begins so.

    Raises:
        InvalidInputError: There is none, or more than one.
    """
    from funnel.domain.errors import InvalidInputError
    from funnel.services.list_sessions import list_sessions

    wanted = beginning.strip().lower()
    found = [
        line.session
        for line in list_sessions(transactions)
        if wanted and str(line.session.id).startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    problem = f'no session has an id that begins with "{beginning}"'
    if found:
        problem = f'{len(found)} sessions have an id that begins with "{beginning}"'
    raise InvalidInputError(
        problem, field="session", remedy="`funnel session list` shows them with their ids."
    )


def local_start(session: "Session") -> str:
    """Return a session's start as clocks in its zone show it."""
    local = session.starts_at.astimezone(ZoneInfo(session.zone))
    return f"{local:%a %d %b %Y %H:%M} {session.zone}"


def named(session: "Session") -> str:
    """Return a session as a sentence names it."""
    return f'"{session.title}", {local_start(session)} ({str(session.id)[:_SHOWN_ID]})'


def _state(session: "Session") -> str:
    if session.cancelled_at is not None:
        return "cancelled"
    return "closed" if session.closed_at is not None else "open"
