"""People as a list shows those of one kind: in a sequence, with a seat, tagged, left, unconfirmed.

Each kind is a range of an index of its own, in an order of its own, and a page ends where the next
one begins (tests/storage/test_people_filters.py asks the planner).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import TextClause, text

from funnel.storage.people_lines import PersonLine
from funnel.storage.transaction import Transaction


class Kind(StrEnum):
    """What people of a list have in common."""

    SEQUENCE = "sequence"
    SESSION = "session"
    TAG = "tag"
    LEFT = "left"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Who is shown; ``of`` is the sequence's or session's id, or the tag."""

    kind: Kind
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One person and where they stand in the list of their kind."""

    line: PersonLine
    at: datetime
    key: str


def list_filtered(
    tx: Transaction,
    only: Filter,
    *,
    limit: int,
    after: tuple[datetime, str] | None = None,
) -> list[Placed]:
    """Return the people of one kind, those of whom it is true most recently first.

    Args:
        tx: Read only.
        only: Which kind.
        limit: At most so many.
        after: Moment and key of the last one of the page before.
    """
    values: Mapping[str, object] = {"of": only.of.lower(), "limit": limit}
    if after is not None:
        values = {**values, "after_at": after[0], "after_key": after[1]}
    rows = tx.connection.execute(statement_for(only.kind, is_first=after is None), values)
    return [
        Placed(
            line=PersonLine(**{name: row[name] for name in PersonLine.__slots__}),
            at=row["placed_at"],
            key=str(row["placed_key"]),
        )
        for row in rows.mappings()
    ]


def list_tags(tx: Transaction, *, limit: int = 50) -> list[str]:
    """Return the tags that were ever given, by name; one step of the index for each."""
    return list(tx.connection.execute(TAGS, {"limit": limit}).scalars())


_COLUMNS = """p.id, p.email, p.first_name, p.last_name, p.zone,
    p.confirmed_at is not null as is_confirmed, p.created_at, '' as begins"""
_AFTER = "({at}, {key}) < (:after_at, cast(:after_key as {kind}))"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Where the people of a kind stand, and in which order."""

    tables: str
    where: str
    at: str
    key: str
    kind: str = "uuid"


_SOURCES: Final = {
    Kind.SEQUENCE: _Source(
        tables="enrollments e join subscribers p on p.id = e.subscriber_id",
        # Somebody who began anew while the seat of the time before goes on stands here once.
        where="""e.sequence_id = cast(:of as uuid) and e.state = 'active' and not exists (
            select from enrollments n where n.subscriber_id = e.subscriber_id
            and n.sequence_id = e.sequence_id and n.run > e.run and n.state = 'active')""",
        at="e.enrolled_at",
        key="e.id",
    ),
    Kind.SESSION: _Source(
        tables="registrations r join subscribers p on p.id = r.subscriber_id",
        where="r.session_id = cast(:of as uuid) and r.status = 'registered'",
        at="r.registered_at",
        key="r.id",
    ),
    Kind.TAG: _Source(
        tables="facts f join subscribers p on p.id = f.subscriber_id",
        # The last word about this tag is that they have it.
        where="""lower(f.name) = :of and f.kind = 'tagged' and not exists (
            select from facts o where o.subscriber_id = f.subscriber_id
            and o.kind in ('tagged', 'untagged') and lower(o.name) = :of
            and (o.at, o.kind = 'tagged', o.id) > (f.at, true, f.id))""",
        at="f.at",
        key="f.id",
    ),
    Kind.LEFT: _Source(
        tables="suppressions s join subscribers p on p.email_key = s.email_key",
        where="s.reason = 'unsubscribed' and p.email <> ''",
        at="s.at",
        key="s.email_key",
        kind="text",
    ),
    Kind.UNCONFIRMED: _Source(
        tables="subscribers p",
        where="p.email <> '' and p.confirmed_at is null",
        at="p.created_at",
        key="p.id",
    ),
}


def statement_for(kind: Kind, *, is_first: bool) -> TextClause:
    """Return the statement for one kind: of the first page, or of one behind another."""
    source = _SOURCES[kind]
    after = (
        "" if is_first else f"and {_AFTER.format(at=source.at, key=source.key, kind=source.kind)}"
    )
    return text(
        f"""
        select {_COLUMNS}, {source.at} as placed_at, {source.key} as placed_key
        from {source.tables}
        where {source.where} {after}
        order by {source.at} desc, {source.key} desc limit :limit
        """  # noqa: S608  (of our own words alone)
    )


TAGS: Final = text(
    """
    with recursive tags as (
        (select lower(name) as tag from facts where kind = 'tagged' order by lower(name) limit 1)
        union all
        select (select lower(f.name) from facts f
                where f.kind = 'tagged' and lower(f.name) > t.tag order by lower(f.name) limit 1)
        from tags t where t.tag is not null
    )
    select tag from tags where tag is not null and tag <> '' limit :limit
    """
)
