"""People of an import, many at a time: what is known of them here, and what their lines change."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from funnel.domain.consent import SuppressionReason, Topic
from funnel.domain.facts import FactKind
from funnel.domain.import_rules import KnownPerson, SaidHere
from funnel.domain.subscriber import ZoneSource, address_hash
from funnel.storage.fact_tables import FactRow
from funnel.storage.suppressions import erased_key
from funnel.storage.tables import (
    ConsentRow,
    EnrollmentRow,
    SubscriberRow,
    SuppressionRow,
)
from funnel.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Somebody whom nobody knew; ``created_at`` is when they are written."""

    id: UUID
    email: str
    email_key: str
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedConsent:
    """A yes or a no that an import vouches for, said ``at`` a moment (plan time)."""

    subscriber_id: UUID
    topic: Topic
    is_given: bool
    wording: str
    source: str
    at: datetime
    ip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedTag:
    """A tag that somebody had in the other tool."""

    subscriber_id: UUID
    name: str
    at: datetime


def suppressed(
    tx: Transaction, keys: Sequence[str], hash_key: bytes
) -> dict[str, SuppressionReason]:
    """Return which addresses must not be written to, and why.

    Who was erased is known by the hash of their address alone. Somebody who was, and has signed
    up and confirmed since, has come back by a word of their own.

    Args:
        tx: Read only.
        keys: Of addresses.
        hash_key: The secret of those hashes.
    """
    hashed = {erased_key(address_hash(each, hash_key)): each for each in keys}
    rows = tx.connection.execute(
        select(SuppressionRow.email_key, SuppressionRow.reason).where(
            SuppressionRow.email_key.in_([*keys, *hashed])
        )
    )
    reasons = {row.email_key: SuppressionReason(row.reason) for row in rows}
    found = {hashed[each]: reason for each, reason in reasons.items() if each in hashed}
    erased = [each for each, reason in found.items() if reason is SuppressionReason.ERASED]
    for each in _confirmed(tx, erased):
        del found[each]
    return found | {each: reason for each, reason in reasons.items() if each not in hashed}


def _confirmed(tx: Transaction, keys: Sequence[str]) -> list[str]:
    if not keys:
        return []
    statement = select(SubscriberRow.email_key).where(
        SubscriberRow.email_key.in_(keys), SubscriberRow.confirmed_at.is_not(None)
    )
    return list(tx.connection.execute(statement).scalars())


def ids_of(tx: Transaction, keys: Sequence[str]) -> dict[str, UUID]:
    """Return the people who have those addresses."""
    rows = tx.connection.execute(
        select(SubscriberRow.email_key, SubscriberRow.id).where(SubscriberRow.email_key.in_(keys))
    )
    return {row.email_key: row.id for row in rows}


def known(tx: Transaction, keys: Sequence[str], sequence_id: UUID | None) -> dict[str, KnownPerson]:
    """Return what is known of the people who have those addresses.

    Args:
        tx: For what is to be changed it holds their locks already.
        keys: Of addresses.
        sequence_id: Who has ever been in it is in it; ``None``: nobody asks.
    """
    columns = ("id", "first_name", "last_name", "locale", "fields", "confirmed_at")
    rows = tx.connection.execute(
        select(
            SubscriberRow.email_key,
            SubscriberRow.zone_source,
            *(getattr(SubscriberRow, name) for name in columns),
        ).where(SubscriberRow.email_key.in_(keys))
    ).mappings()
    people = {row["email_key"]: row for row in rows}
    ids = [row["id"] for row in people.values()]
    words, tags, runs = _words(tx, ids), _tags(tx, ids), _in_sequence(tx, ids, sequence_id)
    return {
        key: KnownPerson(
            zone_source=ZoneSource(row["zone_source"]),
            words=words[row["id"]],
            tags=frozenset(tags[row["id"]]),
            is_in_sequence=row["id"] in runs,
            **{name: row[name] for name in columns},
        )
        for key, row in people.items()
    }


