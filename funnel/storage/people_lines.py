"""People as a list shows them: the newest first, or by what they begin with; page by page.

No statement counts people or looks at all of them: a beginning is a range of an index, in the order
of bytes, and a page ends where the next one begins (tests/storage/test_people_lines.py asks the
planner).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text

from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """One person; ``created_at`` is plan time, aware UTC.

    Attributes:
        begins: What the person was found by, as the index has it; "" in the list of the newest.
    """

    id: UUID
    email: str
    first_name: str
    last_name: str
    zone: str
    is_confirmed: bool
    created_at: datetime
    begins: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """The run that a list names beside a person: the newest one."""

    id: UUID
    subscriber_id: UUID
    version_id: UUID
    sequence_title: str
    state: str


def list_newest(
    tx: Transaction, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[PersonLine]:
    """Return who came last, the newest first; ``after`` the last one of the page before."""
    if after is None:
        return _lines(tx, NEWEST, limit=limit)
    return _lines(tx, NEWEST_AFTER, limit=limit, at=after[0], id=after[1])


# What a word is looked for in, in this order. Everybody is found once: by the first that fits.
WAYS: Final = (
    "lower(first_name || ' ' || last_name)",
    "lower(last_name)",
    "email_key",
)


def list_beginning(
    tx: Transaction,
    begins: str,
    *,
    way: int,
    limit: int,
    after: tuple[str, UUID] | None = None,
) -> list[PersonLine]:
    """Return those who begin with ``begins`` in one way, and in none before it, in its order.

    Args:
        tx: Read only.
        begins: In any case; of one character at least.
        way: Index into ``WAYS``.
        limit: At most so many.
        after: ``begins`` and id of the last one of the page before.
    """
    key, id_ = after or ("", UUID(int=0))
    return _lines(tx, beginning(way), limit=limit, begins=begins, key=key, id=id_)


def newest_runs(tx: Transaction, subscriber_ids: Sequence[UUID]) -> Mapping[UUID, RunLine]:
    """Return the newest run of each of these people who have one."""
    rows = tx.connection.execute(_NEWEST_RUNS, {"people": list(subscriber_ids)}).mappings()
    return {row["subscriber_id"]: RunLine(**row) for row in rows}


def _lines(tx: Transaction, statement: TextClause, **values: object) -> list[PersonLine]:
    return [PersonLine(**row) for row in tx.connection.execute(statement, values).mappings()]


_COLUMNS = """id, email, first_name, last_name, zone, confirmed_at is not null as is_confirmed,
      created_at"""

NEWEST: Final = text(
    f"""
    select {_COLUMNS}, '' as begins from subscribers where email <> ''
    order by created_at desc, id desc limit :limit
    """  # noqa: S608  (of our own words alone)
)
NEWEST_AFTER: Final = text(
    f"""
    select {_COLUMNS}, '' as begins from subscribers
    where email <> '' and (created_at, id) < (:at, :id)
    order by created_at desc, id desc limit :limit
    """  # noqa: S608  (of our own words alone)
)


_FROM = "lower(cast(:begins as text))"
# The last character of Unicode stands behind whatever begins so; no name may have it.
_TO = "(lower(cast(:begins as text)) || U&'\\+10FFFF')"


def beginning(way: int) -> TextClause:
    """Return the statement for one way."""
    # ``~>=~`` and its like compare bytes, as the indexes do.
    value = WAYS[way]
    others = "".join(f" and not ({each} ~>=~ {_FROM} and {each} ~<~ {_TO})" for each in WAYS[:way])
    return text(
        f"""
        select {_COLUMNS}, {value} as begins from subscribers
        where email <> ''
          and {value} ~>=~ {_FROM} and {value} ~>=~ :key and {value} ~<~ {_TO}
          and ({value} ~>~ :key or id > :id){others}
        order by {value} using ~<~, id limit :limit
        """  # noqa: S608  (of our own words alone)
    )


_NEWEST_RUNS = text(
    """
    select distinct on (e.subscriber_id) e.id, e.subscriber_id, e.version_id,
      q.title as sequence_title, e.state
    from enrollments e join sequences q on q.id = e.sequence_id
    where e.subscriber_id = any(:people)
    order by e.subscriber_id, e.enrolled_at desc, e.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignupLine:
    """One signup of a person; ``received_at`` is plan time, aware UTC."""

    source: str
    sequence_title: str
    status: str
    received_at: datetime


def signups_of(tx: Transaction, subscriber_id: UUID) -> list[SignupLine]:
    """Return where and when a person signed up, the newest first."""
    rows = tx.connection.execute(_SIGNUPS, {"person": subscriber_id}).mappings()
    return [SignupLine(**row) for row in rows]


_SIGNUPS = text(
    """
    select c.slug as source, q.title as sequence_title, s.status, s.received_at
    from signups s
    join sources c on c.id = s.source_id
    join sequences q on q.id = s.sequence_id
    where s.subscriber_id = :person order by s.received_at desc, s.id
    """
)
