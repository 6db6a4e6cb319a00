"""Keep a picture for emails: made harmless, made to fit, once however often it is uploaded."""

from dataclasses import dataclass
from hashlib import sha256

from funnel.domain.text import clean_text
from funnel.intake.picture import read_picture
from funnel.storage import audit, images
from funnel.storage.images import NewImage
from funnel.storage.transaction import Transactions

_NAME_LIMIT = 200  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptImage:
    """A picture that is kept: its path on our own host, which never changes, and its size."""

    path: str
    width: int
    height: int
    name: str


def keep_image(content: bytes, name: str, *, by: str, transactions: Transactions) -> KeptImage:
    """Keep the picture in a file.

    Args:
        content: The file, of at most 20 MB.
        name: What the file was called.
        by: Who uploads it.
        transactions: One is opened, after the picture was decoded.

    Raises:
        InvalidInputError: It is no picture, one that emails cannot show, or too large.
    """
    picture = read_picture(content)
    digest = sha256(picture.content).hexdigest()
    new = NewImage(
        digest=digest,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        name=clean_text(name.replace("\\", "/").rpartition("/")[2], limit=_NAME_LIMIT),
        content=picture.content,
        by=by,
    )
    with transactions.begin() as tx:
        if images.keep(tx, new):
            audit.write_audit(
                tx, by=by, action="image.kept", target=digest, detail={"bytes": len(new.content)}
            )
        kept = images.find(tx, digest)
    path = f"/images/{digest}.{picture.suffix}" if kept is None else kept.path
    return KeptImage(path=path, width=new.width, height=new.height, name=new.name)
