"""What the host of a rehearsal does with the dates: only what the services would do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from funnel.domain.errors import InvalidInputError
from funnel.domain.rehearsal import (
    RehearsalFinding,
    RehearsedWorld,
    SessionAct,
    SessionActKind,
    Severity,
)
from funnel.domain.session import Session
from funnel.domain.session_dates import check_cancellable, check_closable, check_free, check_movable
from funnel.domain.speech import say


def in_order(acts: Sequence[SessionAct]) -> list[SessionAct]:
    """Return the acts by their moments; those of one moment as they were given."""
    return sorted(acts, key=_moment_of)


def after_act(sessions: Mapping[UUID, Session], act: SessionAct) -> Session:
    """Return the date of an act as the act leaves it; the same where nothing happens.

    Args:
        sessions: All dates, as the acts before left them.
        act: What the host does.

    Raises:
        InvalidInputError: The services would refuse it, in these words and with this remedy.
    """
    session = sessions[act.session_id]
    if act.kind is SessionActKind.CLOSES:
        check_closable(session, act.at)
        return session if session.closed_at else replace(session, closed_at=act.at)
    if act.kind is SessionActKind.SHOWS_REPLAY:
        url = "https://replay.example.org/session"
        is_known = bool(session.replay_url)
        return session if is_known else replace(session, replay_url=url, replay_known_at=act.at)
    if act.kind is SessionActKind.CANCELS:
        if session.cancelled_at is not None:
            return session
        check_cancellable(session, act.at)
        return replace(session, cancelled_at=act.at)
    return _moved(session, act, sessions)


def _moved(session: Session, act: SessionAct, sessions: Mapping[UUID, Session]) -> Session:
    if act.starts_at is None:
        return session
    length = session.ends_at - session.starts_at
    check_movable(session, act.starts_at, length, act.at)
    if act.starts_at == session.starts_at:
        return session
    moved = replace(session, starts_at=act.starts_at, ends_at=act.starts_at + length)
    check_free(moved, sessions.values())
    return moved


def about_host(world: RehearsedWorld, *, file_name: str) -> Iterator[RehearsalFinding]:
    """Yield what the host could not do, by the line that says it; nothing of it is played.

    Args:
        world: With all that the host does.
        file_name: Of the file in which those lines stand.
    """
    sessions = {each.id: each for each in world.sessions}
    for act in in_order(world.acts):
        try:
            after = after_act(sessions, act)
        except InvalidInputError as error:
            yield _not_done(act, file_name, str(error), error.remedy)
            continue
        if after == sessions[act.session_id] and act.kind is SessionActKind.MOVES:
            remedy = say("Give it another start, or take the line out.")
            yield _not_done(act, file_name, say("the session begins then already"), remedy)
        sessions[act.session_id] = after


def _not_done(act: SessionAct, file_name: str, problem: str, remedy: str) -> RehearsalFinding:
    return RehearsalFinding(
        severity=Severity.WARNING,
        message=say(
            "{file_name}, line {line}: “{kind}” does not happen: {problem}",
            file_name=file_name,
            line=act.line,
            kind=act.kind,
            problem=problem,
        ),
        remedy=remedy,
    )


def _moment_of(act: SessionAct) -> datetime:
    return act.at
