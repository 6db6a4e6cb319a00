"""The seats of one date as the studio lists them, and the people whom its host may write to.

Page by page, by the indexes of a date's seats: a page costs the same at the end of a hundred
thousand seats (tests/storage/test_seat_lines.py asks the planner).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text

from funnel.domain.session import Attendance
from funnel.storage.people_lines import WAYS
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLine:
    """One seat and its person; moments are plan time, aware UTC.

    Attributes:
        id: The registration's.
        key: What a page of those found by name is ordered by.
    """

    id: UUID
    subscriber_id: UUID
    enrollment_id: UUID
    email: str
    first_name: str
    last_name: str
    zone: str
    registered_at: datetime
    attendance: Attendance
    joined_at: datetime | None
    left_at: datetime | None
    watched_at: datetime | None
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmPerson:
    """Somebody who came, clicked, and has not booked: worth a word of the host's own."""

    seat_id: UUID
    subscriber_id: UUID
    email: str
    first_name: str
    last_name: str
    clicked: str
    clicked_at: datetime


def list_newest(
    tx: Transaction, session_id: UUID, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[SeatLine]:
    """Return who took a seat last, the newest first; ``after`` the last one of a page."""
    if after is None:
        return _lines(tx, NEWEST, session=session_id, limit=limit)
    return _lines(tx, NEWEST_AFTER, session=session_id, limit=limit, at=after[0], id=after[1])


def list_beginning(
    tx: Transaction,
    session_id: UUID,
    begins: str,
    *,
    limit: int,
    after: tuple[str, UUID] | None = None,
) -> list[SeatLine]:
    """Return seats of people whose name, last name or address begins so, by address."""
    key, id_ = after or ("", UUID(int=0))
    return _lines(tx, BEGINNING, session=session_id, begins=begins, key=key, id=id_, limit=limit)


def find(tx: Transaction, session_id: UUID, seat_id: UUID) -> SeatLine | None:
    """Return one seat of a date that is held now."""
    found = _lines(tx, _ONE, session=session_id, id=seat_id)
    return found[0] if found else None


def count_attendance(tx: Transaction, session_id: UUID) -> Mapping[Attendance, int]:
    """Return how many came, did not, and of how many nothing is known."""
    rows = tx.connection.execute(COUNTS, {"session": session_id})
    found = {Attendance(row.attendance): row.people for row in rows}
    return {each: found.get(each, 0) for each in Attendance}


def an_example(tx: Transaction, session_id: UUID, run_id: UUID | None) -> UUID | None:
    """Return a run under way that holds a seat: the one that is named, else the first to come."""
    values = {"session": session_id, "run": run_id}
    found: UUID | None = tx.connection.execute(_EXAMPLE, values).scalar()
    return found


def list_warm(
    tx: Transaction, session_id: UUID, *, limit: int, after: UUID | None = None
) -> list[WarmPerson]:
    """Return who came, clicked and has not booked, without those who must not be written to."""
    values = {"session": session_id, "limit": limit, "id": after or UUID(int=0)}
    rows = tx.connection.execute(WARM, values).mappings()
    return [WarmPerson(**row) for row in rows]


def _lines(tx: Transaction, statement: TextClause, **values: object) -> list[SeatLine]:
    rows = tx.connection.execute(statement, values).mappings()
    return [SeatLine(**{**row, "attendance": Attendance(row["attendance"])}) for row in rows]


_COLUMNS = """r.id, r.subscriber_id, r.enrollment_id, p.email, p.first_name, p.last_name, p.zone,
      r.registered_at, r.attendance, r.joined_at, r.left_at, r.watched_at, p.email_key as key"""
_FROM = """from registrations r join subscribers p on p.id = r.subscriber_id
    where r.session_id = :session and r.status = 'registered'"""
_NEWEST = "order by r.registered_at desc, r.id desc limit :limit"
# The last character of Unicode stands behind whatever begins so; see people_lines.
_BEGINS = "lower(cast(:begins as text))"
_UNTIL = f"({_BEGINS} || U&'\\+10FFFF')"
_FITS = " or ".join(f"({each} ~>=~ {_BEGINS} and {each} ~<~ {_UNTIL})" for each in WAYS)

NEWEST: Final = text(f"select {_COLUMNS} {_FROM} {_NEWEST}")
NEWEST_AFTER: Final = text(
    f"select {_COLUMNS} {_FROM} and (r.registered_at, r.id) < (:at, :id) {_NEWEST}"
)
BEGINNING: Final = text(
    f"""
    select {_COLUMNS} {_FROM} and p.email <> '' and ({_FITS})
      and (p.email_key ~>~ :key or (p.email_key = :key and r.id > :id))
    order by p.email_key using ~<~, r.id limit :limit
    """
)
_ONE = text(f"select {_COLUMNS} {_FROM} and r.id = :id")
COUNTS: Final = text(
    """
    select attendance, count(*) as people from registrations
    where session_id = :session and status = 'registered' group by attendance
    """
)
_EXAMPLE = text(
    """
    select r.enrollment_id from registrations r
    join enrollments e on e.id = r.enrollment_id and e.state = 'active'
    where r.session_id = :session and r.status = 'registered'
      and (cast(:run as uuid) is null or r.enrollment_id = :run)
    order by r.registered_at, r.id limit 1
    """
)
WARM: Final = text(
    """
    select r.id as seat_id, r.subscriber_id, p.email, p.first_name, p.last_name,
      c.name as clicked, c.at as clicked_at
    from registrations r
    join enrollments e on e.id = r.enrollment_id and e.goal_reached_at is null
    join subscribers p on p.id = r.subscriber_id and p.email <> ''
    join lateral (
      select f.name, f.at from facts f
      where f.subscriber_id = r.subscriber_id and f.enrollment_id = r.enrollment_id
        and f.kind = 'clicked'
      order by f.at desc, f.id limit 1
    ) c on true
    where r.session_id = :session and r.status = 'registered' and r.attendance = 'attended'
      and r.id > :id
      and not exists (select 1 from suppressions u where u.email_key = p.email_key)
      and not exists (
        select 1 from facts b where b.subscriber_id = r.subscriber_id and b.kind = 'booked'
          and b.at >= r.registered_at
      )
    order by r.id limit :limit
    """
)
