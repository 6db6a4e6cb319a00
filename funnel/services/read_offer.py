"""Who holds a masterclass, and when: what pages say before anybody has a seat."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from funnel.domain.brand import Brand
from funnel.domain.signup import SessionOffer
from funnel.storage import brands, landing_texts, sequences, sessions
from funnel.storage.sessions import SessionLine
from funnel.storage.transaction import Transactions

MOST_DATES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One sequence as its readers see it.

    Attributes:
        dates: The sessions that have not begun, the next first; full ones have 0 seats left.
        landing: The texts of its own landing page; ``None``: the file's are shown.
        now: Plan time, aware UTC.
        read_at: Real time, aware UTC.
    """

    brand: Brand
    sequence_id: UUID
    sequence_title: str
    dates: tuple[SessionOffer, ...]
    landing: str | None
    now: datetime
    read_at: datetime


def read_offer(sequence_id: UUID, transactions: Transactions) -> Offer:
    """Return who holds the masterclass of a sequence that another row names, and its dates."""
    with transactions.begin() as tx:
        sequence = sequences.get_sequence(tx, sequence_id)
        ahead = sessions.list_lines(tx, sequence_slug=sequence.slug, upcoming_only=True)
        return Offer(
            brand=brands.brand_of_sequence(tx, sequence_id),
            sequence_id=sequence_id,
            sequence_title=sequence.title,
            dates=tuple(map(_offered, ahead[:MOST_DATES])),
            landing=landing_texts.find_source(tx, sequence_id),
            now=tx.now,
            read_at=tx.real_now,
        )


def _offered(line: SessionLine) -> SessionOffer:
    seats = line.session.seats
    left = None if seats is None else max(0, seats - line.taken)
    return SessionOffer(session=line.session, seats_left=left)