def _words(tx: Transaction, ids: Sequence[UUID]) -> defaultdict[UUID, dict[Topic, SaidHere]]:
    found: defaultdict[UUID, dict[Topic, SaidHere]] = defaultdict(dict)
    rows = tx.connection.execute(
        select(ConsentRow.subscriber_id, ConsentRow.topic, ConsentRow.is_given, ConsentRow.at)
        .where(ConsentRow.subscriber_id.in_(ids))
        .order_by(ConsentRow.at, ConsentRow.id)
    )
    for row in rows:
        found[row.subscriber_id][Topic(row.topic)] = SaidHere(is_given=row.is_given, at=row.at)
    return found


def _tags(tx: Transaction, ids: Sequence[UUID]) -> defaultdict[UUID, set[str]]:
    """Return the tags that anybody ever gave: one that was taken off here does not come back."""
    found: defaultdict[UUID, set[str]] = defaultdict(set)
    rows = tx.connection.execute(
        select(FactRow.subscriber_id, FactRow.name).where(
            FactRow.subscriber_id.in_(ids),
            FactRow.kind.in_([FactKind.TAGGED, FactKind.UNTAGGED]),
        )
    )
    for row in rows:
        found[row.subscriber_id].add(row.name)
    return found


def _in_sequence(tx: Transaction, ids: Sequence[UUID], sequence_id: UUID | None) -> set[UUID]:
    if sequence_id is None:
        return set()
    runs = select(EnrollmentRow.subscriber_id).where(
        EnrollmentRow.subscriber_id.in_(ids), EnrollmentRow.sequence_id == sequence_id
    )
    return set(tx.connection.execute(runs).scalars())


def add(tx: Transaction, people: Sequence[NewPerson]) -> None:
    """Write people, without a word of consent; one who has come meanwhile stays as they are."""
    if people:
        rows = [{name: getattr(each, name) for name in NewPerson.__slots__} for each in people]
        tx.connection.execute(upsert(SubscriberRow).on_conflict_do_nothing(), rows)


def remove(tx: Transaction, ids: Iterable[UUID]) -> None:
    """Take rows back that this transaction has made, and nobody else has seen."""
    tx.connection.execute(delete(SubscriberRow).where(SubscriberRow.id.in_(list(ids))))


def change(tx: Transaction, subscriber_id: UUID, changes: Mapping[str, Any]) -> None:
    """Write columns of a person's row; ``fields`` are added to those that are there."""
    values = dict(changes)
    if "fields" in values:
        values["fields"] = SubscriberRow.fields.op("||")(values["fields"])
    if values:
        tx.connection.execute(
            update(SubscriberRow).where(SubscriberRow.id == subscriber_id).values(**values)
        )


def add_consents(tx: Transaction, words: Sequence[ImportedConsent]) -> None:
    """Write what an import says that people agreed to, or ended, and when."""
    if words:
        rows = [{name: getattr(each, name) for name in ImportedConsent.__slots__} for each in words]
        tx.connection.execute(insert(ConsentRow), rows)


def add_tags(tx: Transaction, tags: Iterable[ImportedTag]) -> None:
    """Write tags as facts; one that an import gave before is the same fact."""
    rows = [
        {
            "subscriber_id": each.subscriber_id,
            "kind": FactKind.TAGGED,
            "name": each.name,
            "source": "import",
            "dedupe_key": f"import:{each.subscriber_id}:{each.name}",
            "at": each.at,
        }
        for each in tags
    ]
    if rows:
        tx.connection.execute(upsert(FactRow).on_conflict_do_nothing(), rows)


def runs_under_way(tx: Transaction, ids: Sequence[UUID]) -> list[UUID]:
    """Return the runs under way of those people, the older first."""
    rows = tx.connection.execute(_RUNS, {"ids": list(ids)})
    return list(rows.scalars())


_RUNS = text(
    "select id from enrollments where subscriber_id = any(:ids) and state = 'active' "
    "order by enrolled_at, id"
)
