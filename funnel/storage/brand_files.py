"""What each brand's file said when it was last taken in, beside what the studio wrote since."""

import json
from dataclasses import asdict
from hashlib import sha256

from sqlalchemy import select, update

from funnel.domain.brand import Brand
from funnel.storage.definition_tables import BrandRow
from funnel.storage.transaction import Transaction


def brand_checksum(brand: Brand) -> str:
    """Return what tells two states of a brand apart; a field that is empty does not count."""
    values = {name: value for name, value in asdict(brand).items() if value}
    return sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def file_checksum(tx: Transaction, slug: str) -> str | None:
    """Return the checksum of what a brand's file said when it was taken in; ``None``: never."""
    return tx.connection.execute(
        select(BrandRow.file_checksum).where(BrandRow.slug == slug)
    ).scalar_one_or_none()


def note_file(tx: Transaction, slug: str, checksum: str) -> None:
    """Remember what a brand's file said when it was taken in."""
    tx.connection.execute(
        update(BrandRow).where(BrandRow.slug == slug).values(file_checksum=checksum)
    )
