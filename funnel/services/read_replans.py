"""How far the planning of many people is."""

from uuid import UUID

from funnel.storage import replans
from funnel.storage.replans import Replan
from funnel.storage.transaction import Transactions


def find_replan(replan_id: UUID, transactions: Transactions) -> Replan:
    """Return the replan of that id as it stands now."""
    with transactions.begin() as tx:
        return replans.get(tx, replan_id)
