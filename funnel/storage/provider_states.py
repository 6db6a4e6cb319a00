"""How the providers do: circuits and paces, one row for each provider and each of its lanes."""

from sqlalchemy import text

from funnel.domain.provider_tally import OutcomeTally
from funnel.storage.transaction import Transaction


def count(tx: Transaction, provider: str, lane: str, tally: OutcomeTally) -> None:
    """Add what became of hand-overs to a lane's sums."""
    tx.connection.execute(
        _COUNT,
        {
            "provider": provider,
            "lane": lane,
            "accepted": tally.accepted,
            "failed": tally.provider_down + tally.unknown,
            "refused": tally.failed - tally.dead,
            "dead": tally.dead,
        },
    )


_COUNT = text(
    """
    insert into provider_states (provider, lane, accepted, failed, refused, dead)
    values (:provider, :lane, :accepted, :failed, :refused, :dead)
    on conflict (provider, lane) do update set
        accepted = provider_states.accepted + excluded.accepted,
        failed = provider_states.failed + excluded.failed,
        refused = provider_states.refused + excluded.refused,
        dead = provider_states.dead + excluded.dead
    """
)
