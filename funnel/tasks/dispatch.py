"""The tick: what is due becomes messages, and their ids go on the queue."""

from datetime import timedelta
from threading import Event
from time import monotonic

from funnel.domain.message import Lane
from funnel.services.dispatch_due import Batch, Patience, dispatch_due
from funnel.services.remind_signups import remind_signups
from funnel.storage import budgets
from funnel.tasks.app import (
    DELIVER,
    DISPATCH,
    LETTERS_PRIORITY,
    NOTICES,
    TICK_SECONDS,
    URGENT_PRIORITY,
    app,
)
from funnel.tasks.deliver import deliver
from funnel.tasks.process import process

# Five seconds, so that a worker that is told to end does; then the next tick goes on.
_PATIENCE = Patience(
    lasts=timedelta(seconds=5),
    # As often as ticks come: what two workers send in it is a small part of what is on the queue,
    # and looking costs some milliseconds.
    between=timedelta(seconds=TICK_SECONDS),
    monotonic=monotonic,
    wait=Event().wait,
)
_DRAWN_TOGETHER_EVERY_SECONDS = 30.0

_last_tick_at = float("-inf")
_drawn_together_at = float("-inf")


@app.task(name="funnel.tick", queue=DISPATCH)
def tick() -> None:
    """Dispatch all that is due; a second one meanwhile finds the lock taken and returns."""
    if _is_piled_up():
        return
    deps = process().deps
    remind_signups(deps.transactions, deps.signup_rules)
    for batch in dispatch_due(deps.transactions, deps.dispatch_limits, _PATIENCE):
        _publish(batch)
    _draw_together()
    process().show_life()
    process().show_life(name="scheduler", role="scheduler")  # ticks come from nowhere else


def _is_piled_up() -> bool:
    """Whether this tick comes right after another: thousands wait where no worker ran for long.

    Not by an expiry: that compares with the worker's own clock, and an hour's difference would
    discard every tick.
    """
    global _last_tick_at
    now = monotonic()
    is_piled_up = now - _last_tick_at < TICK_SECONDS / 4
    _last_tick_at = _last_tick_at if is_piled_up else now
    return is_piled_up


def _draw_together() -> None:
    """Keep the sums of the budgets cheap, now and then."""
    global _drawn_together_at
    if monotonic() - _drawn_together_at >= _DRAWN_TOGETHER_EVERY_SECONDS:
        _drawn_together_at = monotonic()
        with process().deps.transactions.begin() as tx:
            budgets.draw_together(tx)


def _publish(batch: Batch) -> None:
    """Hand ids and epochs to the broker. What fails here is found again by the sweep."""
    queue = NOTICES if batch.lane is Lane.NOTICES else DELIVER
    messages = [(str(each.id), each.epoch) for each in batch.messages]
    priority = LETTERS_PRIORITY if batch.is_letters else URGENT_PRIORITY
    deliver.apply_async(args=(messages, batch.provider), queue=queue, priority=priority)
