"""What belongs to a sequence before it is live: its row, its page's texts, where people sign up."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert, select, text

from funnel.domain.signup import Source
from funnel.storage import sources
from funnel.storage.definition_tables import SequenceRow
from funnel.storage.transaction import Transaction


def find_id(tx: Transaction, slug: str) -> UUID | None:
    """Return the id of a sequence, live or not; ``None``: no row of it."""
    statement = select(SequenceRow.id).where(SequenceRow.slug == slug)
    found: UUID | None = tx.connection.execute(statement).scalar()
    return found


def begin(tx: Transaction, *, slug: str, title: str, brand_id: UUID) -> UUID:
    """Write a sequence that is not live: dates and texts may belong to it, people may not."""
    sequence_id = uuid4()
    tx.connection.execute(
        insert(SequenceRow).values(id=sequence_id, slug=slug, title=title, brand_id=brand_id)
    )
    return sequence_id


def copy_landing_texts(tx: Transaction, from_id: UUID, to_id: UUID, *, by: str) -> bool:
    """Copy the texts of a landing page; ``False``: it has none of its own."""
    given = {"from": from_id, "to": to_id, "by": by}
    return tx.connection.execute(_COPY_LANDING, given).rowcount > 0


_COPY_LANDING = text(
    """
    insert into landing_texts (sequence_id, source, revision, updated_by)
    select :to, source, 1, :by from landing_texts where sequence_id = :from
    """
)


def sources_of(tx: Transaction, sequence_id: UUID) -> list[Source]:
    """Return the places that people sign up from, by name."""
    return [each for each in sources.list_all(tx) if each.sequence_id == sequence_id]


def add_waiting_source(tx: Transaction, like: Source | None, sequence_id: UUID, slug: str) -> None:
    """Write the source of a sequence's own page, closed until the sequence is live.

    Args:
        tx: An open transaction.
        like: Speaks of the letters as this one does; its secrets stay its own.
        sequence_id: Whose page it is.
        slug: Its name in the page's address; with a number, where that is taken.
    """
    name, number = slug, 1
    while sources.find(tx, name) is not None:
        number += 1
        name = f"{slug}-{number}"
    pattern = like or Source(id=uuid4(), slug=name, sequence_id=sequence_id)
    source = replace(
        pattern,
        id=uuid4(),
        slug=name,
        sequence_id=sequence_id,
        secrets=(),
        form_secret=None,
        field_mapping={},
        is_active=False,
    )
    sources.add(tx, source)


def open_sources(tx: Transaction, sequence_id: UUID, slug: str) -> None:
    """Let people sign up for a sequence that has just gone live for the first time."""
    if not sources_of(tx, sequence_id):
        add_waiting_source(tx, None, sequence_id, slug)
    for each in sources_of(tx, sequence_id):
        sources.change(tx, each.id, {"is_active": True})


def next_start(tx: Transaction, sequence_id: UUID) -> datetime | None:
    """Return when a sequence is held next; ``None``: no date is ahead."""
    found: datetime | None = tx.connection.execute(_NEXT, {"sequence": sequence_id}).scalar()
    return found


_NEXT = text(
    """
    select min(starts_at) from sessions
    where sequence_id = :sequence and starts_at > plan_now() and cancelled_at is null
    """
)
