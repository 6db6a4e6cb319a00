"""Who is in a sequence, and on which of its versions."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from funnel.storage.transaction import Transaction


def see_one_moment(tx: Transaction) -> None:
    """Let all statements of a transaction see the rows as the first of them does.

    Must come before the first of them. For reading only: what it saw may be over by its end.
    """
    tx.connection.execute(text("set transaction isolation level repeatable read"))


def count_people(tx: Transaction, sequence_id: UUID) -> int:
    """Return how many runs of a sequence have not ended."""
    count: int = tx.connection.execute(_COUNT, {"sequence": sequence_id}).scalar_one()
    return count


_COUNT = text("select count(*) from enrollments where sequence_id = :sequence and state = 'active'")


def next_people(
    tx: Transaction, sequence_id: UUID, *, after: UUID | None, limit: int
) -> list[UUID]:
    """Return runs of a sequence that have not ended, in the order of their ids, ``after`` one."""
    given = {"sequence": sequence_id, "after": after or UUID(int=0), "limit": limit}
    return list(tx.connection.execute(NEXT, given).scalars())


NEXT = text(
    """
    select id from enrollments where sequence_id = :sequence and state = 'active' and id > :after
    order by id limit :limit
    """
)


def addresses(tx: Transaction, run_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the address of each run's person."""
    rows = tx.connection.execute(_ADDRESSES, {"ids": list(run_ids)})
    return {row.id: row.email for row in rows}


_ADDRESSES = text(
    """
    select e.id, p.email from enrollments e join subscribers p on p.id = e.subscriber_id
    where e.id = any(:ids)
    """
)


def person_names(tx: Transaction, subscriber_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return what to call each of these people: their name, else their address."""
    rows = tx.connection.execute(_PERSON_NAMES, {"ids": list(subscriber_ids)})
    return {row.id: f"{row.first_name} {row.last_name}".strip() or row.email for row in rows}


_PERSON_NAMES = text(
    "select id, email, first_name, last_name from subscribers where id = any(:ids)"
)


def on_older_versions(tx: Transaction, run_ids: Sequence[UUID], version_id: UUID) -> list[UUID]:
    """Return those of these runs that have not ended and point to a version before this one."""
    given = {"ids": list(run_ids), "version": version_id}
    return list(tx.connection.execute(_ON_OLDER, given).scalars())


_ON_OLDER = text(
    """
    select e.id from enrollments e
    join sequence_versions mine on mine.id = e.version_id
    join sequence_versions other on other.id = :version and other.sequence_id = mine.sequence_id
    where e.id = any(:ids) and e.state = 'active' and mine.number < other.number
    order by e.id
    """
)


def move_pointers(tx: Transaction, run_ids: Sequence[UUID], version_id: UUID) -> None:
    """Let these runs follow another version; the caller holds their locks and plans them anew."""
    tx.connection.execute(_MOVE, {"ids": list(run_ids), "version": version_id})


_MOVE = text("update enrollments set version_id = :version where id = any(:ids)")
