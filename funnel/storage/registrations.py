"""Seats and who came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, func, insert, select, update

from funnel.domain.session import Attendance, SeatStatus
from funnel.storage import result_sums
from funnel.storage.tables import RegistrationRow, SessionRow
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A registration; moments are aware UTC, in plan time.

    Attributes:
        attendance_at: The moment that the word about attendance speaks of.
        join_url: The way into the room that a platform gave this person; empty: the session's.
    """

    id: UUID
    enrollment_id: UUID
    subscriber_id: UUID
    session_id: UUID
    status: SeatStatus
    attendance: Attendance
    attendance_at: datetime | None
    watched_at: datetime | None
    joined_at: datetime | None
    left_at: datetime | None
    join_url: str
    join_url_at: datetime | None


def held(tx: Transaction, enrollment_id: UUID) -> Seat | None:
    """Return the seat that a run holds now."""
    return _first(
        tx,
        RegistrationRow.enrollment_id == enrollment_id,
        RegistrationRow.status == SeatStatus.REGISTERED,
    )


def starts_at(tx: Transaction, registration_id: UUID) -> datetime | None:
    """Return when the session of a seat begins."""
    statement = (
        select(SessionRow.starts_at)
        .join(RegistrationRow, RegistrationRow.session_id == SessionRow.id)
        .where(RegistrationRow.id == registration_id)
    )
    moment: datetime | None = tx.connection.execute(statement).scalar()
    return moment


def latest(tx: Transaction, enrollment_id: UUID) -> Seat | None:
    """Return a run's newest seat, held or not."""
    return _first(tx, RegistrationRow.enrollment_id == enrollment_id)


def held_in_session(tx: Transaction, subscriber_id: UUID, session_id: UUID) -> Seat | None:
    """Return a person's seat in a session."""
    return _first(
        tx,
        RegistrationRow.subscriber_id == subscriber_id,
        RegistrationRow.session_id == session_id,
        RegistrationRow.status == SeatStatus.REGISTERED,
    )


def next_on_platform(tx: Transaction, subscriber_id: UUID, platform_id: str) -> Seat | None:
    """Return a person's seat in the next session, or the one that is on, of that number."""
    statement = (
        _seats()
        .join(SessionRow, SessionRow.id == RegistrationRow.session_id)
        .where(
            RegistrationRow.subscriber_id == subscriber_id,
            RegistrationRow.status == SeatStatus.REGISTERED,
            SessionRow.platform_id == platform_id,
            SessionRow.ends_at > tx.now,
        )
        .order_by(SessionRow.starts_at, RegistrationRow.id)
        .limit(1)
    )
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else _seat(row)


def newest_begun(tx: Transaction, subscriber_id: UUID) -> Seat | None:
    """Return a person's seat in the session that began last."""
    row = (
        tx.connection.execute(
            _seats()
            .join(SessionRow, SessionRow.id == RegistrationRow.session_id)
            .where(
                RegistrationRow.subscriber_id == subscriber_id,
                RegistrationRow.status == SeatStatus.REGISTERED,
                SessionRow.starts_at <= tx.now,
            )
            .order_by(SessionRow.starts_at.desc(), RegistrationRow.id)
            .limit(1)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _seat(row)


def add(tx: Transaction, enrollment_id: UUID, subscriber_id: UUID, session_id: UUID) -> None:
    """Give a seat, from now on. The caller holds the session's lock and has counted."""
    result_sums.watch(tx, [subscriber_id])
    tx.connection.execute(
        insert(RegistrationRow).values(
            enrollment_id=enrollment_id,
            subscriber_id=subscriber_id,
            session_id=session_id,
            registered_at=tx.now,
        )
    )


def end(tx: Transaction, registration_id: UUID, status: SeatStatus) -> None:
    """End a seat, as moved or cancelled: from now on it is free."""
    result_sums.watch_seat(tx, registration_id)
    _change(tx, registration_id, {"status": status, "ended_at": tx.now})


def set_attendance(
    tx: Transaction, registration_id: UUID, attendance: Attendance, at: datetime
) -> None:
    """Write what is now known about a person's coming, by a word that speaks of ``at``."""
    result_sums.watch_seat(tx, registration_id)
    changes = {"attendance": attendance, "attendance_known_at": tx.now, "attendance_at": at}
    _change(tx, registration_id, changes)


def confirm_attendance(tx: Transaction, registration_id: UUID, at: datetime) -> None:
    """Note that the same was said again, of a later moment."""
    _change(tx, registration_id, {"attendance_at": at})


def set_presence(
    tx: Transaction, registration_id: UUID, *, joined_at: datetime | None, left_at: datetime | None
) -> None:
    """Write the first coming into the room and the last leaving; who comes twice has one of each.

    ``None`` says nothing about that side. GREATEST and LEAST leave nulls out.
    """
    changes = {
        "joined_at": func.least(RegistrationRow.joined_at, joined_at),
        "left_at": func.greatest(RegistrationRow.left_at, left_at),
    }
    _change(tx, registration_id, changes)


def set_join_url(tx: Transaction, registration_id: UUID, url: str, at: datetime) -> None:
    """Keep the way into the room that a platform gave this person at that moment."""
    _change(tx, registration_id, {"join_url": url, "join_url_at": at})


def set_watched(tx: Transaction, registration_id: UUID, at: datetime) -> None:
    """Write when the replay was watched; the earliest time counts, whichever is told first."""
    result_sums.watch_seat(tx, registration_id)
    _change(tx, registration_id, {"watched_at": func.least(RegistrationRow.watched_at, at)})


def unknown_attendance(tx: Transaction, session_id: UUID) -> int:
    """Return how many seats of a session nothing is known about."""
    statement = select(func.count()).where(
        RegistrationRow.session_id == session_id,
        RegistrationRow.status == SeatStatus.REGISTERED,
        RegistrationRow.attendance == Attendance.UNKNOWN,
    )
    count: int = tx.connection.execute(statement).scalar_one()
    return count


def enrollments_of_session(tx: Transaction, session_id: UUID) -> Sequence[UUID]:
    """Return the runs that hold a seat in a session."""
    statement = select(RegistrationRow.enrollment_id).where(
        RegistrationRow.session_id == session_id,
        RegistrationRow.status == SeatStatus.REGISTERED,
    )
    ordered = statement.order_by(RegistrationRow.enrollment_id)
    return tx.connection.execute(ordered).scalars().all()


def _change(tx: Transaction, registration_id: UUID, changes: Mapping[str, object]) -> None:
    statement = update(RegistrationRow).where(RegistrationRow.id == registration_id)
    tx.connection.execute(statement.values(**changes))


def _first(tx: Transaction, *conditions: ColumnElement[bool]) -> Seat | None:
    statement = (
        _seats()
        .where(*conditions)
        .order_by(RegistrationRow.registered_at.desc(), RegistrationRow.id)
        .limit(1)
    )
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else _seat(row)


def _seats() -> Select[*tuple[Any, ...]]:
    return select(
        RegistrationRow.id,
        RegistrationRow.enrollment_id,
        RegistrationRow.subscriber_id,
        RegistrationRow.session_id,
        RegistrationRow.status,
        RegistrationRow.attendance,
        RegistrationRow.attendance_at,
        RegistrationRow.watched_at,
        RegistrationRow.joined_at,
        RegistrationRow.left_at,
        RegistrationRow.join_url,
        RegistrationRow.join_url_at,
    )


def _seat(row: RowMapping) -> Seat:
    typed = {
        "status": SeatStatus(row["status"]),
        "attendance": Attendance(row["attendance"]),
    }
    return Seat(**{**row, **typed})
