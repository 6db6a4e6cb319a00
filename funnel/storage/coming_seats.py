"""How many people hold a seat in the next sessions, by zone: who is to be reminded, and when."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from funnel.domain.session import Session
from funnel.storage import sessions
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingSeats:
    """People of one zone who will be reminded of one session by one version."""

    session: Session
    version_id: UUID
    zone: str
    people: int


def read_coming_seats(tx: Transaction, *, within: timedelta) -> list[ComingSeats]:
    """Return the seats of sessions that begin within that plan time, the soonest first."""
    rows = tx.connection.execute(_SEATS, {"within": within}).mappings()
    return [
        ComingSeats(
            session=session,
            version_id=row["version_id"],
            zone=row["zone"],
            people=row["people"],
        )
        for row in rows
        if (session := sessions.beside_others(row)) is not None
    ]


_SEATS = text(
    """
    select e.version_id, p.zone, count(*) as people,
           s.id as session_id, s.title, s.starts_at, s.ends_at, s.zone as session_zone, s.seats,
           s.join_url, s.replay_url, s.replay_known_at, s.replay_ends_at, s.closed_at,
           s.cancelled_at
    from sessions s
    join registrations r on r.session_id = s.id and r.status = 'registered'
    join enrollments e on e.id = r.enrollment_id and e.state = 'active'
    join subscribers p on p.id = r.subscriber_id and p.wants_seat_emails
    where s.cancelled_at is null and s.starts_at > plan_now()
      and s.starts_at < plan_now() + :within
    group by e.version_id, p.zone, s.id
    order by s.starts_at, s.id, p.zone
    """
)
