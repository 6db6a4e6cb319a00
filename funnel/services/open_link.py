"""Where a counted link leads now; and, where a sequence asks for it, that an email was opened."""

from dataclasses import dataclass
from uuid import UUID

from funnel.domain.brand import Brand
from funnel.domain.errors import NotFoundError
from funnel.domain.judgement import EvidenceKind
from funnel.domain.links import is_web_address
from funnel.domain.signup import Visitor
from funnel.storage import brands, evidence, links
from funnel.storage.evidence import Seen
from funnel.storage.links import FoundLink
from funnel.storage.transaction import Transaction, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedLink:
    """Where it leads.

    Attributes:
        url: A web address; empty where the brand has taken the page down since.
        sequence_id: Whose host speaks of it; ``None`` where the sequence is gone.
    """

    url: str
    sequence_id: UUID | None


def open_link(
    link_id: int, enrollment_id: UUID, visitor: Visitor, transactions: Transactions
) -> OpenedLink:
    """Return where a link in the emails of a run leads now, and keep as evidence who opened it.

    Nothing follows from it here: whether it was a person is judged later. It leads on for people
    who have left, and when all that is known of them is forgotten: their emails still hold it.

    Raises:
        NotFoundError: There never was such a link.
    """
    with transactions.begin() as tx:
        link = links.find(tx, link_id, enrollment_id)
        if link is None or link.target == links.PICTURE.target:
            raise NotFoundError("no such link")
        _keep(tx, EvidenceKind.LINK_OPENED, link, enrollment_id, visitor)
        return OpenedLink(url=_target(tx, link), sequence_id=link.sequence_id)


def open_picture(
    link_id: int, enrollment_id: UUID, visitor: Visitor, transactions: Transactions
) -> None:
    """Keep as evidence that an email of a run was opened, or its pictures fetched by a machine.

    Raises:
        NotFoundError: There never was such a picture.
    """
    with transactions.begin() as tx:
        picture = links.find(tx, link_id, enrollment_id)
        if picture is None or picture.target != links.PICTURE.target:
            raise NotFoundError("no such picture")
        _keep(tx, EvidenceKind.EMAIL_OPENED, picture, enrollment_id, visitor)


def _keep(
    tx: Transaction, kind: EvidenceKind, link: FoundLink, enrollment_id: UUID, visitor: Visitor
) -> None:
    if link.subscriber_id is None:
        return  # the person is erased: nothing is kept about them any more
    seen = Seen(
        kind=kind,
        visitor=visitor,
        subscriber_id=link.subscriber_id,
        enrollment_id=enrollment_id,
        link_id=link.id,
    )
    evidence.add(tx, seen)


def _target(tx: Transaction, link: FoundLink) -> str:
    target = link.target
    if target.startswith("brand."):
        brand = brands.brand_of_sequence(tx, link.sequence_id) if link.sequence_id else None
        target = _field(brand, target.removeprefix("brand."))
    return target if is_web_address(target) else ""


def _field(brand: Brand | None, name: str) -> str:
    value = getattr(brand, name, "")
    return value if isinstance(value, str) else ""
