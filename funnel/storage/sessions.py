"""Sessions and how many seats of them are taken."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, func, insert, select, update

from funnel.domain.session import SeatStatus, Session
from funnel.domain.signup import SessionOffer
from funnel.storage import arrays
from funnel.storage.definition_tables import SequenceRow
from funnel.storage.tables import RegistrationRow, SessionRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """A session in a list, with the seats that are taken."""

    session: Session
    sequence_slug: str
    taken: int


def find(tx: Transaction, session_id: UUID) -> Session | None:
    """Return the session of that id."""
    row = tx.connection.execute(_select().where(SessionRow.id == session_id)).mappings()
    return _session_or_none(row.one_or_none())


def find_all(tx: Transaction, session_ids: Collection[UUID]) -> dict[UUID, Session]:
    """Return those of these sessions that there are, by their ids."""
    rows = arrays.fetch(tx, _FIND_ALL, {"ids": arrays.uuids(session_ids)})
    found = [Session(**dict(zip(_NAMES, row, strict=True))) for row in rows]
    return {each.id: each for each in found}


def find_by_platform_id(tx: Transaction, platform_id: str, at: datetime) -> Session | None:
    """Return the session that a platform calls so; of several, the one held nearest to ``at``.

    A meeting that comes again keeps its number.
    """
    distance = func.abs(func.extract("epoch", SessionRow.starts_at - at))
    statement = _select().where(SessionRow.platform_id == platform_id).order_by(distance)
    return _session_or_none(tx.connection.execute(statement.limit(1)).mappings().first())


def find_sequence_of(tx: Transaction, session_id: UUID) -> UUID | None:
    """Return the sequence of a session, ``None`` where there is no such session."""
    statement = select(SessionRow.sequence_id).where(SessionRow.id == session_id)
    found: UUID | None = tx.connection.execute(statement).scalar()
    return found


def sequence_of(tx: Transaction, session_id: UUID) -> UUID:
    """Return the sequence that a session belongs to."""
    statement = select(SessionRow.sequence_id).where(SessionRow.id == session_id)
    found: UUID = tx.connection.execute(statement).scalar_one()
    return found


def lock(tx: Transaction, session_id: UUID) -> Session | None:
    """Lock a session, so that its seats can be counted, and return it as it is now.

    Two statements: the first may have waited, and what it saw may be old by then.
    """
    held = select(SessionRow.id).where(SessionRow.id == session_id).with_for_update(key_share=True)
    tx.connection.execute(held)
    return find(tx, session_id)


def taken(tx: Transaction, session_id: UUID) -> int:
    """Return how many seats are taken; exact while the caller holds the session's lock."""
    statement = select(func.count()).where(
        RegistrationRow.session_id == session_id,
        RegistrationRow.status == SeatStatus.REGISTERED,
    )
    count: int = tx.connection.execute(statement).scalar_one()
    return count


def of_sequence(tx: Transaction, sequence_id: UUID) -> list[Session]:
    """Return every session of a sequence, earliest first."""
    statement = _select().where(SessionRow.sequence_id == sequence_id)
    ordered = statement.order_by(SessionRow.starts_at, SessionRow.id)
    return [_session(row) for row in tx.connection.execute(ordered).mappings()]


def next_ahead(tx: Transaction, sequence_id: UUID) -> Session | None:
    """Return the next session that is held, whether or not there are seats left."""
    statement = (
        _select()
        .where(
            SessionRow.sequence_id == sequence_id,
            SessionRow.starts_at > tx.now,
            SessionRow.cancelled_at.is_(None),
        )
        .order_by(SessionRow.starts_at, SessionRow.id)
        .limit(1)
    )
    return _session_or_none(tx.connection.execute(statement).mappings().one_or_none())


def list_open(tx: Transaction, sequence_id: UUID, *, limit: int = 3) -> tuple[SessionOffer, ...]:
    """Return the next sessions that can still be taken, earliest first."""
    left = SessionRow.seats - _taken()
    statement = (
        _select()
        .add_columns(left.label("seats_left"))
        .where(
            SessionRow.sequence_id == sequence_id,
            SessionRow.starts_at > tx.now,
            SessionRow.cancelled_at.is_(None),
            SessionRow.seats.is_(None) | (left > 0),
        )
        .order_by(SessionRow.starts_at, SessionRow.id)
        .limit(limit)
    )
    rows = tx.connection.execute(statement).mappings()
    return tuple(SessionOffer(session=_session(row), seats_left=row["seats_left"]) for row in rows)


def list_lines(
    tx: Transaction, *, sequence_slug: str | None = None, upcoming_only: bool = False
) -> list[SessionLine]:
    """Return sessions with the seats taken, earliest first."""
    statement = (
        _select()
        .add_columns(SequenceRow.slug.label("slug"), _taken().label("taken"))
        .join(SequenceRow, SequenceRow.id == SessionRow.sequence_id)
        .order_by(SessionRow.starts_at, SessionRow.id)
    )
    if sequence_slug is not None:
        statement = statement.where(SequenceRow.slug == sequence_slug)
    if upcoming_only:
        statement = statement.where(
            SessionRow.starts_at > tx.now, SessionRow.cancelled_at.is_(None)
        )
    rows = tx.connection.execute(statement).mappings()
    return [
        SessionLine(session=_session(row), sequence_slug=row["slug"], taken=row["taken"])
        for row in rows
    ]


