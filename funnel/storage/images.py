"""Pictures for emails, each kept once under the digest of its content; never changed or deleted."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from funnel.storage.studio_tables import ImageRow
from funnel.storage.transaction import Transaction

SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecord:
    """A kept picture without its content; ``created_at`` is real time."""

    digest: str
    media_type: str
    width: int
    height: int
    name: str
    by: str
    created_at: datetime

    @property
    def path(self) -> str:
        """Where it is shown; the address never changes, nor what stands there."""
        return f"/images/{self.digest}.{SUFFIXES[self.media_type]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImage:
    """A picture to be kept; see ``ImageRecord``."""

    digest: str
    media_type: str
    width: int
    height: int
    name: str
    content: bytes = field(repr=False)
    by: str


_COLUMNS = tuple(getattr(ImageRow, name) for name in ImageRecord.__slots__)


def keep(tx: Transaction, image: NewImage) -> bool:
    """Keep a picture; ``False``: it was kept before, under the name that it had then."""
    values = {name: getattr(image, name) for name in NewImage.__slots__}
    statement = insert(ImageRow).values(id=uuid4(), **values)
    untouched = statement.on_conflict_do_nothing(index_elements=[ImageRow.digest])
    return tx.connection.execute(untouched.returning(ImageRow.id)).first() is not None


def find(tx: Transaction, digest: str) -> ImageRecord | None:
    """Return a kept picture, ``None`` where there is none."""
    statement = select(*_COLUMNS).where(ImageRow.digest == digest)
    row = tx.connection.execute(statement).mappings().one_or_none()
    return None if row is None else ImageRecord(**row)


def read(tx: Transaction, digest: str) -> tuple[str, bytes] | None:
    """Return the media type and the content of a kept picture, ``None`` where there is none."""
    statement = select(ImageRow.media_type, ImageRow.content).where(ImageRow.digest == digest)
    row = tx.connection.execute(statement).one_or_none()
    return None if row is None else (row.media_type, row.content)


def list_newest(tx: Transaction, limit: int) -> list[ImageRecord]:
    """Return the pictures that were kept last."""
    statement = select(*_COLUMNS).order_by(ImageRow.created_at.desc(), ImageRow.digest)
    rows = tx.connection.execute(statement.limit(limit)).mappings()
    return [ImageRecord(**row) for row in rows]
