"""The dates of all sequences as the studio lists them: what comes, what was; page by page.

A page goes by the index of starts and ends where the next one begins; seats are counted for the
lines of the page alone (tests/storage/test_date_lines.py asks the planner).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypedDict
from uuid import UUID

from sqlalchemy import RowMapping, TextClause, text

from funnel.domain.session import Session
from funnel.storage import sessions
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class DateLine:
    """One date of a list.

    Attributes:
        taken: Seats that are held now.
        unknown: Of those, how many of whom it is not known whether they came.
        platform_id: What the room's platform calls it; "" where nobody said.
        rule: The series' words, where a series made it; "" where somebody added it.
    """

    session: Session
    sequence_slug: str
    sequence_title: str
    taken: int
    unknown: int
    platform_id: str
    clicks_count: bool
    rule: str


Place = tuple[datetime, UUID]


def list_coming(tx: Transaction, *, limit: int, after: Place | None = None) -> list[DateLine]:
    """Return dates that are not over, the next first; ``after`` the last one of a page."""
    return _lines(tx, COMING if after is None else COMING_AFTER, limit, after)


def list_past(tx: Transaction, *, limit: int, after: Place | None = None) -> list[DateLine]:
    """Return dates that are over, the latest first; ``after`` the last one of a page."""
    return _lines(tx, PAST if after is None else PAST_AFTER, limit, after)


def find(tx: Transaction, session_id: UUID) -> DateLine | None:
    """Return one date as a list has it."""
    row = tx.connection.execute(ONE, {"id": session_id}).mappings().one_or_none()
    return None if row is None else _line(row)


def same_day(tx: Transaction, session: Session, starts_at: datetime) -> list[Session]:
    """Return what else is held on the day of ``starts_at`` in its zone, of any sequence."""
    values = {"id": session.id, "zone": session.zone, "at": starts_at}
    rows = tx.connection.execute(_SAME_DAY, values).mappings()
    found = [sessions.beside_others(row) for row in rows]
    return [each for each in found if each is not None]


class Extras(TypedDict):
    """What stands in a session's row beside ``Session``."""

    platform_id: str
    clicks_count: bool


def read_extras(tx: Transaction, session_id: UUID) -> Extras:
    """Return what else a session says, as keywords for ``mark_of``."""
    row = tx.connection.execute(_EXTRAS, {"id": session_id}).one()
    return Extras(platform_id=row.platform_id, clicks_count=row.clicks_count)


def _lines(
    tx: Transaction, statement: TextClause, limit: int, after: Place | None
) -> list[DateLine]:
    values: dict[str, object] = {"limit": limit}
    if after is not None:
        values |= {"at": after[0], "id": after[1]}
    return [_line(row) for row in tx.connection.execute(statement, values).mappings()]


def _line(row: RowMapping) -> DateLine:
    session = sessions.beside_others(row)
    assert session is not None  # noqa: S101  # each row is one of a session
    names = [name for name in DateLine.__slots__ if name != "session"]
    return DateLine(session=session, **{name: row[name] for name in names})


_SESSION = """s.id as session_id, s.title, s.starts_at, s.ends_at, s.zone as session_zone, s.seats,
  s.join_url, s.replay_url, s.replay_known_at, s.replay_ends_at, s.closed_at, s.cancelled_at"""


def _select(condition: str, ending: str = "") -> TextClause:
    return text(
        f"""
        select {_SESSION}, q.slug as sequence_slug, q.title as sequence_title,
          coalesce(s.platform_id, '') as platform_id, s.clicks_count,
          coalesce(x.rule, '') as rule,
          (select count(*) from registrations r
            where r.session_id = s.id and r.status = 'registered') as taken,
          (select count(*) from registrations r
            where r.session_id = s.id and r.status = 'registered'
              and r.attendance = 'unknown') as unknown
        from sessions s
        join sequences q on q.id = s.sequence_id
        left join session_series x on x.id = s.series_id
        where {condition} {ending}
        """  # noqa: S608  (of our own words alone)
    )


# A session lasts a day at most: what is still on began since yesterday.
_IS_COMING = "s.starts_at > plan_now() - interval '1 day' and s.ends_at > plan_now()"
_IS_PAST = "s.starts_at <= plan_now() and s.ends_at <= plan_now()"
_FORWARD = "order by s.starts_at, s.id limit :limit"
_BACKWARD = "order by s.starts_at desc, s.id desc limit :limit"
COMING: Final = _select(_IS_COMING, _FORWARD)
COMING_AFTER: Final = _select(f"{_IS_COMING} and (s.starts_at, s.id) > (:at, :id)", _FORWARD)
PAST: Final = _select(_IS_PAST, _BACKWARD)
PAST_AFTER: Final = _select(f"{_IS_PAST} and (s.starts_at, s.id) < (:at, :id)", _BACKWARD)
ONE: Final = _select("s.id = :id")

_SAME_DAY = text(
    f"""
    select {_SESSION} from sessions s
    where s.id <> :id and s.cancelled_at is null
      and s.starts_at > cast(:at as timestamptz) - interval '2 days'
      and s.starts_at < cast(:at as timestamptz) + interval '2 days'
      and date(s.starts_at at time zone :zone) =
          date(cast(:at as timestamptz) at time zone :zone)
    order by s.starts_at, s.id limit 3
    """  # noqa: S608  (of our own words alone)
)
_EXTRAS = text(
    "select coalesce(platform_id, '') as platform_id, clicks_count from sessions where id = :id"
)