def list_around(tx: Transaction, *, limit: int) -> list[Session]:
    """Return so many dates that are furthest ahead or were latest, the next one first of all."""
    statement = _select().where(SessionRow.cancelled_at.is_(None))
    newest = statement.order_by(SessionRow.starts_at.desc(), SessionRow.id).limit(limit)
    found = [_session(row) for row in tx.connection.execute(newest).mappings()]
    ahead = [each for each in reversed(found) if each.starts_at > tx.now]
    return [*ahead, *(each for each in found if each.starts_at <= tx.now)]


def lock_sequence(tx: Transaction, sequence_id: UUID) -> None:
    """Let sessions be added to a sequence one at a time."""
    held = select(SequenceRow.id).where(SequenceRow.id == sequence_id)
    tx.connection.execute(held.with_for_update(key_share=True))


def overlapping(
    tx: Transaction,
    sequence_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    *,
    apart_from: UUID | None = None,
) -> Session | None:
    """Return a session of the sequence that is held within that time, if there is one.

    Args:
        tx: An open transaction.
        sequence_id: Only sessions of this one.
        starts_at: Aware, plan time.
        ends_at: Aware, plan time; one that begins just then does not overlap.
        apart_from: A session that may: the one that is to be moved there.
    """
    statement = _select().where(
        SessionRow.sequence_id == sequence_id,
        SessionRow.cancelled_at.is_(None),
        SessionRow.starts_at < ends_at,
        SessionRow.ends_at > starts_at,
    )
    if apart_from is not None:
        statement = statement.where(SessionRow.id != apart_from)
    return _session_or_none(tx.connection.execute(statement.limit(1)).mappings().first())


def zone_of_sequence(tx: Transaction, sequence_id: UUID) -> str | None:
    """Return the zone in which the sequence's next (else latest) session is announced."""
    statement = (
        select(SessionRow.zone)
        .where(SessionRow.sequence_id == sequence_id)
        .order_by((SessionRow.starts_at > tx.now).desc(), func.abs(_seconds_from(tx.now)))
        .limit(1)
    )
    zone: str | None = tx.connection.execute(statement).scalar()
    return zone


def add(
    tx: Transaction,
    sequence_id: UUID,
    session: Session,
    *,
    clicks_count: bool,
    platform_id: str | None = None,
    occurrence: tuple[UUID, date] | None = None,
) -> None:
    """Write a new session.

    Args:
        tx: An open transaction.
        sequence_id: Its sequence.
        session: What it says.
        clicks_count: Whether human clicks on the join link count as having come.
        platform_id: What the room's platform calls it.
        occurrence: The series that makes it, and for which of its days; once each.
    """
    series_id, occurs_on = occurrence or (None, None)
    tx.connection.execute(
        insert(SessionRow).values(
            id=session.id,
            sequence_id=sequence_id,
            title=session.title,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            zone=session.zone,
            seats=session.seats,
            join_url=session.join_url,
            replay_url=session.replay_url,
            replay_known_at=tx.now if session.replay_url else None,
            replay_ends_at=session.replay_ends_at,
            clicks_count=clicks_count,
            platform_id=platform_id,
            series_id=series_id,
            occurs_on=occurs_on,
        )
    )


def change(tx: Transaction, session_id: UUID, changes: Mapping[str, Any]) -> None:
    """Write the given columns of a session."""
    if changes:
        statement = update(SessionRow).where(SessionRow.id == session_id)
        tx.connection.execute(statement.values(**changes))


def _taken() -> Any:  # noqa: ANN401  (SQLAlchemy gives scalar subqueries no nameable type)
    return (
        select(func.count())
        .where(
            RegistrationRow.session_id == SessionRow.id,
            RegistrationRow.status == SeatStatus.REGISTERED,
        )
        .correlate(SessionRow)
        .scalar_subquery()
    )


def _seconds_from(now: datetime) -> Any:  # noqa: ANN401  (as above)
    return func.extract("epoch", SessionRow.starts_at - now)


_NAMES = (
    "id",
    "title",
    "starts_at",
    "ends_at",
    "zone",
    "seats",
    "join_url",
    "replay_url",
    "replay_known_at",
    "replay_ends_at",
    "closed_at",
    "cancelled_at",
)


_FIND_ALL = f"select {', '.join(_NAMES)} from sessions where id = any(cast(%(ids)s as uuid[]))"  # noqa: S608  (names of our own columns)


def _select() -> Select[*tuple[Any, ...]]:
    return select(*(getattr(SessionRow, name) for name in _NAMES))


def _session(row: RowMapping) -> Session:
    return Session(**{name: row[name] for name in _NAMES})


def beside_others(row: RowMapping) -> Session | None:
    """Return the session in a row that holds other things too, if there is one in it.

    Its id and zone stand there as ``session_id`` and ``session_zone``.
    """
    if row["session_id"] is None:
        return None
    renamed = {"id": "session_id", "zone": "session_zone"}
    return Session(**{name: row[renamed.get(name, name)] for name in _NAMES})


def _session_or_none(row: RowMapping | None) -> Session | None:
    return None if row is None else _session(row)
