"""What the results page reads: sums, and the few rows that are not summed yet.

A signup is summed once it is settled. Those that wait for their person's confirmation are those of
a week at most, and have an index of their own.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from funnel.storage.result_rows import UTM_KEYS, Measure, Scope
from funnel.storage.result_sums import KEPT
from funnel.storage.transaction import Transaction

Sums = dict[str, Counter[str]]  # by key, then by measure
Place = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSession:
    """A date as the results name it; moments are aware UTC, plan time."""

    id: UUID
    title: str
    starts_at: datetime
    zone: str
    is_closed: bool
    is_cancelled: bool


def read_sums(tx: Transaction, sequence_id: UUID, scope: Scope) -> Sums:
    """Return the sums of emails, or of places that people came from; of dates, see below."""
    rows = tx.connection.execute(SUMS, {"sequence": sequence_id, "scope": scope})
    found: Sums = defaultdict(Counter)
    for row in rows:
        found[row.key][row.measure] = row.total
    return found


SUMS: Final = text(
    f"""
    select key, measure, total from result_sums
    where sequence_id = :sequence and scope = :scope and not starts_with(measure, '{KEPT}')
    """  # noqa: S608  (of our own words alone)
)


def read_session_sums(tx: Transaction, sequence_id: UUID, session_ids: Collection[UUID]) -> Sums:
    """Return the sums of these dates."""
    keys = [str(each) for each in session_ids]
    rows = tx.connection.execute(SESSION_SUMS, {"sequence": sequence_id, "keys": keys})
    found: Sums = defaultdict(Counter)
    for row in rows:
        found[row.key][row.measure] = row.total
    return found


SESSION_SUMS: Final = text(
    f"""
    select key, measure, total from result_sums
    where sequence_id = :sequence and scope = '{Scope.SESSION}' and key = any(:keys)
    """  # noqa: S608  (of our own words alone)
)


def count_waiting(tx: Transaction, sequence_id: UUID) -> dict[Scope, Counter[str]]:
    """Return how many signups wait for a confirmation, by where they came from and their date."""
    rows = tx.connection.execute(WAITING, {"sequence": sequence_id})
    found: defaultdict[Scope, Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[Scope(row.scope)][row.key] = row.total
    return found


WAITING: Final = text(
    f"""
    select k.scope, k.key, count(*) as total
    from signups g
    cross join lateral (
        select '{Scope.SOURCE}' as scope, cast(g.source_id as text) as key
        union all
        select '{Scope.SESSION}', cast(g.session_id as text) where g.session_id is not null
        union all
        select '{Scope.UTM}', u.key from ({UTM_KEYS}) u
    ) k
    where g.status = 'pending' and g.sequence_id = :sequence group by 1, 2
    """  # noqa: S608  (of our own words alone)
)


def list_sessions(
    tx: Transaction, sequence_id: UUID, *, limit: int, after: Place | None = None
) -> list[HeldSession]:
    """Return dates of a sequence, the latest first; ``after`` the last one of a page."""
    values: dict[str, object] = {"sequence": sequence_id, "limit": limit}
    if after is not None:
        values |= {"at": after[0], "id": after[1]}
    rows = tx.connection.execute(SESSIONS if after is None else SESSIONS_AFTER, values).mappings()
    return [HeldSession(**row) for row in rows]


_SESSIONS = """
    select id, title, starts_at, zone, closed_at is not null as is_closed,
           cancelled_at is not null as is_cancelled
    from sessions where sequence_id = :sequence {further}
    order by starts_at desc, id desc limit :limit
"""
SESSIONS: Final = text(_SESSIONS.format(further=""))
SESSIONS_AFTER: Final = text(_SESSIONS.format(further="and (starts_at, id) < (:at, :id)"))


def with_waiting(sums: Sums, waiting: Counter[str]) -> Sums:
    """Return the sums with what waits added to the signups: those have come as well."""
    for key, total in waiting.items():
        sums[key][Measure.SIGNUPS] += total
    return sums
