"""What the host may do with the date of a session, and when: asked by services and rehearsals."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from funnel.domain.errors import InvalidInputError
from funnel.domain.session import Session
from funnel.domain.session_plan import check_times
from funnel.domain.speech import say


class DateChangedError(InvalidInputError):
    """Somebody else changed this date since it was looked at: nothing was done; look again."""

    def __init__(self) -> None:
        super().__init__(
            say("this date was changed meanwhile, so nothing was done"),
            field="session",
            remedy=say("Look at what it says now, and decide again."),
        )


def mark_of(session: Session, *, platform_id: str, clicks_count: bool) -> str:
    """Return a short mark of all that a date says: another one, once any of it was changed."""
    said = "\x1f".join(str(getattr(session, name)) for name in Session.__slots__)
    return sha256(f"{said}\x1f{platform_id}\x1f{clicks_count}".encode()).hexdigest()[:16]


def check_movable(session: Session, starts_at: datetime, length: timedelta, now: datetime) -> None:
    """Raise ``InvalidInputError`` unless the session may get this moment, others left aside.

    Args:
        session: As it is.
        starts_at: Aware, plan time.
        length: Elapsed time from start to end.
        now: Aware, plan time.
    """
    if session.cancelled_at is not None or session.starts_at <= now:
        was_cancelled = session.cancelled_at is not None
        raise InvalidInputError(
            say("the session was cancelled") if was_cancelled else say("the session has begun"),
            field="session",
            remedy=say("Add a session for the new date."),
        )
    check_times(starts_at, length, now)
    if session.replay_ends_at is not None and session.replay_ends_at <= starts_at + length:
        raise InvalidInputError(
            say("the replay would end before the session does"),
            field="replay_ends_at",
            remedy=say("Give the replay another end first."),
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
                say("“{title}” is held at that time", title=other.title),
                field="start",
                remedy=say("Give a start after its end, or cancel or move that one first."),
            )


def check_cancellable(session: Session, now: datetime) -> None:
    """Raise ``InvalidInputError`` if it is too late to call a session off (aware, plan time)."""
    if session.starts_at <= now:
        raise InvalidInputError(
            say("the session has begun"),
            field="session",
            remedy=say("Close it when it is over."),
        )


def check_closable(session: Session, now: datetime) -> None:
    """Raise ``InvalidInputError`` unless a session has been held by now (aware, plan time)."""
    if session.cancelled_at is not None or session.ends_at > now:
        was_cancelled = session.cancelled_at is not None
        raise InvalidInputError(
            say("the session was cancelled") if was_cancelled else say("the session has not ended"),
            field="session",
            remedy=say("Close a session after its end, when it is known who came."),
        )
