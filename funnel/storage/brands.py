"""Senders, one row each, as their files say."""

from collections.abc import Collection
from dataclasses import asdict
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from funnel.domain.brand import Brand
from funnel.storage import arrays
from funnel.storage.definition_tables import BrandRow, SequenceRow
from funnel.storage.transaction import Transaction

_COLUMNS = (
    BrandRow.slug,
    BrandRow.name,
    BrandRow.host_name,
    BrandRow.host_first_name,
    BrandRow.from_address,
    BrandRow.reply_to,
    BrandRow.postal_address,
    BrandRow.accent,
    BrandRow.logo_url,
    BrandRow.booking_url,
    BrandRow.notes_url,
    BrandRow.link_domain,
    BrandRow.thank_you_url,
    BrandRow.confirmed_url,
    BrandRow.daily_note_to,
)


def find_brand(tx: Transaction, slug: str) -> Brand | None:
    """Return the brand of that name, ``None`` where there is none."""
    statement = select(*_COLUMNS).where(BrandRow.slug == slug)
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else Brand(**row)


def find_brand_id(tx: Transaction, slug: str) -> UUID | None:
    """Return the id of the brand of that name, ``None`` where there is none."""
    return tx.connection.execute(select(BrandRow.id).where(BrandRow.slug == slug)).scalar()


def brand_of_sequence(tx: Transaction, sequence_id: UUID) -> Brand:
    """Return the brand for which a sequence's emails speak."""
    statement = (
        select(*_COLUMNS)
        .join(SequenceRow, SequenceRow.brand_id == BrandRow.id)
        .where(SequenceRow.id == sequence_id)
    )
    return Brand(**tx.connection.execute(statement).mappings().one())


def speaking_for(tx: Transaction, sequence_ids: Collection[UUID]) -> dict[UUID, tuple[str, Brand]]:
    """Return for each sequence its slug and the brand for which its emails speak."""
    rows = arrays.fetch(tx, _SPEAKING_FOR, {"ids": arrays.uuids(sequence_ids)})
    return {
        sequence_id: (slug, Brand(**dict(zip(_NAMES, brand, strict=True))))
        for sequence_id, slug, *brand in rows
    }


_NAMES = tuple(each.key for each in _COLUMNS)
_SPEAKING_FOR = f"""
    select q.id, q.slug, {", ".join(f"b.{each}" for each in _NAMES)}
    from sequences q join brands b on b.id = q.brand_id
    where q.id = any(cast(%(ids)s as uuid[]))
"""  # noqa: S608  (names of our own columns)


def sequences_of(tx: Transaction, slug: str) -> list[str]:
    """Return the titles of the sequences that speak for a brand."""
    statement = (
        select(SequenceRow.title)
        .join(BrandRow, SequenceRow.brand_id == BrandRow.id)
        .where(BrandRow.slug == slug)
        .order_by(SequenceRow.title)
    )
    return list(tx.connection.execute(statement).scalars())


def link_domains(tx: Transaction) -> list[str]:
    """Return the host names that emails lead to, beside the service's own."""
    statement = select(BrandRow.link_domain).where(BrandRow.link_domain != "").distinct()
    return list(tx.connection.execute(statement).scalars())


def list_brands(tx: Transaction) -> list[Brand]:
    """Return every brand, by name."""
    rows = tx.connection.execute(select(*_COLUMNS).order_by(BrandRow.slug)).mappings()
    return [Brand(**row) for row in rows]


def save_brand(tx: Transaction, brand: Brand) -> bool:
    """Write what a brand's file says; tell whether that changed anything."""
    if find_brand(tx, brand.slug) == brand:
        return False
    values = asdict(brand)
    statement = insert(BrandRow).values(id=uuid4(), **values)
    tx.connection.execute(
        statement.on_conflict_do_update(index_elements=[BrandRow.slug], set_=values)
    )
    return True
