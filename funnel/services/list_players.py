"""Who is trying the demo out."""

from collections.abc import Sequence

from funnel.domain.demo import Player
from funnel.storage import demo
from funnel.storage.transaction import Transactions

_MOST_PLAYERS = 50


def list_players(transactions: Transactions) -> Sequence[Player]:
    """Return the people who came last, each with their newest run, the newest first."""
    with transactions.begin() as tx:
        return demo.newest_players(tx, limit=_MOST_PLAYERS)
