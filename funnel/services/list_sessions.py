"""Which sittings there are, and how full they are."""

from funnel.storage import sessions
from funnel.storage.sessions import SessionLine
from funnel.storage.transaction import Transactions


def list_sessions(
    transactions: Transactions, *, sequence_slug: str | None = None, upcoming_only: bool = False
) -> list[SessionLine]:
    """Return the sessions (of one sequence, those still to come), the earliest first."""
    with transactions.begin() as tx:
        return sessions.list_lines(tx, sequence_slug=sequence_slug, upcoming_only=upcoming_only)
