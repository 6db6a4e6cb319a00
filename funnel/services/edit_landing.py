"""The texts of a sequence's landing page, as a person edits them: shown at the next visit."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from funnel.domain.brand import Brand
from funnel.domain.errors import DraftConflictError, NotFoundError
from funnel.domain.speech import say
from funnel.rendering.landing import LandingSource, check_landing, landing_to_json
from funnel.storage import audit, brands, landing_texts, sequences
from funnel.storage.landing_texts import KeptLanding
from funnel.storage.sequences import SequenceRecord
from funnel.storage.transaction import Transaction, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingPage:
    """A sequence's landing page.

    Attributes:
        source: Its own texts, as their row has them; ``None``: those of the file are shown.
        revision: Of its own texts; 0 where there are none.
        can_be_put_back: Other texts were shown before these.
        updated_at: Real time.
    """

    slug: str
    sequence_id: UUID
    title: str
    brand: Brand
    source: str | None
    revision: int
    can_be_put_back: bool
    updated_by: str
    updated_at: datetime | None


def landing_values(brand: Brand, minutes: int) -> dict[str, str]:
    """Return what the texts of a landing page may name."""
    return {
        "brand.name": brand.name,
        "brand.host_name": brand.host_name,
        "brand.host_first_name": brand.host_first_name,
        "minutes": str(minutes),
    }


def read_landing(slug: str, transactions: Transactions) -> LandingPage:
    """Return the texts of a live sequence's landing page.

    Raises:
        NotFoundError: No such sequence is live.
    """
    with transactions.begin_reading() as tx:
        sequence = _sequence(tx, slug)
        return _page(tx, sequence, landing_texts.find(tx, sequence.id))


def save_landing(
    slug: str, source: LandingSource, *, seen: int, by: str, transactions: Transactions
) -> LandingPage:
    """Show other texts from the next visit on.

    Args:
        slug: The sequence.
        source: The texts.
        seen: The revision that the page showed.
        by: Who wrote them.
        transactions: One is opened.

    Raises:
        NotFoundError: No such sequence is live.
        InvalidInputError: A text cannot be shown; ``field`` says which.
        DraftConflictError: Somebody else saved meanwhile; nothing was changed.
    """
    text = landing_to_json(source)
    with transactions.begin() as tx:
        sequence = _sequence(tx, slug)
        check_landing(source, landing_values(brands.brand_of_sequence(tx, sequence.id), 90))
        kept = landing_texts.lock(tx, sequence.id)
        if kept is not None and kept.source == text:
            return _page(tx, sequence, kept)
        _check_seen(kept, seen, text)
        _save(tx, sequence.id, text, kept, by=by)
        audit.write_audit(tx, by=by, action="landing.edit", target=slug)
        return _page(tx, sequence, landing_texts.find(tx, sequence.id))


def put_back_landing(slug: str, *, seen: int, by: str, transactions: Transactions) -> None:
    """Show the texts that were shown before; asked for twice, the newer ones again.

    Raises:
        NotFoundError: No such sequence is live.
        DraftConflictError: Somebody else saved meanwhile; nothing was changed.
    """
    with transactions.begin() as tx:
        sequence = _sequence(tx, slug)
        kept = landing_texts.lock(tx, sequence.id)
        _check_seen(kept, seen, "")
        if kept is None:
            return
        if kept.former_source is None:
            landing_texts.remove(tx, sequence.id)
        else:
            _save(tx, sequence.id, kept.former_source, kept, by=by)
        audit.write_audit(tx, by=by, action="landing.put_back", target=slug)


def _sequence(tx: Transaction, slug: str) -> SequenceRecord:
    sequence = sequences.find_sequence(tx, slug)
    if sequence is None:
        raise NotFoundError(f"no sequence “{slug}” is live")
    return sequence


def _page(tx: Transaction, sequence: SequenceRecord, kept: KeptLanding | None) -> LandingPage:
    return LandingPage(
        slug=sequence.slug,
        sequence_id=sequence.id,
        title=sequence.title,
        brand=brands.brand_of_sequence(tx, sequence.id),
        source=kept.source if kept else None,
        revision=kept.revision if kept else 0,
        can_be_put_back=kept is not None,
        updated_by=kept.updated_by if kept else "",
        updated_at=kept.updated_at if kept else None,
    )


def _check_seen(kept: KeptLanding | None, seen: int, yours: str) -> None:
    if (kept.revision if kept else 0) != seen:
        raise _conflict(kept, yours)


def _save(
    tx: Transaction, sequence_id: UUID, text: str, kept: KeptLanding | None, *, by: str
) -> None:
    if not landing_texts.save(tx, sequence_id, text, former=kept, by=by):
        # Where there was no row, none could be locked: two first texts, and one came first.
        raise _conflict(landing_texts.find(tx, sequence_id), text)


def _conflict(kept: KeptLanding | None, yours: str) -> DraftConflictError:
    return DraftConflictError(
        say("somebody else changed these texts meanwhile, so nothing was saved"),
        remedy=say("What they wrote stands beside yours: take what is right, save again."),
        theirs=kept.source if kept else "",
        yours=yours,
        revision=str(kept.revision if kept else 0),
        by=kept.updated_by if kept else "",
        at=kept.updated_at if kept else None,
    )
