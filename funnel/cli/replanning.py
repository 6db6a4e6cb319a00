"""Drive the planning of many people from a terminal, with its progress."""

from threading import Event
from typing import TYPE_CHECKING

from funnel.cli.console import progress, say

if TYPE_CHECKING:
    from funnel.storage.replans import Replan
    from funnel.storage.transaction import Transactions

# Batches between two words about the progress: about a second of work.
_BATCHES = 5
_LOOK_AGAIN_AFTER = 0.5  # seconds, while another process is at it


def drive_replan(replan: "Replan", transactions: "Transactions") -> bool:
    """Plan everybody whom a replan concerns, older ones first; say whether that is finished.

    Ctrl-C leaves the rest to the worker, which goes on by itself.
    """
    from funnel.services.continue_replans import continue_replans
    from funnel.services.read_replans import find_replan

    try:
        with progress(replan.total) as show_done:
            while not replan.is_finished:
                before = replan.done
                continue_replans(transactions, most_batches=_BATCHES)
                replan = find_replan(replan.id, transactions)
                show_done(replan.done)
                if replan.done == before and not replan.is_finished:
                    Event().wait(_LOOK_AGAIN_AFTER)
    except KeyboardInterrupt:
        say("Stopped here; the worker goes on with it. `funnel status` shows how far it is.")
        return False
    return True
