"""The pictures that were kept for emails."""

from dataclasses import dataclass, field

from funnel.domain.errors import NotFoundError
from funnel.storage import images
from funnel.storage.images import SUFFIXES, ImageRecord
from funnel.storage.transaction import Transactions

_NEWEST = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownImage:
    """One picture as it goes out."""

    media_type: str
    content: bytes = field(repr=False)


def read_image(digest: str, suffix: str, transactions: Transactions) -> ShownImage:
    """Return the picture at an address of ours.

    Raises:
        NotFoundError: There is none.
    """
    with transactions.begin_reading() as tx:
        found = images.read(tx, digest)
    if found is None or SUFFIXES.get(found[0]) != suffix:
        raise NotFoundError("there is no such picture")
    return ShownImage(media_type=found[0], content=found[1])


def list_images(transactions: Transactions, *, limit: int = _NEWEST) -> tuple[ImageRecord, ...]:
    """Return the pictures that were kept last; changes nothing."""
    with transactions.begin_reading() as tx:
        return tuple(images.list_newest(tx, limit))
