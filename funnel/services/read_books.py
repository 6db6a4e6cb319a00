"""Everything that a small installation has sent or not sent, and whether the books balance."""

from dataclasses import dataclass
from datetime import datetime

from funnel.storage import demo, figures, ledger
from funnel.storage.figures import PassedMessage
from funnel.storage.ledger import InvariantResult
from funnel.storage.transaction import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """One look at all rows; ``now`` is plan time, aware UTC.

    Attributes:
        runs_ahead: Runs that have not ended.
    """

    now: datetime
    messages: tuple[PassedMessage, ...]
    invariants: tuple[InvariantResult, ...]
    runs_ahead: int


def read_books(transactions: Transactions) -> Books:
    """Return every message and every invariant; whole tables are read: for small databases."""
    with transactions.begin() as tx:
        return Books(
            now=tx.now,
            messages=tuple(figures.list_messages(tx)),
            invariants=tuple(ledger.check_ledger(tx)),
            runs_ahead=demo.count_active_runs(tx),
        )
