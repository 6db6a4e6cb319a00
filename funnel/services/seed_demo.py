"""What a demo begins with: two sources and three coming sessions."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from funnel.domain.errors import NotFoundError
from funnel.domain.signing import new_webhook_secret
from funnel.domain.signup import LANDING_SOURCE, Source
from funnel.storage import demo, sequences, sources
from funnel.storage.transaction import Transaction, Transactions

DEMO_SEQUENCE = "disruption-masterclass"
WEBHOOK_SOURCE = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedReport:
    """What was not there yet and was added."""

    sessions: int
    sources: int


def seed_demo(transactions: Transactions, *, base_url: str) -> SeedReport:
    """Add what is missing for a demo; what is there is left as it is, so that it can be continued.

    Raises:
        NotFoundError: The default sequence is not loaded.
    """
    with transactions.begin() as tx:
        demo.lock_clock(tx)
        sequence = sequences.find_sequence(tx, DEMO_SEQUENCE)
        if sequence is None:
            raise NotFoundError(f'the sequence "{DEMO_SEQUENCE}" is not loaded')
        is_form_new = _add_source(tx, sequence.id, LANDING_SOURCE, secrets=())
        is_webhook_new = _add_source(
            tx, sequence.id, WEBHOOK_SOURCE, secrets=(new_webhook_secret(),)
        )
        demo.move_rooms(tx, base_url)
        added = demo.add_missing_sessions(tx, sequence.id, base_url=base_url)
        return SeedReport(sessions=added, sources=is_form_new + is_webhook_new)


def _add_source(tx: Transaction, sequence_id: UUID, slug: str, *, secrets: tuple[str, ...]) -> bool:
    if sources.find(tx, slug) is not None:
        return False
    sources.add(tx, Source(id=uuid4(), slug=slug, sequence_id=sequence_id, secrets=secrets))
    return True
