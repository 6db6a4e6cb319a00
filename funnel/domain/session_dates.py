"""What the host may do with the date of a session, and when: asked by services and rehearsals."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from funnel.domain.errors import InvalidInputError
from funnel.domain.session import Session
from funnel.domain.session_plan import check_times


def check_movable(session: Session, starts_at: datetime, length: timedelta, now: datetime) -> None:
    """Raise ``InvalidInputError`` unless the session may get this moment, others left aside.

    Args:
        session: As it is.
        starts_at: Aware, plan time.
        length: Elapsed time from start to end.
        now: Aware, plan time.
    """
    if session.cancelled_at is not None or session.starts_at <= now:
        problem = "was cancelled" if session.cancelled_at else "has begun"
        raise InvalidInputError(
            f"the session {problem}",
            field="session",
            remedy="Add a session for the new date: `funnel session add`.",
        )
    check_times(starts_at, length, now)
    if session.replay_ends_at is not None and session.replay_ends_at <= starts_at + length:
        raise InvalidInputError(
            "the replay would end before the session does",
            field="replay_ends_at",
            remedy="Give the replay another end first: `funnel session change`.",
        )


def check_free(moved: Session, others: Iterable[Session]) -> None:
    """Raise ``InvalidInputError`` if another session is held at that time.

    Args:
        moved: As it would be.
        others: Sessions of its sequence; itself and those that are called off stand in no way.
    """
    for other in others:
        is_held = other.cancelled_at is None and other.id != moved.id
        if is_held and other.starts_at < moved.ends_at and other.ends_at > moved.starts_at:
            raise InvalidInputError(
                f"“{other.title}” is held at that time",
                field="start",
                remedy="Give a start after its end, or cancel or move that one first.",
            )


def check_cancellable(session: Session, now: datetime) -> None:
    """Raise ``InvalidInputError`` if it is too late to call a session off (aware, plan time)."""
    if session.starts_at <= now:
        raise InvalidInputError(
            "the session has begun",
            field="session",
            remedy="Close it when it is over: `funnel session close`.",
        )


def check_closable(session: Session, now: datetime) -> None:
    """Raise ``InvalidInputError`` unless a session has been held by now (aware, plan time)."""
    if session.cancelled_at is not None or session.ends_at > now:
        problem = "was cancelled" if session.cancelled_at else "has not ended"
        raise InvalidInputError(
            f"the session {problem}",
            field="session",
            remedy="Close a session after its end, when it is known who came.",
        )
