"""Skip empty time: the demo's and the tests' way through the weeks."""

from dataclasses import dataclass
from datetime import datetime

from funnel.domain.demo import Hold, why_not_skip
from funnel.storage import demo
from funnel.storage.transaction import Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Where the clock went (plan time), or what kept it from going anywhere."""

    moved_to: datetime | None = None
    hold: Hold | None = None


def skip_time(transactions: Transactions, *, not_beyond: datetime | None = None) -> Skip:
    """Move plan time to the next timer once nothing is due or in flight.

    Never backwards, never past anything that is due: whatever is late afterwards would have been
    late without the skip.

    Args:
        transactions: Of a demo or a test; production never skips.
        not_beyond: Aware moment in plan time at which to stop even if the next timer is later.
    """
    with transactions.begin() as tx:
        demo.lock_clock(tx)
        scene = demo.read_scene(tx)
        hold = why_not_skip(scene)
        if hold is not None:
            return Skip(hold=hold)
        ahead = [each for each in (scene.next_timer_at, not_beyond) if each is not None]
        if not ahead:
            return Skip(hold=Hold.NOTHING_AHEAD)
        demo.move_clock(tx, min(ahead))
        return Skip(moved_to=max(min(ahead), scene.now))
