"""Change what a session says, apart from its date."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from funnel.domain.errors import InvalidInputError, NotFoundError
from funnel.domain.mistakes import Mistakes
from funnel.domain.session import Session
from funnel.domain.session_dates import DateChangedError, mark_of
from funnel.domain.session_plan import check_seats, check_title, check_url, clean_platform_id
from funnel.domain.speech import say, say_many
from funnel.services.plan_enrollments import plan_enrollments
from funnel.storage import date_lines, runs, sessions
from funnel.storage.audit import write_audit
from funnel.storage.transaction import Transaction, Transactions

# People planned in one transaction: a full session must not hold all its locks at once.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionChange:
    """What is to be different; ``None`` leaves a thing as it is.

    Attributes:
        seats: 0 takes the limit away.
        replay_ends_at: Aware, plan time.
        drops_replay_end: Let the replay end a week after the session again.
        platform_id: What the room's platform calls it, as Zoom's number of the meeting; its spaces
            fall away, as people copy it; "" takes it away.
        clicks_count: Whether a person's click on the join link counts as having come; it decides
            about what was opened and is not judged yet, too.
    """

    title: str | None = None
    seats: int | None = None
    join_url: str | None = None
    replay_url: str | None = None
    replay_ends_at: datetime | None = None
    drops_replay_end: bool = False
    platform_id: str | None = None
    clicks_count: bool | None = None


def change_session(
    session_id: UUID,
    change: SessionChange,
    transactions: Transactions,
    *,
    by: str = "",
    seen: str = "",
    mistakes: Mistakes | None = None,
) -> Session:
    """Write the changes, plan those who hold a seat anew, and return the session.

    Safe to call again: people whose planning was broken off are planned then.

    Args:
        session_id: Of any session.
        change: What is to be different.
        transactions: Several are opened.
        by: Who does it, for the audit.
        seen: The ``mark_of`` it that whoever decides has seen; empty: whatever it says now.
        mistakes: What could not be read of the change: said with all else that is wrong.

    Raises:
        DateChangedError: It says something else than what was seen.
        NotFoundError: No such session.
        InvalidInputError: Fewer seats than are taken, or a link that is none.
    """
    _check(change, mistakes or Mistakes())
    with transactions.begin() as tx:
        session = sessions.lock(tx, session_id)
        if session is None:
            raise NotFoundError("no such session")
        _check_seen(tx, session, seen)
        _check_against(tx, session, change)
        columns = _columns(tx, session, change)
        known: dict[str, Any] = {**asdict(session), **date_lines.read_extras(tx, session_id)}
        # A form posts all that it shows; what it leaves as it was is no change.
        changed = [name for name in columns if (known[name] or None) != (columns[name] or None)]
        sessions.change(tx, session_id, columns)
        if changed:
            detail = {"changed": ", ".join(sorted(changed))}
            write_audit(tx, by=by, action="session.change", target=str(session_id), detail=detail)
        concerned = runs.active_ids_of_session(tx, session_id)
    for start in range(0, len(concerned), _AT_ONCE):
        with transactions.begin() as tx:
            plan_enrollments(tx, concerned[start : start + _AT_ONCE])
    with transactions.begin() as tx:
        return sessions.find(tx, session_id) or session


def _check_seen(tx: Transaction, session: Session, seen: str) -> None:
    extras = date_lines.read_extras(tx, session.id)
    if seen and seen != mark_of(session, **extras):
        raise DateChangedError


def _check(change: SessionChange, mistakes: Mistakes) -> None:
    if change.title is not None:
        mistakes.hear(check_title, change.title)
    mistakes.hear(check_seats, change.seats or None)
    mistakes.hear(check_url, "join", change.join_url or "")
    mistakes.hear(check_url, "replay", change.replay_url or "")
    mistakes.end()


def _check_against(tx: Transaction, session: Session, change: SessionChange) -> None:
    mistakes = Mistakes()
    mistakes.hear(_check_seats_taken, change, sessions.taken(tx, session.id))
    mistakes.hear(_check_replay_end, change, session)
    mistakes.end()


def _check_seats_taken(change: SessionChange, taken: int) -> None:
    if change.seats and change.seats < taken:
        raise InvalidInputError(
            say_many("{count} seat is taken", "{count} seats are taken", taken),
            field="seats",
            remedy=say("Give {count} or more, or 0 for no limit.", count=taken),
        )


def _check_replay_end(change: SessionChange, session: Session) -> None:
    if change.replay_ends_at is not None and change.replay_ends_at <= session.ends_at:
        raise InvalidInputError(
            say("the replay would end before the session does"),
            field="replay_ends_at",
            remedy=say("Give a moment after the session's end."),
        )


def _columns(tx: Transaction, session: Session, change: SessionChange) -> dict[str, Any]:
    given = {
        "title": change.title,
        "join_url": change.join_url,
        "replay_url": change.replay_url,
        "replay_ends_at": change.replay_ends_at,
        "clicks_count": change.clicks_count,
    }
    columns: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if change.drops_replay_end:
        columns["replay_ends_at"] = None
    if change.seats is not None:
        columns["seats"] = change.seats or None
    if change.platform_id is not None:
        columns["platform_id"] = clean_platform_id(change.platform_id)
    if change.replay_url and not session.replay_url:
        columns["replay_known_at"] = tx.now
    return columns
