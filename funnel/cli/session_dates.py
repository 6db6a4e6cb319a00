"""Dates that change for everybody: ``funnel session move | cancel``."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from funnel.cli.console import say
from funnel.cli.opening import opened, who
from funnel.cli.replanning import drive_replan
from funnel.cli.sessions import MOMENT_FORMATS, SessionName, find_session, local_start, named

if TYPE_CHECKING:
    from funnel.services.preview_session_move import SessionMovePreview

Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def move(
    session: SessionName,
    starts: Annotated[
        datetime, typer.Argument(formats=MOMENT_FORMATS, help='New start: "2027-03-11 18:00".')
    ],
    *,
    zone: Annotated[
        str | None, typer.Option(help="Zone of that hour; without: the session's own.")
    ] = None,
    minutes: Annotated[
        int | None, typer.Option(min=5, max=1440, help="New length; without: as it was.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Move a session that has not begun; its people follow, and are told once."""
    from funnel.domain.session_plan import announced_moment, comes_twice
    from funnel.services.move_session import move_session
    from funnel.services.preview_session_move import preview_session_move

    with opened() as deps:
        found = find_session(session, deps.transactions)
        where = zone or found.zone
        starts_at = announced_moment(starts, where)
        length = None if minutes is None else timedelta(minutes=minutes)
        preview = preview_session_move(found.id, starts_at, deps.transactions, length=length)
        if (preview.moved.starts_at, preview.moved.ends_at) == (found.starts_at, found.ends_at):
            say(f"{named(found)} is held then already; nothing is changed.")
            return
        _show(preview)
        if comes_twice(starts, where):
            say("That hour comes twice on that day, as clocks are put back; the first is meant.")
        if not yes and not typer.confirm("Move it?"):
            say("Nothing was changed.")
            return
        replan = move_session(
            found.id, starts_at, by=who(), transactions=deps.transactions, length=length
        )
        say(f"Moved. {_people(replan.total)} to plan anew.")
        if drive_replan(replan, deps.transactions):
            say("Everybody is planned for the new date.")


def cancel(session: SessionName, *, yes: Yes = False) -> None:
    """Cancel a session that has not begun; everybody with a seat is told, with the next dates."""
    from funnel.services.cancel_session import cancel_session
    from funnel.services.list_sessions import list_sessions

    with opened() as deps:
        found = find_session(session, deps.transactions)
        lines = list_sessions(deps.transactions)
        taken = next(each.taken for each in lines if each.session.id == found.id)
        if found.cancelled_at is None:
            say(f"{named(found)} will not be held. {_people(taken)} with a seat: each is told.")
            if not yes and not typer.confirm("Cancel it?"):
                say("Nothing was changed.")
                return
        replan = cancel_session(found.id, deps.transactions, by=who())
        if drive_replan(replan, deps.transactions):
            told = "1 person is" if replan.total == 1 else f"{replan.total:,} people are"
            say(f"Cancelled {named(found)}: {told} told.")


def _show(preview: "SessionMovePreview") -> None:
    moved = preview.moved
    length = round((moved.ends_at - moved.starts_at).total_seconds() / 60)
    say(f"{named(preview.session)} moves to {local_start(moved)}, {length} minutes.")
    if moved.starts_at == preview.session.starts_at:
        say(f"{_people(preview.people)} with a seat. The start stays, so nobody is written to.")
        return
    say(f"{_people(preview.people)} with a seat: each gets one email about the new date.")
    if preview.repeated:
        say(f"Sent already, and sent again for the new date: {_counted(preview.repeated)}.")
    if preview.late:
        say(f"Skipped, because they would be late: {_counted(preview.late)}.")


def _counted(steps: dict[str, int]) -> str:
    return ", ".join(f"{key} ({people:,})" for key, people in steps.items())


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"
