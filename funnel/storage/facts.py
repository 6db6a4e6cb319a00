"""What happened: rows that are only ever added."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from funnel.domain.facts import FactKind, Happening
from funnel.storage import result_sums
from funnel.storage.fact_tables import FactRow
from funnel.storage.transaction import Transaction

_COUNTED = frozenset({FactKind.CLICKED, FactKind.BOOKED, FactKind.GOAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFact:
    """Something that happened ``at`` a moment (aware, plan time) to one person.

    Attributes:
        enrollment_id: The run that it belongs to; ``None``: it concerns each run of the person.
        reference: Which booking, by its id in its source; empty where nobody said.
        replaces: The id, there, of the booking that was moved and became this one.
        dedupe_key: What makes it the same fact when it is reported again; ``None``: always new.
    """

    kind: FactKind
    subscriber_id: UUID
    source: str
    at: datetime
    enrollment_id: UUID | None = None
    session_id: UUID | None = None
    name: str = ""
    step_key: str | None = None
    reference: str = ""
    replaces: str = ""
    dedupe_key: str | None = None


def add(tx: Transaction, fact: NewFact) -> bool:
    """Write a fact, known from now on; say whether it was new."""
    if fact.kind in _COUNTED:
        result_sums.watch(tx, [fact.subscriber_id])
    statement = (
        insert(FactRow)
        .values(
            id=uuid4(),
            kind=fact.kind,
            subscriber_id=fact.subscriber_id,
            enrollment_id=fact.enrollment_id,
            session_id=fact.session_id,
            name=fact.name,
            step_key=fact.step_key,
            source=fact.source,
            dedupe_key=fact.dedupe_key,
            at=fact.at,
            data=_data(fact),
        )
        .on_conflict_do_nothing(index_elements=[FactRow.dedupe_key])
        .returning(FactRow.id)
    )
    return tx.connection.execute(statement).one_or_none() is not None


def tag_words(tx: Transaction, subscriber_id: UUID) -> list[Happening]:
    """Return every word about a person's tags, in no order that means anything."""
    statement = select(FactRow.kind, FactRow.at, FactRow.name).where(
        FactRow.subscriber_id == subscriber_id,
        FactRow.kind.in_((FactKind.TAGGED, FactKind.UNTAGGED)),
    )
    rows = tx.connection.execute(statement)
    return [Happening(kind=FactKind(row.kind), at=row.at, name=row.name) for row in rows]


def _data(fact: NewFact) -> dict[str, str]:
    """Return ids with their source before them: two systems may count their bookings alike."""
    ids = {"reference": fact.reference, "replaces": fact.replaces}
    return {name: f"{fact.source}:{value}" for name, value in ids.items() if value}
