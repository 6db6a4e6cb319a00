"""Keep an eye on the providers: what hand-overs say of them decides how fast, and by whom."""

from collections.abc import Mapping

from funnel.domain.provider_tally import OutcomeTally
from funnel.storage import provider_states
from funnel.storage.transaction import Transaction


def note_outcomes(tx: Transaction, provider: str, tallies: Mapping[str, OutcomeTally]) -> None:
    """Remember what became of a batch.

    Once per batch at its end, and at once where a provider is down or asks to slow down; in a
    short transaction that holds no message.

    Args:
        tx: It writes the provider's rows, the last that anybody locks.
        provider: Who was to carry the batch.
        tallies: By lane.
    """
    for lane, tally in sorted(tallies.items()):
        provider_states.count(tx, provider, lane, tally)
